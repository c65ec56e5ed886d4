// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Verdicts are those of METHOD.md: contrasts and adjusted p against numbers that were
 * worked out without our code, the rules as properties of many made-up cases.
 */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/verdict.h"

/* --- chance ----------------------------------------------------------------------- */

/* xorshift64*: the same cases every time. */
static uint64_t chance_state;

static double uniform(double low, double high)
{
	chance_state ^= chance_state >> 12;
	chance_state ^= chance_state << 25;
	chance_state ^= chance_state >> 27;
	return low + (high - low) * ((chance_state * 2685821657736338717ull) >> 11) / 0x1p53;
}

/* Box and Muller. */
static double normal(double mean, double sd)
{
	double u = 1 - uniform(0, 1), v = uniform(0, 1);

	return mean + sd * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static int setup(void **state)
{
	(void)state;
	chance_state = 88172645463325252ull;
	return 0;
}

/* --- contrasts -------------------------------------------------------------------- */

/*
 * Hours of sleep that ten patients gained with two drugs (Student, "The probable error of a
 * mean", Biometrika 6, 1908; R's data set "sleep"). R's t.test() has, paired: t = 4.0621,
 * df = 9, p = 0.002833, interval 0.7001142 to 2.4598858; by Welch: t = 1.8608,
 * df = 17.776, p = 0.07939, interval -0.2054832 to 3.3654832. Quadrature of the density in
 * Python gave the same, to more places.
 */
static const double drug_1[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
static const double drug_2[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
#define PATIENTS COUNT(drug_1)

static const struct verdict_rules usual = {.margin = 0.02, .alpha = 0.04, .least = 4};

static struct judged judge_one(struct contrast c, const struct verdict_rules *rules)
{
	struct judged j = {.contrast = c, .verdict = VERDICT_INCONCLUSIVE};

	assert_int_equal(verdict_family(&j, 1, rules), 0);
	return j;
}

static void pairs_are_students(void **state)
{
	double differences[PATIENTS];
	struct contrast c;
	struct estimate e;

	(void)state;
	for (size_t i = 0; i < PATIENTS; i++)
		differences[i] = drug_2[i] - drug_1[i];
	c = contrast_paired(differences, PATIENTS);
	assert_int_equal(c.n, 10);
	assert_float_equal(c.mean, 1.58, 1e-12);
	assert_float_equal(c.error, 0.3889587238883952, 1e-12);
	assert_float_equal(c.df, 9, 0);
	assert_float_equal(judge_one(c, &usual).p, 0.002832890197384, 1e-12);
	e = contrast_ratio(&c, 0.95);
	assert_int_equal(e.n, 10);
	assert_float_equal(e.value, exp(1.58), 1e-9);
	assert_float_equal(log(e.low), 0.7001142367230, 1e-9);
	assert_float_equal(log(e.high), 2.4598857632770, 1e-9);
}

static void samples_are_welchs(void **state)
{
	struct contrast c = contrast_samples(drug_1, PATIENTS, drug_2, PATIENTS);
	struct estimate e = contrast_ratio(&c, 0.95);

	(void)state;
	assert_int_equal(c.n, 10);
	assert_float_equal(c.mean, 1.58, 1e-12);
	assert_float_equal(c.error, 0.849091017238762, 1e-12);
	assert_float_equal(c.df, 17.776473516178495, 1e-9);
	assert_float_equal(judge_one(c, &usual).p, 0.0793941401873522, 1e-12);
	assert_float_equal(log(e.low), -0.20548323071172, 1e-9);
	assert_float_equal(log(e.high), 3.36548323071172, 1e-9);
}

/* As many as the smaller side has; df by Satterthwaite, in Python as above. */
static void samples_may_be_of_unequal_size(void **state)
{
	const double many[] = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1,
			       21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4};
	const double few[] = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5};
	struct contrast c = contrast_samples(many, COUNT(many), few, COUNT(few));
	struct contrast back = contrast_samples(few, COUNT(few), many, COUNT(many));

	(void)state;
	assert_int_equal(c.n, 6);
	assert_float_equal(c.mean, 2.546666666666674, 1e-12);
	assert_float_equal(c.error, 1.1276552439492975, 1e-12);
	assert_float_equal(c.df, 12.316615390736793, 1e-9);
	assert_float_equal(judge_one(c, &usual).p, 0.0428081630116994, 1e-12);
	assert_int_equal(back.n, 6);
	assert_float_equal(back.mean, -c.mean, 1e-12);
	assert_float_equal(back.error, c.error, 1e-12);
	assert_float_equal(back.df, c.df, 1e-12);
}

static void without_units_nothing_is_known(void **state)
{
	const double one[] = {0.5}, two[] = {0.5, 0.7};
	struct contrast c = contrast_paired(one, 0);
	struct estimate e;

	(void)state;
	assert_int_equal(c.n, 0);
	assert_true(isnan(c.mean) && isnan(c.error) && isnan(c.df));
	e = contrast_ratio(&c, 0.95);
	assert_true(isnan(e.value) && isnan(e.low) && isnan(e.high));
	c = contrast_samples(one, 0, two, 2);
	assert_int_equal(c.n, 0);
	assert_true(isnan(c.mean) && isnan(c.error));
	c = contrast_paired(one, 1);
	assert_int_equal(c.n, 1);
	assert_float_equal(c.mean, 0.5, 0);
	assert_true(isnan(c.error) && isnan(c.df));
	e = contrast_ratio(&c, 0.95);
	assert_float_equal(e.value, exp(0.5), 1e-12);
	assert_true(isnan(e.low) && isnan(e.high));
	c = contrast_samples(one, 1, two, 2);
	assert_int_equal(c.n, 1);
	assert_float_equal(c.mean, 0.1, 1e-12);
	assert_true(isnan(c.error));
}

/* --- Holm -------------------------------------------------------------------------- */

/* With one degree of freedom p = 1 - 2 atan(t) / pi: so a contrast with a p that is wanted. */
static struct judged with_p(double p)
{
	return (struct judged){
		.contrast = {.n = 10, .mean = tan(M_PI / 2 * (1 - p)), .error = 1, .df = 1},
		.verdict = VERDICT_INCONCLUSIVE,
	};
}

static void check_holm(const double *p, const double *adjusted, size_t n)
{
	struct judged *family = calloc(n, sizeof(*family));

	for (size_t i = 0; i < n; i++)
		family[i] = with_p(p[i]);
	assert_int_equal(verdict_family(family, n, &usual), 0);
	for (size_t i = 0; i < n; i++) {
		assert_float_equal(family[i].p, p[i], 1e-12);
		assert_float_equal(family[i].adjusted, adjusted[i], 1e-12);
		assert_int_equal(family[i].verdict, adjusted[i] < usual.alpha
							    ? VERDICT_IMPROVEMENT
							    : VERDICT_INCONCLUSIVE);
	}
	free(family);
}

/*
 * Of four, 0.005, 0.01, 0.03, 0.04 in an order of their own: the example of the method in
 * Wikipedia ("Holm-Bonferroni method"), adjusted 0.02, 0.03, 0.06 and again 0.06, not 0.04.
 */
static void holm_is_as_in_the_example(void **state)
{
	(void)state;
	check_holm((double[]){0.01, 0.04, 0.03, 0.005}, (double[]){0.03, 0.06, 0.06, 0.02}, 4);
}

/* R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") is 0.05 0.08 0.09 0.09 0.09. */
static void holm_never_falls(void **state)
{
	(void)state;
	check_holm((double[]){0.01, 0.02, 0.03, 0.04, 0.05},
		   (double[]){0.05, 0.08, 0.09, 0.09, 0.09}, 5);
}

/* What is equal stays equal; nothing is above 1. */
static void holm_keeps_ties_and_stops_at_one(void **state)
{
	(void)state;
	check_holm((double[]){0.4, 0.012, 0.4, 0.012, 0.9}, (double[]){1, 0.06, 1, 0.06, 1}, 5);
	check_holm((double[]){0.01}, (double[]){0.01}, 1);
}

/* Its definition, for many: the most of (m - k + 1) p over those that are not greater. */
static void holm_is_its_definition(void **state)
{
	struct judged family[40];

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		size_t m = 1 + (size_t)uniform(0, COUNT(family));

		for (size_t i = 0; i < m; i++)
			family[i] = with_p(pow(uniform(0, 1), 4));
		assert_int_equal(verdict_family(family, m, &usual), 0);
		for (size_t i = 0; i < m; i++) {
			double wanted = 0;

			for (size_t k = 0; k < m; k++) {
				size_t below = 0;

				if (family[k].p > family[i].p)
					continue;
				for (size_t l = 0; l < m; l++)
					below += family[l].p < family[k].p;
				wanted = fmax(wanted, fmin(1, (m - below) * family[k].p));
			}
			assert_float_equal(family[i].adjusted, wanted, 1e-12);
		}
	}
}

