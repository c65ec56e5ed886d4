/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of text for a terminal: columns as wide as they need to be. */
#ifndef PINSCALE_TEXT_TABLE_H
#define PINSCALE_TEXT_TABLE_H

#include <stdio.h>

#define TEXT_TABLE_COLUMNS 24

struct text_table {
	char *cells; /* rows of TEXT_TABLE_COLUMNS cells of TEXT_TABLE_CELL bytes */
	unsigned int rows, columns, at;
};

/* The next cell of the row; the first columns may be made left-aligned when printing. */
__attribute__((format(printf, 2, 3))) void text_cell(struct text_table *t, const char *format, ...);

/* Ends the row. */
void text_row(struct text_table *t);

/* Prints it, the first so many columns left-aligned, the others right, and empties it. */
void text_table_print(struct text_table *t, unsigned int left, FILE *out);

#endif
