// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Comparisons are those of METHOD.md: what is paired with what, what is left out, which
 * look it is, and what is said of it. The runs are made up, so that every figure can be
 * worked out by hand; where that is long, Python did it.
 */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/comparison.h"
#include "run_writer.h"

/* Student's t, 97.5%, of so many degrees of freedom. */
#define T_3 3.182446305283711
#define T_6 2.446911851144970

static struct run runs[SIDES];
static struct side sides[SIDES];
static struct comparison c;
static bool made;

static void forget_comparison(void)
{
	if (made)
		comparison_free(&c);
	made = false;
}

static int setup(void **state)
{
	memset(runs, 0, sizeof(runs));
	made = false;
	return scratch_setup(state);
}

static int teardown(void **state)
{
	forget_comparison();
	for (int s = 0; s < SIDES; s++)
		if (runs[s].directory)
			run_free(&runs[s]);
	return scratch_teardown(state);
}

static void compare_with(const struct comparison_options *options)
{
	struct error e = {""};

	forget_comparison();
	if (comparison_make(&c, sides, options, &e))
		fail_msg("%s", e.text);
	made = true;
}

static void compare_sides(void)
{
	compare_with(&(struct comparison_options){.margin = NAN});
}

/* The run that was written last, as 'compare RUN --between ...' does. */
static void compare_within(const char *between)
{
	struct error e = {""};

	if (!runs[BASE].directory)
		read_run(&runs[BASE]);
	if (sides_of_run(sides, &runs[BASE], between, &e))
		fail_msg("%s", e.text);
	compare_sides();
}

/* Both runs, which were read already. */
static void compare_runs(void)
{
	struct error e = {""};

	for (int s = 0; s < SIDES; s++)
		if (side_of_variant(&sides[s], &runs[s], NULL, 0, &e))
			fail_msg("%s", e.text);
	compare_sides();
}

static void exchange(void)
{
	struct side base = sides[BASE];

	sides[BASE] = sides[NEW];
	sides[NEW] = base;
	compare_sides();
}

/* The row of a point of the base with that value, in that stratum. */
static size_t row_of(const char *axis, const char *value, enum stratum stratum)
{
	char text[128];

	for (size_t i = 0; i < c.count; i++) {
		const struct run_point *p = &c.sides[BASE].run->points[c.rows[i].points[BASE]];

		if (!strcmp(run_axis(p, axis, text, sizeof(text)), value) &&
		    c.rows[i].stratum == stratum)
			return i;
	}
	fail_msg("no row of %s=%s in stratum %d", axis, value, stratum);
	return 0;
}

static void assert_reason(size_t row, const char *reason)
{
	if (!c.rows[row].reason)
		fail_msg("row %zu has no reason, not '%s'", row, reason);
	assert_string_equal(c.rows[row].reason, reason);
}

static void assert_judged(size_t row, enum verdict verdict)
{
	if (c.family[row].verdict != verdict)
		fail_msg("row %zu is %s (%s), not %s", row, verdict_name(c.family[row].verdict),
			 c.rows[row].reason ? c.rows[row].reason : "", verdict_name(verdict));
}

static void assert_over_all(enum verdict verdict, const char *sentence)
{
	char *text = comparison_sentence(&c);

	if (c.verdict != verdict)
		fail_msg("%s, not %s: %s", verdict_name(c.verdict), verdict_name(verdict), text);
	assert_contains(text, sentence);
	free(text);
}

/* Is there a sentence with that text? */
static bool says(const json_t *list, const char *text)
{
	json_t *sentence;
	size_t i;

	json_array_foreach (list, i, sentence)
		if (strstr(json_string_value(sentence), text))
			return true;
	return false;
}

static void assert_ratio(const struct estimate *e, double value, double low, double high)
{
	assert_float_equal(e->value, value, 1e-9);
	assert_float_equal(e->low, low, 1e-9);
	assert_float_equal(e->high, high, 1e-9);
}

/* --- boots in turns --------------------------------------------------------------- */

/*
 * The machine gets faster from turn to turn, by more than the kernels differ. Ratios 0.9,
 * 0.8, 0.9, 0.8: mean of logarithms -0.164252, its error 0.034001, t = 4.8308.
 */
static void add_four_turns(void)
{
	add_turn(0, 1000, 900);
	add_turn(1, 2000, 1600);
	add_turn(2, 4000, 3600);
	add_turn(3, 8000, 6400);
}

static void boots_of_a_turn_are_paired(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	compare_within(NULL);
	assert_int_equal(c.pairing, PAIR_BOOTS);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.boots[BASE], 4);
	assert_int_equal(c.boots[NEW], 4);
	assert_string_equal(c.sides[BASE].name, "stock");
	assert_string_equal(c.sides[NEW].name, "taillock");
	assert_int_equal(c.rows[0].differences.n, 4);
	for (unsigned int t = 0; t < 4; t++) {
		assert_int_equal(c.rows[0].differences.units[t], t);
		assert_float_equal(c.rows[0].differences.values[t], log(t % 2 ? 0.8 : 0.9), 1e-9);
	}
	assert_float_equal(c.family[0].p, 0.0169110247267027, 1e-9);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
	/* t(0.96, 3) = 2.605427: that of 1 - 2 alpha. */
	assert_ratio(&c.rows[0].equivalence, sqrt(0.9 * 0.8), 0.7765927179021787,
		     0.9271269011444592);
	assert_float_equal(c.rows[0].rates[BASE].value, sqrt(2000 * 4000), 1e-6);
	assert_float_equal(c.rows[0].rates[NEW].value, sqrt(2000 * 4000) * sqrt(0.72), 1e-6);
	assert_true(isnan(c.rows[0].within.value));
	assert_over_all(VERDICT_REGRESSION, "REGRESSION: taillock is slower at 1 of 1 point; at "
					    "pread 4k, zram, 2m tail shared, 2 workers: 0.849");
}

/* A boot with three trials is one figure all the same. */
static void trials_of_a_boot_are_one_unit(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	for (unsigned int boot = 1; boot <= 2; boot++) {
		double rate = boot == 1 ? 1000 : 900;

		add_trial((struct made){.boot = boot, .repetition = 1, .rate = rate * 2});
		add_trial((struct made){.boot = boot, .repetition = 2, .rate = rate / 2});
	}
	compare_within(NULL);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_int_equal(c.rows[0].trials[BASE], 6);
	assert_int_equal(c.family[0].contrast.n, 4);
	assert_float_equal(c.family[0].contrast.df, 3, 0);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
}

static void a_boot_that_was_cut_off_drops_its_turn_only(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	add_boot(9, variant_at(8), 8);
	add_trial((struct made){.boot = 9, .rate = 1});
	add_ended_boot(9, 16000);
	compare_within(NULL);
	assert_int_equal(c.boots[BASE], 4);
	assert_int_equal(c.boots[NEW], 5);
	assert_int_equal(c.dropped[BASE].boots, 1);
	assert_int_equal(c.dropped[NEW].boots, 0);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_int_equal(c.rows[0].differences.units[3], 3);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
	/* What was dropped of a boot that was cut off are no trials. */
	assert_int_equal(c.dropped[BASE].trials, 4);
	assert_int_equal(c.dropped[NEW].trials, 5);
}

/* In the middle, of the new kernel: its later boots stay with their own turns. */
static void a_turn_that_lacks_the_new_kernel_is_left_out(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_turn(0, 1000, 900);
	add_turn(1, 2000, 1600);
	add_ended_boot(4, 1); /* stock's; taillock's was cut off */
	add_boot(6, variant_at(5), 5);
	add_trial((struct made){.boot = 6, .rate = 1});
	add_turn(3, 4000, 3200);
	add_turn(4, 8000, 7200);
	compare_within(NULL);
	assert_int_equal(c.boots[BASE], 5);
	assert_int_equal(c.boots[NEW], 4);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_int_equal(c.rows[0].differences.units[2], 3);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
}

/* Of a place that was booted twice, and of a repetition that was done twice, the first counts. */
static void what_was_done_twice_counts_once(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	add_boot(20, "taillock", 1);
	add_trial((struct made){.boot = 20, .rate = 1});
	end_boot(20);
	add_trial((struct made){.boot = 3, .rate = 1});
	compare_within(NULL);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
	assert_int_equal(c.dropped[NEW].boots, 1);
	assert_int_equal(c.rows[0].trials[BASE], 4);
}

/* A boot whose trials at the point were all left out has no mean there. */
static void a_turn_without_a_trial_is_none(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	add_boot(9, variant_at(8), 8);
	add_trial((struct made){.boot = 9, .rate = 500, .foreign = 0.5});
	end_boot(9);
	add_ended_boot(9, 16000);
	compare_within(NULL);
	assert_int_equal(c.boots[BASE], 5);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_int_equal(c.dropped[BASE].foreign, 1);
	assert_int_equal(c.dropped[BASE].trials, 5);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
}

