// SPDX-License-Identifier: GPL-3.0-or-later
/* Laws of scaling fitted to both sides, as a table. */
#include <math.h>
#include <stdlib.h>

#include "format.h"
#include "report_parts.h"
#include "scaling_laws.h"

static void write_columns(FILE *out)
{
	html(out,
	     "<thead><tr><th scope=\"col\">Line</th><th scope=\"col\">Side</th><th "
	     "scope=\"col\">Law</th>"
	     "<th scope=\"col\" class=\"number\">One worker <small>&lambda;, op/s</small></th>"
	     "<th scope=\"col\" class=\"number\">Contention <small>&sigma;</small></th>"
	     "<th scope=\"col\" class=\"number\">Coherency <small>&kappa;</small></th>"
	     "<th scope=\"col\" class=\"number\">Peak <small>workers</small></th>"
	     "<th scope=\"col\" class=\"number\">Rate there <small>op/s</small></th>"
	     "<th scope=\"col\" class=\"number\">Residual <small>sd</small></th></tr></thead>\n");
}

/* A share with its interval below. */
static void write_share(FILE *out, const struct estimate *e)
{
	html(out, "<td class=\"number\">%.3g", e->value);
	if (e->low < e->high)
		html(out, "<br><small>%.2g&ndash;%.2g</small>", e->low, e->high);
	html(out, "</td>");
}

static const char *rate(double value, char *text, size_t size)
{
	if (isinf(value)) {
		snprintf(text, size, "∞");
		return text;
	}
	return format_rate(value, text, size);
}

static void write_rate(FILE *out, const struct estimate *e)
{
	char value[32], low[32], high[32];

	html(out, "<td class=\"number\">%s", rate(e->value, value, sizeof(value)));
	if (e->low < e->high)
		html(out, "<br><small>%s&ndash;%s</small>", rate(e->low, low, sizeof(low)),
		     rate(e->high, high, sizeof(high)));
	html(out, "</td>");
}

static const char *workers(double n, char *text, size_t size)
{
	snprintf(text, size, isinf(n) ? "∞" : "%.0f", n);
	return text;
}

/* Where the rate is greatest: marked where that was never measured. */
static void write_peak(FILE *out, const struct scaling_fit *fit)
{
	const struct estimate *e = &fit->peak_workers;
	char value[32], low[32], high[32];

	html(out, "<td class=\"number\">%s%s", workers(e->value, value, sizeof(value)),
	     e->value > fit->most_workers ? "*" : "");
	if (e->low < e->high)
		html(out, "<br><small>%s&ndash;%s</small>", workers(e->low, low, sizeof(low)),
		     workers(e->high, high, sizeof(high)));
	html(out, "</td>");
	write_rate(out, &fit->peak_rate);
}

static void write_law(const struct report *r, const struct scaling_law *law)
{
	html(r->out, "<tr><th scope=\"row\">%s<br><small>%s%s%s</small></th><td>%s</td><td>%s</td>",
	     law->panel->title, law->line->label, law->stratum == STRATUM_NONE ? "" : ", CPUs ",
	     law->stratum == STRATUM_NONE ? "" : format_stratum(law->stratum),
	     r->c->sides[law->side].name, scaling_model_name(law->model));
	if (!law->fitted) {
		html(r->out, "<td colspan=\"6\"><small>not fitted: %s</small></td></tr>\n",
		     law->why);
		return;
	}
	write_rate(r->out, &law->fit.lambda);
	write_share(r->out, &law->fit.sigma);
	write_share(r->out, &law->fit.kappa);
	write_peak(r->out, &law->fit);
	html(r->out, "<td class=\"number\">%.1f%%</td></tr>\n", 100 * law->fit.residual_sd);
}

static void write_none(const struct report *r)
{
	html(r->out, "<p>None is fitted: %s</p>\n",
	     r->c->emulated ? "the CPUs were emulated, and how rates grow there says nothing."
			    : "that takes trials with at least five numbers of workers a line.");
}

void report_scaling(const struct report *r)
{
	struct scaling_law *list = NULL;
	struct error e = {0};
	size_t count = 0;

	if (scaling_laws_of(r->c, &list, &count, &e)) {
		html(r->out, "<p>None is fitted: %s</p>\n", e.text);
		return;
	}
	if (!count) {
		write_none(r);
		free(list);
		return;
	}
	html(r->out,
	     "<p>Amdahl's law, <i>X(N) = &lambda;N / (1 + &sigma;(N - 1))</i>, and Gunther's Universal "
	     "Scalability Law, which adds <i>&kappa;N(N - 1)</i> below. Intervals are from a bootstrap "
	     "over the trials of these boots and tell nothing of others, nor of how well a law suits: "
	     "the residuals do. A peak marked * lies beyond what was measured. Extrapolation is no "
	     "measurement.</p>\n<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" "
	     "aria-labelledby=\"scaling-title\"><table class=\"laws\">\n");
	write_columns(r->out);
	html(r->out, "<tbody>\n");
	for (size_t i = 0; i < count; i++)
		write_law(r, &list[i]);
	html(r->out, "</tbody></table></div>\n");
	free(list);
}
