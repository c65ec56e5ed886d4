// SPDX-License-Identifier: GPL-3.0-or-later
#include "tally.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "include/point.h"
#include "include/worker.h"

#define USER "user space"

/* Rounds that have so many of a row, or more. */
#define COMMON 1024

/* (Address, instruction) to row: what came lately. */
#define RECENT 8192

/* A guest's kernel has at most so many. */
#define MOST_CPUS 256

/* A share of a line's accesses. */
#define RARE 0.01

/* What is told apart: which line, and who works on it how. */
struct row {
	enum trace_kind kind;
	struct line_name line;
	const char *function;
	uint64_t total;
	uint32_t in_round;
	uint32_t rounds[COMMON]; /* by how many a round had */
	uint64_t shared;	 /* on lines that several CPUs work on */
	unsigned int cpus, lines;
};

struct access {
	uint64_t line; /* address */
	struct row *row;
	uint32_t cpu;
	bool writes;
};

struct recent {
	uint64_t site, address;
	enum trace_kind kind;
	struct row *row;
};

/* The window that a virtual CPU is in. */
struct window {
	bool open, lenient;
	uint64_t operations; /* so far */
	uint64_t exceptions; /* rounds with one, in the part that is skipped */
	uint64_t rounds;
	struct access *pending; /* of the round at hand */
	uint32_t count, room;
};

struct share {
	const char *function;
	uint64_t instructions;
};

struct tally {
	const json_t *records;
	struct lines *lines;
	int (*take)(void *user, json_t *record, struct error *e);
	void *user;
	struct trace_info *info;

	/* Of the trial at hand: */
	const json_t *record; /* NULL: none yet */
	uint32_t trial;
	unsigned int windows;
	uint64_t operations, rounds, profiled, skipped;
	uint64_t dropped[8]; /* operations, by disturbance */
	struct access *accesses;
	size_t access_count, access_room;
	struct row **rows;
	size_t row_count, row_room;
	void *tree; /* of rows */
	struct share *shares;
	size_t share_count, share_room;
	struct recent *recent;
	struct window *window; /* by CPU */
};

/* Room for one more; false: no memory. */
#define GROW(list, count, room)                                              \
	({                                                                   \
		if ((count) == (room)) {                                     \
			size_t more_ = (room) ? 2 * (room) : 64;             \
			void *new_ = realloc(list, more_ * sizeof(*(list))); \
			if (new_) {                                          \
				(list) = new_;                               \
				(room) = more_;                              \
			}                                                    \
		}                                                            \
		(count) < (room);                                            \
	})

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int rc = (x->kind > y->kind) - (x->kind < y->kind);

	if (!rc)
		rc = strcmp(x->line.what, y->line.what);
	if (!rc)
		rc = strcmp(x->line.field, y->line.field);
	return rc ? rc : strcmp(x->function, y->function);
}

static const char *function_of(const struct tally *t, uint64_t address)
{
	const char *name = NULL;

	if ((int64_t)address >= 0)
		return USER;
	name = symbols_function(t->lines->symbols, address);
	return name ? name : "unknown";
}

/* The row of an access, or NULL without memory. */
static struct row *row_of(struct tally *t, const struct trace_event *event)
{
	uint64_t hash = (event->site * 0x9e3779b97f4a7c15u ^ event->address) * 0x9e3779b97f4a7c15u;
	struct recent *recent = &t->recent[hash >> 51];
	struct row wanted = {.kind = event->kind}, *row, **found;

	if (recent->row && recent->site == event->site && recent->address == event->address &&
	    recent->kind == event->kind)
		return recent->row;
	wanted.function = function_of(t, event->site);
	line_name(t->lines, event->address, wanted.function, &wanted.line);
	found = tfind(&wanted, &t->tree, compare_rows);
	if (found) {
		row = *found;
	} else {
		row = malloc(sizeof(*row));
		if (!row || !GROW(t->rows, t->row_count, t->row_room))
			return NULL;
		*row = wanted;
		t->rows[t->row_count++] = row;
		if (!tsearch(row, &t->tree, compare_rows))
			return NULL;
	}
	*recent = (struct recent){event->site, event->address, event->kind, row};
	return row;
}

