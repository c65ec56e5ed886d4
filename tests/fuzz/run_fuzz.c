// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Any bytes taken as a run: whatever they are, it is read or refused, its figures can be
 * worked out, and nothing of it does harm on a terminal. The first line is run.json, those that
 * follow are boots/1.json, boots/2.json and so on up to an empty line, and the rest is
 * trials.jsonl.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/answer.h"
#include "core/counts.h"
#include "core/differences.h"
#include "core/faults.h"
#include "core/panel.h"
#include "core/record.h"
#include "core/record_cut.h"
#include "core/reference.h"
#include "core/run.h"
#include "core/show.h"

#define ALL_STRATA (STRATA + 1)

/* What must hold. The sanitizers say where it did not. */
#define must(condition)                                                                 \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- nothing acts on a terminal --------------------------------------------------- */

static void must_be_printable(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = text[i], next = i + 1 < size ? text[i + 1] : 0;

		must(c >= ' ' || c == '\n');
		must(c != 0x7f);
		must(c != 0xc2 || next < 0x80 || next >= 0xa0);
	}
}

/* --- cutting a line loses nothing that counts ------------------------------------- */

static json_t *operations_of(const json_t *workers)
{
	json_t *list = json_array(), *w;
	size_t i;

	json_array_foreach (workers, i, w) {
		json_t *n = json_object_get(w, "operations");

		json_array_append_new(list, n ? json_incref(n) : json_null());
	}
	return list;
}

static void must_be_alike(const json_t *whole, const json_t *cut)
{
	static const char *const keys[] = {"type",
					   "boot",
					   "order",
					   "repetition",
					   "point",
					   "failed",
					   "operations_per_s",
					   "slice_median_per_s",
					   "covariates",
					   "problems",
					   "probes",
					   "total_operations"};
	json_t *a, *b;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		a = json_object_get(whole, keys[i]);
		b = json_object_get(cut, keys[i]);
		must(a == b || json_equal(a, b));
	}
	a = operations_of(json_object_get(whole, "workers"));
	b = operations_of(json_object_get(cut, "workers"));
	must(json_equal(a, b));
	json_decref(a);
	json_decref(b);
}

static void check_cut(const char *line, size_t length)
{
	char *out = malloc(length + 1);
	size_t n = record_cut(line, length, out);
	json_t *whole, *cut;

	must(n <= length);
	if (n) {
		whole = json_loadb(line, length, 0, NULL);
		cut = json_loadb(out, n, 0, NULL);
		must(json_is_object(whole) == json_is_object(cut));
		if (whole && cut)
			must_be_alike(whole, cut);
		json_decref(whole);
		json_decref(cut);
	}
	free(out);
}

/* --- figures ---------------------------------------------------------------------- */

static bool counts(const struct run *r, const struct run_trial *t, unsigned int variant,
		   enum stratum stratum)
{
	return !t->excluded && r->boots[t->boot].counts && r->boots[t->boot].variant == variant &&
	       (stratum == STRATA || t->stratum == stratum);
}

/* As the definition has it: every trial against every other. */
static size_t count_pairs(const struct run *r, unsigned int variant, unsigned int point,
			  unsigned int base, enum stratum stratum)
{
	size_t n = 0;

	for (unsigned int i = 0; i < r->trial_count; i++)
		for (unsigned int k = 0; k < r->trial_count; k++) {
			const struct run_trial *a = &r->trials[i], *b = &r->trials[k];

			n += a->point == point && b->point == base && a->boot == b->boot &&
			     a->repetition == b->repetition && counts(r, a, variant, stratum) &&
			     counts(r, b, variant, stratum);
		}
	return n;
}

static void work_out_point(const struct run *r, unsigned int variant, unsigned int point)
{
	double low, high;

	for (int s = 0; s < ALL_STRATA; s++) {
		run_has(r, variant, point, s);
		run_rate(r, variant, point, s);
		run_fairness(r, variant, point, s);
		must(run_point_ratio(r, variant, point, 0, s).n ==
		     count_pairs(r, variant, point, 0, s));
	}
	run_variant_ratio(r, variant, 0, point);
	run_share(r, variant, point, "tailref", "contended", "acquisitions");
	if (run_per_operation(r, variant, point, "pins", "acquired", &low, &high))
		must(low <= high);
}

static void work_out(const struct run *r)
{
	for (unsigned int i = 0; i < r->trial_count; i++)
		must(r->trials[i].failed || (isfinite(r->trials[i].rate) && r->trials[i].rate > 0));
	for (unsigned int v = 0; v < r->variant_count; v++)
		for (unsigned int p = 0; p < r->point_count; p++)
			work_out_point(r, v, p);
}

/* What 'pinscale table' prints. */
static void print(const struct run *r)
{
	const struct counts_view view = {.variant = -1};
	struct panels panels;
	struct error e;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must(!panels_of(&panels, r, &e));
	show_header(r, out);
	differences_print(r, out);
	show_panels(r, &panels, out);
	reference_print(r, &panels, out);
	faults_print(r, out);
	answer_print(r, &panels, out);
	if (json_object_get(r->json, "count"))
		counts_show(r, &panels, &view, out);
	panels_free(&panels);
	fclose(out);
	must_be_printable(text, size);
	free(text);
}

/* --- the input -------------------------------------------------------------------- */

struct input {
	const char *at, *end;
};

/* The next line, without its newline. false: there is none. */
static bool next_line(struct input *in, const char **line, size_t *length)
{
	const char *newline = in->at < in->end ? memchr(in->at, '\n', in->end - in->at) : NULL;

	if (in->at >= in->end)
		return false;
	*line = in->at;
	*length = (newline ? newline : in->end) - in->at;
	in->at = newline ? newline + 1 : in->end;
	return true;
}

static json_t *read_boots(struct input *in, struct error *e)
{
	json_t *boots = json_object(), *boot;
	const char *line;
	unsigned int n = 0;
	size_t length;
	char number[16];

	while (next_line(in, &line, &length) && length) {
		boot = record_parse_boot(line, length, "boots/n.json", e);
		if (!boot) {
			json_decref(boots);
			return NULL;
		}
		snprintf(number, sizeof(number), "%u", ++n);
		json_object_set_new(boots, number, boot);
	}
	return boots;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, (const char *)data + size}, rest;
	struct error e = {0};
	const char *line;
	size_t length;
	json_t *json, *boots;
	struct run r;
	FILE *journal;

	if (!next_line(&in, &line, &length))
		return 0;
	json = record_parse_run(line, length, "run.json", &e);
	boots = json ? read_boots(&in, &e) : NULL;
	for (rest = in; boots && next_line(&rest, &line, &length);)
		check_cut(line, length);
	journal = in.at < in.end ? fmemopen((void *)in.at, in.end - in.at, "r")
				 : fmemopen((void *)"\n", 1, "r");
	if (!run_read_from(&r, "run", json, boots, journal, &e)) {
		work_out(&r);
		print(&r);
		run_free(&r);
	}
	must_be_printable(e.text, strlen(e.text));
	fclose(journal);
	return 0;
}
