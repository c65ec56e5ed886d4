/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waits for locks between contention_begin and contention_end, added up in the kernel.
 * contention.bpf.c is it for kernels with BTF, contention_raw.bpf.c for those without.
 */
#ifndef PINSCALE_BPF_CONTENTION_PROGRAMS_H
#define PINSCALE_BPF_CONTENTION_PROGRAMS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contention.h"

#define WAITS 16384
#define STACKS 16384
#define PROCESSES 65536

/* A task can be in several waits: asleep for one lock, it spins for that of its run queue. */
struct wait_key {
	__u64 lock;
	__u64 task;
};

struct wait {
	__u64 start;
	__s32 stack;
	__u32 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAITS);
	__type(key, struct wait_key);
	__type(value, struct wait);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAITS);
	__type(key, struct contention_key);
	__type(value, struct contention_waits);
} waits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, STACKS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, CONTENTION_FRAMES * sizeof(__u64));
} stacks SEC(".maps");

/* The processes that are looked at, by their numbers in our PID namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROCESSES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} processes SEC(".maps");

const volatile struct contention_settings settings SEC(".rodata.settings");
struct contention_losses losses SEC(".bss");

static const struct contention_waits no_waits;

/* The process and thread, and 0 when it is none of ours. */
static __always_inline __u64 our_task(void)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u32 process;

	if (settings.inode) {
		struct bpf_pidns_info info = {};

		if (bpf_get_ns_current_pid_tgid(settings.device, settings.inode, &info,
						sizeof(info)))
			return 0;
		task = (__u64)info.tgid << 32 | info.pid;
	}
	process = task >> 32;
	return bpf_map_lookup_elem(&processes, &process) ? task : 0;
}

static __always_inline void take_process(__u32 process)
{
	const __u8 one = 1;

	bpf_map_update_elem(&processes, &process, &one, BPF_ANY);
}

static __always_inline __u32 log2_of(__u64 value)
{
	__u32 result = 0;

	for (int bits = 32; bits; bits /= 2) {
		if (value >> bits) {
			value >>= bits;
			result += bits;
		}
	}
	return result;
}

static __always_inline void raise_to(__u64 *max, __u64 value)
{
	for (int i = 0; i < 8; i++) {
		__u64 old = *(volatile __u64 *)max;

		if (old >= value || __sync_val_compare_and_swap(max, old, value) == old)
			return;
	}
}

static __always_inline void add_wait(const struct contention_key *key, __u64 took)
{
	struct contention_waits *w = bpf_map_lookup_elem(&waits, key);
	__u32 bucket = log2_of(took);

	if (!w) {
		/* Another CPU may have been first: then it is there now. */
		bpf_map_update_elem(&waits, key, &no_waits, BPF_NOEXIST);
		w = bpf_map_lookup_elem(&waits, key);
	}
	if (!w) {
		__sync_fetch_and_add(&losses.lost, 1);
		return;
	}
	if (bucket >= CONTENTION_BUCKETS)
		bucket = CONTENTION_BUCKETS - 1;
	__sync_fetch_and_add(&w->count, 1);
	__sync_fetch_and_add(&w->total, took);
	__sync_fetch_and_add(&w->bucket[bucket], 1);
	raise_to(&w->max, took);
}

/* @own: CONTENTION_MMAP_LOCK, CONTENTION_IN_MMAP_LOCK or 0. */
static __always_inline void begin_wait(void *context, __u64 lock, __u32 flags, __u64 task,
				       __u32 own)
{
	struct wait_key key = {.lock = lock, .task = task};
	struct wait fresh = {.start = bpf_ktime_get_ns(), .stack = -1, .flags = flags | own};
	const struct wait *old = bpf_map_lookup_elem(&waiting, &key);

	if (old) {
		/* A mutex begins again with each turn from spinning to sleeping. */
		if (old->flags & CONTENTION_MUTEX)
			return;
		__sync_fetch_and_add(&losses.lost, 1);
	}
	/* Who wants a mutex says whether it spins: that is one wait, of one lock. */
	if (flags & CONTENTION_MUTEX)
		fresh.flags &= ~CONTENTION_SPIN;
	if (settings.chains) {
		fresh.stack = bpf_get_stackid(context, &stacks, 0);
		if (fresh.stack < 0) {
			fresh.stack = -1;
			__sync_fetch_and_add(&losses.stacks, 1);
		}
	}
	if (bpf_map_update_elem(&waiting, &key, &fresh, BPF_ANY))
		__sync_fetch_and_add(&losses.lost, 1);
}

static __always_inline void end_wait(__u64 lock)
{
	__u64 now = bpf_ktime_get_ns(), took;
	struct wait_key key = {.lock = lock, .task = our_task()};
	struct contention_key found = {};
	const struct wait *w;

	if (!key.task)
		return;
	w = bpf_map_lookup_elem(&waiting, &key);
	if (!w)
		return; /* it began before the program was attached, or was counted as lost */
	took = now - w->start;
	found.stack = w->stack;
	found.flags = w->flags;
	if (!(found.flags & (CONTENTION_MMAP_LOCK | CONTENTION_IN_MMAP_LOCK)))
		found.lock = lock;
	bpf_map_delete_elem(&waiting, &key);
	add_wait(&found, took);
}

char the_license[] SEC("license") = "GPL";

#endif