static int add_access(struct tally *t, const struct trace_event *event, struct error *e)
{
	struct window *w = &t->window[event->cpu];
	struct row *row;

	if (!w->open)
		return 0;
	row = row_of(t, event);
	if (!row || !GROW(w->pending, w->count, w->room))
		return fail(e, "No memory to sum up the trace.");
	w->pending[w->count++] = (struct access){
		.line = event->address & ~(uint64_t)(CACHE_LINE - 1),
		.row = row,
		.cpu = event->cpu,
		.writes = event->kind != TRACE_LOAD,
	};
	return 0;
}

/* The round counts: its accesses are part of the trial's. */
static int keep_round(struct tally *t, struct window *w, uint64_t operations, struct error *e)
{
	for (uint32_t i = 0; i < w->count; i++) {
		if (!GROW(t->accesses, t->access_count, t->access_room))
			return fail(e, "No memory to sum up the trace.");
		t->accesses[t->access_count++] = w->pending[i];
		w->pending[i].row->in_round++;
		w->pending[i].row->total++;
	}
	for (uint32_t i = 0; i < w->count; i++) {
		struct row *row = w->pending[i].row;

		if (row->in_round)
			row->rounds[row->in_round < COMMON ? row->in_round : COMMON - 1]++;
		row->in_round = 0;
	}
	t->operations += operations;
	t->rounds++;
	return 0;
}

/*
 * Exceptions are a disturbance, unless they are what the workload is about:
 * when most of what is skipped has them, they belong to it. As in count/plugin.c.
 */
static int end_round(struct tally *t, const struct trace_event *event, struct error *e)
{
	struct window *w = &t->window[event->cpu];
	unsigned int disturbance = event->disturbance;
	int rc = 0;

	if (!w->open)
		return 0;
	if (w->operations < t->info->header.skip) {
		w->rounds++;
		w->exceptions += !!(disturbance & TRACE_EXCEPTION);
		w->lenient = 2 * w->exceptions > w->rounds;
		t->skipped += event->operations;
	} else {
		if (w->lenient)
			disturbance &= ~TRACE_EXCEPTION;
		if (disturbance)
			t->dropped[disturbance & 7] += event->operations;
		else
			rc = keep_round(t, w, event->operations, e);
	}
	w->operations += event->operations;
	w->count = 0;
	return rc;
}

static int add_share(struct tally *t, const struct trace_event *event, struct error *e)
{
	t->profiled += event->operations;
	if (!GROW(t->shares, t->share_count, t->share_room))
		return fail(e, "No memory to sum up the trace.");
	t->shares[t->share_count++] = (struct share){
		.function = function_of(t, event->address),
		.instructions = event->instructions * event->executions,
	};
	return 0;
}

/* --- the record of a trial -------------------------------------------------- */