/* --- the family ------------------------------------------------------------------ */

static void none_is_no_part_of_the_family(void **state)
{
	struct judged family[4] = {with_p(0.015), with_p(1e-9), with_p(0.015), with_p(1e-9)};

	(void)state;
	family[1].verdict = family[3].verdict = VERDICT_NONE;
	assert_int_equal(verdict_family(family, 4, &usual), 0);
	/* Of two, not of four. */
	assert_float_equal(family[0].adjusted, 0.03, 1e-12);
	assert_float_equal(family[2].adjusted, 0.03, 1e-12);
	assert_int_equal(family[0].verdict, VERDICT_IMPROVEMENT);
	assert_int_equal(family[1].verdict, VERDICT_NONE);
	assert_true(isnan(family[1].p) && isnan(family[1].adjusted) && isnan(family[1].p_margin));
	verdict_further(family, 4, &usual);
	assert_int_equal(family[1].further, 0);
}

static void too_few_units_decide_nothing_and_weigh_on_nobody(void **state)
{
	struct judged family[3] = {with_p(1e-9), with_p(0.03), with_p(0.5)};

	(void)state;
	family[0].contrast.n = usual.least - 1;
	family[2].contrast = contrast_paired(NULL, 0);
	assert_int_equal(verdict_family(family, 3, &usual), 0);
	assert_int_equal(family[0].verdict, VERDICT_INCONCLUSIVE);
	assert_float_equal(family[0].p, 1e-9, 1e-12);
	assert_true(isnan(family[0].adjusted));
	assert_int_equal(family[2].verdict, VERDICT_INCONCLUSIVE);
	assert_true(isnan(family[2].p));
	/* The only one that is tested. */
	assert_float_equal(family[1].adjusted, 0.03, 1e-12);
	assert_int_equal(family[1].verdict, VERDICT_IMPROVEMENT);
	family[0].contrast.n = usual.least;
	family[0].verdict = VERDICT_INCONCLUSIVE;
	assert_int_equal(verdict_family(family, 3, &usual), 0);
	assert_int_equal(family[0].verdict, VERDICT_IMPROVEMENT);
	assert_float_equal(family[1].adjusted, 0.03, 1e-12);
}

