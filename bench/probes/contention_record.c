// SPDX-License-Identifier: GPL-3.0-or-later
/* What the BPF programs saw, with names: the values and details of a trial. */
#include <bpf/bpf.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "contention_parts.h"
#include "core/symbols.h"

#define SYMBOLS "/proc/kallsyms"
#define NAME 80

/* What lies further from the start of a variable is of none that has a name. */
#define LARGEST_VARIABLE 4096

/* Locks that are named; the others are added up. */
#define MOST_LOCKS 20

/* A lock, or all that have the same name: one of a kind that were waited for in one place. */
struct contended {
	char lock[NAME], caller[NAME];
	unsigned int flags;
	uint64_t count, total, max, bucket[CONTENTION_BUCKETS];
};

struct seen {
	const struct contention *c;
	struct symbols *symbols; /* NULL: the kernel does not tell */
	uint64_t text, text_end;
	int waits, stacks;
	struct contended *list;
	size_t count, room;
};

/* How the functions between a caller and the tracepoint begin: of locks, tracing and BPF. */
static const char *const lock_code[] = {
	"bpf_",
	"___bpf_",
	"__bpf_",
	"__traceiter_",
	"trace_contention",
	"__trace_contention",
	"perf_trace_",
	"native_queued_",
	"queued_",
	"__pv_queued_",
	"pv_queued_",
	"_raw_",
	"__raw_",
	"do_raw_",
	"osq_",
	"down_",
	"__down",
	"rwsem_",
	"__rwsem_",
	"mutex_",
	"__mutex_",
	"ww_mutex_",
	"__ww_mutex_",
	"rt_mutex_",
	"__rt_mutex_",
	"rt_spin_",
	"__rt_spin_",
	"rt_read_",
	"rt_write_",
	"rtlock_",
	"rwbase_",
	"percpu_down_",
	"percpu_rwsem_",
	"__percpu_down_",
	"__percpu_rwsem_",
	"__preempt_",
	"_mutex_",
	"up_",
	"asm_",
};

static bool is_lock_code(const char *name)
{
	for (size_t i = 0; i < sizeof(lock_code) / sizeof(lock_code[0]); i++) {
		if (!strncmp(name, lock_code[i], strlen(lock_code[i])))
			return true;
	}
	return !strcmp(name, "down") || !strcmp(name, "up");
}

static void note_text(void *user, uint64_t address, const char *name)
{
	struct seen *s = user;

	if (!strcmp(name, "_stext"))
		s->text = address;
	else if (!strcmp(name, "_etext"))
		s->text_end = address;
}

static void read_symbols(struct seen *s)
{
	struct error ignored;

	s->symbols = symbols_read(SYMBOLS, &ignored);
	if (s->symbols)
		symbols_each_function(s->symbols, note_text, s);
}

/* The first function of the stack that is not lock code; only what is kernel text has a name. */
static void name_caller(const struct seen *s, int stack, char *name)
{
	uint64_t frames[CONTENTION_FRAMES] = {0};

	name[0] = 0;
	if (stack < 0 || !s->symbols || bpf_map_lookup_elem(s->stacks, &stack, frames))
		return;
	for (unsigned int i = 0; i < CONTENTION_FRAMES && frames[i]; i++) {
		const char *found;

		if (frames[i] < s->text || frames[i] >= s->text_end)
			continue;
		/* It is where the call returns to: the next function's, after one that does not. */
		found = symbols_function(s->symbols, frames[i] - 1);
		if (found && !is_lock_code(found)) {
			snprintf(name, NAME, "%s", found);
			return;
		}
	}
}

/*
 * Where the kernel does not describe its types: the only rwsem that these take is the
 * mmap_lock of the one that waits.
 */