static int by_line(const void *a, const void *b)
{
	const struct access *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/*
 * How many CPUs share a line, of which n accesses are given. 1 where none of them writes,
 * or where all but one of the CPUs together make less than RARE of the accesses: a
 * line that is handed over once (a wake-up, a slab's object) is not shared.
 */
static unsigned int sharers(const struct access *a, size_t n)
{
	size_t by[MOST_CPUS] = {0}, most = 0;
	unsigned int cpus = 0;
	bool writes = false;

	for (size_t i = 0; i < n; i++) {
		size_t *mine = &by[a[i].cpu % MOST_CPUS];

		cpus += !(*mine)++;
		most = *mine > most ? *mine : most;
		writes |= a[i].writes;
	}
	return writes && n - most >= RARE * n ? cpus : 1;
}

/* Who shares what, once all accesses are known. */
static void find_sharing(struct tally *t)
{
	if (t->access_count)
		qsort(t->accesses, t->access_count, sizeof(*t->accesses), by_line);
	for (size_t i = 0, n; i < t->access_count; i += n) {
		unsigned int cpus;

		for (n = 1; i + n < t->access_count; n++)
			if (t->accesses[i + n].line != t->accesses[i].line)
				break;
		cpus = sharers(&t->accesses[i], n);
		for (size_t j = i; j < i + n; j++) {
			struct row *row = t->accesses[j].row;

			row->lines += j == i || t->accesses[j - 1].row != row;
			row->cpus = row->cpus > cpus ? row->cpus : cpus;
			row->shared += cpus > 1;
		}
	}
}

/* What most rounds have of a row. */
static unsigned int common(const struct tally *t, const struct row *row)
{
	uint64_t without = t->rounds;
	unsigned int best = 0;

	for (unsigned int i = 1; i < COMMON; i++)
		without -= row->rounds[i];
	for (unsigned int i = 1; i < COMMON; i++)
		if (row->rounds[i] > (best ? row->rounds[best] : without))
			best = i;
	return best;
}

static const char *const kinds[] = {
	[TRACE_LOCKED] = "locked",
	[TRACE_LOAD] = "load",
	[TRACE_STORE] = "store",
};

static int most_first(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return compare_rows(x, y);
}

static json_t *rows_json(struct tally *t)
{
	double each = t->rounds ? (double)t->operations / t->rounds : 1;
	json_t *rows = json_array();

	if (t->row_count)
		qsort(t->rows, t->row_count, sizeof(*t->rows), most_first);
	for (size_t i = 0; i < t->row_count; i++) {
		const struct row *row = t->rows[i];

		if (!row->total)
			continue;
		json_array_append_new(
			rows,
			json_pack("{s:s, s:s, s:s, s:s, s:I, s:f, s:I, s:i, s:i}", "kind",
				  kinds[row->kind], "on", row->line.what, "field", row->line.field,
				  "by", row->function, "total", (json_int_t)row->total, "usual",
				  common(t, row) / each, "shared", (json_int_t)row->shared, "cpus",
				  (int)row->cpus, "lines", (int)row->lines));
	}
	return rows;
}

static int by_name(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return strcmp(x->function, y->function);
}

static int largest_first(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->instructions != y->instructions)
		return x->instructions < y->instructions ? 1 : -1;
	return by_name(a, b);
}

static json_t *instructions_json(struct tally *t)
{
	json_t *by = json_array();
	uint64_t kernel = 0, user = 0;
	size_t n = 0;

	if (!(t->info->header.flags & TRACE_INSTRUCTIONS) || !t->profiled) {
		json_decref(by);
		return json_null();
	}
	if (t->share_count)
		qsort(t->shares, t->share_count, sizeof(*t->shares), by_name);
	for (size_t i = 0; i < t->share_count; i++) {
		const struct share *share = &t->shares[i];

		*(strcmp(share->function, USER) ? &kernel : &user) += share->instructions;
		if (n && !strcmp(t->shares[n - 1].function, share->function))
			t->shares[n - 1].instructions += share->instructions;
		else
			t->shares[n++] = *share;
	}
	if (n)
		qsort(t->shares, n, sizeof(*t->shares), largest_first);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(by, json_pack("[s, I]", t->shares[i].function,
						    (json_int_t)t->shares[i].instructions));
	return json_pack("{s:I, s:I, s:I, s:o}", "operations", (json_int_t)t->profiled, "kernel",
			 (json_int_t)kernel, "user", (json_int_t)user, "by", by);
}

static json_t *dropped_json(const struct tally *t)
{
	uint64_t interrupts = 0, switches = 0, exceptions = 0;

	/* By the weightiest: a switch comes with an interrupt as a rule. */
	for (unsigned int i = 1; i < 8; i++)
		*(i & TRACE_SWITCH	? &switches
		  : i & TRACE_INTERRUPT ? &interrupts
					: &exceptions) += t->dropped[i];
	return json_pack("{s:I, s:I, s:I}", "interrupt", (json_int_t)interrupts, "switch",
			 (json_int_t)switches, "exception", (json_int_t)exceptions);
}

