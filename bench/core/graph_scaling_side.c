// SPDX-License-Identifier: GPL-3.0-or-later
/* A side of a line: its rates, the laws fitted to them, and residuals below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_scaling.h"

#define CURVE 40 /* places at which a curve is drawn */

struct stroke law_stroke(const struct scaling_law *law, bool residuals)
{
	struct stroke s = side_stroke(law->side, STRATUM_NEAR, false);

	s.dash = 1;
	if (law->model == SCALING_AMDAHL) {
		s.colour = COLOUR_GREY;
		s.dash = 4;
		s.mark = MARK_CROSS;
		s.width = 1.4;
	}
	if (residuals)
		s.width = 0;
	else
		s.mark = MARK_NONE;
	s.ribbon = !residuals;
	return s;
}

/* The curve with its band. 0, or -1 without memory. */
static int draw_curve(struct drawing *d, const struct scaling_graph *g, int area,
		      const struct scaling_law *law)
{
	double x[CURVE], end = LAW_BEYOND * law->fit.most_workers;
	const struct stroke stroke = law_stroke(law, false);
	struct scaling_sample *samples;
	struct estimate band[CURVE];
	long n = scaling_law_samples(d->c, law, &samples);
	int block, rc;

	for (int i = 0; i < CURVE; i++)
		x[i] = g->least * pow(end / g->least, i / (CURVE - 1.0));
	rc = n < 0 ? -1 : scaling_band(&law->fit, samples, n, x, band, CURVE);
	free(samples);
	if (rc)
		return -1;
	block = page_block(&d->page,
			   "%s of %s; %s, %s: workers, rate, low, high; measured up to %u",
			   scaling_model_name(law->model), d->c->sides[law->side].name,
			   law->panel->title, law->line->label, law->fit.most_workers);
	for (int i = 0; i < CURVE; i++)
		page_numbers(&d->page, 4,
			     (double[]){x[i], band[i].value, band[i].low, band[i].high});
	page_element(&d->page, area, block, ELEMENT_LINE, -1, &stroke);
	return 0;
}

static void draw_measured(struct drawing *d, int area, const struct scaling_law *law)
{
	struct stroke stroke = side_stroke(law->side, STRATUM_NEAR, false);
	int block = page_block(&d->page, "measured, %s; %s, %s: workers, rate, low, high",
			       d->c->sides[law->side].name, law->panel->title, law->line->label);

	for (size_t i = 0; i < d->c->count; i++) {
		const struct comparison_row *row = &d->c->rows[i];
		const struct estimate *e = &row->rates[law->side];

		if (law_measured(row, law))
			page_numbers(&d->page, 4,
				     (double[]){row->workers, e->value, e->low, e->high});
	}
	stroke.width = 0;
	stroke.ribbon = false;
	stroke.bars = true;
	page_element(&d->page, area, block, ELEMENT_LINE, -1, &stroke);
}

static void draw_residuals(struct drawing *d, int area, const struct scaling_law *law)
{
	const struct stroke stroke = law_stroke(law, true);
	int block = page_block(&d->page, "off %s, %%, %s; %s, %s: workers, residual",
			       scaling_model_name(law->model), d->c->sides[law->side].name,
			       law->panel->title, law->line->label);

	for (size_t i = 0; i < d->c->count; i++) {
		const struct comparison_row *row = &d->c->rows[i];

		if (law_measured(row, law))
			page_numbers(&d->page, 4,
				     (double[]){row->workers, law_residual(row, law), NAN, NAN});
	}
	page_element(&d->page, area, block, ELEMENT_LINE, -1, &stroke);
}

/* "USL σ 0.03, κ 0.0004, peak at 49. Amdahl σ 0.051" */
static void describe(const struct line_laws *line, int side, char *text, size_t size)
{
	const struct scaling_law *usl = line->law[side][SCALING_USL];
	const struct scaling_law *amdahl = line->law[side][SCALING_AMDAHL];
	char peak[64] = ", no peak";

	if (usl && isfinite(usl->fit.peak_workers.value))
		snprintf(peak, sizeof(peak), ", peak at %.0f", usl->fit.peak_workers.value);
	*text = '\0';
	if (usl)
		snprintf(text, size, "USL \u03c3 %.2g, \u03ba %.2g%s", usl->fit.sigma.value,
			 usl->fit.kappa.value, peak);
	if (amdahl)
		snprintf(text + strlen(text), size - strlen(text), "%sAmdahl \u03c3 %.2g",
			 usl ? ". " : "", amdahl->fit.sigma.value);
}

static void name_area(struct drawing *d, const struct line_laws *line, int side,
		      const struct scaling_law *law, unsigned int left, unsigned int y)
{
	char text[320];

	snprintf(text, sizeof(text), "%s", law->panel->title);
	page_text(&d->page, left, y, TEXT_BOLD, ALIGN_LEFT, "%s",
		  text_cut(text, LAW_WIDTH, TEXT_BOLD));
	snprintf(text, sizeof(text), "%s: %s%s", d->c->sides[side].name, law->line->label,
		 law->stratum == STRATUM_FAR	? ", CPUs far"
		 : law->stratum == STRATUM_NEAR ? ", CPUs near"
						: "");
	page_text(&d->page, left, y + 16, TEXT_PLAIN, ALIGN_LEFT, "%s",
		  text_cut(text, LAW_WIDTH, TEXT_PLAIN));
	describe(line, side, text, sizeof(text));
	page_text(&d->page, left, y + 31, TEXT_GREY, ALIGN_LEFT, "%s",
		  text_cut(text, LAW_WIDTH, TEXT_GREY));
}

int law_side(struct drawing *d, const struct scaling_graph *g, const struct line_laws *line,
	     int side, int scale, unsigned int y)
{
	const struct scaling_law *law = line->law[side][SCALING_USL]
						? line->law[side][SCALING_USL]
						: line->law[side][SCALING_AMDAHL];
	struct area a = {.left = LAW_LEFT + side * (LAW_WIDTH + LAW_GAP),
			 .top = y + LAW_HEAD,
			 .bottom = y + LAW_HEAD + LAW_HEIGHT,
			 .x = g->x_scale,
			 .y = scale,
			 .y_labels = !side,
			 .grid_y = true};
	int area;

	if (!law)
		return 0;
	a.right = a.left + LAW_WIDTH;
	name_area(d, line, side, law, a.left, y + 14);
	area = page_area(&d->page, &a);
	page_box(&d->page, area, law->fit.most_workers, NAN, NAN, NAN, 0xf0f0f0);
	for (int m = 0; m < SCALING_MODELS; m++)
		if (line->law[side][m] && draw_curve(d, g, area, line->law[side][m]))
			return -1;
	draw_measured(d, area, law);
	a.top = a.bottom + 10;
	a.bottom = a.top + LAW_RESIDUALS;
	a.y = g->residual_scale;
	a.x_labels = true;
	area = page_area(&d->page, &a);
	page_box(&d->page, area, law->fit.most_workers, NAN, NAN, NAN, 0xf0f0f0);
	page_rule(&d->page, area, NAN, 0, COLOUR_GREY, 1);
	for (int m = 0; m < SCALING_MODELS; m++)
		if (line->law[side][m])
			draw_residuals(d, area, line->law[side][m]);
	return 0;
}