static void no_plan_that_is_not_done_decides(void **state)
{
	const struct verdict_rules rules = {.margin = 0.02, .alpha = 0.04, .least = SIZE_MAX};

	(void)state;
	assert_int_equal(judge_one(with_p(1e-9).contrast, &rules).verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(verdict_family(NULL, 0, &rules), 0);
}

/* --- the margin -------------------------------------------------------------------- */

static struct contrast some_contrast(double margin)
{
	struct contrast c = {.n = 4 + (size_t)uniform(0, 12)};

	c.mean = uniform(-2, 2) * margin;
	c.error = margin * pow(uniform(0, 1), 2);
	c.df = uniform(0, 1) < 0.5 ? (double)c.n - 1 : uniform(c.n - 1, 2 * c.n - 2);
	return c;
}

/* Equivalent if, and only if, the interval of 1 - 2 alpha lies within the margin's ratios. */
static void equivalent_is_that_the_interval_is_within_the_margin(void **state)
{
	unsigned int equivalent = 0, cases = 20000;

	(void)state;
	for (unsigned int i = 0; i < cases; i++) {
		struct verdict_rules rules = {
			.margin = uniform(0.002, 0.3), .alpha = uniform(0.001, 0.2), .least = 4};
		struct judged j = judge_one(some_contrast(rules.margin), &rules);
		struct estimate e = contrast_ratio(&j.contrast, 1 - 2 * rules.alpha);
		bool within = e.low > 1 - rules.margin && e.high < 1 / (1 - rules.margin);

		if ((j.verdict == VERDICT_EQUIVALENT) != within ||
		    (j.p_margin < rules.alpha) != within)
			fail_msg("case %u: %s, p_margin %g, alpha %g, %g to %g, margin %g", i,
				 verdict_name(j.verdict), j.p_margin, rules.alpha, e.low, e.high,
				 rules.margin);
		equivalent += within;
	}
	/* Both happen often enough to be a test. */
	assert_true(equivalent > cases / 10 && equivalent < cases - cases / 10);
}

/*
 * p_margin against arithmetic: with two degrees of freedom P(T > t) = 1/2 - t / (2 sqrt(2 + t^2)),
 * and the greater of the two one-sided p is that of the nearer limit.
 */
static void margin_p_is_the_greater_of_two_one_sided(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		struct contrast c = {.n = 4, .mean = uniform(-0.05, 0.05), .df = 2};
		double limit = -log(1 - usual.margin), low, high;

		c.error = uniform(0.001, 0.05);
		low = (c.mean + limit) / c.error;
		high = (limit - c.mean) / c.error;
		low = 0.5 - low / (2 * sqrt(2 + low * low));
		high = 0.5 - high / (2 * sqrt(2 + high * high));
		assert_float_equal(judge_one(c, &usual).p_margin, fmax(low, high), 1e-9);
	}
}

