// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The latency histogram: every time is in one class, classes follow each other
 * and are at most 1/16 wide, and quantiles are not below the true ones and at most
 * 1/16 above.
 */
#include "testing.h"

#include <stdlib.h>

#include "core/latency.h"

static void classes_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(latency_class(0), 0);
	for (unsigned int c = 0; c + 1 < LATENCY_CLASSES; c++) {
		uint64_t end = latency_class_end(c);

		assert_int_equal(latency_class(end), c);
		assert_int_equal(latency_class(end + 1), c + 1);
	}
}

static void classes_are_narrow(void **state)
{
	(void)state;
	for (unsigned int c = 1; c < LATENCY_CLASSES; c++) {
		uint64_t first = latency_class_end(c - 1) + 1;

		assert_true((latency_class_end(c) - first) * LATENCY_SUB <= first);
	}
}

static void endless_times_are_in_the_last_class(void **state)
{
	(void)state;
	assert_int_equal(latency_class(UINT64_MAX), LATENCY_CLASSES - 1);
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void quantiles_are_those_of_all_workers(void **state)
{
	static const double shares[] = {0.5, 0.95, 0.99, 0.999, 1};
	struct latency *all = calloc(2, sizeof(*all));
	struct worker workers[2] = {{.latency = &all[0]}, {.latency = &all[1]}};
	static uint64_t times[20000];

	(void)state;
	srand48(1);
	for (size_t i = 0; i < COUNT(times); i++) {
		times[i] = 1000 + (lrand48() % 1000) * (lrand48() % 100);
		worker_latency(&workers[i % 2], times[i]);
	}
	qsort(times, COUNT(times), sizeof(*times), ascending);
	for (size_t i = 0; i < COUNT(shares); i++) {
		uint64_t truth = times[(size_t)(shares[i] * COUNT(times)) - 1];
		uint64_t said = latency_quantile(all, 2, shares[i]);

		assert_true(said >= truth && (said - truth) * LATENCY_SUB <= truth);
	}
	assert_int_equal(latency_quantile(all, 2, 1), times[COUNT(times) - 1]);
	free(all);
}

static void without_operations_it_is_zero(void **state)
{
	struct latency *none = calloc(1, sizeof(*none));

	(void)state;
	assert_int_equal(latency_quantile(none, 1, 0.5), 0);
	free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_follow_each_other),
		cmocka_unit_test(classes_are_narrow),
		cmocka_unit_test(endless_times_are_in_the_last_class),
		cmocka_unit_test(quantiles_are_those_of_all_workers),
		cmocka_unit_test(without_operations_it_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