/* With three kernels a turn has three places. */
static void turns_are_of_all_kernels(void **state)
{
	static const char *const names[] = {"stock", "taillock", "thponly"};

	(void)state;
	begin_run("run", AB_OF("\"stock\", \"taillock\", \"thponly\"", ""));
	for (unsigned int turn = 0; turn < 4; turn++)
		for (unsigned int k = 0; k < 3; k++) {
			unsigned int variant = turn % 2 ? 2 - k : k, boot = 3 * turn + k + 1;
			double stock = 1000 << turn;

			add_boot(boot, names[variant], 3 * turn + k);
			add_trial((struct made){.boot = boot,
						.rate = variant == 2   ? stock * 1.001
							: variant == 1 ? stock * 0.5
								       : stock});
			end_boot(boot);
		}
	compare_within(NULL);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_float_equal(c.rows[0].ratio.value, 0.5, 1e-9);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION: taillock");
	assert_int_equal(
		side_of_variant(&sides[NEW], &runs[BASE], "thponly", 0, &(struct error){0}), 0);
	compare_sides();
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_float_equal(c.rows[0].ratio.value, 1.001, 1e-9);
	assert_true(c.family[0].real);
	assert_over_all(VERDICT_EQUIVALENT, "EQUIVALENT within 2%: thponly and stock");
}

static void less_than_four_boots_decide_nothing(void **state)
{
	(void)state;
	begin_run("run", AB);
	for (unsigned int turn = 0; turn < 3; turn++)
		add_turn(turn, 1000, 500);
	/* Within these boots: logarithms 0 and log 4 more, so the mean ratio is 0.5 still. */
	add_trial((struct made){.boot = 1, .repetition = 1, .rate = 1000});
	compare_within(NULL);
	assert_judged(0, VERDICT_INCONCLUSIVE);
	assert_reason(0, "fewer than 4 boots a side decide nothing");
	assert_float_equal(c.rows[0].within.value, 0.5, 1e-9);
	assert_int_equal(c.rows[0].within.n, 3);
	assert_float_equal(c.rows[0].within.low, 0.5, 1e-9);
	assert_over_all(VERDICT_INCONCLUSIVE, "; fewer than 4 boots a side decide nothing; 1 more "
					      "boots a side would probably settle it");
}

/* Boots 1000 and 1200, their trials 1% either way: boots differ, and within them nothing is so. */
static void within_boots_is_welchs_over_trials(void **state)
{
	double base[2] = {log(990), log(1010)}, new[2] = {log(1188), log(1212)}, mean, error;

	(void)state;
	begin_run("run", AB);
	add_boot(1, "stock", 0);
	add_boot(2, "taillock", 1);
	for (unsigned int i = 0; i < 2; i++) {
		add_trial((struct made){.boot = 1, .repetition = i, .rate = exp(base[i])});
		add_trial((struct made){.boot = 2, .repetition = i, .rate = exp(new[i])});
	}
	end_boot(1);
	end_boot(2);
	compare_within(NULL);
	/* s^2 is d^2 / 2 of two values; both sides have the same, so df = 2: t = 4.302653. */
	mean = (new[0] + new[1] - base[0] - base[1]) / 2;
	error = (base[1] - base[0]) / sqrt(2);
	assert_ratio(&c.rows[0].within, exp(mean), exp(mean - 4.302652729749464 * error),
		     exp(mean + 4.302652729749464 * error));
	assert_true(isnan(c.rows[0].ratio.low));
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE: ");
}

/* --- near and far --------------------------------------------------------------------- */

static void near_and_far_are_rows_of_their_own(void **state)
{
	size_t near, far;

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 6; i++)
		add_round(1, i, 1000, i % 2 ? 1001 : 999, CPUS_NEAR);
	for (unsigned int i = 6; i < 12; i++)
		add_round(1, i, 1000, i % 2 ? 701 : 699, CPUS_FAR);
	compare_within(NULL);
	assert_int_equal(c.count, 2);
	near = row_of("sharing", "private", STRATUM_NEAR);
	far = row_of("sharing", "private", STRATUM_FAR);
	assert_judged(near, VERDICT_EQUIVALENT);
	assert_judged(far, VERDICT_REGRESSION);
	assert_int_equal(c.family[near].contrast.n, 6);
	assert_float_equal(c.rows[far].ratio.value, sqrt(0.699 * 0.701), 1e-9);
	assert_int_equal(comparison_next_point(&c, 0), 2);
	assert_int_equal(comparison_point_verdict(&c, 0), VERDICT_REGRESSION);
	assert_int_equal(c.dropped[BASE].far, 6);
	assert_over_all(VERDICT_REGRESSION, "2 workers, CPUs far: 0.700");
	/* Told apart over all points too. */
	assert_float_equal(c.overall_of[STRATUM_NEAR].value, c.rows[near].ratio.value, 1e-12);
	assert_float_equal(c.overall_of[STRATUM_FAR].value, c.rows[far].ratio.value, 1e-12);
	assert_int_equal(c.overall_of[STRATUM_NONE].n, 0);
}

/* Near in every boot of the one, far in some of the other. */
static void a_stratum_that_lacks_a_side_is_not_judged(void **state)
{
	size_t far;

	(void)state;
	begin_run("run", AB);
	for (unsigned int slot = 0; slot < 8; slot++) {
		unsigned int boot = slot + 1;
		bool stock = variant_at(slot)[0] == 's';

		add_boot(boot, variant_at(slot), slot);
		add_trial((struct made){.boot = boot, .rate = 1000, .cpus = CPUS_NEAR});
		if (stock)
			for (unsigned int i = 1; i < 3; i++)
				add_trial((struct made){.boot = boot,
							.repetition = i,
							.rate = 400,
							.cpus = CPUS_FAR});
		end_boot(boot);
	}
	compare_within(NULL);
	far = row_of("sharing", "shared", STRATUM_FAR);
	assert_judged(far, VERDICT_NONE);
	assert_reason(far, "one side has no trial with such CPUs");
	assert_int_equal(c.rows[far].trials[BASE], 8);
	assert_int_equal(c.rows[far].trials[NEW], 0);
	assert_judged(row_of("sharing", "shared", STRATUM_NEAR), VERDICT_EQUIVALENT);
	assert_over_all(VERDICT_EQUIVALENT, "EQUIVALENT");
	/* 8 of 12 and none of 4 may well be chance: p is 0.077. */
	assert_int_equal(c.dropped[BASE].far, 8);
	assert_false(says(c.warnings, "far from each other"));
}

/* near rounds are equal, far ones differ: what the far ones weigh depends on how many there are. */
static void make_far_rounds(unsigned int near, unsigned int far)
{
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < near; i++)
		add_round(1, i, 1000, i % 2 ? 1001 : 999, CPUS_NEAR);
	for (unsigned int i = near; i < near + far; i++)
		add_round(1, i, 1000, i % 2 ? 701 : 699, CPUS_FAR);
	compare_within(NULL);
}

static void a_rare_stratum_is_not_judged(void **state)
{
	size_t far;

	(void)state;
	make_far_rounds(17, 4); /* 19% */
	far = row_of("sharing", "private", STRATUM_FAR);
	assert_judged(far, VERDICT_NONE);
	assert_reason(far, "too few of the point's trials had such CPUs");
	/* It is shown, and is no part of the family. */
	assert_float_equal(c.rows[far].ratio.value, 0.7, 1e-3);
	assert_float_equal(c.family[!far].adjusted, c.family[!far].p, 0);
	assert_over_all(VERDICT_EQUIVALENT, "EQUIVALENT");
}

static void a_fifth_of_the_trials_is_not_rare(void **state)
{
	size_t far;

	(void)state;
	make_far_rounds(16, 4); /* 20% */
	far = row_of("sharing", "private", STRATUM_FAR);
	assert_null(c.rows[far].reason);
	assert_judged(far, VERDICT_REGRESSION);
	assert_float_equal(c.family[!far].adjusted, fmin(1, c.family[!far].p), 1e-12);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION");
}

/* Adds boots of two kernels, of which that point is equal, and the other as that function has it.
 */
static void add_boots_with(void (*other)(unsigned int boot, bool stock))
{
	begin_run("run", AB);
	for (unsigned int slot = 0; slot < 8; slot++) {
		add_boot(slot + 1, variant_at(slot), slot);
		add_trial((struct made){
			.boot = slot + 1, .rate = slot % 3 ? 1000 : 1001, .workload = "pwrite"});
		other(slot + 1, variant_at(slot)[0] == 's');
		end_boot(slot + 1);
	}
	compare_within(NULL);
}

