// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sleeps of the suite's own tasks, by the kernel stack they went to sleep with. A raw
 * tracepoint, and tasks known by their address alone: it reads no structure of the
 * kernel's, so it needs no BTF.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "bpf/folio_wait.h"

#define UNINTERRUPTIBLE 2 /* TASK_UNINTERRUPTIBLE, and part of TASK_KILLABLE */

/* The tracepoint says in what state the task is left (since 5.18). */
const volatile bool state_given;
/* Our PID namespace, where it is not the first. */
const volatile __u64 namespace_device, namespace_inode;

struct sleep {
	__s64 stack;
	__u64 since;
};

/* Process ids of the suite's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} processes SEC(".maps");

/* Tasks that one of them made, until they have run: then their process is known. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} born SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct sleep);
} asleep SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __s64);
	__type(value, struct wait);
} waits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 2048);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, STACK_FRAMES * sizeof(__u64));
} stacks SEC(".maps");

__u64 lost;

char LICENSE[] SEC("license") = "GPL";

static __always_inline __u32 process(void)
{
	struct bpf_pidns_info inside = {0};

	if (!namespace_inode)
		return bpf_get_current_pid_tgid() >> 32;
	bpf_get_ns_current_pid_tgid(namespace_device, namespace_inode, &inside, sizeof(inside));
	return inside.tgid;
}

/* Is the current task, which is at that address, one of the suite's? */
static __always_inline bool is_ours(__u64 task)
{
	__u32 id = process();
	__u8 yes = 1;

	if (!id || bpf_map_lookup_elem(&processes, &id))
		return id;
	if (!bpf_map_lookup_elem(&born, &task))
		return false;
	bpf_map_delete_elem(&born, &task);
	bpf_map_update_elem(&processes, &id, &yes, BPF_ANY);
	return true;
}

static __always_inline void falls_asleep(void *context, __u64 task)
{
	struct sleep s = {.stack = bpf_get_stackid(context, &stacks, 0)};

	s.since = bpf_ktime_get_ns();
	if (s.stack < 0 || bpf_map_update_elem(&asleep, &task, &s, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
}

static __always_inline void wakes(__u64 task)
{
	struct sleep *s = bpf_map_lookup_elem(&asleep, &task);
	struct wait none = {0}, *w;
	__s64 stack;

	if (!s)
		return;
	stack = s->stack;
	bpf_map_update_elem(&waits, &stack, &none, BPF_NOEXIST);
	w = bpf_map_lookup_elem(&waits, &stack);
	if (w) {
		__sync_fetch_and_add(&w->count, 1);
		__sync_fetch_and_add(&w->ns, bpf_ktime_get_ns() - s->since);
	} else {
		__sync_fetch_and_add(&lost, 1);
	}
	bpf_map_delete_elem(&asleep, &task);
}

/* bool preempted, the task before, the task next, unsigned int state of the former */
SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args *context)
{
	bool preempted = context->args[0];
	__u64 task = context->args[1];

	wakes(context->args[2]);
	if (preempted || (state_given && !(context->args[3] & UNINTERRUPTIBLE)))
		return 0;
	if (is_ours(task))
		falls_asleep(context, task);
	return 0;
}

/* the parent, which is the current task; the child */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *context)
{
	__u64 child = context->args[1];
	__u8 yes = 1;

	if (is_ours(context->args[0]) && bpf_map_update_elem(&born, &child, &yes, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

/* Its address may be another's next. */
SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *context)
{
	__u64 task = context->args[0];

	bpf_map_delete_elem(&born, &task);
	return 0;
}
