// SPDX-License-Identifier: GPL-3.0-or-later
/* The order in which the points of a sweep are measured, and which of them are compared. */
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "axes.h"
#include "include/workload.h"
#include "sweep.h"

/* The workload that this one is compared with: that which it is a reference for, or itself. */
static const struct workload *compared(const struct workload *w)
{
	return w->reference_for ? find_plugin(workload, w->reference_for) : w;
}

size_t *sweep_families(const struct sweep *s)
{
	size_t *family = calloc(s->count + 1, sizeof(*family));
	json_t *numbers = json_object(), *number;

	for (size_t i = 0; i < s->count && family; i++) {
		struct point p = s->points[i];
		char *key;

		p.sharing = SHARING_PRIVATE;
		p.sharing_number = 0;
		p.copy = 1;
		p.workload = compared(p.workload);
		key = point_key(&p);
		number = key ? json_object_get(numbers, key) : NULL;
		family[i] = number ? (size_t)json_integer_value(number) : json_object_size(numbers);
		if (key && !number)
			json_object_set_new(numbers, key, json_integer(family[i]));
		free(key);
	}
	json_decref(numbers);
	return family;
}

/* Brings the points that are compared with each other together: behind the first of them. */
static void gather_compared(const struct sweep *s, size_t *order)
{
	size_t *family = sweep_families(s), *members = calloc(s->count + 1, sizeof(*members));
	size_t *at = calloc(s->count + 1, sizeof(*at)), end = 0;
	size_t *gathered = calloc(s->count + 1, sizeof(*gathered));
	bool memory = family && members && at && gathered;

	for (size_t i = 0; i < s->count && memory; i++)
		members[family[i]]++;
	for (size_t i = 0; i < s->count && memory; i++) {
		size_t of = family[order[i]];

		if (members[of]) {
			at[of] = end;
			end += members[of];
			members[of] = 0;
		}
		gathered[at[of]++] = order[i];
	}
	if (memory)
		memcpy(order, gathered, s->count * sizeof(*order));
	free(family);
	free(members);
	free(at);
	free(gathered);
}

size_t *sweep_order(const struct sweep *s, unsigned int boot, unsigned int repetition)
{
	size_t *order = calloc(s->count, sizeof(*order));
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

	if (order && random) {
		for (size_t i = 0; i < s->count; i++)
			order[i] = i;
		gsl_rng_set(random, 1 + s->seed + 1000003ul * boot + 7919ul * (repetition / 2));
		gsl_ran_shuffle(random, order, s->count, sizeof(*order));
		gather_compared(s, order);
		for (size_t i = 0; repetition % 2 && i < s->count / 2; i++) {
			size_t j = s->count - 1 - i, keep = order[i];

			order[i] = order[j];
			order[j] = keep;
		}
	}
	gsl_rng_free(random);
	return order;
}