static void forget_trial(struct tally *t)
{
	for (size_t i = 0; i < t->row_count; i++) {
		tdelete(t->rows[i], &t->tree, compare_rows);
		free(t->rows[i]);
	}
	/* What a window still holds is of a trial that is over. */
	for (uint32_t i = 0; t->window && i < t->info->header.cpus; i++) {
		t->window[i].open = false;
		t->window[i].count = 0;
	}
	t->row_count = t->access_count = t->share_count = 0;
	t->windows = 0;
	t->operations = t->rounds = t->profiled = t->skipped = 0;
	memset(t->dropped, 0, sizeof(t->dropped));
	memset(t->recent, 0, RECENT * sizeof(*t->recent));
	t->record = NULL;
}

static int end_trial(struct tally *t, struct error *e)
{
	json_t *record;

	if (!t->record)
		return 0;
	find_sharing(t);
	record = json_pack(
		"{s:s, s:O, s:O, s:O, s:O, s:I, s:I, s:I, s:o, s:i, s:o, s:o}", "type", "counts",
		"boot", json_object_get(t->record, "boot"), "execution",
		json_object_get(t->record, "execution"), "order",
		json_object_get(t->record, "order"), "point", json_object_get(t->record, "point"),
		"operations", (json_int_t)t->operations, "rounds", (json_int_t)t->rounds, "skipped",
		(json_int_t)t->skipped, "dropped", dropped_json(t), "windows", (int)t->windows,
		"instructions", instructions_json(t), "rows", rows_json(t));
	forget_trial(t);
	if (!record)
		return fail(e, "A trial's record lacks what its counts need of it.");
	return t->take(t->user, record, e);
}

/* Base pages of a page of the point's buffer. */
static uint64_t page_frames(const json_t *point)
{
	const char *page = json_string_value(json_object_get(point, "page"));
	size_t bytes = page ? strcmp(page, "thp") ? size_parse(page) : 2u << 20 : 0;

	return bytes > BASE_PAGE ? bytes / BASE_PAGE : 1;
}

static int begin_window(struct tally *t, const struct trace_event *event, struct error *e)
{
	struct window *w = &t->window[event->cpu];
	json_t *record;
	size_t i;

	if (!t->record || t->trial != event->trial) {
		if (end_trial(t, e))
			return -1;
		json_array_foreach (t->records, i, record)
			if (json_integer_value(json_object_get(record, "order")) == event->trial)
				t->record = record;
		t->trial = event->trial;
		t->lines->frames = json_object_get(t->record, "frames");
		t->lines->page_frames = page_frames(json_object_get(t->record, "point"));
	}
	w->open = t->record;
	w->lenient = false;
	w->operations = w->exceptions = w->rounds = w->count = 0;
	t->windows += w->open;
	return 0;
}

static int take_event(void *user, const struct trace_event *event, struct error *e)
{
	struct tally *t = user;

	if (!t->window) {
		t->window = calloc(t->info->header.cpus, sizeof(*t->window));
		if (!t->window)
			return fail(e, "No memory to sum up the trace.");
	}
	switch (event->kind) {
	case TRACE_BEGIN:
		return begin_window(t, event, e);
	case TRACE_LOCKED:
	case TRACE_LOAD:
	case TRACE_STORE:
		return add_access(t, event, e);
	case TRACE_OPERATION:
		return end_round(t, event, e);
	case TRACE_PROFILE:
		return t->record ? add_share(t, event, e) : 0;
	case TRACE_END:
		t->window[event->cpu].open = false;
		break;
	}
	return 0;
}

int tally_trace(const char *path, const json_t *records, struct lines *lines,
		int (*take)(void *user, json_t *record, struct error *e), void *user,
		struct trace_info *info, struct error *e)
{
	struct tally t = {
		.records = records,
		.lines = lines,
		.take = take,
		.user = user,
		.info = info,
		.recent = calloc(RECENT, sizeof(*t.recent)),
	};
	int rc = t.recent ? trace_read(path, take_event, &t, info, e)
			  : fail(e, "No memory to sum up the trace.");

	if (!rc)
		rc = end_trial(&t, e);
	else if (t.recent)
		forget_trial(&t);
	for (uint32_t i = 0; t.window && i < info->header.cpus; i++)
		free(t.window[i].pending);
	free(t.window);
	free(t.recent);
	free(t.accesses);
	free(t.rows);
	free(t.shares);
	return rc;
}