static void trial_on_own_cpus(unsigned int boot, bool stock)
{
	add_trial((struct made){.boot = boot, .rate = 1000, .cpus = stock ? CPUS_NEAR : CPUS_FAR});
}

/* Near with the one, far with the other: nothing can be compared, and so nothing is equivalent. */
static void a_point_that_cannot_be_judged_keeps_all_inconclusive(void **state)
{
	(void)state;
	add_boots_with(trial_on_own_cpus);
	assert_int_equal(c.count, 3);
	assert_judged(row_of("workload", "pwrite", STRATUM_NONE), VERDICT_EQUIVALENT);
	assert_judged(row_of("workload", "pread", STRATUM_NEAR), VERDICT_INCONCLUSIVE);
	assert_judged(row_of("workload", "pread", STRATUM_FAR), VERDICT_NONE);
	assert_reason(row_of("workload", "pread", STRATUM_NEAR),
		      "one side has no trial with such CPUs");
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE: taillock could be equivalent or "
					      "different from what was seen at 1 of 2 points");
}

static void rarely_near(unsigned int boot, bool stock)
{
	add_trial((struct made){.boot = boot, .rate = 1000, .cpus = CPUS_NEAR});
	for (unsigned int i = 1; i < 20 && stock; i++)
		add_trial((struct made){
			.boot = boot, .repetition = i, .rate = 1000, .cpus = CPUS_FAR});
}

/* The same where a rare stratum has both sides: it is not judged after all. */
static void a_rare_stratum_does_not_stand_in_for_the_point(void **state)
{
	(void)state;
	add_boots_with(rarely_near);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.rows[row_of("workload", "pread", STRATUM_NEAR)].differences.n, 4);
	assert_reason(row_of("workload", "pread", STRATUM_NEAR),
		      "too few of the point's trials had such CPUs");
	assert_judged(row_of("workload", "pwrite", STRATUM_NONE), VERDICT_EQUIVALENT);
	assert_int_not_equal(
		comparison_point_verdict(&c, row_of("workload", "pread", STRATUM_NEAR)),
		VERDICT_EQUIVALENT);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
}

static void never_alone(unsigned int boot, bool stock)
{
	(void)stock;
	add_trial((struct made){.boot = boot, .rate = 1000, .foreign = 0.5});
}

/* Of a point all of whose trials were left out nothing is known either. */
static void a_point_without_any_trial_left_keeps_all_inconclusive(void **state)
{
	(void)state;
	add_boots_with(never_alone);
	assert_judged(row_of("workload", "pwrite", STRATUM_NONE), VERDICT_EQUIVALENT);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	assert_reason(row_of("workload", "pread", STRATUM_NONE), "every trial was left out");
	assert_int_equal(c.dropped[BASE].foreign, 4);
	assert_int_equal(c.dropped[NEW].foreign, 4);
}

static void fails_in_the_new(unsigned int boot, bool stock)
{
	add_trial((struct made){
		.boot = boot, .rate = stock ? 1000 : 0, .more = stock ? NULL : ",\"failed\":true"});
}

static void a_point_that_fails_in_one_kernel_keeps_all_inconclusive(void **state)
{
	(void)state;
	add_boots_with(fails_in_the_new);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	assert_int_equal(c.dropped[NEW].failed, 4);
	assert_judged(row_of("workload", "pread", STRATUM_NONE), VERDICT_INCONCLUSIVE);
}

/* --- rounds --------------------------------------------------------------------------- */

static void rounds_are_pairs_of_trials_that_count(void **state)
{
	const double ratios[] = {0.9, 0.8, 0.85, 0.95};

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < COUNT(ratios); i++)
		add_round(1, i, 1000 * (i + 1), 1000 * (i + 1) * ratios[i], CPUS_NEAR);
	/* Each of these lacks one that counts. */
	add_round(1, 4, 1000, 1, CPUS_MOVE);
	add_trial((struct made){
		.boot = 1, .repetition = 5, .rate = 1000, .sharing = "private", .cpus = CPUS_NEAR});
	add_trial((struct made){
		.boot = 1, .repetition = 5, .rate = 1, .cpus = CPUS_NEAR, .foreign = 0.2});
	add_trial((struct made){.boot = 1,
				.repetition = 6,
				.rate = 1,
				.sharing = "private",
				.cpus = CPUS_NEAR,
				.more = ",\"problems\":[\"pins differ\"]"});
	add_trial((struct made){.boot = 1, .repetition = 6, .rate = 1000, .cpus = CPUS_NEAR});
	add_trial((struct made){
		.boot = 1, .repetition = 7, .rate = 1000, .sharing = "private", .cpus = CPUS_NEAR});
	add_trial((struct made){.boot = 1, .repetition = 8, .rate = 1, .cpus = CPUS_NEAR});
	/* Far, and with others: left out for these, and so of no stratum. */
	add_trial((struct made){
		.boot = 1, .repetition = 9, .rate = 1, .cpus = CPUS_FAR, .foreign = 0.2});
	compare_within(NULL);
	assert_int_equal(c.pairing, PAIR_ROUNDS);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.rows[0].differences.n, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(c.rows[0].differences.units[i], i);
		assert_float_equal(c.rows[0].differences.values[i], log(ratios[i]), 1e-9);
	}
	assert_int_equal(c.dropped[BASE].moved, 1);
	assert_int_equal(c.dropped[BASE].failed, 1);
	assert_int_equal(c.dropped[BASE].foreign, 0);
	assert_int_equal(c.dropped[BASE].trials, 8);
	assert_int_equal(c.dropped[NEW].moved, 1);
	assert_int_equal(c.dropped[NEW].foreign, 2);
	assert_int_equal(c.dropped[NEW].far, 0);
	assert_int_equal(c.dropped[NEW].trials, 9);
}

/* One was near, the other far: they ran under other conditions, and are no pair. */
static void rounds_are_of_one_stratum(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 5; i++)
		add_round(1, i, 1000, i % 2 ? 1001 : 999, CPUS_NEAR);
	for (unsigned int i = 5; i < 10; i++) {
		add_trial((struct made){.boot = 1,
					.repetition = i,
					.rate = 1000,
					.sharing = "private",
					.cpus = i % 2 ? CPUS_NEAR : CPUS_FAR});
		add_trial((struct made){.boot = 1,
					.repetition = i,
					.rate = 500,
					.cpus = i % 2 ? CPUS_FAR : CPUS_NEAR});
	}
	compare_within(NULL);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.rows[0].differences.n, 5);
	assert_int_equal(c.rows[1].differences.n, 0);
	assert_judged(0, VERDICT_EQUIVALENT);
	assert_judged(1, VERDICT_NONE);
	assert_reason(1, "the sides never had such CPUs in the same turn");
	assert_over_all(VERDICT_EQUIVALENT, "EQUIVALENT");
}

static void less_than_four_rounds_decide_nothing(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 3; i++)
		add_round(1, i, 1000, 500, CPUS_NEAR);
	compare_within(NULL);
	assert_judged(0, VERDICT_INCONCLUSIVE);
	assert_reason(0, "too few rounds");
	assert_over_all(VERDICT_INCONCLUSIVE, "1 more rounds would probably settle it");
}

/* Rounds of several boots that are few: still rounds. From four boots on a boot is one. */
static void rounds_become_boots_where_there_are_enough(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	for (unsigned int boot = 1; boot <= 4; boot++) {
		double ratio = boot % 2 ? 0.9 : 0.8;

		add_boot(boot, "running", -1);
		add_round(boot, 0, 1000, 1000 * ratio, CPUS_NEAR);
		add_round(boot, 1, 3000, 3000 * ratio * 1.25, CPUS_NEAR);
		add_round(boot, 2, 2000, 2000 * ratio * 0.8, CPUS_NEAR);
	}
	compare_within(NULL);
	assert_int_equal(c.pairing, PAIR_BOOT_ROUNDS);
	assert_int_equal(c.rows[0].differences.n, 4);
	assert_int_equal(c.rows[0].differences.units[0], 0);
	assert_int_equal(c.rows[0].differences.units[3], 3);
	assert_ratio(&c.rows[0].ratio, sqrt(0.9 * 0.8), 0.7615050329060657, 0.9454960491230456);
	assert_int_equal(c.least, VERDICT_LEAST_BOOTS);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION: shared");
}