static bool takes_mmap_lock(const char *caller, unsigned int flags)
{
	static const char *const names[] = {"vm_mmap_pgoff",	  "__vm_munmap",
					    "do_user_addr_fault", "lock_mm_and_find_vma",
					    "exc_page_fault",	  "__do_sys_brk"};

	if (flags & (CONTENTION_SPIN | CONTENTION_PERCPU | CONTENTION_MUTEX))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(caller, names[i]))
			return flags & (CONTENTION_READ | CONTENTION_WRITE);
	}
	return false;
}

static void name_lock(const struct seen *s, const struct contention_key *key, const char *caller,
		      char *name)
{
	const char *found = NULL;
	uint64_t offset = 0;

	if (key->flags & CONTENTION_MMAP_LOCK || takes_mmap_lock(caller, key->flags))
		found = "mmap_lock";
	else if (key->flags & CONTENTION_IN_MMAP_LOCK)
		found = "mmap_lock.wait_lock";
	else if (s->symbols && key->lock >= s->text)
		found = symbols_variable(s->symbols, key->lock, &offset);
	if (offset > LARGEST_VARIABLE)
		found = NULL;
	if (!found)
		snprintf(name, NAME, "%s", caller[0] ? caller : "unnamed");
	else if (offset)
		snprintf(name, NAME, "%s+0x%llx", found, (unsigned long long)offset);
	else
		snprintf(name, NAME, "%s", found);
}

static struct contended *find(struct seen *s, const struct contended *like)
{
	struct contended *list;

	for (size_t i = 0; i < s->count; i++) {
		struct contended *l = &s->list[i];

		if (l->flags == like->flags && !strcmp(l->lock, like->lock) &&
		    !strcmp(l->caller, like->caller))
			return l;
	}
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		list = realloc(s->list, s->room * sizeof(*list));
		if (!list)
			return NULL;
		s->list = list;
	}
	s->list[s->count] = *like;
	return &s->list[s->count++];
}

static int add(struct seen *s, const struct contention_key *key, const struct contention_waits *w)
{
	struct contended like = {.flags = key->flags}, *found;

	name_caller(s, key->stack, like.caller);
	name_lock(s, key, like.caller, like.lock);
	found = find(s, &like);
	if (!found)
		return -1;
	found->count += w->count;
	found->total += w->total;
	if (w->max > found->max)
		found->max = w->max;
	for (unsigned int i = 0; i < CONTENTION_BUCKETS; i++)
		found->bucket[i] += w->bucket[i];
	return 0;
}

static int by_total(const void *a, const void *b)
{
	const struct contended *left = a, *right = b;

	return (left->total < right->total) - (left->total > right->total);
}

static int read_waits(struct seen *s, struct error *e)
{
	struct contention_key key, *last = NULL;
	struct contention_waits w;

	while (!bpf_map_get_next_key(s->waits, last, &key)) {
		if (!bpf_map_lookup_elem(s->waits, &key, &w) && add(s, &key, &w))
			return fail(e, "contention: No memory for %zu locks.", s->room);
		last = &key;
	}
	if (s->count)
		qsort(s->list, s->count, sizeof(*s->list), by_total);
	return 0;
}

/* Waits that had not ended. */
static long long count_unfinished(int map)
{
	unsigned char key[16], *last = NULL;
	long long count = 0;

	while (!bpf_map_get_next_key(map, last, key)) {
		last = key;
		count++;
	}
	return count;
}

static const char *kind_of(unsigned int flags)
{
	const char *read = flags & CONTENTION_READ ? " read" : " write";
	static char kind[32];
	const char *what = "rwsem";

	if (flags & CONTENTION_MUTEX)
		return "mutex";
	if (!(flags & (CONTENTION_READ | CONTENTION_WRITE)))
		return flags & CONTENTION_SPIN ? "spin"
		       : flags & CONTENTION_RT ? "rt"
					       : "semaphore";
	if (flags & CONTENTION_PERCPU)
		what = "percpu rwsem";
	else if (flags & CONTENTION_SPIN)
		what = "rwlock";
	else if (flags & CONTENTION_RT)
		what = "rt";
	snprintf(kind, sizeof(kind), "%s%s", what, read);
	return kind;
}

