// SPDX-License-Identifier: GPL-3.0-or-later
#include "make_up.h"

#include <stdlib.h>

#include "axes.h"
#include "run.h"

unsigned int make_up_most(const struct sweep *s)
{
	return (s->repetitions + 1) / 2;
}

/* The run's point that is this one of the sweep, or NULL: it was not possible. */
static const struct run_point *find_point(const struct run *r, const struct point *p)
{
	const struct run_point *found = NULL;
	json_t *wanted = point_json(p);

	for (unsigned int i = 0; i < r->point_count && !found; i++)
		if (json_equal(r->points[i].axes, wanted))
			found = &r->points[i];
	json_decref(wanted);
	return found;
}

/* Points that are compared with each other, and how many of them each round has. */
struct family {
	unsigned int members;
	unsigned int *have; /* by repetition */
};

/*
 * Adds one to each repetition in which the point has a trial that is not left out. That of a
 * failed one is taken for whole: a fault is not made up for.
 */
static void add_rounds(struct family *f, const struct run *r, const struct run_point *p,
		       unsigned int boot, unsigned int most)
{
	f->members++;
	for (unsigned int i = p->first_trial; i < p->first_trial + p->trials; i++) {
		const struct run_trial *t = &r->trials[i];

		if (r->boots[t->boot].number == boot && t->repetition < most &&
		    (!t->excluded || t->failed))
			f->have[t->repetition]++;
	}
}

static bool is_short(const struct family *f, unsigned int planned, unsigned int most)
{
	unsigned int whole = 0;

	for (unsigned int n = 0; n < most && f->members; n++)
		whole += f->have[n] == f->members;
	return f->members && whole < planned;
}

static int find_needed(const struct sweep *s, const struct run *r, unsigned int boot, bool *needed,
		       struct error *e)
{
	unsigned int most = s->repetitions + make_up_most(s);
	struct family *families = calloc(s->count + 1, sizeof(*families));
	unsigned int *have = calloc(s->count * most + 1, sizeof(*have));
	size_t *family = sweep_families(s);
	int count = 0;

	for (size_t i = 0; i < s->count && families && have && family; i++) {
		const struct run_point *p = find_point(r, &s->points[i]);
		struct family *f = &families[family[i]];

		f->have = have + family[i] * most;
		if (p)
			add_rounds(f, r, p, boot, most);
	}
	for (size_t i = 0; i < s->count && families && have && family; i++) {
		needed[i] = is_short(&families[family[i]], s->repetitions, most);
		count += needed[i];
	}
	if (!families || !have || !family)
		count = fail(e, "No memory to see which rounds were spoilt.");
	free(families);
	free(have);
	free(family);
	return count;
}

int make_up_points(const struct sweep *s, const char *directory, unsigned int boot, bool *needed,
		   struct error *e)
{
	struct run r;
	int count;

	if (run_read(&r, directory, e))
		return -1;
	count = find_needed(s, &r, boot, needed, e);
	run_free(&r);
	return count;
}
