// SPDX-License-Identifier: GPL-3.0-or-later
#include "scaling.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>

/* A mean of more trials is drawn from the normal distribution that it has by then. */
#define MANY_TRIALS 256

/* Curves whose mean square residuals differ by less are the same: 1e-12 of the rate. */
#define SAME_SQUARES 1e-24

#define ITERATIONS 200

/* Of a curve that is negative somewhere: no step goes there. */
#define FAR_OFF 1e9

/* A number of workers. */
struct cell {
	double workers;
	const struct scaling_sample *trials; /* their rates are logarithms */
	size_t n;
	double mean, sd; /* of the logarithms; sd is pooled where n is 1 */
	double log;	 /* what is fitted: the mean, or that of a resample */
};

/*
 * The least squares within the bounds are a least on some face of them, inside it. So
 * each face is fitted without bounds, and what ends outside is left out. Those with
 * fewer parameters come first, and win a tie.
 */
static const struct face {
	bool sigma_free, kappa_free;
	double sigma; /* when not free */
} faces[] = {
	{false, false, 0}, {false, false, 1}, {true, false, 0},
	{false, true, 0},  {false, true, 1},  {true, true, 0},
};

/* A curve's parameters, in the order of GSL's vectors. Those that a face fixes have no slope. */
enum { LOG_LAMBDA, SIGMA, KAPPA, PARAMETERS };

struct curve {
	double x[PARAMETERS];
	double squares; /* mean square residual */
	bool converged;
};

struct fitter {
	enum scaling_model model;
	size_t count, samples;
	struct cell cells[SCALING_MOST];
	double weights[SCALING_MOST]; /* shares of the trials */
	gsl_multifit_nlinear_workspace *work;
	const struct face *face; /* that is being fitted */
};

/* What lambda N is divided by. */
static double divisor(double sigma, double kappa, double n)
{
	return 1 + (n - 1) * (sigma + kappa * n);
}

static double residual(const double *x, const struct cell *c)
{
	double d = divisor(x[SIGMA], x[KAPPA], c->workers);

	return d > 0 ? x[LOG_LAMBDA] + log(c->workers / d) - c->log : FAR_OFF;
}

static int residuals(const gsl_vector *x, void *user, gsl_vector *out)
{
	const struct fitter *f = user;

	for (size_t i = 0; i < f->count; i++)
		gsl_vector_set(out, i, residual(x->data, &f->cells[i]));
	return GSL_SUCCESS;
}

static int derivatives(const gsl_vector *x, void *user, gsl_matrix *out)
{
	const struct fitter *f = user;

	for (size_t i = 0; i < f->count; i++) {
		double n = f->cells[i].workers;
		double slope = -(n - 1) / divisor(x->data[SIGMA], x->data[KAPPA], n);

		gsl_matrix_set(out, i, LOG_LAMBDA, 1);
		gsl_matrix_set(out, i, SIGMA, f->face->sigma_free ? slope : 0);
		gsl_matrix_set(out, i, KAPPA, f->face->kappa_free ? slope * n : 0);
	}
	return GSL_SUCCESS;
}

/* Fits a face from a start; replaces the best curve by one that is better and within the bounds. */
static void descend(struct fitter *f, const struct face *face, double sigma, double kappa,
		    struct curve *best)
{
	gsl_multifit_nlinear_fdf function = {
		.f = residuals, .df = derivatives, .n = f->count, .p = PARAMETERS, .params = f};
	struct curve c = {.x = {[SIGMA] = face->sigma_free ? sigma : face->sigma,
				[KAPPA] = face->kappa_free ? kappa : 0}};
	gsl_vector_view start = gsl_vector_view_array(c.x, PARAMETERS);
	gsl_vector_view weights = gsl_vector_view_array(f->weights, f->count);
	int rc, info = 0;

	f->face = face;
	c.x[LOG_LAMBDA] = -residual(c.x, &f->cells[0]);
	if (gsl_multifit_nlinear_winit(&start.vector, &weights.vector, &function, f->work))
		return;
	rc = gsl_multifit_nlinear_driver(ITERATIONS, 1e-10, 1e-12, 0, NULL, NULL, &info, f->work);
	gsl_vector_memcpy(&start.vector, gsl_multifit_nlinear_position(f->work));
	if (!(c.x[SIGMA] >= 0 && c.x[SIGMA] <= 1 && c.x[KAPPA] >= 0))
		return;
	/* When no step from the start lessens the squares, they are least there. */
	c.converged = !rc || info == GSL_ENOPROG;
	for (size_t i = 0; i < f->count; i++)
		c.squares += f->weights[i] * pow(residual(c.x, &f->cells[i]), 2);
	if (c.squares < best->squares - SAME_SQUARES ||
	    (c.converged && !best->converged && c.squares < best->squares + SAME_SQUARES))
		*best = c;
}

