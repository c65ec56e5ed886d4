// SPDX-License-Identifier: GPL-3.0-or-later
#include "scaling_laws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison_parts.h"

#define SEED 1

/* Rows of one line of the comparison are in a row: from i on. */
static size_t end_of_line(const struct comparison *c, size_t i)
{
	size_t end = i;

	while (end < c->count && c->rows[end].line == c->rows[i].line)
		end++;
	return end;
}

/* One worker belongs to every stratum. */
static bool in_stratum(const struct comparison_row *row, enum stratum s)
{
	return row->stratum == STRATUM_NONE || row->stratum == s;
}

/* Numbers of workers with trials of a side in a stratum, of the line that begins there. */
static unsigned int worker_counts(const struct comparison *c, size_t first, int side,
				  enum stratum s)
{
	unsigned int n = 0, last = 0;

	for (size_t i = first; i < end_of_line(c, first); i++) {
		const struct comparison_row *row = &c->rows[i];

		if (!in_stratum(row, s) || !row->trials[side] || row->workers == last)
			continue;
		last = row->workers;
		n++;
	}
	return n;
}

/* That in which the sides have the most numbers of workers. */
static enum stratum best_stratum(const struct comparison *c, size_t first)
{
	enum stratum best = STRATUM_NONE;
	unsigned int most = 0;

	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED; s++) {
		unsigned int n = worker_counts(c, first, BASE, s) + worker_counts(c, first, NEW, s);

		if (n > most) {
			most = n;
			best = s;
		}
	}
	return best;
}

static unsigned int most_of_line(const struct comparison *c, size_t first)
{
	enum stratum s = best_stratum(c, first);
	unsigned int base = worker_counts(c, first, BASE, s), new = worker_counts(c, first, NEW, s);

	return base < new ? base : new;
}

unsigned int scaling_most_workers(const struct comparison *c)
{
	unsigned int most = 0;

	for (size_t i = 0; i < c->count; i = end_of_line(c, i))
		if (most_of_line(c, i) > most)
			most = most_of_line(c, i);
	return most;
}

long scaling_law_samples(const struct comparison *c, const struct scaling_law *law,
			 struct scaling_sample **samples)
{
	const struct side *s = &c->sides[law->side];
	size_t n = 0, most = 0;

	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].line == law->line)
			most += s->run->points[c->rows[i].points[law->side]].trials;
	*samples = calloc(most + 1, sizeof(**samples));
	if (!*samples)
		return -1;
	for (size_t i = 0; i < c->count; i++) {
		const struct comparison_row *row = &c->rows[i];

		if (row->line != law->line || !in_stratum(row, law->stratum))
			continue;
		for_each_side_trial(s, row->points[law->side], t) if (side_counts(s, t) &&
								      t->stratum == row->stratum)(
			*samples)[n++] = (struct scaling_sample){row->workers, t->rate};
	}
	return n;
}

static int fit_law(const struct comparison *c, struct scaling_law *law)
{
	struct scaling_sample *samples;
	long n = scaling_law_samples(c, law, &samples);
	struct error why;

	if (n < 0)
		return -1;
	law->fitted =
		!scaling_fit(&law->fit, law->model, samples, n, SCALING_RESAMPLES, SEED, &why);
	if (!law->fitted)
		snprintf(law->why, sizeof(law->why), "%.255s", why.text);
	free(samples);
	return 0;
}

int scaling_laws_of(const struct comparison *c, struct scaling_law **list, size_t *count,
		    struct error *e)
{
	size_t next;

	*count = 0;
	*list = calloc(c->count * SIDES * SCALING_MODELS + 1, sizeof(**list));
	if (!*list)
		return fail(e, "No memory for the laws of scaling.");
	for (size_t i = 0; i < c->count && !c->emulated; i = next) {
		next = end_of_line(c, i);
		if (most_of_line(c, i) < SCALING_LEAST)
			continue;
		for (int side = BASE; side < SIDES; side++)
			for (int m = 0; m < SCALING_MODELS; m++) {
				struct scaling_law *law = &(*list)[(*count)++];

				*law = (struct scaling_law){.panel = c->rows[i].panel,
							    .line = c->rows[i].line,
							    .side = side,
							    .stratum = best_stratum(c, i),
							    .model = m};
				if (!fit_law(c, law))
					continue;
				free(*list);
				*list = NULL;
				return fail(e, "No memory for the laws of scaling.");
			}
	}
	return 0;
}