/* The margin's limits are a ratio and its inverse: no side is favoured. */
static void exchanging_the_sides_mirrors_verdicts(void **state)
{
	static const enum verdict mirrored[] = {
		[VERDICT_EQUIVALENT] = VERDICT_EQUIVALENT,
		[VERDICT_IMPROVEMENT] = VERDICT_REGRESSION,
		[VERDICT_INCONCLUSIVE] = VERDICT_INCONCLUSIVE,
		[VERDICT_REGRESSION] = VERDICT_IMPROVEMENT,
	};
	unsigned int seen[VERDICT_REGRESSION + 1] = {0};
	struct judged family[8], back[8];

	(void)state;
	for (unsigned int round = 0; round < 500; round++) {
		for (size_t i = 0; i < COUNT(family); i++) {
			family[i] = (struct judged){.contrast = some_contrast(usual.margin),
						    .verdict = VERDICT_INCONCLUSIVE};
			back[i] = family[i];
			back[i].contrast.mean = -family[i].contrast.mean;
		}
		assert_int_equal(verdict_family(family, COUNT(family), &usual), 0);
		assert_int_equal(verdict_family(back, COUNT(back), &usual), 0);
		verdict_further(family, COUNT(family), &usual);
		verdict_further(back, COUNT(back), &usual);
		for (size_t i = 0; i < COUNT(family); i++) {
			assert_int_equal(back[i].verdict, mirrored[family[i].verdict]);
			assert_int_equal(back[i].real, family[i].real);
			assert_int_equal(back[i].further, family[i].further);
			assert_float_equal(back[i].adjusted, family[i].adjusted, 0);
			assert_float_equal(back[i].p_margin, family[i].p_margin, 0);
			seen[family[i].verdict]++;
		}
	}
	for (enum verdict v = VERDICT_EQUIVALENT; v <= VERDICT_REGRESSION; v++)
		assert_true(seen[v] > 20);
}

static void the_mean_tells_regression_from_improvement(void **state)
{
	struct contrast c = {.n = 6, .mean = -0.05, .error = 0.005, .df = 5};

	(void)state;
	assert_int_equal(judge_one(c, &usual).verdict, VERDICT_REGRESSION);
	c.mean = 0.05;
	assert_int_equal(judge_one(c, &usual).verdict, VERDICT_IMPROVEMENT);
	c.error = 0.05;
	assert_int_equal(judge_one(c, &usual).verdict, VERDICT_INCONCLUSIVE);
}

