// SPDX-License-Identifier: GPL-3.0-or-later
/* Rows of the comparison, one below the other, grouped by panel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_parts.h"

#include "format.h"

#define LABEL_MOST 330 /* pixels */
#define HEADING_PITCH 24

/* For qsort_r(): the largest differences first. */
static int by_difference(const void *a, const void *b, void *comparison)
{
	const struct judged *family = ((struct comparison *)comparison)->family;
	double x = fabs(family[*(const size_t *)a].contrast.mean);
	double y = fabs(family[*(const size_t *)b].contrast.mean);

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x < y) - (x > y);
}

/* Marks the rows that are drawn with y = 1. 0, or -1 without memory. */
static int choose_rows(const struct comparison *c, struct row_places *places)
{
	size_t *order = calloc(c->count + 1, sizeof(*order)), drawn = c->count - rows_left_out(c);

	places->y = calloc(c->count + 1, sizeof(*places->y));
	if (!places->y || !order) {
		free(places->y);
		free(order);
		return -1;
	}
	for (size_t i = 0; i < c->count; i++)
		order[i] = i;
	if (drawn < c->count)
		qsort_r(order, c->count, sizeof(*order), by_difference, (void *)c);
	for (size_t i = 0; i < drawn; i++)
		places->y[order[i]] = 1;
	free(order);
	return 0;
}

/* The widest label of a line, pixels. */
static unsigned int label_width(const struct comparison *c, const struct row_places *places)
{
	double most = 60;

	for (size_t i = 0; i < c->count; i++)
		if (places->y[i])
			most = fmax(most, text_width(c->rows[i].line->label, TEXT_PLAIN));
	return fmin(most + 10, LABEL_MOST);
}

static void write_label(struct page *p, const struct comparison_row *row, unsigned int width,
			unsigned int y, bool named)
{
	char label[128];

	snprintf(label, sizeof(label), "%s", row->line->label);
	if (named)
		page_text(p, 14, y, TEXT_PLAIN, ALIGN_LEFT, "%s",
			  text_cut(label, width, TEXT_PLAIN));
	page_text(p, 14 + width + 46, y, TEXT_PLAIN, ALIGN_RIGHT, "%u", row->workers);
	if (row->stratum != STRATUM_NONE)
		page_text(p, 14 + width + 58, y, TEXT_GREY, ALIGN_LEFT, "%s",
			  format_stratum(row->stratum));
}

static void write_heading(struct page *p, const struct panel *panel, unsigned int y)
{
	char title[256];

	snprintf(title, sizeof(title), "%s", panel->title);
	page_text(p, 14, y, TEXT_BOLD, ALIGN_LEFT, "%s", text_cut(title, p->width - 28, TEXT_BOLD));
}

int rows_place(struct drawing *d, struct row_places *places, unsigned int y, struct error *e)
{
	const struct comparison *c = d->c;
	const struct comparison_row *last = NULL;
	struct page *p = &d->page;
	unsigned int width;

	*places = (struct row_places){0};
	if (choose_rows(c, places))
		return fail(e, "No memory for a graph of %zu rows.", c->count);
	width = label_width(c, places);
	page_text(p, 14, y, TEXT_GREY, ALIGN_LEFT, "buffer");
	page_text(p, 14 + width + 46, y, TEXT_GREY, ALIGN_RIGHT, "workers");
	page_text(p, 14 + width + 58, y, TEXT_GREY, ALIGN_LEFT, "CPUs");
	places->left = 14 + width + 58 + 44;
	places->top = y + 10;
	for (size_t i = 0; i < c->count; i++) {
		const struct comparison_row *row = &c->rows[i];

		if (!places->y[i])
			continue;
		if (!last || last->panel != row->panel) {
			y += HEADING_PITCH;
			write_heading(p, row->panel, y);
		}
		y += ROW_PITCH;
		write_label(p, row, width, y,
			    !last || last->line != row->line || last->panel != row->panel);
		places->y[i] = y;
		last = row;
	}
	places->bottom = y + 12;
	return 0;
}

void rows_caption(struct drawing *d)
{
	size_t left_out = rows_left_out(d->c);

	if (left_out)
		graph_caption(
			d,
			"Of %zu rows the %zu with the largest differences are drawn; the other "
			"%zu are in the table.",
			d->c->count, d->c->count - left_out, left_out);
}

void rows_divide(struct drawing *d, const struct row_places *places, int area)
{
	const struct comparison_row *last = NULL;

	for (size_t i = 0; i < d->c->count; i++) {
		const struct comparison_row *row = &d->c->rows[i];

		if (!places->y[i])
			continue;
		if (last && last->panel == row->panel && last->line != row->line)
			page_rule(&d->page, area, NAN, places->y[i] - ROW_PITCH / 2.0, COLOUR_FAINT,
				  1);
		if (last && last->panel != row->panel)
			page_rule(&d->page, area, NAN,
				  places->y[i] - ROW_PITCH - HEADING_PITCH / 2.0 - 3, COLOUR_FAINT,
				  1);
		last = row;
	}
}
