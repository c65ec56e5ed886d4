// SPDX-License-Identifier: GPL-3.0-or-later
/* Heads, captions, legends and scales of graphs. */
#include "graph_parts.h"

#include "printable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ratios are drawn up to here, and down to its inverse. */
#define RATIO_MOST 1000.0

/* Labels at powers of two: more would stand on each other. */
#define POWERS_MOST 10

struct estimate no_estimate(void)
{
	return (struct estimate){.value = NAN, .low = NAN, .high = NAN};
}

void graph_caption(struct drawing *d, const char *format, ...)
{
	char *caption = d->graph->caption;
	size_t used = strlen(caption);
	va_list args;

	if (used && used + 1 < sizeof(d->graph->caption)) {
		caption[used++] = ' ';
		caption[used] = '\0';
	}
	va_start(args, format);
	vsnprintf(caption + used, sizeof(d->graph->caption) - used, format, args);
	va_end(args);
	/* A name that was cut may have lost half of a character. */
	printable_text(caption);
}

/* The kernel that a side's boots ran, as they recorded it. */
static const char *kernel_of(const struct side *s)
{
	for (unsigned int b = 0; b < s->run->boot_count; b++) {
		const json_t *kernel = json_object_get(s->run->boots[b].record, "kernel");
		const char *release = json_string_value(json_object_get(kernel, "release"));

		if (release && s->run->boots[b].variant == s->variant && s->run->boots[b].counts)
			return release;
	}
	return "?";
}

/* "base stock (Linux 6.1.170, 6 boots) against …", or what both sides are on. */
static void say_sides(const struct drawing *d, char *text, size_t size)
{
	const struct comparison *c = d->c;
	const struct side *base = &c->sides[BASE], *new = &c->sides[NEW];

	if (*base->axis)
		snprintf(text, size,
			 "Base: %s. New: %s. Both on one kernel, Linux %s, in turns; %u boot%s.",
			 base->name, new->name, kernel_of(base), c->boots[BASE],
			 c->boots[BASE] == 1 ? "" : "s");
	else
		snprintf(text, size,
			 "Base: %s (Linux %s, %u boot%s). New: %s (Linux %s, %u boot%s).",
			 base->name, kernel_of(base), c->boots[BASE],
			 c->boots[BASE] == 1 ? "" : "s", new->name, kernel_of(new), c->boots[NEW],
			 c->boots[NEW] == 1 ? "" : "s");
}

unsigned int graph_head(struct drawing *d, const char *how, size_t left_out)
{
	unsigned int width = d->page.width - 28, y = 20;
	char title[256], sides[768], most[64];

	printable_text(d->graph->title);
	snprintf(title, sizeof(title), "%s", d->graph->title);
	page_text(&d->page, 14, y, TEXT_TITLE, ALIGN_LEFT, "%s",
		  text_cut(title, width, TEXT_TITLE));
	say_sides(d, sides, sizeof(sides));
	y = page_wrapped(&d->page, 14, y + 21, width, TEXT_GREY, sides);
	y = page_wrapped(&d->page, 14, y, width, TEXT_GREY, how);
	if (left_out) {
		snprintf(most, sizeof(most), "The largest differences; %zu more are left out.",
			 left_out);
		y = page_wrapped(&d->page, 14, y, width, TEXT_GREY, most);
	}
	if (d->c->emulated)
		y = page_wrapped(&d->page, 14, y, width, TEXT_WARNING,
				 "EMULATED CPUs: times and rates here are no facts, and no verdict "
				 "rests on them.");
	return y + 6;
}

unsigned int graph_legend(struct page *p, unsigned int y, const struct legend_entry *entries,
			  unsigned int count)
{
	unsigned int x = 14;

	for (unsigned int i = 0; i < count; i++) {
		const struct legend_entry *entry = &entries[i];
		unsigned int sample = entry->stroke.width > 0 ? 34 : 14;
		unsigned int most = p->width - 40 - sample;
		char text[256];
		double width;

		snprintf(text, sizeof(text), "%s", entry->text);
		width = text_width(text_cut(text, most, TEXT_PLAIN), TEXT_PLAIN);
		if (x > 14 && x + sample + 6 + width + 14 > p->width) {
			x = 14;
			y += 18;
		}
		page_sample(p, x, y, sample, &entry->stroke);
		page_text(p, x + sample + 6, y, TEXT_PLAIN, ALIGN_LEFT, "%s", text);
		x += sample + 6 + width + 24;
	}
	return y + 20;
}

struct stroke side_stroke(int side, enum stratum stratum, bool dense)
{
	bool far = stratum == STRATUM_FAR;
	struct stroke s = {
		.colour = side == BASE ? COLOUR_ORANGE : COLOUR_BLUE,
		.dash = side == BASE ? 2 : 1,
		.width = (side == BASE ? 1.8 : 2) * (far ? 0.6 : 1),
		.mark = side == BASE ? (far ? MARK_OPEN_CIRCLE : MARK_CIRCLE)
				     : (far ? MARK_OPEN_SQUARE : MARK_SQUARE),
		.size = dense	       ? 0.4
			: side == BASE ? 0.75
				       : 0.65,
		.ribbon = true,
	};

	return s;
}