/* Fits every face of the model from a start. */
static void descend_faces(struct fitter *f, double sigma, double kappa, struct curve *best)
{
	for (size_t i = 0; i < sizeof(faces) / sizeof(faces[0]); i++)
		if (f->model == SCALING_USL || !faces[i].kappa_free)
			descend(f, &faces[i], sigma, kappa, best);
}

static struct curve best_curve(struct fitter *f)
{
	double most = f->cells[f->count - 1].workers;
	const double sigmas[] = {0.01, 0.3, 0.9}, kappas[] = {0, 1 / (most * most), 1 / most, 1};
	struct curve best = {.squares = INFINITY};

	for (size_t s = 0; s < 3; s++)
		for (size_t k = 0; k < 4; k++)
			descend_faces(f, sigmas[s], kappas[k], &best);
	return best;
}

static const size_t figures[] = {
	offsetof(struct scaling_fit, lambda),	 offsetof(struct scaling_fit, sigma),
	offsetof(struct scaling_fit, kappa),	 offsetof(struct scaling_fit, peak_workers),
	offsetof(struct scaling_fit, peak_rate),
};
#define FIGURES (sizeof(figures) / sizeof(figures[0]))

static struct estimate *figure(struct scaling_fit *fit, size_t i)
{
	return (struct estimate *)((char *)fit + figures[i]);
}

/* Writes a curve's figures where they belong, as values. */
static void put_curve(struct scaling_fit *fit, const struct curve *c)
{
	double lambda = exp(c->x[LOG_LAMBDA]), sigma = c->x[SIGMA], kappa = c->x[KAPPA];

	fit->lambda.value = lambda;
	fit->sigma.value = sigma;
	fit->kappa.value = kappa;
	fit->peak_workers.value = INFINITY;
	fit->peak_rate.value = lambda / sigma;
	if (kappa > 0) {
		fit->peak_workers.value = fmax(1, sqrt((1 - sigma) / kappa));
		fit->peak_rate.value = scaling_rate(fit, fit->peak_workers.value);
	}
}

static void resample(struct cell *c, gsl_rng *random)
{
	double sum = 0;

	if (c->n == 1 || c->n > MANY_TRIALS) {
		c->log = c->mean + gsl_ran_gaussian(random, c->sd / sqrt(c->n));
		return;
	}
	for (size_t i = 1; i < c->n; i++)
		sum += c->trials[gsl_rng_uniform_int(random, c->n)].rate;
	c->log = sum / (c->n - 1);
}

/* Fills in the intervals. 0, or -1 without memory. */
static int bootstrap(struct fitter *f, struct scaling_fit *fit, unsigned int resamples,
		     unsigned long seed)
{
	/* The share of the normal distribution beyond Student's t of the trials within cells. */
	double t = gsl_cdf_tdist_Pinv(0.025, f->samples - f->count);
	double tail = gsl_cdf_ugaussian_P(t) * (resamples - 1);
	double *values = calloc(resamples, FIGURES * sizeof(*values));
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	int rc = values && random ? 0 : -1;
	struct scaling_fit drawn;

	if (!rc)
		gsl_rng_set(random, seed);
	for (unsigned int r = 0; r < resamples && !rc; r++) {
		/* Counts without convergence too: it is far out then, as it should be. */
		struct curve c = {.squares = INFINITY};

		for (size_t i = 0; i < f->count; i++)
			resample(&f->cells[i], random);
		descend_faces(f, fit->sigma.value, fit->kappa.value, &c);
		put_curve(&drawn, &c);
		for (size_t i = 0; i < FIGURES; i++)
			values[i * resamples + r] = figure(&drawn, i)->value;
	}
	for (size_t i = 0; i < FIGURES && !rc; i++) {
		double *sorted = values + i * resamples;

		/* Not interpolated, as a peak may be infinite. */
		gsl_sort(sorted, 1, resamples);
		figure(fit, i)->low = sorted[(size_t)tail];
		figure(fit, i)->high = sorted[resamples - 1 - (size_t)tail];
	}
	gsl_rng_free(random);
	free(values);
	return rc;
}

static int compare(const void *left, const void *right)
{
	const struct scaling_sample *a = left, *b = right;

	if (a->workers != b->workers)
		return a->workers < b->workers ? -1 : 1;
	return (a->rate > b->rate) - (a->rate < b->rate);
}

