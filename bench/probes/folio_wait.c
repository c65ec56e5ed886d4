// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sleeping waits for the lock of a folio, which O_DIRECT reads take to mark it dirty.
 * The program in bench/bpf/folio_wait.bpf.c counts the uninterruptible sleeps of the
 * suite's tasks by kernel stack; which of them wait for a folio is seen here.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf/folio_wait.h"
#include "bpf/folio_wait.skel.h"
#include "core/file.h"
#include "core/symbols.h"
#include "include/probe.h"

#define SHOWN 20
#define FIRST_NAMESPACE 0xeffffffc /* PROC_PID_INIT_INO */

enum { WAITS, WAIT_NS, LOST };

static struct folio_wait_bpf *loaded;

/* The tracepoint's fourth argument: asking for one that is not there is refused. */
static bool state_is_given(void)
{
	struct utsname u;
	int major, minor;

	uname(&u);
	return sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 18));
}

static void set_namespace(struct folio_wait_bpf *b)
{
	struct stat s;

	if (stat("/proc/self/ns/pid", &s) || s.st_ino == FIRST_NAMESPACE)
		return;
	b->rodata->namespace_device = s.st_dev;
	b->rodata->namespace_inode = s.st_ino;
}

static int refused(struct error *e)
{
	if (errno == EPERM || errno == EACCES)
		return fail(e,
			    "folio-wait: loading its BPF program into the kernel: %s. It needs "
			    "root, or CAP_BPF and CAP_PERFMON; run it with sudo",
			    strerror(errno));
	return fail(e,
		    "folio-wait: loading its BPF program into the kernel: %s. It needs Linux 4.17 "
		    "and CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS",
		    strerror(errno));
}

/* Loaded and at the tracepoints, or NULL with the error set. */
static struct folio_wait_bpf *load(struct error *e)
{
	struct folio_wait_bpf *b;

	/* What libbpf would say is for who writes such programs. */
	libbpf_set_print(NULL);
	b = folio_wait_bpf__open();
	if (b) {
		b->rodata->state_given = state_is_given();
		set_namespace(b);
	}
	if (b && !folio_wait_bpf__load(b) && !folio_wait_bpf__attach(b))
		return b;
	refused(e);
	folio_wait_bpf__destroy(b);
	return NULL;
}

/* What a kernel with such folios has; sleeps are known by it. */
static int read_symbols(struct symbols **s, struct error *e)
{
	struct error why;

	*s = symbols_read("/proc/kallsyms", &why);
	return *s ? 0 : fail(e, "folio-wait: %.400s", why.text);
}

static const char *folio_wait_unsupported(void)
{
	static struct error e;
	static bool tried;
	struct folio_wait_bpf *b;
	struct symbols *s = NULL;

	/* It takes milliseconds, and the answer stays the same. */
	if (!tried) {
		b = load(&e);
		if (b && !read_symbols(&s, &e))
			symbols_free(s);
		folio_wait_bpf__destroy(b);
		tried = true;
	}
	return e.text[0] ? e.text : NULL;
}

/* The parent of a process; 0 if it is gone. */
static int parent_of(const char *process)
{
	char path[300], line[512];
	const char *after;
	int parent;

	snprintf(path, sizeof(path), "/proc/%s/stat", process);
	file_line(path, line, sizeof(line));
	after = strrchr(line, ')');
	return after && sscanf(after, ") %*c %d", &parent) == 1 ? parent : 0;
}

static int watch(int process, struct error *e)
{
	__u32 id = process;
	__u8 yes = 1;

	if (bpf_map_update_elem(bpf_map__fd(loaded->maps.processes), &id, &yes, BPF_ANY))
		return fail(e, "folio-wait: naming process %d to the BPF program: %s.", process,
			    strerror(errno));
	return 0;
}

/* This process and the workers that are its children. */
static int watch_all(struct error *e)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int rc =
		directory ? watch(getpid(), e) : fail(e, "folio-wait: /proc: %s.", strerror(errno));

	while (!rc && (entry = readdir(directory)))
		if (isdigit(entry->d_name[0]) && parent_of(entry->d_name) == getpid())
			rc = watch(atoi(entry->d_name), e);
	if (directory)
		closedir(directory);
	return rc;
}

static int folio_wait_begin(struct probe_run *r, struct error *e)
{
	(void)r;
	loaded = load(e);
	return loaded ? watch_all(e) : -1;
}

static bool is_one_of(const char *name, const char *const *list)
{
	while (*list && strcmp(name, *list))
		list++;
	return *list;
}

/*
 * Does a task with that stack wait for the lock of a folio or page, of whatever kernel?
 * Callers of the function that waits may be left out of the stack, so all that it waits
 * for is taken, but for the end of a write and for what is read in.
 */
