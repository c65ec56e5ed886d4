// SPDX-License-Identifier: GPL-3.0-or-later
/* What lockdep counts of locks that have a map (CONFIG_LOCK_STAT). The whole system's. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/undo.h"
#include "include/probe.h"
#include "lock_stat_read.h"

#define COUNTS "/proc/lock_stat"
#define COUNTING "/proc/sys/kernel/lock_stat"
#define SHOWN 20

enum { CONTENTIONS, WAIT_US, ACQUISITIONS, DISABLED };

static long long counted_before; /* the switch, as it was found */

static const char *lock_stat_unsupported(void)
{
	if (!access(COUNTS, R_OK | W_OK) && !access(COUNTING, R_OK | W_OK))
		return NULL;
	return errno == ENOENT
		       ? "lock-stat: this kernel has no lock statistics (CONFIG_LOCK_STAT): "
			 "kernels/build.sh stock-lockstat builds one"
		       : "lock-stat: " COUNTS " needs root; run it with sudo";
}

/*
 * The kernel counts nothing any more after the first report of lockdep's; then its
 * zeros say nothing.
 */
static int check_counts(struct probe_run *r, const struct lock_stat *s, struct error *e)
{
	r->values[DISABLED] = s->disabled;
	return s->disabled ? fail(e, "lock-stat: the kernel has reported a fault of its locks "
				     "('dmesg'), and has switched lock debugging off since: its "
				     "counts say nothing. Boot it again.")
			   : 0;
}

/* Reads the counts; to be freed. */
static int read_counts(struct probe_run *r, struct lock_stat *s, struct error *e)
{
	char *text = file_read(COUNTS, e);
	int rc = text ? lock_stat_parse(text, s, e) : -1;

	free(text);
	if (!rc && check_counts(r, s, e)) {
		lock_stat_free(s);
		rc = -1;
	}
	return rc;
}

static int switch_counting(long long on, struct error *e)
{
	char value[24];

	snprintf(value, sizeof(value), "%lld", on);
	return file_write(COUNTING, value, e);
}

/* Should this process be killed, the note has it switched back. */
static int switch_on(struct error *e)
{
	char value[24];

	counted_before = file_number(COUNTING);
	if (counted_before == 1)
		return 0;
	snprintf(value, sizeof(value), "%lld", counted_before);
	if (undo_note_write(e, COUNTING, value))
		return -1;
	return switch_counting(1, e);
}

static int switch_back(struct error *e)
{
	return counted_before == 1 ? 0 : switch_counting(counted_before, e);
}

static int lock_stat_begin(struct probe_run *r, struct error *e)
{
	struct lock_stat s;
	struct error ignored;

	if (switch_on(e))
		return -1;
	/* Read, to see that it can be; cleared, by writing 0. */
	if (!read_counts(r, &s, e)) {
		lock_stat_free(&s);
		if (!file_write(COUNTS, "0", e))
			return 0;
	}
	switch_back(&ignored);
	return -1;
}

static json_t *points_json(const struct lock_class *c)
{
	json_t *points = json_array();

	for (unsigned int i = 0; i < c->count; i++)
		json_array_append_new(points,
				      json_pack("{s:s, s:I, s:b}", "at", c->points[i].symbol,
						"count", (json_int_t)c->points[i].count, "holder",
						(int)c->points[i].holder));
	return points;
}

static json_t *use_json(const struct lock_use *use)
{
	return json_pack("{s:I, s:f, s:I}", "contentions", (json_int_t)use->contentions, "wait_us",
			 use->wait_us, "acquisitions", (json_int_t)use->acquisitions);
}

static json_t *class_json(const struct lock_class *c)
{
	struct lock_use total = lock_class_total(c);
	json_t *object = use_json(&total);

	/* Not all names are of a kind that JSON takes. */
	if (json_object_set_new(object, "class", json_string(c->name)))
		json_object_set_new(object, "class", json_string("?"));
	if (c->use[LOCK_READ].there)
		json_object_set_new(object, "read", use_json(&c->use[LOCK_READ]));
	json_object_set_new(object, "points", points_json(c));
	return object;
}

/* {"classes": [...]} of those that were waited for, the most first. */
static int write_details(struct probe_run *r, const struct lock_stat *s, struct error *e)
{
	json_t *classes = json_array(), *details = json_pack("{s:o}", "classes", classes);
	char *text;
	int rc = 0;

	for (size_t i = 0; i < s->count && i < SHOWN; i++)
		if (lock_class_total(&s->classes[i]).contentions)
			json_array_append_new(classes, class_json(&s->classes[i]));
	text = json_dumps(details, JSON_COMPACT);
	if (!text || (r->details && strlen(text) >= r->room))
		rc = fail(e, "lock-stat: no memory for %zu classes.", json_array_size(classes));
	else if (r->details)
		strcpy(r->details, text);
	free(text);
	json_decref(details);
	return rc;
}

static void add_up(struct probe_run *r, const struct lock_stat *s)
{
	double wait_us = 0;

	r->values[CONTENTIONS] = r->values[ACQUISITIONS] = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct lock_use total = lock_class_total(&s->classes[i]);

		r->values[CONTENTIONS] += total.contentions;
		r->values[ACQUISITIONS] += total.acquisitions;
		wait_us += total.wait_us;
	}
	r->values[WAIT_US] = wait_us;
}

static int lock_stat_end(struct probe_run *r, struct error *e)
{
	struct error first;
	struct lock_stat s;
	int rc;

	/* Off before they are read: reading takes locks, too. */
	if (switch_counting(0, e) || read_counts(r, &s, e)) {
		first = *e;
		switch_back(e);
		*e = first;
		return -1;
	}
	add_up(r, &s);
	rc = write_details(r, &s, e);
	lock_stat_free(&s);
	return rc ? rc : switch_counting(counted_before, e);
}

static const struct probe lock_stat_probe = {
	.name = "lock-stat",
	.summary = "waits for locks by class, as lockdep counts them",
	.values = {"contentions", "wait_us", "acquisitions", "disabled"},
	.apart = true,
	.views =
		{
			[MECHANISM_BIT_LOCK] = {SIGHT_BLIND,
						"a bit lock is one bit: lockdep has no map of it"},
			[MECHANISM_ATOMIC] = {SIGHT_BLIND,
					      "an atomic is no lock: lockdep has no map of it"},
			[MECHANISM_FOLIO_LOCK] = {SIGHT_BLIND,
						  "the lock of a folio is one bit of "
						  "its flags: lockdep has no map of it"},
			[MECHANISM_SPIN] = {SIGHT_SEES, NULL},
			[MECHANISM_SLEEPING] = {SIGHT_SEES, NULL},
		},
	.unsupported = lock_stat_unsupported,
	.begin = lock_stat_begin,
	.end = lock_stat_end,
};
REGISTER_PROBE(lock_stat_probe);