static void rounds_of_three_boots_are_rounds(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	for (unsigned int boot = 1; boot <= 3; boot++) {
		add_boot(boot, "running", -1);
		for (unsigned int i = 0; i < 3; i++)
			add_round(boot, i, 1000, i % 2 ? 1001 : 999, CPUS_NEAR);
	}
	compare_within(NULL);
	assert_int_equal(c.pairing, PAIR_ROUNDS);
	assert_int_equal(c.rows[0].differences.n, 9);
	/* Which boot, and which repetition. */
	assert_int_equal(c.rows[0].differences.units[8], (uint64_t)2 << 32 | 2);
	assert_judged(0, VERDICT_EQUIVALENT);
}

/* --- two runs -------------------------------------------------------------------------- */

static void write_run(const char *directory, struct run *r, const double *rates, size_t n)
{
	begin_run(directory, RUNNING);
	for (unsigned int i = 0; i < n; i++) {
		add_boot(i + 1, directory, -1);
		add_trial((struct made){.boot = i + 1, .rate = rates[i]});
	}
	read_run(r);
}

/* Welch, of boots that nothing pairs: figures by Python. */
static void boots_of_two_runs_are_not_paired(void **state)
{
	(void)state;
	write_run("old", &runs[BASE], (double[]){1000, 1010, 990, 1005, 1000}, 5);
	write_run("new", &runs[NEW], (double[]){900, 930, 910, 880}, 4);
	compare_runs();
	assert_int_equal(c.pairing, PAIR_NONE);
	assert_int_equal(c.boots[BASE], 5);
	assert_int_equal(c.boots[NEW], 4);
	assert_int_equal(c.family[0].contrast.n, 4);
	assert_float_equal(c.family[0].contrast.df, 3.5015374882487755, 1e-9);
	assert_float_equal(c.family[0].p, 0.001902651529549058, 1e-9);
	assert_ratio(&c.rows[0].ratio, 0.9039363574034721, 0.872676079251525, 0.9363164152919915);
	assert_true(says(c.exploratory, "These are two runs"));
	assert_over_all(VERDICT_REGRESSION,
			"Exploratory: not all was fixed before the first boot.");
	assert_int_equal(c.looks, 1);
}

static void one_boot_a_run_decides_nothing(void **state)
{
	(void)state;
	write_run("old", &runs[BASE], (double[]){1000}, 1);
	write_run("new", &runs[NEW], (double[]){500}, 1);
	compare_runs();
	assert_judged(0, VERDICT_INCONCLUSIVE);
	assert_reason(0, "fewer than 4 boots a side decide nothing");
	assert_float_equal(c.rows[0].ratio.value, 0.5, 1e-12);
	assert_true(isnan(c.rows[0].ratio.low));
	assert_float_equal(c.rows[0].within.value, 0.5, 1e-12);
	assert_int_equal(c.family[0].further, 0);
	assert_over_all(VERDICT_INCONCLUSIVE, "; fewer than 4 boots a side decide nothing.");
}

static void runs_that_were_measured_unlike_are_warned_of(void **state)
{
	(void)state;
	write_run("old", &runs[BASE], (double[]){1000}, 1);
	begin_run("new", "{\"schema\": 1, \"kind\": \"run\", \"margin\": 0.02, \"window_s\": 0.5, "
			 "\"rules\": {\"near_ns\": 90}}");
	add_boot_with(1, "new", -1, "native", ", \"settings\": {\"thp\": \"always\"}");
	add_trial((struct made){.boot = 1, .rate = 1000});
	read_run(&runs[NEW]);
	compare_runs();
	assert_true(says(c.warnings, "The two runs were measured unlike: window_s is not there and "
				     "0.5."));
	assert_true(says(c.warnings, "rules is not there and {\"near_ns\":90}"));
	assert_true(says(c.warnings, "old and new differ in more than their code: settings: not "
				     "there and {\"thp\":\"always\"}"));
	assert_false(says(c.warnings, "margin"));
}

/* --- which points are the same --------------------------------------------------------- */

static void points_match_on_all_axes(void **state)
{
	const struct made points[] = {
		{.boot = 1, .rate = 1000},
		{.boot = 1, .rate = 1000, .workers = 4},
		{.boot = 1, .rate = 1000, .workload = "pwrite"},
		{.boot = 1, .rate = 1000, .axes = ",\"task\":\"process\""},
		{.boot = 1, .rate = 1000, .axes = ",\"task\":\"thread\",\"access\":\"random\""},
	};

	(void)state;
	begin_run("old", RUNNING);
	add_boot(1, "old", -1);
	for (size_t i = 0; i < 4; i++)
		add_trial(points[i]);
	read_run(&runs[BASE]);
	begin_run("new", RUNNING);
	add_boot(1, "new", -1);
	for (size_t i = 1; i < 5; i++)
		add_trial(points[i]);
	read_run(&runs[NEW]);
	compare_runs();
	assert_int_equal(c.pair_count, 3);
	assert_int_equal(c.count, 3);
	for (size_t i = 0; i < c.count; i++) {
		char *base =
			json_dumps(runs[BASE].points[c.rows[i].points[BASE]].axes, JSON_SORT_KEYS);
		char *new =
			json_dumps(runs[NEW].points[c.rows[i].points[NEW]].axes, JSON_SORT_KEYS);

		assert_string_equal(base, new);
		free(base);
		free(new);
	}
	assert_int_equal(json_array_size(c.unmatched[BASE]), 1);
	assert_int_equal(json_array_size(c.unmatched[NEW]), 1);
	assert_true(says(c.unmatched[BASE], "\"workers\":2"));
	assert_true(says(c.unmatched[BASE], "\"workload\":\"pread\""));
	assert_true(says(c.unmatched[NEW], "\"access\":\"random\""));
}

/* Runs of version 0.1 have no devices, mempolicy, access and task (JOURNAL.md). */
static void axes_that_a_run_lacks_are_as_preset(void **state)
{
	(void)state;
	begin_run("old", RUNNING);
	add_boot(1, "old", -1);
	add_trial((struct made){.boot = 1, .rate = 1000});
	add_trial((struct made){.boot = 1, .rate = 1000, .workers = 4});
	read_run(&runs[BASE]);
	begin_run("new", RUNNING);
	add_boot(1, "new", -1);
	add_trial((struct made){.boot = 1,
				.rate = 1000,
				.axes = ",\"devices\":\"one\",\"mempolicy\":\"local\",\"access\":"
					"\"sequential\",\"task\":\"thread\""});
	add_trial((struct made){.boot = 1,
				.rate = 1000,
				.workers = 4,
				.axes = ",\"devices\":\"each\",\"mempolicy\":\"local\",\"access\":"
					"\"sequential\",\"task\":\"thread\""});
	read_run(&runs[NEW]);
	compare_runs();
	assert_int_equal(c.pair_count, 1);
	assert_int_equal(c.rows[0].workers, 2);
	assert_int_equal(json_array_size(c.unmatched[BASE]), 1);
	assert_int_equal(json_array_size(c.unmatched[NEW]), 1);
	exchange();
	assert_int_equal(c.pair_count, 1);
}

static void nothing_in_common_is_an_error(void **state)
{
	const struct comparison_options options = {.margin = NAN};
	struct error e;

	(void)state;
	write_run("old", &runs[BASE], (double[]){1000}, 1);
	begin_run("new", RUNNING);
	add_boot(1, "new", -1);
	add_trial((struct made){.boot = 1, .rate = 1000, .workers = 4});
	read_run(&runs[NEW]);
	assert_int_equal(side_of_variant(&sides[BASE], &runs[BASE], NULL, 0, &e), 0);
	assert_int_equal(side_of_variant(&sides[NEW], &runs[NEW], NULL, 0, &e), 0);
	assert_int_equal(comparison_make(&c, sides, &options, &e), -1);
	assert_contains(e.text, "old and new have no point in common that was measured");
}

/* A point that is planned and has no trial with one kernel is said to be the other's only. */
static void a_point_of_one_kernel_is_listed(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	add_trial((struct made){.boot = 1, .rate = 1000, .workers = 4});
	add_trial((struct made){.boot = 2, .rate = 1000, .workers = 8});
	/* A boot that was cut off does not count. */
	add_boot(9, "taillock", 8);
	add_trial((struct made){.boot = 9, .rate = 1000, .workers = 4});
	compare_within(NULL);
	assert_int_equal(c.pair_count, 1);
	assert_int_equal(json_array_size(c.unmatched[BASE]), 1);
	assert_int_equal(json_array_size(c.unmatched[NEW]), 1);
	assert_true(says(c.unmatched[BASE], "\"workers\":4"));
	assert_true(says(c.unmatched[NEW], "\"workers\":8"));
}

/* --- two values of an axis --------------------------------------------------------------- */

