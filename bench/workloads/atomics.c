// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The mail's argument without a kernel: workers run, in user space, the very
 * locked operations with which each scheme takes a reference to a tail page and
 * drops it, on memory laid out as the kernel's. One operation is one get and one
 * put. Who shares the huge page shares the lines of its head.
 *
 * The head's lines are at the start of the worker's (first) page, which no slot
 * of a tail reaches: flags and _refcount in one line, as in struct page, and
 * _pincount in the next. The tail's line is in the worker's own slot.
 */
#include <stdlib.h>

#include "include/workload.h"

struct head {
	_Alignas(CACHE_LINE) uint64_t flags;
	int32_t refcount;
	_Alignas(CACHE_LINE) int32_t pincount;
};

struct tail {
	_Alignas(CACHE_LINE) int32_t mapcount;
};

#define LOCK_BIT 1ull

/* Behind the lines of a head, should slot and page begin at the same place. */
#define TAIL_OFFSET (4 * CACHE_LINE)

#define ALWAYS static inline __attribute__((always_inline))

/* atomic_inc(), atomic_dec(): "lock inc", "lock dec" of a line. */
ALWAYS void add(int32_t *count, int32_t n)
{
	__atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

/* atomic_inc_not_zero(), which get_page_unless_zero() is: a "lock cmpxchg" loop. */
ALWAYS bool inc_not_zero(int32_t *count)
{
	int32_t old = __atomic_load_n(count, __ATOMIC_RELAXED);

	do {
		if (!old)
			return false;
	} while (!__atomic_compare_exchange_n(count, &old, old + 1, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

/*
 * bit_spin_lock(): "lock bts", and who finds it set waits reading. The kernel has
 * preemption off meanwhile, which user space cannot: with more workers than
 * CPUs a holder may be off its CPU for long.
 */
ALWAYS void bit_lock(uint64_t *flags)
{
	while (__atomic_fetch_or(flags, LOCK_BIT, __ATOMIC_ACQUIRE) & LOCK_BIT)
		while (__atomic_load_n(flags, __ATOMIC_RELAXED) & LOCK_BIT)
			__builtin_ia32_pause();
}

/* clear_bit_unlock(): a locked "and". */
ALWAYS void bit_unlock(uint64_t *flags)
{
	__atomic_fetch_and(flags, ~LOCK_BIT, __ATOMIC_RELEASE);
}

/* Before 3.2 (without the put's lock) and from 3.12 on, FOLL_GET: the head's count alone. */
ALWAYS void count_pair(struct head *head, struct tail *tail)
{
	(void)tail;
	add(&head->refcount, 1);
	add(&head->refcount, -1);
}

/*
 * 3.2 to 3.11, 70b50f94f164. get_page(tail), by __get_page_tail(): the head's
 * count unless zero, the lock, the tail's count, unlock. put_page(tail), by
 * put_compound_page(): the head's count unless zero, the lock, the tail's count
 * down, the head's count down, unlock, the head's count down.
 */
ALWAYS void taillock_pair(struct head *head, struct tail *tail)
{
	inc_not_zero(&head->refcount);
	bit_lock(&head->flags);
	add(&tail->mapcount, 1);
	bit_unlock(&head->flags);

	inc_not_zero(&head->refcount);
	bit_lock(&head->flags);
	add(&tail->mapcount, -1);
	add(&head->refcount, -1);
	bit_unlock(&head->flags);
	add(&head->refcount, -1);
}

/* From 5.7 on, FOLL_PIN of a large folio: _refcount and _pincount, on two lines in 6.18. */
ALWAYS void pincount_pair(struct head *head, struct tail *tail)
{
	(void)tail;
	add(&head->refcount, 1);
	add(&head->pincount, 1);
	add(&head->pincount, -1);
	add(&head->refcount, -1);
}

/* The same, and what a direct read does since 6.8: the folio lock, to dirty the folio. */
ALWAYS void foliolock_pair(struct head *head, struct tail *tail)
{
	(void)tail;
	add(&head->refcount, 1);
	add(&head->pincount, 1);
	bit_lock(&head->flags);
	bit_unlock(&head->flags);
	add(&head->pincount, -1);
	add(&head->refcount, -1);
}

/* What a count a CPU would cost: the tail's own line, which only its worker uses. */
ALWAYS void percpu_pair(struct head *head, struct tail *tail)
{
	(void)head;
	add(&tail->mapcount, 1);
	add(&tail->mapcount, -1);
}

ALWAYS void repeat(struct worker *w, void (*pair)(struct head *head, struct tail *tail), bool timed)
{
	struct head *head = (struct head *)w->pages[0];

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		struct tail *tail =
			(struct tail *)(w->steps[i & w->step_mask].memory + TAIL_OFFSET);
		uint64_t start = timed ? worker_clock() : 0;

		pair(head, tail);
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

/* A page that is in use has a reference; whoever shares it writes the same. */
static int atomics_setup(struct worker *w)
{
	struct head *head = (struct head *)w->pages[0];

	head->refcount = 1 << 20;
	head->pincount = 0;
	head->flags = 0;
	return 0;
}

static const char *atomics_unsupported(const struct point *p)
{
	if (p && p->sharing == SHARING_POOL)
		return "atomics: their head is that of one page; use private, shared, same or group:K";
	return NULL;
}

#define SCHEME(scheme, text)                                         \
	static void scheme##_loop(struct worker *w)                  \
	{                                                            \
		if (w->latency)                                      \
			repeat(w, scheme##_pair, true);              \
		else                                                 \
			repeat(w, scheme##_pair, false);             \
	}                                                            \
                                                                     \
	static const struct workload atomics_##scheme##_workload = { \
		.name = "atomics-" #scheme,                          \
		.summary = text,                                     \
		.no_target = true,                                   \
		.unsupported = atomics_unsupported,                  \
		.setup = atomics_setup,                              \
		.loop = scheme##_loop,                               \
	};                                                           \
	REGISTER_WORKLOAD(atomics_##scheme##_workload)

SCHEME(count, "user space: get and put by the head's count alone");
SCHEME(taillock, "user space: get and put under the compound lock of 3.2");
SCHEME(pincount, "user space: pin and unpin by _refcount and _pincount");
SCHEME(foliolock, "user space: pin, lock the folio to dirty it, unpin");
SCHEME(percpu, "user space: a count a worker, the ideal");