static json_t *histogram(const struct contended *l)
{
	json_t *list = json_array();

	for (int i = 0; i < CONTENTION_BUCKETS; i++) {
		if (l->bucket[i])
			json_array_append_new(list, json_pack("[iI]", i, (json_int_t)l->bucket[i]));
	}
	return list;
}

static json_t *describe_lock(const struct contended *l)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "lock", l->lock, "kind",
			 kind_of(l->flags), "caller", l->caller, "count", (json_int_t)l->count,
			 "total_ns", (json_int_t)l->total, "max_ns", (json_int_t)l->max,
			 "histogram", histogram(l));
}

/* The first @count locks, and the rest as a sum. */
static json_t *describe(const struct seen *s, size_t count)
{
	uint64_t others = 0, others_ns = 0;
	json_t *locks = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(locks, describe_lock(&s->list[i]));
	for (size_t i = count; i < s->count; i++) {
		others += s->list[i].count;
		others_ns += s->list[i].total;
	}
	return json_pack("{s:o, s:I, s:I, s:b}", "locks", locks, "others", (json_int_t)others,
			 "others_ns", (json_int_t)others_ns, "symbols", s->symbols != NULL);
}

/* As many locks as there is room for. */
static int write_details(const struct seen *s, json_t *more, struct probe_run *r, struct error *e)
{
	size_t count = s->count < MOST_LOCKS ? s->count : MOST_LOCKS, length;

	do {
		json_t *json = describe(s, count);

		json_object_update(json, more);
		length = json_dumpb(json, r->details, r->room, JSON_COMPACT);
		json_decref(json);
		if (length && length < r->room) {
			r->details[length] = 0;
			return 0;
		}
	} while (count--);
	r->details[0] = 0;
	return fail(e, "contention: %zu bytes of details are too many for the %zu of a record",
		    length, r->room);
}

static int read_losses(const struct contention *c, struct contention_losses *losses,
		       struct error *e)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(c->object, ".bss");
	const __u32 key = 0;

	if (!map || bpf_map_lookup_elem(bpf_map__fd(map), &key, losses))
		return fail(e, "contention: reading what its BPF programs lost: %s",
			    strerror(errno));
	return 0;
}

static int put(struct seen *s, bool chains, struct probe_run *r, struct error *e)
{
	int waiting = contention_map(s->c, "waiting", e), rc = 0;
	struct contention_losses losses;
	struct contention_cost cost;
	json_t *more;

	if (waiting < 0 || read_losses(s->c, &losses, e) || read_waits(s, e))
		return -1;
	contention_cost(s->c, &cost);
	for (size_t i = 0; i < s->count; i++) {
		r->values[CONTENTION_COUNT] += s->list[i].count;
		r->values[CONTENTION_WAIT_NS] += s->list[i].total;
	}
	r->values[CONTENTION_LOST] = losses.lost;
	r->values[CONTENTION_MISSED] = cost.missed;
	r->values[CONTENTION_OWN_NS] = cost.nanoseconds;
	more = json_pack("{s:b, s:b, s:I, s:I, s:b}", "new_processes", s->c->follows, "stacks",
			 chains, "stacks_lost", (json_int_t)losses.stacks, "unfinished",
			 (json_int_t)count_unfinished(waiting), "own_ns_known", cost.known);
	if (r->details)
		rc = write_details(s, more, r, e);
	json_decref(more);
	return rc;
}

int contention_record(const struct contention *c, bool chains, struct probe_run *r, struct error *e)
{
	struct seen s = {.c = c};
	int rc;

	memset(r->values, 0, sizeof(r->values));
	s.waits = contention_map(c, "waits", e);
	s.stacks = contention_map(c, "stacks", e);
	if (s.waits < 0 || s.stacks < 0)
		return -1;
	read_symbols(&s);
	rc = put(&s, chains, r, e);
	symbols_free(s.symbols);
	free(s.list);
	return rc;
}