static void a_point_is_compared_with_its_copy(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 5; i++) {
		/* Private and shared pages too: copies come first. */
		add_round(1, i, 1000, 500, CPUS_NEAR);
		for (int shared = 0; shared < 2; shared++)
			add_trial((struct made){.boot = 1,
						.repetition = i,
						.rate = (shared ? 500 : 1000) *
							(i % 2 ? 1.001 : 0.999),
						.sharing = shared ? "shared" : "private",
						.cpus = CPUS_NEAR,
						.axes = ",\"copy\":2"});
	}
	compare_within(NULL);
	assert_string_equal(c.sides[BASE].name, "copy 1");
	assert_string_equal(c.sides[NEW].name, "copy 2");
	assert_int_equal(c.pair_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(c.rows[i].differences.n, 5);
		assert_float_equal(c.rows[i].differences.values[0], log(0.999), 1e-9);
		assert_judged(i, VERDICT_EQUIVALENT);
	}
	assert_over_all(VERDICT_EQUIVALENT, "EQUIVALENT within 2%: copy 2 and copy 1");
	/* The copies with each other's sharing, too. */
	compare_within("sharing=private,shared");
	assert_int_equal(c.pair_count, 2);
	assert_float_equal(c.rows[0].ratio.value, 0.5, 1e-9);
}

static void add_valued(const char *axis, const char *value, double rate)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct made m = {.boot = 1, .repetition = i, .rate = rate + i};

		if (!strcmp(axis, "sharing"))
			m.sharing = value;
		else
			m.workload = value;
		add_trial(m);
	}
}

static void values_of_axes_are_sides(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	add_valued("sharing", "private", 1000);
	add_valued("sharing", "group:2", 800);
	add_valued("sharing", "pool:4", 600);
	add_valued("workload", "fio-psync", 1002);
	add_valued("workload", "pread", 1000); /* shared */
	compare_within("sharing=private,group:2");
	assert_int_equal(c.pair_count, 1);
	assert_float_equal(c.rows[0].ratio.value, 0.8, 1e-3);
	assert_string_equal(c.sides[NEW].name, "group:2");
	assert_string_equal(c.rows[0].line->label, "2m tail");
	assert_over_all(VERDICT_REGRESSION, "group:2 is slower");
	compare_within("sharing=pool:4,group:2");
	assert_float_equal(c.rows[0].ratio.value, 8. / 6, 1e-3);
	assert_over_all(VERDICT_IMPROVEMENT, "group:2 is faster at 1 of 1 point");
	compare_within("workload=fio-psync,pread");
	assert_int_equal(c.pair_count, 1);
	assert_float_equal(c.rows[0].ratio.value, 1000. / 1002, 1e-4);
	/* Of pread there are points that fio has not. */
	assert_int_equal(json_array_size(c.unmatched[NEW]), 3);
	assert_int_equal(json_array_size(c.unmatched[BASE]), 0);
	compare_within(NULL);
	assert_string_equal(c.sides[BASE].name, "private");
	assert_string_equal(c.sides[NEW].name, "shared");
}

/* A mapping may be called as sharing is: what the sides differ in is left out of a line's name
 * only. */
static void lines_are_named_without_what_is_compared(void **state)
{
	static const char *const mappings[] = {"private", "shared-anon"};

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 8; i++)
		add_trial((struct made){.boot = 1,
					.repetition = i / 4,
					.rate = 1000,
					.mapping = mappings[i % 2],
					.sharing = i / 2 % 2 ? "private" : "shared"});
	compare_within("sharing=private,shared");
	assert_int_equal(c.count, 2);
	assert_string_equal(c.rows[0].line->label, "2m private tail");
	assert_string_equal(c.rows[1].line->label, "2m shared-anon tail");
	compare_within("sharing=shared,private");
	assert_string_equal(c.rows[0].line->label, "2m private tail");
	assert_string_equal(c.rows[1].line->label, "2m shared-anon tail");
	compare_within("mapping=private,shared-anon");
	assert_int_equal(c.count, 2);
	assert_string_equal(c.rows[0].line->label, "2m private tail private");
}

/* An axis that the run lacks has its preset. */
static void a_value_may_be_the_preset(void **state)
{
	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 4; i++) {
		add_trial((struct made){.boot = 1, .repetition = i, .rate = 1000});
		add_trial((struct made){.boot = 1,
					.repetition = i,
					.rate = 700 + i,
					.axes = ",\"task\":\"process\""});
	}
	compare_within("task=thread,process");
	assert_int_equal(c.pair_count, 1);
	assert_float_equal(c.rows[0].ratio.value, 0.7, 2e-3);
}

static void sides_that_are_none_are_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"sharing", "'sharing' is no pair of values of an axis"},
		{"sharing=private", "'sharing=private' is no pair of values of an axis"},
		{"private,shared", "is no pair of values of an axis"},
		{"colour=red,blue", "There is no axis 'colour'"},
		{"=a,b", "There is no axis ''"},
		{"sharing=private,pool:4", "run has no point with sharing=pool:4"},
		{"sharing=,", "has no point with sharing=."},
	};
	struct error e;

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	add_valued("sharing", "private", 1000);
	read_run(&runs[BASE]);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(sides_of_run(sides, &runs[BASE], wrong[i][0], &e), -1);
		assert_contains(e.text, wrong[i][1]);
	}
	assert_int_equal(sides_of_run(sides, &runs[BASE], NULL, &e), -1);
	assert_contains(e.text, "run has one kernel, and not both private and shared pages");
	assert_int_equal(side_of_variant(&sides[BASE], &runs[BASE], "stock", 0, &e), -1);
	assert_contains(e.text, "run has no variant 'stock'");
	assert_int_equal(side_of_variant(&sides[BASE], &runs[BASE], NULL, 1, &e), -1);
	assert_contains(e.text, "run has no boot");
	assert_int_equal(side_of_variant(&sides[BASE], &runs[BASE], "running", 7, &e), 0);
	assert_int_equal(sides[BASE].variant, 0);
}

/* --- the margin ---------------------------------------------------------------------------- */

static void make_loss_of_3_percent(const char *run_json)
{
	begin_run("run", run_json);
	for (unsigned int turn = 0; turn < 6; turn++)
		add_turn(turn, 1000, turn % 2 ? 971 : 969);
	compare_within(NULL);
}

static void the_margin_is_that_of_the_run(void **state)
{
	(void)state;
	make_loss_of_3_percent("{\"schema\": 1, \"kind\": \"ab\", \"margin\": 0.05}");
	assert_float_equal(c.margin, 0.05, 0);
	assert_judged(0, VERDICT_EQUIVALENT);
	assert_true(c.family[0].real);
	assert_int_equal(json_array_size(c.exploratory), 0);
	assert_over_all(VERDICT_EQUIVALENT,
			"EQUIVALENT within 5%: taillock and stock at the one point");
	assert_over_all(VERDICT_EQUIVALENT, "; a difference is real but within the margin at 1.");
}

static void a_margin_given_afterwards_is_exploratory(void **state)
{
	(void)state;
	make_loss_of_3_percent(AB);
	assert_float_equal(c.margin, 0.02, 0);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION");
	compare_with(&(struct comparison_options){.margin = 0.05});
	assert_float_equal(c.margin, 0.05, 0);
	assert_true(says(c.exploratory, "The margin of 5% was given at the comparison; before the "
					"first boot it was 2%."));
	assert_over_all(VERDICT_EQUIVALENT, "Exploratory: ");
	/* The same as was planned is no other. */
	compare_with(&(struct comparison_options){.margin = 0.02});
	assert_int_equal(json_array_size(c.exploratory), 0);
}

/* As --margin 1.1% is read: 1.1 / 100 is not quite 0.011. */
static void the_planned_margin_in_percent_is_no_other(void **state)
{
	double percent = 1.1;

	(void)state;
	make_loss_of_3_percent("{\"schema\": 1, \"kind\": \"ab\", \"margin\": 0.011}");
	compare_with(&(struct comparison_options){.margin = percent / 100});
	assert_int_equal(json_array_size(c.exploratory), 0);
}

static void a_margin_that_is_none_is_the_usual(void **state)
{
	static const char *const wrong[] = {"0", "-0.1", "1", "5", "\"2%\"", "null", "1e400"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong) - 1; i++) {
		char name[16];

		snprintf(text, sizeof(text), "{\"schema\": 1, \"kind\": \"ab\", \"margin\": %s}",
			 wrong[i]);
		snprintf(name, sizeof(name), "run%zu", i);
		begin_run(name, text);
		add_turn(0, 1000, 1000);
		compare_within(NULL);
		assert_float_equal(c.margin, 0.02, 0);
		forget_comparison();
		run_free(&runs[BASE]);
	}
}

