// SPDX-License-Identifier: GPL-3.0-or-later
/* Ratios with their intervals, a small graph a row: what the column of numbers looks like. */
#include <math.h>

#include "report_parts.h"

#define WIDTH 136
#define HEIGHT 22
#define EDGE 5

/* An interval is drawn up to this times its value either way; beyond is an arrow. */
#define FARTHEST 1.5

/* Labels nearer to each other than this would run together. */
#define LABEL_ROOM 27

static double clamp(double x, double value)
{
	return fmin(fmax(x, value / FARTHEST), value * FARTHEST);
}

static void widen(struct forest *f, double ratio)
{
	if (!(ratio > 0) || isinf(ratio))
		return;
	f->low = fmin(f->low, log(ratio));
	f->high = fmax(f->high, log(ratio));
}

struct forest forest_of(const struct comparison *c)
{
	struct forest f = {.low = 1.5 * log(1 - c->margin), .high = -1.5 * log(1 - c->margin)};

	for (size_t i = 0; i < c->count; i++) {
		const struct estimate *e = &c->rows[i].ratio;

		widen(&f, e->value);
		if (!isnan(e->low)) {
			widen(&f, clamp(e->low, e->value));
			widen(&f, clamp(e->high, e->value));
		}
	}
	return f;
}

static double place(const struct forest *f, double ratio)
{
	double share = (log(ratio) - f->low) / (f->high - f->low);

	return EDGE + (WIDTH - 2 * EDGE) * fmin(fmax(share, 0), 1);
}

static void begin(FILE *out, const char *class, const struct forest *f, double margin)
{
	double left = place(f, 1 - margin), right = place(f, 1 / (1 - margin)), one = place(f, 1);

	html(out,
	     "<svg class=\"forest %s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
	     "aria-hidden=\"true\" focusable=\"false\"><rect class=\"margin\" x=\"%.1f\" y=\"0\" "
	     "width=\"%.1f\" height=\"%d\"/><path class=\"one\" d=\"M%.1f 0V%d\"/>",
	     class, WIDTH, HEIGHT, WIDTH, HEIGHT, left, right - left, HEIGHT, one, HEIGHT);
}

void forest_axis(FILE *out, const struct forest *f, double margin)
{
	/* The first that find room are written. */
	static const double ticks[] = {1,    0.5,  2,	0.8, 1.25, 0.9,	 1.1, 0.25, 4,	  0.7, 1.4,
				       0.95, 1.05, 0.1, 10,  0.98, 1.02, 0.6, 1.6,  0.05, 20};
	double taken[sizeof(ticks) / sizeof(ticks[0])];
	size_t n = 0;

	begin(out, "axis", f, margin);
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		double x = place(f, ticks[i]), room = INFINITY;

		for (size_t k = 0; k < n; k++)
			room = fmin(room, fabs(taken[k] - x));
		if (log(ticks[i]) < f->low || log(ticks[i]) > f->high || room < LABEL_ROOM)
			continue;
		taken[n++] = x;
		html(out, "<text x=\"%.1f\" y=\"%d\">%g</text>", fmin(fmax(x, 10), WIDTH - 10),
		     HEIGHT - 7, ticks[i]);
	}
	html(out, "</svg>");
}

/* An arrow where the interval goes on. */
static void end_of(FILE *out, const struct forest *f, double limit, double drawn, int direction)
{
	double x = place(f, drawn);

	if (limit == drawn)
		html(out, "<path class=\"end\" d=\"M%.1f %dv6\"/>", x, HEIGHT / 2 - 3);
	else
		html(out, "<path class=\"end\" d=\"M%.1f %dl%d 4l%d 4\"/>", x - 4 * direction,
		     HEIGHT / 2 - 4, 4 * direction, -4 * direction);
}

void forest_row(FILE *out, const struct forest *f, double margin, const struct estimate *ratio,
		enum verdict verdict)
{
	double low = clamp(ratio->low, ratio->value), high = clamp(ratio->high, ratio->value);

	begin(out, verdict_class(verdict), f, margin);
	if (!isnan(ratio->low)) {
		html(out, "<path class=\"range\" d=\"M%.1f %dH%.1f\"/>", place(f, low), HEIGHT / 2,
		     place(f, high));
		end_of(out, f, ratio->low, low, -1);
		end_of(out, f, ratio->high, high, 1);
	}
	if (ratio->value > 0)
		html(out, "<rect class=\"mark\" x=\"%.1f\" y=\"%d\" width=\"7\" height=\"7\"/>",
		     place(f, ratio->value) - 3.5, HEIGHT / 2 - 3);
	html(out, "</svg>");
}