/* Equivalence comes first: what is shown to be small and not nothing is said to be real. */
static void what_is_shown_within_the_margin_is_real(void **state)
{
	struct contrast c = {.n = 6, .mean = -0.01, .error = 0.001, .df = 5};
	struct judged j = judge_one(c, &usual);

	(void)state;
	assert_int_equal(j.verdict, VERDICT_EQUIVALENT);
	assert_true(j.real);
	c.mean = -0.001;
	j = judge_one(c, &usual);
	assert_int_equal(j.verdict, VERDICT_EQUIVALENT);
	assert_false(j.real);
	/* Real is decided by the adjusted p, as regressions are. */
	c.mean = -0.003;
	j = judge_one(c, &usual);
	assert_true(j.real && j.p > usual.alpha / 4 && j.p < usual.alpha);
	{
		struct judged family[4] = {{.contrast = c, .verdict = VERDICT_INCONCLUSIVE},
					   with_p(0.9),
					   with_p(0.9),
					   with_p(0.9)};

		assert_int_equal(verdict_family(family, 4, &usual), 0);
		assert_int_equal(family[0].verdict, VERDICT_EQUIVALENT);
		assert_false(family[0].real);
	}
}

static void without_spread_all_is_certain(void **state)
{
	const double same[] = {0.01, 0.01, 0.01, 0.01}, none[] = {0, 0, 0, 0};
	const double far[] = {-0.05, -0.05, -0.05, -0.05};
	struct judged j = judge_one(contrast_paired(same, 4), &usual);

	(void)state;
	assert_float_equal(j.contrast.error, 0, 1e-17);
	assert_int_equal(j.verdict, VERDICT_EQUIVALENT);
	assert_true(j.real);
	j = judge_one(contrast_paired(none, 4), &usual);
	assert_float_equal(j.contrast.error, 0, 0);
	assert_float_equal(j.p, 1, 0);
	assert_int_equal(j.verdict, VERDICT_EQUIVALENT);
	assert_false(j.real);
	j = judge_one(contrast_paired(far, 4), &usual);
	assert_int_equal(j.verdict, VERDICT_REGRESSION);
	assert_float_equal(j.p, 0, 1e-12);
	/* Welch's degrees of freedom do not divide by nothing. */
	j = judge_one(contrast_samples(none, 4, far, 4), &usual);
	assert_float_equal(j.contrast.df, 6, 0);
	assert_int_equal(j.verdict, VERDICT_REGRESSION);
	assert_float_equal(contrast_ratio(&j.contrast, 0.95).low, exp(-0.05), 1e-12);
	/* Just at the limit nothing is shown. */
	j = judge_one((struct contrast){.n = 4, .mean = -log(1 - 0.02), .error = 0, .df = 3},
		      &usual);
	assert_float_equal(j.p_margin, 0.5, 0);
	assert_int_equal(j.verdict, VERDICT_IMPROVEMENT);
}

/* --- what would settle it ----------------------------------------------------------- */

/* How often would such a point be decided with so many units? */
static double decided(double mean, double sd, size_t n, const struct verdict_rules *rules)
{
	unsigned int settled = 0, rounds = 500;
	double *differences = calloc(n, sizeof(*differences));

	for (unsigned int i = 0; i < rounds; i++) {
		for (size_t k = 0; k < n; k++)
			differences[k] = normal(mean, sd);
		settled += judge_one(contrast_paired(differences, n), rules).verdict !=
			   VERDICT_INCONCLUSIVE;
	}
	free(differences);
	return (double)settled / rounds;
}

static size_t further_of(double mean, double sd, size_t n, const struct verdict_rules *rules)
{
	struct contrast c = {.n = n, .mean = mean, .error = sd / sqrt(n), .df = n - 1};
	struct judged j = judge_one(c, rules);

	assert_int_equal(j.verdict, VERDICT_INCONCLUSIVE);
	verdict_further(&j, 1, rules);
	return j.further;
}

/* With the units that are said to be wanted it is decided four times of five; with far fewer, not.
 */