/* --- looks ---------------------------------------------------------------------------------- */

/* alpha of 0.04 for the first of two looks at half of the boots, by Python's NormalDist. */
#define FIRST_ALPHA 0.0036791122663824005

/* So many turns, of which p is some 0.017 with four, and smaller with more. */
static void look_at(const char *run_json, unsigned int turns)
{
	char name[32];
	static unsigned int number;

	if (runs[BASE].directory) {
		forget_comparison();
		run_free(&runs[BASE]);
	}
	snprintf(name, sizeof(name), "run-%u", number++);
	begin_run(name, run_json);
	for (unsigned int t = 0; t < turns; t++)
		add_turn(t, 1000, t % 2 ? 800 : 900);
	compare_within(NULL);
}

static void assert_look(unsigned int look, unsigned int looks, double alpha, bool open)
{
	assert_int_equal(c.look, look);
	assert_int_equal(c.looks, looks);
	assert_float_equal(c.alpha, alpha, 1e-12);
	assert_true(open == (c.least == SIZE_MAX));
}

static void the_first_look_spends_its_share(void **state)
{
	(void)state;
	look_at(AB, 4);
	assert_look(1, 1, VERDICT_ALPHA, false);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION");
	look_at(AB_PLAN(4, 4), 4);
	assert_look(1, 2, FIRST_ALPHA, false);
	/* p is 0.017: not enough at this look. */
	assert_judged(0, VERDICT_INCONCLUSIVE);
	assert_null(c.rows[0].reason);
	assert_true(c.family[0].further > 0);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	/* The interval that decides equivalence is of this look, the other always 95%. */
	assert_float_equal(c.rows[0].ratio.low, 0.7615050329060657, 1e-9);
	assert_true(c.rows[0].equivalence.low < c.rows[0].ratio.low);
}

static void a_plan_that_is_not_done_decides_nothing(void **state)
{
	static const unsigned int turns[] = {1, 3};

	(void)state;
	for (size_t i = 0; i < COUNT(turns); i++) {
		look_at(AB_PLAN(4, 4), turns[i]);
		assert_look(1, 2, FIRST_ALPHA, true);
		assert_judged(0, VERDICT_INCONCLUSIVE);
		assert_reason(0, "the plan is not done");
		assert_int_equal(c.family[0].further, 0);
		assert_over_all(VERDICT_INCONCLUSIVE, "the plan is not done: go on with it");
	}
	/* However clear it is. */
	begin_run("clear", AB_PLAN(6, 0));
	for (unsigned int t = 0; t < 5; t++)
		add_turn(t, 1000, 10);
	forget_comparison();
	run_free(&runs[BASE]);
	compare_within(NULL);
	assert_look(1, 1, VERDICT_ALPHA, true);
	assert_over_all(VERDICT_INCONCLUSIVE, "go on with it");
}

/* Between the first look and the end of the extension there is none. */
static void the_second_look_has_the_rest(void **state)
{
	(void)state;
	for (unsigned int turns = 5; turns < 8; turns++) {
		look_at(AB_PLAN(4, 4), turns);
		assert_look(2, 2, VERDICT_ALPHA - FIRST_ALPHA, true);
		assert_over_all(VERDICT_INCONCLUSIVE, "go on with it");
	}
	look_at(AB_PLAN(4, 4), 8);
	assert_look(2, 2, VERDICT_ALPHA - FIRST_ALPHA, false);
	assert_int_equal(json_array_size(c.exploratory), 0);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION");
	look_at(AB_PLAN(4, 4), 9);
	assert_true(says(c.exploratory, "There are 9 boots a side; the plan had 8."));
	assert_over_all(VERDICT_REGRESSION, "Exploratory: ");
	look_at(AB_PLAN(4, 0), 4);
	assert_look(1, 1, VERDICT_ALPHA, false);
	assert_int_equal(json_array_size(c.exploratory), 0);
	look_at(AB_PLAN(4, 0), 5);
	assert_look(1, 1, VERDICT_ALPHA, false);
	assert_true(says(c.exploratory, "There are 5 boots a side; the plan had 4."));
}

/* A turn counts when both of its boots came to their end. */
static void a_plan_is_done_by_whole_turns(void **state)
{
	(void)state;
	begin_run("run", AB_PLAN(5, 0));
	for (unsigned int t = 0; t < 4; t++)
		add_turn(t, 1000, 500);
	add_ended_boot(8, 1000);
	add_boot(10, variant_at(9), 9);
	add_trial((struct made){.boot = 10, .rate = 500});
	compare_within(NULL);
	assert_over_all(VERDICT_INCONCLUSIVE, "go on with it");
	/* Begun anew, and done. */
	add_boot(11, variant_at(9), 9);
	add_trial((struct made){.boot = 11, .rate = 500});
	end_boot(11);
	forget_comparison();
	run_free(&runs[BASE]);
	compare_within(NULL);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION");
	assert_int_equal(c.rows[0].differences.n, 5);
}

/* Within one kernel there is no plan of boots. */
static void rounds_have_one_look(void **state)
{
	(void)state;
	begin_run("run", AB_PLAN(6, 6));
	add_boot(1, "stock", 0);
	for (unsigned int i = 0; i < 5; i++)
		add_round(1, i, 1000, i % 2 ? 501 : 499, CPUS_NEAR);
	end_boot(1);
	compare_within("sharing=private,shared");
	assert_int_equal(c.pairing, PAIR_ROUNDS);
	assert_look(1, 1, VERDICT_ALPHA, false);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION: shared");
}

/* --- what was left out ---------------------------------------------------------------------- */

/* Of so many trials a side some of the new one were with others on the CPUs, and some far. */
static void make_unlike(unsigned int trials, unsigned int foreign, unsigned int far)
{
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < trials; i++) {
		add_trial((struct made){.boot = 1,
					.repetition = i,
					.rate = 1000,
					.sharing = "private",
					.cpus = CPUS_NEAR});
		add_trial((struct made){.boot = 1,
					.repetition = i,
					.rate = i % 2 ? 1001 : 999,
					.cpus = i < far ? CPUS_FAR : CPUS_NEAR,
					.foreign = i < foreign ? 0.5 : 0});
	}
	compare_within(NULL);
}

/*
 * Fisher: none and k of 20 each have by chance C(20, k) / C(40, k), which twice is 0.020 with k =
 * 6, and 0.0083 with k = 7.
 */
static void sides_of_which_much_more_was_left_out_are_warned_of(void **state)
{
	(void)state;
	make_unlike(20, 7, 0);
	assert_int_equal(c.dropped[BASE].trials, 20);
	assert_int_equal(c.dropped[BASE].foreign, 0);
	assert_int_equal(c.dropped[NEW].foreign, 7);
	assert_true(says(c.warnings, "Of private 0 of 20 trials were left out, of shared 7 of 20: "
				     "more than chance explains."));
	exchange();
	assert_true(says(c.warnings, "Of shared 7 of 20 trials were left out, of private 0 of 20"));
}

static void sides_of_which_a_little_more_was_left_out_are_not(void **state)
{
	(void)state;
	make_unlike(20, 6, 0);
	assert_int_equal(c.dropped[NEW].foreign, 6);
	assert_false(says(c.warnings, "left out"));
	exchange();
	assert_false(says(c.warnings, "left out"));
}

static void what_is_left_out_by_chance_is_so_on_either_side(void **state)
{
	(void)state;
	make_unlike(12, 6, 0);
	assert_int_equal(c.dropped[NEW].foreign, 6);
	assert_false(says(c.warnings, "left out"));
}

static void sides_that_were_far_unlike_often_are_warned_of(void **state)
{
	(void)state;
	make_unlike(20, 0, 7);
	assert_int_equal(c.dropped[NEW].far, 7);
	assert_false(says(c.warnings, "left out"));
	assert_true(says(c.warnings, "far from each other in 0 of 20 trials of private and 7 of 20 "
				     "of shared"));
}

static void sides_that_were_far_as_often_are_not(void **state)
{
	(void)state;
	make_unlike(20, 0, 6);
	assert_false(says(c.warnings, "far from each other"));
}

static void lines_that_could_not_be_read_are_warned_of(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	add_trial((struct made){.boot = 99, .rate = 1000});
	add_line("{\"type\":\"trial\",\"boot\":1,\"repe");
	compare_within(NULL);
	assert_true(says(c.warnings, "2 lines of the journal of run could not be read"));
	assert_int_equal(json_array_size(c.warnings), 1);
	assert_int_equal(c.verdict, VERDICT_REGRESSION);
}

