// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Estimates are those of the textbooks: intervals against values worked out by
 * hand, what is not known is NAN, and near is told from far as METHOD.md says.
 */
#include "testing.h"

#include <math.h>

#include "analysis/rules.h"
#include "analysis/statistics.h"
#include "core/format.h"

static void mean_has_students_interval(void **state)
{
	const double samples[] = {4, 6, 8, 10};
	struct estimate e = estimate_mean(samples, 4, 0.95);

	(void)state;
	/* s = 2.581989, t(0.975, 3) = 3.182446: 7 +- 4.108515 */
	assert_int_equal(e.n, 4);
	assert_float_equal(e.value, 7, 1e-9);
	assert_float_equal(e.low, 7 - 4.108515, 1e-5);
	assert_float_equal(e.high, 7 + 4.108515, 1e-5);
}

static void level_widens_the_interval(void **state)
{
	const double samples[] = {4, 6, 8, 10};

	(void)state;
	/* t(0.95, 3) = 2.353363 */
	assert_float_equal(estimate_mean(samples, 4, 0.90).high, 7 + 2.353363 * 2.581989 / 2, 1e-4);
}

static void too_few_samples_have_no_interval(void **state)
{
	const double one[] = {5};

	(void)state;
	assert_true(isnan(estimate_mean(one, 0, 0.95).value));
	assert_float_equal(estimate_mean(one, 1, 0.95).value, 5, 0);
	assert_true(isnan(estimate_mean(one, 1, 0.95).low));
	assert_true(isnan(estimate_mean(one, 1, 0.95).high));
}

static void log_mean_is_geometric(void **state)
{
	const double logs[] = {log(0.5), log(2)};
	struct estimate e = estimate_log_mean(logs, 2, 0.95);

	(void)state;
	assert_float_equal(e.value, 1, 1e-12);
	assert_float_equal(e.low * e.high, 1, 1e-9);
	assert_true(e.low < 0.5 && e.high > 2);
}

static void median_has_quartiles(void **state)
{
	double samples[] = {5, 1, 4, 2, 3};
	struct estimate e = estimate_median(samples, 5);

	(void)state;
	assert_float_equal(e.value, 3, 0);
	assert_float_equal(e.low, 2, 0);
	assert_float_equal(e.high, 4, 0);
	assert_true(isnan(estimate_median(samples, 0).value));
}

static void strata_by_the_pingpong(void **state)
{
	struct rules r = {.near_ns = 120};

	(void)state;
	assert_int_equal(rules_stratum(&r, 0, 0), STRATUM_NONE);
	assert_int_equal(rules_stratum(&r, 44, 120), STRATUM_NEAR);
	assert_int_equal(rules_stratum(&r, 121, 230), STRATUM_FAR);
	assert_int_equal(rules_stratum(&r, 44, 230), STRATUM_MOVED);
	assert_int_equal(rules_stratum(&r, 230, 44), STRATUM_MOVED);
}

static void figures_as_people_read_them(void **state)
{
	struct estimate e = {.value = 0.968, .low = 0.959, .high = 0.973};
	char text[64];

	(void)state;
	assert_string_equal(format_rate(933, text, sizeof(text)), "933");
	assert_string_equal(format_rate(1820000, text, sizeof(text)), "1.82M");
	assert_string_equal(format_rate(999600, text, sizeof(text)), "1.00M");
	assert_string_equal(format_rate(41230, text, sizeof(text)), "41.2k");
	assert_string_equal(format_rate(NAN, text, sizeof(text)), "-");
	assert_string_equal(format_ratio(&e, text, sizeof(text)), "0.968 [0.959, 0.973]");
	e.low = NAN;
	assert_string_equal(format_ratio(&e, text, sizeof(text)), "0.968");
	assert_string_equal(format_count(5, 5, text, sizeof(text)), "5");
	assert_string_equal(format_count(4.998, 5, text, sizeof(text)), "4.998 to 5");
	assert_string_equal(format_share(0, text, sizeof(text)), "0");
	assert_string_equal(format_share(0.0218, text, sizeof(text)), "2.18%");
	assert_string_equal(format_share(0.000004, text, sizeof(text)), "0.0004%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean_has_students_interval),
		cmocka_unit_test(level_widens_the_interval),
		cmocka_unit_test(too_few_samples_have_no_interval),
		cmocka_unit_test(log_mean_is_geometric),
		cmocka_unit_test(median_has_quartiles),
		cmocka_unit_test(strata_by_the_pingpong),
		cmocka_unit_test(figures_as_people_read_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
