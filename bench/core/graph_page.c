// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph_page.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "graph_svg.h"
#include "printable.h"
#include "program.h"

#define SCRIPT PINSCALE_TOP "/plot/comparison/page.gp"

/* The blocks of the file, in the order in which page.gp wants them. */
enum part { TEXTS, SAMPLES, SCALES, TICS, AREAS, BOXES, RULES, ELEMENTS, PARTS };
_Static_assert(PARTS == PAGE_PARTS, "each has a place");

static const char *const headings[] = {
	[TEXTS] = "x, y, style, alignment, text",
	[SAMPLES] = "x, y, width, colour, dash, width, mark, size, ribbon, bars",
	[SCALES] = "low, high, logarithmic",
	[TICS] = "scale, value, label",
	[AREAS] =
		"left, right, top, bottom, scales of x and y, labels at x and y, grids at x and y",
	[BOXES] = "area, left, low, right, high, colour",
	[RULES] = "area, x, y, colour, dash",
	[ELEMENTS] = "area, block, kind, filter, colour, dash, width, mark, size, ribbon, bars",
};

/* --- what is written ------------------------------------------------------------------ */

void page_begin(struct page *p, const char *name, unsigned int width)
{
	*p = (struct page){.name = name, .width = width};
	p->data = open_memstream(&p->data_text, &p->data_size);
	p->failed = !p->data;
	for (int i = 0; i < PARTS; i++) {
		p->parts[i].file = open_memstream(&p->parts[i].text, &p->parts[i].size);
		p->failed |= !p->parts[i].file;
	}
}

void page_free(struct page *p)
{
	if (p->data)
		fclose(p->data);
	free(p->data_text);
	for (int i = 0; i < PARTS; i++) {
		if (p->parts[i].file)
			fclose(p->parts[i].file);
		free(p->parts[i].text);
	}
	*p = (struct page){0};
}

/* Begins a line of a part; NULL without memory. */
static FILE *line_of(struct page *p, enum part part)
{
	if (p->failed)
		return NULL;
	p->parts[part].count++;
	return p->parts[part].file;
}

static void put_number(FILE *f, double x)
{
	if (isfinite(x))
		fprintf(f, "\t%.9g", x);
	else
		fputs("\t-", f);
}

static void put_stroke(FILE *f, const struct stroke *s)
{
	fprintf(f, "\t%d\t%u\t%g\t%d\t%g\t%d\t%d\n", s->colour, s->dash, s->width, s->mark, s->size,
		s->ribbon, s->bars);
}

/*
 * Text for the data file: between apostrophes, so that it is neither a comment nor a
 * number. gnuplot ends a field at a quote, so that two apostrophes stand for it, and takes
 * a backslash for the beginning of a control character, so that there are two. To be freed.
 */
static char *field_of(const char *format, va_list args)
{
	char *plain, *field = NULL, *to;

	if (vasprintf(&plain, format, args) < 0)
		return NULL;
	printable_text(plain);
	field = malloc(2 * strlen(plain) + 3);
	to = field;
	for (const char *from = plain; *from && field; from++) {
		char c = *from == '"' ? '\'' : *from;

		if (*from == '"' || *from == '\\')
			*to++ = c;
		*to++ = c;
	}
	if (field)
		*to = '\0';
	free(plain);
	return field;
}

void page_text(struct page *p, unsigned int x, unsigned int y, enum text_style style,
	       enum text_align align, const char *format, ...)
{
	FILE *f = line_of(p, TEXTS);
	va_list args;
	char *text;

	va_start(args, format);
	text = field_of(format, args);
	va_end(args);
	if (text && f)
		fprintf(f, "%u\t%u\t%d\t%d\t'%s'\n", x, y, style, align, text);
	p->failed |= !text;
	free(text);
}

void page_sample(struct page *p, unsigned int x, unsigned int y, unsigned int width,
		 const struct stroke *s)
{
	FILE *f = line_of(p, SAMPLES);

	if (!f)
		return;
	fprintf(f, "%u\t%u\t%u", x, y, width);
	put_stroke(f, s);
}

int page_scale(struct page *p, const struct scale *s)
{
	FILE *f = line_of(p, SCALES);

	if (!f)
		return 0;
	fprintf(f, "%.9g\t%.9g\t%d\n", s->low, s->high, s->logarithmic);
	return p->parts[SCALES].count - 1;
}

void page_tic(struct page *p, int scale, double value, const char *label)
{
	FILE *f = line_of(p, TICS);

	if (f)
		fprintf(f, "%d\t%.9g\t'%s'\n", scale, value, label);
}

int page_area(struct page *p, const struct area *a)
{
	FILE *f = line_of(p, AREAS);

	if (!f)
		return 0;
	fprintf(f, "%u\t%u\t%u\t%u\t%d\t%d\t%d\t%d\t%d\t%d\n", a->left, a->right, a->top, a->bottom,
		a->x, a->y, a->x_labels, a->y_labels, a->grid_x, a->grid_y);
	return p->parts[AREAS].count - 1;
}