static void kernels_that_differ_in_settings_are_warned_of(void **state)
{
	(void)state;
	begin_run("run", AB);
	add_four_turns();
	add_boot_with(1, "stock", 0, "native", ", \"settings\": {\"thp\": \"always\"}");
	add_boot_with(2, "taillock", 1, "native", ", \"settings\": {\"thp\": \"never\"}");
	compare_within(NULL);
	assert_true(says(c.warnings, "stock and taillock differ in more than their code: thp: "
				     "\"always\" and \"never\""));
}

/* --- emulated -------------------------------------------------------------------------------- */

#define LOCK(n) ",\"probes\":{\"tailref\":{\"acquisitions\":" #n ",\"contended\":0}}"

static void make_emulated(const char *stock, const char *taillock)
{
	begin_run("run", AB);
	for (unsigned int slot = 0; slot < 8; slot++) {
		bool base = variant_at(slot)[0] == 's';

		add_boot_with(slot + 1, variant_at(slot), slot, "emulated", "");
		add_trial((struct made){.boot = slot + 1,
					.rate = base ? 1000 : 500,
					.foreign = 0.9,
					.more = base ? stock : taillock});
		end_boot(slot + 1);
	}
	compare_within(NULL);
	assert_true(c.emulated);
	assert_false(c.counted);
	assert_judged(0, VERDICT_NONE);
	assert_reason(0, "emulated: times are no facts");
	assert_true(says(c.warnings, "The CPUs were emulated"));
}

static void emulated_times_decide_nothing(void **state)
{
	(void)state;
	make_emulated(NULL, NULL);
	assert_float_equal(c.rows[0].ratio.value, 0.5, 1e-9);
	assert_over_all(VERDICT_INCONCLUSIVE,
			"INCONCLUSIVE: the CPUs were emulated, so that times "
			"decide nothing, and locked operations were not counted");
	/* But for simulation. */
	compare_with(&(struct comparison_options){.margin = NAN, .rates = true});
	assert_over_all(VERDICT_REGRESSION, "REGRESSION: taillock is slower");
}

static void more_of_the_lock_is_a_regression(void **state)
{
	(void)state;
	make_emulated(NULL, LOCK(5000));
	assert_int_equal(c.lock_more, 1);
	assert_float_equal(c.lock_times, 5, 0);
	assert_over_all(VERDICT_REGRESSION,
			"REGRESSION by counts: taillock takes the compound lock "
			"more often than stock at 1 of 1 points; most pread 4k, "
			"zram, 2m tail shared: 5 times an operation");
}

/* The same, or less, says nothing of what else is counted. */
static void no_more_of_the_lock_is_inconclusive(void **state)
{
	(void)state;
	make_emulated(LOCK(5000), LOCK(5000));
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	exchange();
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	forget_comparison();
	run_free(&runs[BASE]);
	begin_run("less", AB);
	add_boot_with(1, "stock", 0, "emulated", "");
	add_trial((struct made){.boot = 1, .rate = 1, .more = LOCK(5000)});
	end_boot(1);
	add_boot_with(2, "taillock", 1, "emulated", "");
	add_trial((struct made){.boot = 2, .rate = 1});
	end_boot(2);
	compare_within(NULL);
	assert_int_equal(c.lock_more, 0);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	exchange();
	assert_over_all(VERDICT_REGRESSION,
			"stock takes the compound lock more often than taillock");
}

/* One emulated side is enough. */
static void an_emulated_side_is_enough(void **state)
{
	(void)state;
	write_run("old", &runs[BASE], (double[]){1000, 1001, 1000, 999}, 4);
	begin_run("new", RUNNING);
	for (unsigned int boot = 1; boot <= 4; boot++) {
		add_boot_with(boot, "new", -1, "emulated", "");
		add_trial((struct made){.boot = boot, .rate = 10});
	}
	read_run(&runs[NEW]);
	compare_runs();
	assert_true(c.emulated);
	assert_judged(0, VERDICT_NONE);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
	exchange();
	assert_judged(0, VERDICT_NONE);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
}

static void compare_reference(const char *name, const char *base, const char *new)
{
	struct error e = {""};
	char path[256];

	snprintf(path, sizeof(path), "%s/results/reference/%s", PINSCALE_TOP, name);
	if (!runs[BASE].directory && run_read(&runs[BASE], path, &e))
		fail_msg("%s", e.text);
	if (side_of_variant(&sides[BASE], &runs[BASE], base, 0, &e) ||
	    side_of_variant(&sides[NEW], &runs[BASE], new, 0, &e))
		fail_msg("%s", e.text);
	compare_sides();
	for (size_t i = 0; i < c.count; i++)
		assert_judged(i, VERDICT_NONE);
}

static void counts_decide_of_the_mails_kernels(void **state)
{
	(void)state;
	compare_reference("mail", "stock", "taillock");
	assert_true(c.counted);
	assert_over_all(VERDICT_REGRESSION, "REGRESSION by counts: taillock takes more locked "
					    "operations on lines that workers share in ");
	exchange();
	assert_over_all(VERDICT_IMPROVEMENT, "IMPROVEMENT by counts: stock takes fewer");
	compare_reference("mail", "stock", "taillock-thponly");
	assert_true(c.counted);
	assert_over_all(VERDICT_EQUIVALENT, "EQUIVALENT by counts: taillock-thponly takes the same "
					    "locked operations as stock in all ");
}

/* These were not counted: tables have 1280 acquisitions of the lock for 1m over ext2. */
static void the_lock_decides_where_nothing_was_counted(void **state)
{
	(void)state;
	compare_reference("stock-taillock", "stock", "taillock");
	assert_false(c.counted);
	assert_float_equal(c.lock_times, 1280, 0);
	assert_over_all(VERDICT_REGRESSION, "most pread 1m, ext2, 2m tail private: 1280 times an "
					    "operation");
	exchange();
	assert_int_equal(c.lock_more, 0);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
}

/* Counts are of kernels: within one they say nothing. */
static void counts_are_not_of_values_of_an_axis(void **state)
{
	struct error e;

	(void)state;
	compare_reference("mail", "stock", "taillock");
	assert_int_equal(sides_of_run(sides, &runs[BASE], "sharing=private,shared", &e), 0);
	compare_sides();
	assert_false(c.counted);
	assert_over_all(VERDICT_INCONCLUSIVE, "INCONCLUSIVE");
}

/* --- over all points ------------------------------------------------------------------------- */

/* Logarithms of the ratios of two points in four turns. */
static const double logs[2][4] = {{-0.02, 0.01, -0.05, 0.03}, {-0.04, -0.01, -0.03, 0.02}};

static void overall_is_students_over_units(void **state)
{
	double mean = 0, squares = 0, means[4], error;

	(void)state;
	begin_run("run", AB);
	for (unsigned int slot = 0; slot < 8; slot++) {
		unsigned int turn = slot / 2;
		bool base = variant_at(slot)[0] == 's';

		add_boot(slot + 1, variant_at(slot), slot);
		for (unsigned int p = 0; p < 2; p++)
			add_trial((struct made){.boot = slot + 1,
						.rate = (1000 + turn) *
							(base ? 1 : exp(logs[p][turn])),
						.workload = p ? "pwrite" : "pread"});
		end_boot(slot + 1);
	}
	compare_within(NULL);
	assert_int_equal(c.count, 2);
	for (unsigned int t = 0; t < 4; t++) {
		means[t] = (logs[0][t] + logs[1][t]) / 2;
		mean += means[t] / 4;
	}
	for (unsigned int t = 0; t < 4; t++)
		squares += (means[t] - mean) * (means[t] - mean);
	error = sqrt(squares / 3 / 4);
	assert_int_equal(c.overall.n, 4);
	assert_ratio(&c.overall, exp(mean), exp(mean - T_3 * error), exp(mean + T_3 * error));
	assert_ratio(&c.overall_of[STRATUM_NONE], c.overall.value, c.overall.low, c.overall.high);
}

/* Two runs of four boots each that have all points: then it is Student's with both variances
 * pooled. */
static void overall_of_two_runs_is_students_of_two_samples(void **state)
{
	double means[SIDES] = {0}, squares = 0, error, mean;
	double units[SIDES][4];

	(void)state;
	for (int s = 0; s < SIDES; s++) {
		begin_run(s ? "new" : "old", RUNNING);
		for (unsigned int b = 0; b < 4; b++) {
			add_boot(b + 1, "k", -1);
			units[s][b] = 0;
			for (unsigned int p = 0; p < 2; p++) {
				double l = logs[p][(b + s) % 4] * (s ? 2 : 1);

				add_trial((struct made){.boot = b + 1,
							.rate = 1000 * exp(l),
							.workload = p ? "pwrite" : "pread"});
				units[s][b] += l / 2;
			}
			means[s] += units[s][b] / 4;
		}
		for (unsigned int b = 0; b < 4; b++)
			squares += pow(units[s][b] - means[s], 2);
		read_run(&runs[s]);
	}
	compare_runs();
	error = sqrt(squares / 6 * 2 / 4);
	mean = means[NEW] - means[BASE];
	assert_ratio(&c.overall, exp(mean), exp(mean - T_6 * error), exp(mean + T_6 * error));
}

