// SPDX-License-Identifier: GPL-3.0-or-later
/* For a kernel that does not describe its types: mmap_lock cannot be told by its address. */
#include "bpf/contention_programs.bpf.h"

SEC("raw_tp/contention_begin")
int BPF_PROG(contention_begin, void *lock, unsigned int flags)
{
	__u64 task = our_task();

	if (task)
		begin_wait(ctx, (__u64)lock, flags, task, 0);
	return 0;
}

SEC("raw_tp/contention_end")
int BPF_PROG(contention_end, void *lock)
{
	end_wait((__u64)lock);
	return 0;
}

/* /sys/kernel/tracing/events/task/task_newtask/format */
struct newtask {
	__u64 common;
	__s32 pid;
	char comm[16];
	__u64 clone_flags;
};

#define CLONE_THREAD 0x10000

/* A worker may start others, as fio does. Where there is no tracefs, those are not seen. */
SEC("tp/task/task_newtask")
int process_fork(struct newtask *new)
{
	if (!(new->clone_flags &CLONE_THREAD) && our_task())
		take_process(new->pid);
	return 0;
}
