/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A picture in the making: what is where in it, in pixels from its upper left corner, and
 * the numbers that are drawn. It becomes NAME.tsv, which
 * plot/comparison/page.gp draws.
 *
 * Whatever lacks memory marks the page, and page_write() says so: nothing else has to ask.
 */
#ifndef PINSCALE_GRAPH_PAGE_H
#define PINSCALE_GRAPH_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "include/error.h"

/* Okabe and Ito's colours, which the colour-blind can tell apart, and greys. */
enum colour {
	COLOUR_BLACK = 0x222222,
	COLOUR_GREY = 0x666666,
	COLOUR_FAINT = 0xe4e4e4,
	COLOUR_BLUE = 0x0072b2,
	COLOUR_ORANGE = 0xe69f00,
	COLOUR_GREEN = 0x009e73,
	COLOUR_VERMILION = 0xd55e00,
	COLOUR_PURPLE = 0xb0588e, /* a little darker than theirs, which is faint on paper */
};

/* Marks, as gnuplot numbers them. */
enum mark {
	MARK_NONE = 0,
	MARK_CROSS = 2,
	MARK_OPEN_SQUARE = 4,
	MARK_SQUARE = 5,
	MARK_OPEN_CIRCLE = 6,
	MARK_CIRCLE = 7,
	MARK_UP = 9,
	MARK_DOWN = 11,
};

enum text_style { TEXT_TITLE, TEXT_BOLD, TEXT_PLAIN, TEXT_GREY, TEXT_WARNING, TEXT_STYLES };
enum text_align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_CENTRE,
	ALIGN_UPRIGHT /* centred, read upwards */
};

/* How a line of numbers is drawn. */
struct stroke {
	enum colour colour;
	unsigned int dash; /* 1: solid */
	double width;	   /* 0: no line, marks only */
	enum mark mark;
	double size; /* of marks */
	bool ribbon; /* from low to high */
	bool bars;   /* the same, as error bars */
};

enum element_kind {
	ELEMENT_LINE = 1, /* x, value, low, high */
	ELEMENT_ROWS,	  /* y, value, low, high, kind: those of one kind are drawn */
	ELEMENT_SHAPE,	  /* x, y of a polygon */
	ELEMENT_ARROWS,	  /* x, y, and how far to the right the head is */
};

struct scale {
	double low, high;
	bool logarithmic;
};

struct area {
	unsigned int left, right, top, bottom;
	int x, y;		 /* scales */
	bool x_labels, y_labels; /* at the tics */
	bool grid_x, grid_y;	 /* lines at the tics of the scale */
};

#define PAGE_PARTS 8

struct page {
	const char *name;
	unsigned int width, height;
	struct {
		FILE *file;
		char *text;
		size_t size;
		unsigned int count;
	} parts[PAGE_PARTS];
	FILE *data;
	char *data_text;
	size_t data_size;
	unsigned int blocks;
	bool failed;
};

/* name is that of the files; it is not copied. */
void page_begin(struct page *p, const char *name, unsigned int width);
void page_free(struct page *p);

/* A line of text. What is not printable in it is made so. y is its middle. */
__attribute__((format(printf, 6, 7))) void page_text(struct page *p, unsigned int x, unsigned int y,
						     enum text_style style, enum text_align align,
						     const char *format, ...);

/* How wide that text is, about. */
double text_width(const char *text, enum text_style style);

/* Cuts the text, with dots in it, to be no wider than that. Returns text. */
char *text_cut(char *text, double width, enum text_style style);

/* Text in lines that are no wider than that; returns the y of what may stand below. */
unsigned int page_wrapped(struct page *p, unsigned int x, unsigned int y, unsigned int width,
			  enum text_style style, const char *text);

/* A piece of a line as it is drawn elsewhere, for a legend. */
void page_sample(struct page *p, unsigned int x, unsigned int y, unsigned int width,
		 const struct stroke *s);

/* A scale, numbered from 0, and a tic of it. label: of ours, no name from outside. */
int page_scale(struct page *p, const struct scale *s);
void page_tic(struct page *p, int scale, double value, const char *label);

/* Tics at round values; suffix: "%", or "" for 1.5k, 2M. */
void page_tics(struct page *p, int scale, const struct scale *s, unsigned int most,
	       const char *suffix);

/* An area with axes, numbered from 0. What is put into one comes before the next begins. */
int page_area(struct page *p, const struct area *a);

/* Behind all else in the area; NAN: to its edge. */
void page_box(struct page *p, int area, double left, double low, double right, double high,
	      unsigned int colour);

/* A line across the area, at x or at y (the other is NAN). */
void page_rule(struct page *p, int area, double x, double y, enum colour colour, unsigned int dash);

/* Begins a block of numbers; the heading is for people. Returns its number. */
__attribute__((format(printf, 2, 3))) int page_block(struct page *p, const char *heading, ...);
void page_numbers(struct page *p, size_t count, const double *numbers);
/* The same, with text behind it that is not drawn. */
__attribute__((format(printf, 4, 5))) void page_row(struct page *p, size_t count,
						    const double *numbers, const char *format, ...);

/* Draws a block in an area. */
void page_element(struct page *p, int area, int block, enum element_kind kind, int filter,
		  const struct stroke *s);

/* Writes NAME.tsv into the directory. 0 or -1. */
int page_write(struct page *p, unsigned int height, const char *directory, struct error *e);

/*
 * Draws NAME.svg and NAME.png from it. title and caption are for those who cannot see it. 0 or
 * -1. May be called by several threads at once.
 */
int page_draw(const char *name, const char *directory, const char *title, const char *caption,
	      struct error *e);

#endif
