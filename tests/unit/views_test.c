// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Of every probe and every mechanism the table says whether the probe sees it; and why
 * not, where it does not, and where it cannot run.
 */
#include "testing.h"

#include <string.h>

#include "core/views.h"

static void every_probe_has_a_view_of_each_mechanism(void **state)
{
	(void)state;
	for_each_plugin (probe, p)
		for (int m = 0; m < MECHANISMS; m++) {
			const struct view *v = &(*p)->views[m];

			if ((v->sight == SIGHT_SEES) == !v->why && (!v->why || strlen(v->why) > 15))
				continue;
			fail_msg("%s has no reason, or one too many, for its view of %s",
				 (*p)->name, mechanism_name(m));
		}
}

static const char *elsewhere(void)
{
	return "made-up: this machine is another";
}

static const char *here(void)
{
	return NULL;
}

static void says_what_cannot_run_but_not_of_the_blind(void **state)
{
	struct probe p = {
		.name = "made-up",
		.views = {[MECHANISM_ATOMIC] = {SIGHT_SEES, NULL},
			  [MECHANISM_SPIN] = {SIGHT_PARTLY, "half of them"},
			  [MECHANISM_BIT_LOCK] = {SIGHT_BLIND, "none"}},
		.unsupported = here,
	};
	const char *why;

	(void)state;
	assert_string_equal(view_of(&p, MECHANISM_ATOMIC, &why), "sees");
	assert_null(why);
	assert_string_equal(view_of(&p, MECHANISM_SPIN, &why), "partly");
	assert_string_equal(why, "half of them");
	p.unsupported = elsewhere;
	assert_string_equal(view_of(&p, MECHANISM_ATOMIC, &why), "cannot run here");
	assert_string_equal(why, elsewhere());
	assert_string_equal(view_of(&p, MECHANISM_SPIN, &why), "cannot run here");
	assert_string_equal(view_of(&p, MECHANISM_BIT_LOCK, &why), "blind");
	assert_string_equal(why, "none");
}

/* No word that a reader of the record would not know, and none missing. */
static void the_table_is_whole(void **state)
{
	json_t *table = views_json(), *probes = json_object_get(table, "probes"), *p, *v;
	size_t i, j, count = 0;

	(void)state;
	for_each_plugin (probe, plugin)
		count += !!*plugin;
	assert_int_equal(json_array_size(json_object_get(table, "mechanisms")), MECHANISMS);
	assert_int_equal(json_array_size(probes), count);
	json_array_foreach (probes, i, p) {
		assert_int_equal(json_array_size(json_object_get(p, "views")), MECHANISMS);
		json_array_foreach (json_object_get(p, "views"), j, v) {
			const char *sight = json_string_value(json_object_get(v, "sight"));
			bool sees = !strcmp(sight, "sees");

			assert_true(sees || !strcmp(sight, "partly") || !strcmp(sight, "blind") ||
				    !strcmp(sight, "cannot run here"));
			assert_int_equal(sees, !!json_is_null(json_object_get(v, "why")));
		}
	}
	json_decref(table);
}

/* What the issue of every zero is about: these must never be shown as "no contention". */
static void locks_of_one_bit_and_atomics_are_not_seen_by_lockdep(void **state)
{
	static const char *const probes[] = {"lock-stat", "contention"};
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(probes); i++) {
		const struct probe *p = find_plugin(probe, probes[i]);

		if (!p)
			continue;
		assert_string_equal(view_of(p, MECHANISM_BIT_LOCK, &why), "blind");
		assert_string_equal(view_of(p, MECHANISM_ATOMIC, &why), "blind");
		assert_string_equal(view_of(p, MECHANISM_FOLIO_LOCK, &why), "blind");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_probe_has_a_view_of_each_mechanism),
		cmocka_unit_test(says_what_cannot_run_but_not_of_the_blind),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(locks_of_one_bit_and_atomics_are_not_seen_by_lockdep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
