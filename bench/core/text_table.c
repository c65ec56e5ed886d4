// SPDX-License-Identifier: GPL-3.0-or-later
#include "text_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELL 96
#define ROW (TEXT_TABLE_COLUMNS * CELL)

void text_cell(struct text_table *t, const char *format, ...)
{
	va_list args;

	if (t->at == TEXT_TABLE_COLUMNS)
		return;
	if (!t->at) {
		char *longer = reallocarray(t->cells, t->rows + 1, ROW);

		if (!longer)
			return;
		t->cells = longer;
		memset(longer + t->rows * ROW, 0, ROW);
		t->rows++;
	}
	va_start(args, format);
	vsnprintf(t->cells + (t->rows - 1) * ROW + t->at * CELL, CELL, format, args);
	va_end(args);
	t->at++;
	t->columns = t->at > t->columns ? t->at : t->columns;
}

void text_row(struct text_table *t)
{
	t->at = 0;
}

void text_table_print(struct text_table *t, unsigned int left, FILE *out)
{
	unsigned int width[TEXT_TABLE_COLUMNS] = {0};

	for (unsigned int row = 0; row < t->rows; row++)
		for (unsigned int c = 0; c < t->columns; c++) {
			unsigned int n = strlen(t->cells + row * ROW + c * CELL);

			width[c] = n > width[c] ? n : width[c];
		}
	for (unsigned int row = 0; row < t->rows; row++) {
		unsigned int pending = 0;

		/* Blanks are held back, so that no line ends with any. */
		for (unsigned int c = 0; c < t->columns; c++) {
			const char *cell = t->cells + row * ROW + c * CELL;
			unsigned int n = strlen(cell);

			pending += c ? 2 : 0;
			if (!n) {
				pending += width[c];
				continue;
			}
			pending += c < left ? 0 : width[c] - n;
			fprintf(out, "%*s%s", (int)pending, "", cell);
			pending = c < left ? width[c] - n : 0;
		}
		fputc('\n', out);
	}
	free(t->cells);
	*t = (struct text_table){0};
}