unsigned int graph_sides_legend(struct drawing *d, unsigned int y, const bool strata[STRATA],
				const bool sides[SIDES], bool new_only)
{
	struct legend_entry entries[2 * SIDES];
	char texts[2 * SIDES][160];
	unsigned int n = 0;

	for (int s = new_only ? NEW : BASE; s < SIDES; s++) {
		for (enum stratum t = STRATUM_NEAR; t <= STRATUM_FAR; t++) {
			bool told = strata[STRATUM_NEAR] || strata[STRATUM_FAR];

			if (!sides[s] || (told ? !strata[t] : t == STRATUM_FAR))
				continue;
			snprintf(texts[n], sizeof(texts[n]), "%s%s%s",
				 new_only    ? ""
				 : s == BASE ? "base: "
					     : "new: ",
				 new_only ? "new / base" : d->c->sides[s].name,
				 !told		    ? ""
				 : t == STRATUM_FAR ? ", CPUs far"
						    : ", CPUs near");
			entries[n] = (struct legend_entry){texts[n], side_stroke(s, t, false)};
			n++;
		}
	}
	return graph_legend(&d->page, y, entries, n);
}

void range_add(struct range *r, double x)
{
	r->low = fmin(r->low, x);
	r->high = fmax(r->high, x);
}

void range_add_interval(struct range *r, const struct range *values, const struct estimate *e)
{
	double room = fmax(values->high - values->low, 0.05 * fabs(values->high));

	if (isfinite(e->low))
		range_add(r, fmax(e->low, values->low - room));
	if (isfinite(e->high))
		range_add(r, fmin(e->high, values->high + room));
}

struct scale figure_scale(const struct drawing *d, const struct figure *f, struct range values,
			  struct range intervals)
{
	struct range all = {fmin(values.low, intervals.low), fmax(values.high, intervals.high)};
	/* What is near its reference is shown near. */
	bool zero = f->from_zero && !(values.low > 0.5 * f->reference);
	struct scale s = {0};

	range_add(&all, f->reference);
	if (f->margin) {
		range_add(&all, 1 - 1.5 * d->c->margin);
		range_add(&all, 1 + 1.5 * d->c->margin);
	}
	s.low = all.low;
	s.high = all.high;
	s.logarithmic = !f->from_zero && values.low > 0 && values.high / values.low > 3;
	if (s.logarithmic) {
		s.low = fmax(s.low, values.low / 2) / 1.15;
		s.high *= 1.15;
	} else {
		double room = s.high > s.low ? 0.06 * (s.high - s.low) : 0.1 * fabs(s.high) + 0.01;

		s.low = zero ? 0 : s.low - room;
		s.high += room;
	}
	if (!(s.high > s.low))
		s = (struct scale){.low = 0, .high = 1};
	return s;
}

/*
 * Powers of two, or of four and so on where they would be many, and, where the scale ends, the
 * most: instead of the last of them when that is near.
 */
static void power_tics(struct page *p, int scale, double least, double most, bool ends)
{
	unsigned int count = log2(most / least) + 1, step = (count + POWERS_MOST - 1) / POWERS_MOST;
	char label[32];
	double last = 0;

	for (double n = 1; n <= most; n *= exp2(step)) {
		if (n < least || (count > 7 && ends && n < most && most < 2 * n))
			continue;
		snprintf(label, sizeof(label), "%.0f", n);
		page_tic(p, scale, n, label);
		last = n;
	}
	if (!ends || (last > 0 && most < 1.4 * last))
		return;
	snprintf(label, sizeof(label), "%.0f", most);
	page_tic(p, scale, most, label);
}

int workers_scale(struct page *p, unsigned int least, unsigned int most, double beyond)
{
	struct scale s = {.logarithmic = most > 8};
	char label[16];
	int scale;

	s.low = s.logarithmic ? least / 1.15 : least - 0.06 * (most - least) - 0.1;
	s.high = s.logarithmic ? most * beyond * 1.15
			       : most * beyond + 0.06 * (most * beyond - least) + 0.1;
	scale = page_scale(p, &s);
	if (s.logarithmic) {
		power_tics(p, scale, least, most * beyond, beyond == 1);
		return scale;
	}
	for (unsigned int n = least; n <= most * beyond; n++) {
		snprintf(label, sizeof(label), "%u", n);
		page_tic(p, scale, n, label);
	}
	return scale;
}

struct scale ratio_scale(const struct drawing *d, struct range values, struct range intervals)
{
	struct scale s = {.low = fmin(1 - 1.6 * d->c->margin, fmin(values.low, intervals.low)),
			  .high = fmax(1 + 1.6 * d->c->margin, fmax(values.high, intervals.high)),
			  .logarithmic = true};
	double room;

	/* What is beyond has an arrow: one nonsensical row must not make all others invisible. */
	s.low = fmax(s.low, 1 / RATIO_MOST);
	s.high = fmin(s.high, RATIO_MOST);
	room = pow(s.high / s.low, 0.04);
	s.low /= room;
	s.high *= room;
	return s;
}

void margin_band(struct drawing *d, int area, bool upright)
{
	double low = 1 - d->c->margin, high = 1 / (1 - d->c->margin);

	if (upright) {
		page_box(&d->page, area, low, NAN, high, NAN, 0xebebeb);
		page_rule(&d->page, area, 1, NAN, COLOUR_GREY, 1);
	} else {
		page_box(&d->page, area, NAN, low, NAN, high, 0xebebeb);
		page_rule(&d->page, area, NAN, 1, COLOUR_GREY, 1);
	}
}
