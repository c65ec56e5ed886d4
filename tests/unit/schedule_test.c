// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The order in which kernels are booted: blocks in which every variant comes
 * once on the way there and once on the way back, so that a drift of the
 * machine weighs on all alike.
 */
#include "testing.h"

#include <stdlib.h>

#include "core/schedule.h"

/* The order as text, a letter a boot. */
static void assert_order(unsigned int variants, unsigned int boots, const char *wanted)
{
	struct slot *order = schedule(variants, boots);
	char text[64] = "";

	assert_non_null(order);
	for (unsigned int i = 0; i < variants * boots; i++)
		text[i] = 'A' + order[i].variant;
	assert_string_equal(text, wanted);
	free(order);
}

static void two_variants_go_abba_baab(void **state)
{
	(void)state;
	assert_order(2, 2, "ABBA");
	assert_order(2, 4,
		     "ABBA"
		     "BAAB");
	assert_order(2, 6,
		     "ABBA"
		     "BAAB"
		     "ABBA");
}

static void odd_number_of_boots_ends_in_half_a_block(void **state)
{
	(void)state;
	assert_order(2, 1, "AB");
	assert_order(2, 3,
		     "ABBA"
		     "BA");
	assert_order(2, 5,
		     "ABBA"
		     "BAAB"
		     "AB");
}

static void three_variants_take_turns_to_begin(void **state)
{
	(void)state;
	assert_order(3, 2, "ABCCBA");
	assert_order(3, 6,
		     "ABCCBA"
		     "BCAACB"
		     "CABBAC");
}

static void one_variant_is_just_booted(void **state)
{
	(void)state;
	assert_order(1, 3, "AAA");
}

static void every_variant_has_its_boots_in_every_block(void **state)
{
	(void)state;
	for (unsigned int variants = 1; variants <= 5; variants++) {
		for (unsigned int boots = 1; boots <= 9; boots++) {
			struct slot *order = schedule(variants, boots);
			unsigned int times[6][5] = {0}; /* of a variant in a block */

			assert_non_null(order);
			for (unsigned int i = 0; i < variants * boots; i++) {
				assert_in_range(order[i].variant, 0, variants - 1);
				assert_int_equal(order[i].block, 1 + i / (2 * variants));
				times[order[i].block][order[i].variant]++;
			}
			for (unsigned int v = 0; v < variants; v++)
				for (unsigned int b = 1; b <= (boots + 1) / 2; b++)
					assert_int_equal(times[b][v], 2 * b > boots ? 1 : 2);
			free(order);
		}
	}
}

/* What a linear drift adds to a variant over whole blocks is the same for all. */
static void linear_drift_cancels(void **state)
{
	(void)state;
	for (unsigned int variants = 2; variants <= 4; variants++) {
		struct slot *order = schedule(variants, 6);
		unsigned int drift[4] = {0};

		assert_non_null(order);
		for (unsigned int i = 0; i < variants * 6; i++)
			drift[order[i].variant] += i;
		for (unsigned int v = 1; v < variants; v++)
			assert_int_equal(drift[v], drift[0]);
		free(order);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_variants_go_abba_baab),
		cmocka_unit_test(odd_number_of_boots_ends_in_half_a_block),
		cmocka_unit_test(three_variants_take_turns_to_begin),
		cmocka_unit_test(one_variant_is_just_booted),
		cmocka_unit_test(every_variant_has_its_boots_in_every_block),
		cmocka_unit_test(linear_drift_cancels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