static void further_units_settle_it(void **state)
{
	static const struct {
		double mean, sd;
		size_t n;
	} cases[] = {
		{0, 0.02, 4},	  {0, 0.03, 6},	     {0, 0.05, 4},	{0.001, 0.02, 5},
		{0.003, 0.02, 5}, {-0.005, 0.02, 5}, {-0.005, 0.03, 8}, {0.02, 0.03, 6},
		{-0.03, 0.04, 6}, {-0.05, 0.06, 4},  {0.1, 0.1, 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		double mean = cases[i].mean, sd = cases[i].sd, with, without;
		size_t n = cases[i].n, more = further_of(mean, sd, n, &usual);

		assert_true(more > 0);
		with = decided(mean, sd, n + more, &usual);
		without = decided(mean, sd, n + more / 2, &usual);
		if (with < 0.72 || without >= with)
			fail_msg(
				"%g +- %g, %zu and %zu more: decided in %g, with half as many in %g",
				mean, sd, n, more, with, without);
		/* Not far too many either, where the one way to settle it is far more likely. */
		if (fabs(mean) < 0.004 || fabs(mean) > 0.025)
			assert_true(with < 0.95);
	}
}

/* In a family a difference is harder to show, by Holm. */
static void further_knows_of_the_family(void **state)
{
	struct judged family[20];
	size_t alone = further_of(-0.03, 0.04, 6, &usual);

	(void)state;
	for (size_t i = 0; i < COUNT(family); i++)
		family[i] = (struct judged){
			.contrast = {.n = 6, .mean = -0.03, .error = 0.04 / sqrt(6), .df = 5},
			.verdict = VERDICT_INCONCLUSIVE,
		};
	assert_int_equal(verdict_family(family, COUNT(family), &usual), 0);
	verdict_further(family, COUNT(family), &usual);
	assert_true(family[0].further > alone);
	assert_int_equal(family[19].further, family[0].further);
}

static void further_is_not_told_where_it_is_too_many(void **state)
{
	struct judged j = judge_one(contrast_paired((double[]){0.5}, 1), &usual);

	(void)state;
	/* Just at the limit, where only thousands would tell. */
	assert_int_equal(further_of(-log(1 - 0.02), 2, 6, &usual), 0);
	verdict_further(&j, 1, &usual);
	assert_int_equal(j.further, 0);
	/* Clear, but of too few: those up to the least are wanted. */
	assert_int_equal(further_of(-0.2, 0.0001, 2, &usual), 2);
	assert_int_equal(further_of(0, 0.0001, 2, &usual), 2);
	assert_int_equal(further_of(0, 0, 3, &usual), 1);
	/* What is decided wants none. */
	j = judge_one((struct contrast){.n = 6, .mean = -0.05, .error = 0.001, .df = 5}, &usual);
	verdict_further(&j, 1, &usual);
	assert_int_equal(j.further, 0);
}

/* --- over all ------------------------------------------------------------------------ */

static enum verdict over(const enum verdict *v, size_t n)
{
	struct judged family[8] = {0};

	for (size_t i = 0; i < n; i++)
		family[i].verdict = v[i];
	return verdict_overall(family, n);
}
#define OVER(...) over((enum verdict[]){__VA_ARGS__}, COUNT(((enum verdict[]){__VA_ARGS__})))

static void the_worst_decides(void **state)
{
	const enum verdict none = VERDICT_NONE, eq = VERDICT_EQUIVALENT, up = VERDICT_IMPROVEMENT,
			   open = VERDICT_INCONCLUSIVE, down = VERDICT_REGRESSION;

	(void)state;
	assert_int_equal(over(NULL, 0), none);
	assert_int_equal(OVER(none, none), none);
	assert_int_equal(OVER(eq, eq, none), eq);
	assert_int_equal(OVER(eq, up, eq), up);
	assert_int_equal(OVER(up, up), up);
	assert_int_equal(OVER(eq, open, eq), open);
	assert_int_equal(OVER(up, open), open);
	assert_int_equal(OVER(up, down, eq), down);
	assert_int_equal(OVER(open, down, up), down);
	assert_int_equal(OVER(none, down), down);
	assert_int_equal(verdict_worse(up, open), open);
	assert_int_equal(verdict_worse(open, up), open);
	assert_int_equal(verdict_worse(eq, none), eq);
}

static void verdicts_have_names(void **state)
{
	(void)state;
	assert_string_equal(verdict_name(VERDICT_NONE), "not judged");
	assert_string_equal(verdict_name(VERDICT_EQUIVALENT), "equivalent");
	assert_string_equal(verdict_name(VERDICT_IMPROVEMENT), "improvement");
	assert_string_equal(verdict_name(VERDICT_INCONCLUSIVE), "inconclusive");
	assert_string_equal(verdict_name(VERDICT_REGRESSION), "regression");
}

/* Python's NormalDist: 2 - 2 Phi(1.959964 / sqrt(share)). */
static void the_first_look_spends_little(void **state)
{
	(void)state;
	assert_float_equal(verdict_first_alpha(0.05, 0.6), 0.011396418465313, 1e-12);
	assert_float_equal(verdict_first_alpha(0.05, 0.5), 0.005574596680785, 1e-12);
	assert_float_equal(verdict_first_alpha(0.05, 0.25), 8.857543832e-05, 1e-12);
	assert_float_equal(verdict_first_alpha(0.04, 0.6), 0.008016396313332, 1e-12);
	assert_float_equal(verdict_first_alpha(0.04, 1), 0.04, 1e-12);
}

/* --- the promise ---------------------------------------------------------------------- */

/* Of families without a difference no more than alpha have a verdict of one; 2000 seeded. */
static void a_family_without_differences_has_few_false_ones(void **state)
{
	unsigned int wrong = 0, families = 2000;
	struct judged family[8];
	double differences[6];

	(void)state;
	for (unsigned int i = 0; i < families; i++) {
		enum verdict v;

		for (size_t k = 0; k < COUNT(family); k++) {
			for (size_t u = 0; u < COUNT(differences); u++)
				differences[u] = normal(0, 0.03);
			family[k] = (struct judged){
				.contrast = contrast_paired(differences, COUNT(differences)),
				.verdict = VERDICT_INCONCLUSIVE};
		}
		assert_int_equal(verdict_family(family, COUNT(family), &usual), 0);
		v = verdict_overall(family, COUNT(family));
		wrong += v == VERDICT_REGRESSION || v == VERDICT_IMPROVEMENT;
	}
	/* 4% are 80; 5 standard deviations of the binomial more would be 124, and it is no less by
	 * far. */
	assert_true(wrong < 124);
	assert_true(wrong > 20);
}

/* With the difference just at the margin 'equivalent' is false: alpha of 4000. */
static void at_the_margin_equivalence_is_rare(void **state)
{
	unsigned int wrong = 0, cases = 4000;
	double differences[6];

	(void)state;
	for (unsigned int i = 0; i < cases; i++) {
		for (size_t u = 0; u < COUNT(differences); u++)
			differences[u] = normal(log(1 - usual.margin), 0.005);
		wrong += judge_one(contrast_paired(differences, COUNT(differences)), &usual)
				 .verdict == VERDICT_EQUIVALENT;
	}
	/* 160, and 5 standard deviations either way. */
	assert_true(wrong > 98 && wrong < 222);
}

#define chance_test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_students),
		cmocka_unit_test(samples_are_welchs),
		cmocka_unit_test(samples_may_be_of_unequal_size),
		cmocka_unit_test(without_units_nothing_is_known),
		cmocka_unit_test(holm_is_as_in_the_example),
		cmocka_unit_test(holm_never_falls),
		cmocka_unit_test(holm_keeps_ties_and_stops_at_one),
		chance_test(holm_is_its_definition),
		cmocka_unit_test(none_is_no_part_of_the_family),
		cmocka_unit_test(too_few_units_decide_nothing_and_weigh_on_nobody),
		cmocka_unit_test(no_plan_that_is_not_done_decides),
		chance_test(equivalent_is_that_the_interval_is_within_the_margin),
		chance_test(margin_p_is_the_greater_of_two_one_sided),
		chance_test(exchanging_the_sides_mirrors_verdicts),
		cmocka_unit_test(the_mean_tells_regression_from_improvement),
		cmocka_unit_test(what_is_shown_within_the_margin_is_real),
		cmocka_unit_test(without_spread_all_is_certain),
		chance_test(further_units_settle_it),
		cmocka_unit_test(further_knows_of_the_family),
		cmocka_unit_test(further_is_not_told_where_it_is_too_many),
		cmocka_unit_test(the_worst_decides),
		cmocka_unit_test(verdicts_have_names),
		cmocka_unit_test(the_first_look_spends_little),
		chance_test(a_family_without_differences_has_few_false_ones),
		chance_test(at_the_margin_equivalence_is_rare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