/* Who is the base does not matter: ratios are inverted, and all else stays. */
static void exchanging_the_sides_inverts_ratios(void **state)
{
	struct comparison before;

	(void)state;
	write_run("old", &runs[BASE], (double[]){1000, 1010, 990, 1005, 1000}, 5);
	write_run("new", &runs[NEW], (double[]){900, 930, 910, 880}, 4);
	compare_runs();
	before = c;
	made = false;
	exchange();
	assert_int_equal(before.verdict, VERDICT_REGRESSION);
	assert_int_equal(c.verdict, VERDICT_IMPROVEMENT);
	assert_ratio(&c.rows[0].ratio, 1 / before.rows[0].ratio.value,
		     1 / before.rows[0].ratio.high, 1 / before.rows[0].ratio.low);
	assert_ratio(&c.rows[0].equivalence, 1 / before.rows[0].equivalence.value,
		     1 / before.rows[0].equivalence.high, 1 / before.rows[0].equivalence.low);
	assert_ratio(&c.overall, 1 / before.overall.value, 1 / before.overall.high,
		     1 / before.overall.low);
	assert_float_equal(c.family[0].p, before.family[0].p, 1e-12);
	comparison_free(&before);
}

static void exchanging_kernels_inverts_ratios(void **state)
{
	struct comparison before;

	(void)state;
	begin_run("run", AB);
	add_four_turns();
	compare_within(NULL);
	before = c;
	made = false;
	exchange();
	assert_int_equal(c.verdict, VERDICT_IMPROVEMENT);
	assert_ratio(&c.rows[0].ratio, 1 / before.rows[0].ratio.value,
		     1 / before.rows[0].ratio.high, 1 / before.rows[0].ratio.low);
	assert_ratio(&c.overall, 1 / before.overall.value, 1 / before.overall.high,
		     1 / before.overall.low);
	comparison_free(&before);
}

/* --- judged again ------------------------------------------------------------------------------
 */

/* As simulation does: other rates, the same points. */
static void rows_are_judged_anew(void **state)
{
	struct error e;

	(void)state;
	begin_run("run", AB);
	for (unsigned int turn = 0; turn < 6; turn++)
		add_turn(turn, 1000, turn % 2 ? 1001 : 999);
	compare_within(NULL);
	assert_int_equal(c.verdict, VERDICT_EQUIVALENT);
	for (unsigned int i = 0; i < runs[BASE].trial_count; i++)
		if (runs[BASE].boots[runs[BASE].trials[i].boot].variant == 1)
			runs[BASE].trials[i].rate *= 0.9;
	assert_int_equal(comparison_judge(&c, &e), 0);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.verdict, VERDICT_REGRESSION);
	assert_float_equal(c.rows[0].ratio.value, 0.9, 1e-6);
	for (unsigned int i = 0; i < runs[BASE].trial_count; i++)
		if (runs[BASE].boots[runs[BASE].trials[i].boot].variant == 1)
			runs[BASE].trials[i].rate *= 1.3;
	assert_int_equal(comparison_judge(&c, &e), 0);
	assert_int_equal(c.verdict, VERDICT_IMPROVEMENT);
}

static void several_points_share_one_sentence(void **state)
{
	(void)state;
	begin_run("run", AB);
	for (unsigned int slot = 0; slot < 12; slot++) {
		bool base = variant_at(slot)[0] == 's';

		add_boot(slot + 1, variant_at(slot), slot);
		for (unsigned int w = 1; w <= 4; w *= 2)
			add_trial((struct made){.boot = slot + 1,
						.workers = w,
						.rate = (base	  ? 1000
							 : w == 1 ? 1000
							 : w == 2 ? 1100
								  : 1300) *
							(slot % 3 ? 1 : 1.001)});
		end_boot(slot + 1);
	}
	compare_within(NULL);
	assert_over_all(VERDICT_IMPROVEMENT,
			"IMPROVEMENT: taillock is faster at 2 of 3 points; "
			"most pread 4k, zram, 2m tail shared, 4 workers: 1.300 ");
	exchange();
	assert_over_all(VERDICT_REGRESSION, "REGRESSION: stock is slower at 2 of 3 points; most "
					    "pread 4k, zram, 2m tail shared, 4 workers: 0.769 ");
}

#define comparison_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		comparison_test(boots_of_a_turn_are_paired),
		comparison_test(trials_of_a_boot_are_one_unit),
		comparison_test(a_boot_that_was_cut_off_drops_its_turn_only),
		comparison_test(a_turn_that_lacks_the_new_kernel_is_left_out),
		comparison_test(what_was_done_twice_counts_once),
		comparison_test(a_turn_without_a_trial_is_none),
		comparison_test(turns_are_of_all_kernels),
		comparison_test(less_than_four_boots_decide_nothing),
		comparison_test(within_boots_is_welchs_over_trials),
		comparison_test(near_and_far_are_rows_of_their_own),
		comparison_test(a_stratum_that_lacks_a_side_is_not_judged),
		comparison_test(a_rare_stratum_is_not_judged),
		comparison_test(a_fifth_of_the_trials_is_not_rare),
		comparison_test(a_point_that_cannot_be_judged_keeps_all_inconclusive),
		comparison_test(a_rare_stratum_does_not_stand_in_for_the_point),
		comparison_test(a_point_without_any_trial_left_keeps_all_inconclusive),
		comparison_test(a_point_that_fails_in_one_kernel_keeps_all_inconclusive),
		comparison_test(rounds_are_pairs_of_trials_that_count),
		comparison_test(rounds_are_of_one_stratum),
		comparison_test(less_than_four_rounds_decide_nothing),
		comparison_test(rounds_become_boots_where_there_are_enough),
		comparison_test(rounds_of_three_boots_are_rounds),
		comparison_test(boots_of_two_runs_are_not_paired),
		comparison_test(one_boot_a_run_decides_nothing),
		comparison_test(runs_that_were_measured_unlike_are_warned_of),
		comparison_test(points_match_on_all_axes),
		comparison_test(axes_that_a_run_lacks_are_as_preset),
		comparison_test(nothing_in_common_is_an_error),
		comparison_test(a_point_of_one_kernel_is_listed),
		comparison_test(a_point_is_compared_with_its_copy),
		comparison_test(values_of_axes_are_sides),
		comparison_test(lines_are_named_without_what_is_compared),
		comparison_test(a_value_may_be_the_preset),
		comparison_test(sides_that_are_none_are_refused),
		comparison_test(the_margin_is_that_of_the_run),
		comparison_test(a_margin_given_afterwards_is_exploratory),
		comparison_test(the_planned_margin_in_percent_is_no_other),
		comparison_test(a_margin_that_is_none_is_the_usual),
		comparison_test(the_first_look_spends_its_share),
		comparison_test(a_plan_that_is_not_done_decides_nothing),
		comparison_test(the_second_look_has_the_rest),
		comparison_test(a_plan_is_done_by_whole_turns),
		comparison_test(rounds_have_one_look),
		comparison_test(sides_of_which_much_more_was_left_out_are_warned_of),
		comparison_test(sides_of_which_a_little_more_was_left_out_are_not),
		comparison_test(what_is_left_out_by_chance_is_so_on_either_side),
		comparison_test(sides_that_were_far_unlike_often_are_warned_of),
		comparison_test(sides_that_were_far_as_often_are_not),
		comparison_test(lines_that_could_not_be_read_are_warned_of),
		comparison_test(kernels_that_differ_in_settings_are_warned_of),
		comparison_test(emulated_times_decide_nothing),
		comparison_test(more_of_the_lock_is_a_regression),
		comparison_test(no_more_of_the_lock_is_inconclusive),
		comparison_test(an_emulated_side_is_enough),
		comparison_test(counts_decide_of_the_mails_kernels),
		comparison_test(the_lock_decides_where_nothing_was_counted),
		comparison_test(counts_are_not_of_values_of_an_axis),
		comparison_test(overall_is_students_over_units),
		comparison_test(overall_of_two_runs_is_students_of_two_samples),
		comparison_test(exchanging_the_sides_inverts_ratios),
		comparison_test(exchanging_kernels_inverts_ratios),
		comparison_test(rows_are_judged_anew),
		comparison_test(several_points_share_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