/* Copies what is usable, as logarithms, and sorts it: the order given is no matter. */
static size_t copy_usable(struct scaling_sample *to, const struct scaling_sample *from, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (from[i].workers && isfinite(from[i].rate) && from[i].rate > 0)
			to[count++] = (struct scaling_sample){from[i].workers, log(from[i].rate)};
	qsort(to, count, sizeof(*to), compare);
	return count;
}

/* Counts the numbers of workers and fills their cells. The sum of squares within them. */
static double fill_cells(struct fitter *f, const struct scaling_sample *trials)
{
	double within = 0;

	for (size_t at = 0; at < f->samples; f->count++) {
		struct cell c = {.workers = trials[at].workers, .trials = trials + at};
		double squares = 0;

		for (; at < f->samples && trials[at].workers == c.trials->workers; at++) {
			double off = trials[at].rate - c.mean;

			c.mean += off / ++c.n;
			squares += off * (trials[at].rate - c.mean);
		}
		c.log = c.mean;
		c.sd = sqrt(squares / (c.n - 1)); /* NAN of one */
		within += squares;
		if (f->count < SCALING_MOST) {
			f->weights[f->count] = (double)c.n / f->samples;
			f->cells[f->count] = c;
		}
	}
	for (size_t i = 0; i < f->count && i < SCALING_MOST; i++)
		if (f->cells[i].n == 1)
			f->cells[i].sd = sqrt(within / (f->samples - f->count));
	return within;
}

static int fit_usable(struct fitter *f, struct scaling_fit *fit,
		      const struct scaling_sample *trials, unsigned int resamples,
		      unsigned long seed, struct error *e)
{
	const struct estimate unknown = {.n = f->samples, .low = NAN, .high = NAN};
	const gsl_multifit_nlinear_parameters defaults = gsl_multifit_nlinear_default_parameters();
	const char *name = scaling_model_name(f->model);
	double within = fill_cells(f, trials);
	struct curve best;

	if (!f->count)
		return fail(e, "%s: no trial has workers and a rate above 0", name);
	if (f->count < SCALING_LEAST)
		return fail(e,
			    "%s: there are rates at %zu numbers of workers, and a curve needs %d. "
			    "Put more of them into the sweep, as workers=1..8 does.",
			    name, f->count, SCALING_LEAST);
	if (f->count > SCALING_MOST)
		return fail(e, "%s: rates at %zu numbers of workers, more than %d, are no sweep's",
			    name, f->count, SCALING_MOST);
	f->work = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &defaults, f->count,
					     PARAMETERS);
	if (!f->work)
		return fail(e, "%s: no memory", name);
	best = best_curve(f);
	*fit = (struct scaling_fit){
		.model = f->model,
		.residual_sd = sqrt((within + f->samples * best.squares) /
				    (f->samples - (f->model == SCALING_USL ? 3 : 2))),
		.worker_counts = f->count,
		.most_workers = trials[f->samples - 1].workers,
		.samples = f->samples,
	};
	for (size_t i = 0; i < FIGURES; i++)
		*figure(fit, i) = unknown;
	put_curve(fit, &best);
	if (!best.converged || !isnormal(fit->lambda.value))
		return fail(e,
			    "%s: the fit to rates at %zu numbers of workers (%u to %u) does not "
			    "converge. Rates at few workers (1, 2) would hold it.",
			    name, f->count, trials->workers, fit->most_workers);
	if (resamples > 1 && f->samples > f->count && bootstrap(f, fit, resamples, seed))
		return fail(e, "%s: no memory for %u resamples", name, resamples);
	return 0;
}

int scaling_fit(struct scaling_fit *fit, enum scaling_model model,
		const struct scaling_sample *samples, size_t n, unsigned int resamples,
		unsigned long seed, struct error *e)
{
	/* GSL's own handler would end the program. */
	gsl_error_handler_t *handler = gsl_set_error_handler_off();
	struct scaling_sample *trials = calloc(n + 1, sizeof(*trials));
	struct fitter *f = calloc(1, sizeof(*f));
	int rc;

	if (trials && f) {
		f->model = model;
		f->samples = copy_usable(trials, samples, n);
		rc = fit_usable(f, fit, trials, resamples, seed, e);
		if (f->work)
			gsl_multifit_nlinear_free(f->work);
	} else {
		rc = fail(e, "%s: no memory for %zu trials", scaling_model_name(model), n);
	}
	free(f);
	free(trials);
	gsl_set_error_handler(handler);
	return rc;
}

double scaling_rate(const struct scaling_fit *fit, double workers)
{
	return fit->lambda.value * workers / divisor(fit->sigma.value, fit->kappa.value, workers);
}

const char *scaling_model_name(enum scaling_model m)
{
	return m == SCALING_USL ? "USL" : "Amdahl";
}
