// SPDX-License-Identifier: GPL-3.0-or-later
/* For a kernel with BTF: it says where in its structs the fields are that these name. */
#include "bpf/contention_programs.bpf.h"

#include <bpf/bpf_core_read.h>

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct rw_semaphore {
	int placeholder; /* only its size is asked for */
} KERNEL_TYPE;

struct mm_struct {
	struct rw_semaphore mmap_lock;
} KERNEL_TYPE;

struct upid {
	int nr;
} KERNEL_TYPE;

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* one a namespace that it is in, the innermost last */
} KERNEL_TYPE;

struct task_struct {
	struct mm_struct *mm;
	int pid, tgid;
	struct pid *thread_pid;
} KERNEL_TYPE;

static __always_inline __u32 own_lock(__u64 lock)
{
	const struct task_struct *task = bpf_get_current_task_btf();
	__u64 mm = (__u64)task->mm, start = mm + bpf_core_field_offset(struct mm_struct, mmap_lock);

	if (!mm || lock < start || lock >= start + bpf_core_type_size(struct rw_semaphore))
		return 0;
	return lock == start ? CONTENTION_MMAP_LOCK : CONTENTION_IN_MMAP_LOCK;
}

SEC("tp_btf/contention_begin")
int BPF_PROG(contention_begin, void *lock, unsigned int flags)
{
	__u64 task = our_task();

	if (task)
		begin_wait(ctx, (__u64)lock, flags, task, own_lock((__u64)lock));
	return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(contention_end, void *lock)
{
	end_wait((__u64)lock);
	return 0;
}

/* Its number in the PID namespace that it is in: also ours. */
static __always_inline __u32 number_of(const struct task_struct *task)
{
	const struct pid *pid = task->thread_pid;
	__u64 last = (__u64)pid + bpf_core_field_offset(struct pid, numbers) +
		     pid->level * (__u64)bpf_core_type_size(struct upid);
	__u32 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number),
			      (void *)(last + bpf_core_field_offset(struct upid, nr)));
	return number;
}

/* A worker may start others, as fio does. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid == child->tgid && our_task())
		take_process(number_of(child));
	return 0;
}
