// SPDX-License-Identifier: GPL-3.0-or-later
/* BPF programs on the tracepoints of locks: can they run here, and for which processes. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "contention_parts.h"

/* These want the structs of bpf/contention.h to be there. */
#include "bpf/contention.skel.h"
#include "bpf/contention_raw.skel.h"

#define KERNEL_TYPES "/sys/kernel/btf/vmlinux"
#define FIRST_NAMESPACE 0xeffffffcu /* PROC_PID_INIT_INO */

/* The last that libbpf complained of, which says more than its error number. */
static char complaint[256];

__attribute__((format(printf, 2, 0))) static int keep_complaint(enum libbpf_print_level level,
								const char *format, va_list args)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(complaint, sizeof(complaint), format, args);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return 0;
}

static struct bpf_object *read_object(bool types)
{
	size_t size;
	const void *bytes =
		types ? contention_bpf__elf_bytes(&size) : contention_raw_bpf__elf_bytes(&size);
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "contention");

	return bpf_object__open_mem(bytes, size, &options);
}

/* In a container the numbers that it knows processes by are not the kernel's. */
static void note_namespace(struct contention_settings *settings)
{
	struct stat s;

	if (stat("/proc/self/ns/pid", &s) || s.st_ino == FIRST_NAMESPACE)
		return;
	settings->device = s.st_dev;
	settings->inode = s.st_ino;
}

static void set_up(struct bpf_object *object, bool chains)
{
	struct contention_settings settings = {.chains = chains};
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata.settings");

	note_namespace(&settings);
	bpf_map__set_initial_value(map, &settings, sizeof(settings));
}

static bool is_fork(const struct bpf_program *program)
{
	return !strcmp(bpf_program__name(program), "process_fork");
}

/* Without the one that follows new processes, only workers that are there now are seen. */
static int attach(struct contention *c)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, c->object)
	{
		struct bpf_link *link = bpf_program__attach(program);

		if (link)
			c->links[c->attached++] = link;
		else if (!is_fork(program))
			return -1;
		if (link && is_fork(program))
			c->follows = true;
	}
	return 0;
}

int contention_map(const struct contention *c, const char *name, struct error *e)
{
	int fd = bpf_object__find_map_fd_by_name(c->object, name);

	return fd < 0 ? fail(e, "contention: its BPF program has no map '%s'", name) : fd;
}

static int take_process(void *user, pid_t process)
{
	const __u32 key = process;
	const __u8 one = 1;

	return bpf_map_update_elem(*(int *)user, &key, &one, BPF_ANY);
}

static int take_processes(const struct contention *c, struct error *e)
{
	int map = contention_map(c, "processes", e);

	return map < 0 ? -1 : contention_each_process(take_process, &map, e);
}

static int refused(struct error *e, const char *tried)
{
	struct utsname u;
	int number = errno;

	uname(&u);
	return fail(e,
		    "contention: %s the BPF programs on the tracepoints contention_begin and "
		    "contention_end, kernel %s: %s%s%s%s; they are there since 5.19, with "
		    "CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS",
		    tried, u.release, strerror(number), complaint[0] ? " (" : "", complaint,
		    complaint[0] ? ")" : "");
}

/* Where the kernel describes its types but not these tracepoints, the raw ones may do. */
static int load(struct contention *c, bool types, bool chains, struct error *e)
{
	complaint[0] = 0;
	c->object = read_object(types);
	if (!c->object)
		return refused(e, "reading");
	set_up(c->object, chains);
	if (bpf_object__load(c->object))
		return refused(e, "loading");
	if (take_processes(c, e))
		return -1;
	return attach(c) ? refused(e, "attaching") : 0;
}

void contention_detach(struct contention *c)
{
	while (c->attached)
		bpf_link__destroy(c->links[--c->attached]);
}

void contention_close(struct contention *c)
{
	contention_detach(c);
	if (c->statistics >= 0)
		close(c->statistics);
	bpf_object__close(c->object);
	*c = (struct contention){.statistics = -1};
}

int contention_open(struct contention *c, bool chains, struct error *e)
{
	libbpf_print_fn_t before = libbpf_set_print(keep_complaint);
	bool types = !access(KERNEL_TYPES, R_OK);
	int rc;

	*c = (struct contention){.statistics = bpf_enable_stats(BPF_STATS_RUN_TIME)};
	rc = load(c, types, chains, e);
	if (rc && types) {
		struct error ignored;

		contention_detach(c);
		bpf_object__close(c->object);
		c->object = NULL;
		rc = load(c, false, chains, &ignored);
	}
	if (rc)
		contention_close(c);
	libbpf_set_print(before);
	return rc;
}

void contention_cost(const struct contention *c, struct contention_cost *cost)
{
	struct bpf_program *program;

	*cost = (struct contention_cost){.known = c->statistics >= 0};
	bpf_object__for_each_program(program, c->object)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			continue;
		cost->nanoseconds += info.run_time_ns;
		cost->missed += info.recursion_misses;
	}
}

const char *contention_unsupported(void)
{
	static struct error e;
	static bool asked;
	struct contention c;

	if (asked)
		return e.text[0] ? e.text : NULL;
	asked = true;
	if (geteuid())
		fail(&e, "contention: BPF programs on tracepoints need root (CAP_BPF and "
			 "CAP_PERFMON); run it as root");
	else if (!contention_open(&c, true, &e))
		contention_close(&c);
	return e.text[0] ? e.text : NULL;
}
