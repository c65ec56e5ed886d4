// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The order in which a sweep's points are measured: every point once a
 * repetition, shuffled anew by seed, boot and pair of repetitions, there and back,
 * so that a drift of the machine weighs on all alike; and points that are
 * compared with each other are measured one after the other.
 */
#include "testing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sweep.h"
#include "include/workload.h"

#define POINTS 60 /* 4 blocks, 5 numbers of workers, 3 sharings */
#define REPETITIONS 6

static void parse(struct sweep *s, unsigned int seed)
{
	struct error e = {""};
	char text[256];

	snprintf(text, sizeof(text),
		 "[sweep]\nseed = %u\n[points]\ntarget = zram\nmapping = hugetlbfs\n"
		 "sharing = private shared same\nblock = 4k 8k 16k 32k\nworkers = 1 2 3 4 5\n",
		 seed);
	if (sweep_parse(s, "test", text, NULL, &e))
		fail_msg("%s", e.text);
	assert_int_equal(s->count, POINTS);
}

static size_t *order_of(const struct sweep *s, unsigned int boot, unsigned int repetition)
{
	size_t *order = sweep_order(s, boot, repetition);

	assert_non_null(order);
	return order;
}

static bool same_order(const struct sweep *a, unsigned int boot_a, unsigned int repetition_a,
		       const struct sweep *b, unsigned int boot_b, unsigned int repetition_b)
{
	size_t *x = order_of(a, boot_a, repetition_a), *y = order_of(b, boot_b, repetition_b);
	bool same = !memcmp(x, y, POINTS * sizeof(*x));

	free(x);
	free(y);
	return same;
}

static void every_point_comes_once_a_repetition(void **state)
{
	struct sweep s;

	(void)state;
	parse(&s, 1);
	for (unsigned int repetition = 0; repetition < REPETITIONS; repetition++) {
		size_t *order = order_of(&s, 1, repetition);
		bool seen[POINTS] = {false};

		for (size_t i = 0; i < POINTS; i++) {
			assert_in_range(order[i], 0, POINTS - 1);
			assert_false(seen[order[i]]);
			seen[order[i]] = true;
		}
		free(order);
	}
	sweep_free(&s);
}

/* A run that is taken up again goes on in the order in which it was begun. */
static void the_order_follows_from_the_seed(void **state)
{
	struct sweep s, again;

	(void)state;
	parse(&s, 7);
	parse(&again, 7);
	for (unsigned int boot = 1; boot <= 3; boot++)
		for (unsigned int repetition = 0; repetition < REPETITIONS; repetition++)
			assert_true(same_order(&s, boot, repetition, &again, boot, repetition));
	sweep_free(&s);
	sweep_free(&again);
}

static void it_differs_by_seed_boot_and_pair_of_repetitions(void **state)
{
	struct sweep s, other;

	(void)state;
	parse(&s, 1);
	parse(&other, 2);
	for (unsigned int boot = 1; boot <= 3; boot++)
		for (unsigned int repetition = 0; repetition < REPETITIONS; repetition++) {
			assert_false(same_order(&s, boot, repetition, &other, boot, repetition));
			assert_false(same_order(&s, boot, repetition, &s, boot + 1, repetition));
			assert_false(same_order(&s, boot, repetition, &s, boot, repetition + 2));
		}
	sweep_free(&s);
	sweep_free(&other);
}

static void every_second_repetition_is_the_way_back(void **state)
{
	struct sweep s;

	(void)state;
	parse(&s, 1);
	for (unsigned int repetition = 0; repetition < REPETITIONS; repetition += 2) {
		size_t *there = order_of(&s, 1, repetition);
		size_t *back = order_of(&s, 1, repetition + 1);

		for (size_t i = 0; i < POINTS; i++)
			assert_int_equal(there[i], back[POINTS - 1 - i]);
		free(there);
		free(back);
	}
	sweep_free(&s);
}

static void points_that_differ_in_sharing_alone_follow_each_other(void **state)
{
	struct sweep s;

	(void)state;
	parse(&s, 1);
	for (unsigned int repetition = 0; repetition < REPETITIONS; repetition++) {
		size_t *order = order_of(&s, 1, repetition);

		for (size_t i = 0; i < POINTS; i++) {
			const struct point *first = &s.points[order[i / 3 * 3]];
			const struct point *p = &s.points[order[i]];

			assert_int_equal(p->block, first->block);
			assert_int_equal(p->workers, first->workers);
		}
		free(order);
	}
	sweep_free(&s);
}

/* A workload and its references are compared by rate: none of another kind comes between. */
static void references_follow_what_they_are_for(void **state)
{
	struct error e = {""};
	struct sweep s;

	(void)state;
	if (sweep_parse(&s, "test",
			"[points one]\nworkload = pread bare-pread fio-psync\ntarget = zram\n"
			"mapping = private\nsharing = private\nblock = 4k 8k\nworkers = 1 2 3\n"
			"[points many]\nworkload = aio-read fio-libaio fio-libaio-tuned\n"
			"target = zram\nmapping = private\nsharing = private\nblock = 4k 8k\n"
			"workers = 1 2 3\n",
			NULL, &e))
		fail_msg("%s", e.text);
	assert_int_equal(s.count, 36);
	for (unsigned int repetition = 0; repetition < REPETITIONS; repetition++) {
		size_t *order = order_of(&s, 1, repetition);

		for (size_t i = 0; i < s.count; i += 3) {
			unsigned int ours = 0;

			for (size_t k = i; k < i + 3; k++) {
				const struct point *first = &s.points[order[i]];
				const struct point *p = &s.points[order[k]];

				assert_int_equal(p->block, first->block);
				assert_int_equal(p->workers, first->workers);
				ours += !p->workload->reference_for;
			}
			assert_int_equal(ours, 1);
		}
		free(order);
	}
	sweep_free(&s);
}

/* None of the sharings is always measured first. */
static void which_sharing_comes_first_changes(void **state)
{
	unsigned int first[SHARING_SAME + 1] = {0};
	struct sweep s;

	(void)state;
	parse(&s, 1);
	for (unsigned int repetition = 0; repetition < REPETITIONS; repetition++) {
		size_t *order = order_of(&s, 1, repetition);

		for (size_t i = 0; i < POINTS; i += 3)
			first[s.points[order[i]].sharing]++;
		free(order);
	}
	for (int sharing = SHARING_PRIVATE; sharing <= SHARING_SAME; sharing++)
		assert_in_range(first[sharing], 20, 60);
	sweep_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_comes_once_a_repetition),
		cmocka_unit_test(the_order_follows_from_the_seed),
		cmocka_unit_test(it_differs_by_seed_boot_and_pair_of_repetitions),
		cmocka_unit_test(every_second_repetition_is_the_way_back),
		cmocka_unit_test(points_that_differ_in_sharing_alone_follow_each_other),
		cmocka_unit_test(references_follow_what_they_are_for),
		cmocka_unit_test(which_sharing_comes_first_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