void page_box(struct page *p, int area, double left, double low, double right, double high,
	      unsigned int colour)
{
	FILE *f = line_of(p, BOXES);

	if (!f)
		return;
	fprintf(f, "%d", area);
	put_number(f, left);
	put_number(f, low);
	put_number(f, right);
	put_number(f, high);
	fprintf(f, "\t%u\n", colour);
}

void page_rule(struct page *p, int area, double x, double y, enum colour colour, unsigned int dash)
{
	FILE *f = line_of(p, RULES);

	if (!f)
		return;
	fprintf(f, "%d", area);
	put_number(f, x);
	put_number(f, y);
	fprintf(f, "\t%d\t%u\n", colour, dash);
}

int page_block(struct page *p, const char *heading, ...)
{
	va_list args;
	char *text;

	if (p->failed)
		return 0;
	va_start(args, heading);
	text = field_of(heading, args);
	va_end(args);
	if (text)
		fprintf(p->data, "\n\n# %s\n", text);
	p->failed |= !text;
	free(text);
	return p->blocks++;
}

static void put_numbers(struct page *p, size_t count, const double *numbers)
{
	for (size_t i = 0; i < count; i++) {
		if (isfinite(numbers[i]))
			fprintf(p->data, "%s%.9g", i ? "\t" : "", numbers[i]);
		else
			fprintf(p->data, "%s-", i ? "\t" : "");
	}
}

void page_numbers(struct page *p, size_t count, const double *numbers)
{
	if (p->failed)
		return;
	put_numbers(p, count, numbers);
	fputc('\n', p->data);
}

void page_row(struct page *p, size_t count, const double *numbers, const char *format, ...)
{
	va_list args;
	char *text;

	if (p->failed)
		return;
	va_start(args, format);
	text = field_of(format, args);
	va_end(args);
	put_numbers(p, count, numbers);
	fprintf(p->data, "\t'%s'\n", text ? text : "");
	p->failed |= !text;
	free(text);
}

void page_element(struct page *p, int area, int block, enum element_kind kind, int filter,
		  const struct stroke *s)
{
	FILE *f = line_of(p, ELEMENTS);

	if (!f)
		return;
	fprintf(f, "%d\t%d\t%d\t%d", area, block, kind, filter);
	put_stroke(f, s);
}

/* --- drawing ------------------------------------------------------------------------------ */

/* Ends all parts, so that their texts are there. 0, or -1 without memory. */
static int finish(struct page *p)
{
	int rc = p->failed ? -1 : 0;

	for (int i = 0; i < PARTS; i++) {
		if (p->parts[i].file && fclose(p->parts[i].file))
			rc = -1;
		p->parts[i].file = NULL;
	}
	if (p->data && fclose(p->data))
		rc = -1;
	p->data = NULL;
	return rc;
}

static int write_data(struct page *p, const char *path, struct error *e)
{
	FILE *f;

	if (finish(p))
		return fail(e, "No memory for the graph %s.", p->name);
	f = fopen(path, "we");
	if (!f)
		return fail(e, "Writing %s: %s.", path, strerror(errno));
	fprintf(f, "# what the blocks are: plot/comparison/page.gp\n%u\t%u", p->width, p->height);
	for (int i = 0; i < PARTS; i++)
		fprintf(f, "\t%u", p->parts[i].count);
	/* gnuplot does not count a block that has no line. */
	for (int i = 0; i < PARTS; i++)
		fprintf(f, "\n\n\n# %s\n%s", headings[i],
			p->parts[i].count ? p->parts[i].text : "-");
	fprintf(f, "\n%s", p->data_text);
	if (fclose(f))
		return fail(e, "Writing %s: %s.", path, strerror(errno));
	return 0;
}

int page_write(struct page *p, unsigned int height, const char *directory, struct error *e)
{
	char path[4096];

	p->height = height;
	snprintf(path, sizeof(path), "%s/%s.tsv", directory, p->name);
	return write_data(p, path, e);
}

int page_draw(const char *name, const char *directory, const char *title, const char *caption,
	      struct error *e)
{
	char data[4096], svg[4096], png[4096], id[64];
	char *const argv[] = {"gnuplot", "-c", SCRIPT, data, id, svg, png, NULL};

	snprintf(id, sizeof(id), "%s", name);
	snprintf(data, sizeof(data), "%s/%s.tsv", directory, name);
	snprintf(svg, sizeof(svg), "%s/%s.svg", directory, name);
	snprintf(png, sizeof(png), "%s/%s.png", directory, name);
	if (program_run(argv, e))
		return -1;
	return svg_tidy(svg, name, title, caption, e);
}
