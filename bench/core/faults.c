// SPDX-License-Identifier: GPL-3.0-or-later
#include "faults.h"

#define MOST_SAID 3

/* The reasons of skipped points, each once, and the first few problems of trials. */
static void say_reasons(const struct run *r, FILE *out)
{
	json_t *said = json_object(), *record, *problem;
	unsigned int problems = 0;
	size_t i, k;

	json_array_foreach (r->records, i, record) {
		const char *reason = json_string_value(json_object_get(record, "reason"));

		if (reason && !json_object_get(said, reason)) {
			json_object_set_new(said, reason, json_true());
			fprintf(out, "not possible here: %s\n", reason);
		}
		json_array_foreach (json_object_get(record, "problems"), k, problem) {
			const char *text = json_string_value(problem);

			if (!text || problems++ >= MOST_SAID)
				continue;
			fprintf(out, "PROBLEM: boot %lld: %s\n",
				(long long)json_integer_value(json_object_get(record, "boot")),
				text);
		}
	}
	if (problems > MOST_SAID)
		fprintf(out, "PROBLEM: and %u more, in %s/trials.jsonl\n", problems - MOST_SAID,
			r->directory);
	json_decref(said);
}

/* What a boot left behind. True if it did. */
static bool say_leftovers(const struct run_boot *boot, FILE *out)
{
	const json_t *pages = json_object_get(boot->end, "huge_pages"), *pool;
	const json_t *warnings = json_object_get(boot->end, "kernel_warnings");
	json_int_t held = json_integer_value(json_object_get(boot->end, "tails_held"));
	const char *size;
	bool bad = false;

	json_object_foreach ((json_t *)pages, size, pool) {
		double used = json_number_value(json_object_get(pool, "total")) -
			      json_number_value(json_object_get(pool, "free"));

		if (used <= json_number_value(json_object_get(pool, "others")))
			continue;
		fprintf(out, "PROBLEM: boot %u: %.0f huge pages (%s) were not given back\n",
			boot->number, used, size);
		bad = true;
	}
	if (held) {
		fprintf(out, "PROBLEM: boot %u: %lld references to tails are still held\n",
			boot->number, (long long)held);
		bad = true;
	}
	if (json_array_size(warnings)) {
		const char *first = json_string_value(json_array_get(warnings, 0));

		fprintf(out, "PROBLEM: boot %u: the kernel said: %s\n", boot->number,
			first ? first : "?");
		bad = true;
	}
	return bad;
}

bool faults_print(const struct run *r, FILE *out)
{
	unsigned int ended = 0, skipped = 0;
	bool bad = r->failed || !r->trial_count;
	json_t *record;
	size_t i;

	for (unsigned int b = 0; b < r->boot_count; b++) {
		ended += r->boots[b].end != NULL;
		bad |= r->boots[b].end && say_leftovers(&r->boots[b], out);
	}
	json_array_foreach (r->records, i, record)
		skipped += json_object_get(record, "reason") != NULL;
	fprintf(out, "%u trials of %u points in %u boots", r->trial_count, r->point_count,
		r->boot_count);
	if (ended < r->boot_count)
		fprintf(out, "; %u boots were cut off", r->boot_count - ended);
	if (r->failed)
		fprintf(out, "; %u FAILED", r->failed);
	if (r->foreign)
		fprintf(out, "; %u not used: others had over %.0f%% of the CPU time", r->foreign,
			100 * r->rules.foreign_cpu);
	if (r->moved)
		fprintf(out, "; %u not used: the CPUs moved nearer or farther meanwhile", r->moved);
	if (r->stalled && !r->emulated)
		fprintf(out, "; in %u the rate and the median of the slices disagree", r->stalled);
	if (skipped)
		fprintf(out, "; %u points skipped", skipped);
	if (r->torn)
		fprintf(out, "; %u torn lines of the journal passed over", r->torn);
	if (r->unread)
		fprintf(out, "; %u trials passed over that are of no boot, point or repetition",
			r->unread);
	if (!bad && ended)
		fprintf(out, "; all huge pages given back, no reference held, kernel log clean");
	fputs(".\n", out);
	say_reasons(r, out);
	return bad;
}
