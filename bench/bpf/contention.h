/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the program in the kernel and the probe "contention" tell each other. */
#ifndef PINSCALE_BPF_CONTENTION_H
#define PINSCALE_BPF_CONTENTION_H

#include <linux/types.h>

/* Frames of a stack, and buckets of waits by their log2 of nanoseconds. */
#define CONTENTION_FRAMES 12
#define CONTENTION_BUCKETS 40

/* The flags of the tracepoint, LCB_F_* of include/trace/events/lock.h ... */
#define CONTENTION_SPIN 1u
#define CONTENTION_READ 2u
#define CONTENTION_WRITE 4u
#define CONTENTION_RT 8u
#define CONTENTION_PERCPU 16u
#define CONTENTION_MUTEX 32u
/* ... and ours: the mmap_lock of the one that waits, or a lock inside of that. */
#define CONTENTION_MMAP_LOCK (1u << 30)
#define CONTENTION_IN_MMAP_LOCK (1u << 31)

/* Set before the program is loaded. */
struct contention_settings {
	__u32 chains;	     /* record who waits by a stack: costs most of the time */
	__u64 device, inode; /* the PID namespace, when it is not the first: else 0 */
};

/* A lock that was waited for, from one place. */
struct contention_key {
	__u64 lock; /* its address; 0 with CONTENTION_*MMAP_LOCK: each process has its own */
	__s32 stack;
	__u32 flags;
};

struct contention_waits {
	__u64 count, total, max; /* of nanoseconds */
	__u32 bucket[CONTENTION_BUCKETS];
};

/* What could not be recorded. */
struct contention_losses {
	__u64 lost;   /* waits: a map was full, or their end was not seen */
	__u64 stacks; /* the wait is counted, but not from where */
};

#endif