static bool waits_for_folio(const struct symbols *s, const __u64 *frames)
{
	static const char *const waiting[] = {"folio_wait_bit_common", "__folio_lock",
					      "__folio_lock_killable", "wait_on_page_bit_common",
					      "__wait_on_page_bit",    "wait_on_page_bit",
					      "__lock_page",	       "__lock_page_killable",
					      "__wait_on_bit_lock",    NULL};
	static const char *const transfers[] = {"folio_wait_writeback",
						"wait_on_page_writeback",
						"filemap_fault",
						"filemap_get_pages",
						"filemap_read",
						"generic_file_buffered_read",
						NULL};
	bool found = false;

	for (int i = 0; i < STACK_FRAMES && frames[i]; i++) {
		const char *name = symbols_function(s, frames[i]);

		if (name && is_one_of(name, transfers))
			return false;
		found |= name && is_one_of(name, waiting);
	}
	return found;
}

static json_t *names_of(const struct symbols *s, const __u64 *frames)
{
	json_t *names = json_array();

	for (int i = 0; i < STACK_FRAMES && frames[i]; i++) {
		const char *name = symbols_function(s, frames[i]);

		/* Without the way from the tracepoint to our program. */
		if (name && !strstr(name, "bpf_") && !strstr(name, "traceiter"))
			json_array_append_new(names, json_string(name));
	}
	return names;
}

static json_t *wait_json(const struct symbols *s, const __u64 *frames, const struct wait *w)
{
	return json_pack("{s:I, s:I, s:o}", "waits", (json_int_t)w->count, "wait_ns",
			 (json_int_t)w->ns, "stack", names_of(s, frames));
}

/* Keeps the longest: list is ordered, the longest first. */
static void keep(json_t *list, json_t *wait)
{
	json_int_t ns = json_integer_value(json_object_get(wait, "wait_ns"));
	size_t i = 0;

	while (i < json_array_size(list) &&
	       json_integer_value(json_object_get(json_array_get(list, i), "wait_ns")) >= ns)
		i++;
	json_array_insert_new(list, i, wait);
	if (json_array_size(list) > SHOWN)
		json_array_remove(list, SHOWN);
}

/* Sums up the stacks that wait for folios, and lists them. */
static void add_up(struct probe_run *r, const struct symbols *s, json_t *list)
{
	int waits = bpf_map__fd(loaded->maps.waits), stacks = bpf_map__fd(loaded->maps.stacks);
	__s64 key, *last = NULL;

	for (; !bpf_map_get_next_key(waits, last, &key); last = &key) {
		__u64 frames[STACK_FRAMES] = {0};
		__u32 stack = key;
		struct wait w;

		if (bpf_map_lookup_elem(waits, &key, &w))
			continue;
		if (bpf_map_lookup_elem(stacks, &stack, frames)) {
			r->values[LOST] += w.count;
		} else if (waits_for_folio(s, frames)) {
			r->values[WAITS] += w.count;
			r->values[WAIT_NS] += w.ns;
			keep(list, wait_json(s, frames, &w));
		}
	}
}

/* Events at which the program could not be run, because it ran already. */
static int64_t missed(void)
{
	struct bpf_program *p;
	int64_t sum = 0;

	bpf_object__for_each_program(p, loaded->obj)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}

/* {"stacks": [...]}, if there is room. */
static int write_details(struct probe_run *r, json_t *list, struct error *e)
{
	json_t *details = json_pack("{s:O}", "stacks", list);
	char *text = json_dumps(details, JSON_COMPACT);
	int rc = 0;

	if (!text || (r->details && strlen(text) >= r->room))
		rc = fail(e, "folio-wait: no memory for %zu stacks.", json_array_size(list));
	else if (r->details)
		strcpy(r->details, text);
	free(text);
	json_decref(details);
	return rc;
}

static int folio_wait_end(struct probe_run *r, struct error *e)
{
	json_t *list = json_array();
	struct symbols *s = NULL;
	int rc;

	folio_wait_bpf__detach(loaded);
	memset(r->values, 0, sizeof(r->values));
	r->values[LOST] = loaded->bss->lost + missed();
	rc = read_symbols(&s, e);
	if (!rc) {
		add_up(r, s, list);
		rc = write_details(r, list, e);
	}
	symbols_free(s);
	json_decref(list);
	folio_wait_bpf__destroy(loaded);
	loaded = NULL;
	return rc;
}

static const struct probe folio_wait_probe = {
	.name = "folio-wait",
	.summary = "sleeping waits for the lock of a folio, by kernel stack",
	.values = {"waits", "wait_ns", "lost"},
	.apart = true,
	.views =
		{
			[MECHANISM_BIT_LOCK] = {SIGHT_BLIND, "who waits for a bit lock spins, and "
							     "only sleeps are seen"},
			[MECHANISM_ATOMIC] = {SIGHT_BLIND, "nobody sleeps for an atomic, and only "
							   "sleeps are seen"},
			[MECHANISM_FOLIO_LOCK] = {SIGHT_SEES, NULL},
			[MECHANISM_SPIN] = {SIGHT_BLIND, "who waits for a spinlock spins, and only "
							 "sleeps are seen"},
			[MECHANISM_SLEEPING] = {SIGHT_PARTLY, "only waits for folios are counted, "
							      "not those for a mutex or an rwsem"},
		},
	.unsupported = folio_wait_unsupported,
	.begin = folio_wait_begin,
	.end = folio_wait_end,
};
REGISTER_PROBE(folio_wait_probe);
