// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The locked operations by which kernels count references to a page, one scheme a
 * workload, run in user space: what sharing the counts costs on this machine,
 * whatever its kernel. An operation is a reference taken and dropped.
 *
 * A huge page starts with an array of struct counts, a cache line for each of its
 * base pages: the head, then the tails, like the kernel's struct pages. (Those of
 * 2 MiB take 32 KiB.) An operation on base page n of a huge page works on the
 * head's counts and on those of page n. So the point's sharing and subpage say who
 * shares which line, just as in the kernel: with sharing = shared all workers have
 * the head's line in common and a tail's line each, with same that too.
 *
 * The words of a line are where struct page of 6.x has them. Sequences follow the
 * sources named; interrupts stay on, and the scheduler may stop who holds a lock:
 * more workers than CPUs say nothing of the kernel here.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "include/workload.h"

/* Bits of flags: the kernel's 0 is PG_locked, 3.2's PG_compound_lock is in the fourth byte. */
#define FOLIO_LOCK 1ul
#define COMPOUND_LOCK (1ul << 24)

/* What a pin adds to the count of a base page, which has no count of pins (GUP_PIN_COUNTING_BIAS)
 */
#define PIN_BIAS 1024

struct counts {
	_Alignas(CACHE_LINE) _Atomic unsigned long flags;
	unsigned int unused[5];
	atomic_int pins; /* second line only: the huge page's _pincount */
	unsigned int unused_too[4];
	atomic_int mapcount; /* tails: references, in 3.2 to 3.13 */
	atomic_int count;    /* head: _count, later _refcount */
};

_Static_assert(sizeof(struct counts) == CACHE_LINE, "a cache line each");

/* What an operation works on. */
struct reference {
	struct counts *head, *page; /* the same for heads and base pages */
	bool huge;
	atomic_long *own; /* of the worker alone */
};

#define always_inline inline __attribute__((always_inline))

static always_inline struct reference reference_of(const struct worker *w, const struct step *s)
{
	const size_t bytes = w->point->page.bytes;
	struct counts *head = (void *)((uintptr_t)s->memory & ~(bytes - 1));

	return (struct reference){
		.head = head,
		.page = head + ((uintptr_t)s->memory & (bytes - 1)) / BASE_PAGE,
		.huge = bytes > BASE_PAGE,
		.own = w->state,
	};
}

/* lock add: the kernel's atomic_inc() is lock inc. */
static always_inline void add(atomic_int *n, int k)
{
	atomic_fetch_add(n, k);
}

/* lock sub, and a look at the flags of the result: atomic_sub_and_test(), not zero as it must be */
static always_inline bool drop(atomic_int *n, int k)
{
	return atomic_fetch_sub(n, k) != k;
}

/* A read and lock cmpxchg, until none came between: atomic_add_unless(n, k, 0). */
static always_inline bool add_unless_zero(atomic_int *n, int k)
{
	int seen = atomic_load_explicit(n, memory_order_relaxed);

	do {
		if (!seen)
			return false;
	} while (!atomic_compare_exchange_weak(n, &seen, seen + k));
	return true;
}

static __attribute__((noinline, cold)) void wait_for_bit(_Atomic unsigned long *flags,
							 unsigned long bit)
{
	unsigned int spins = 0;

	do {
		while (atomic_load_explicit(flags, memory_order_relaxed) & bit) {
#ifdef __x86_64__
			__builtin_ia32_pause();
#endif
			/* Its holder may wait for this very CPU, which in a kernel cannot be. */
			if (!(++spins % 4096))
				sched_yield();
		}
	} while (atomic_fetch_or(flags, bit) & bit);
}

/* lock bts: test_and_set_bit_lock(), as bit_spin_lock() does it. */
static always_inline void lock_bit(_Atomic unsigned long *flags, unsigned long bit)
{
	if (__builtin_expect(!!(atomic_fetch_or(flags, bit) & bit), 0))
		wait_for_bit(flags, bit);
}

/* lock and, in the kernel of a byte: clear_bit_unlock(). */
static always_inline void unlock_bit(_Atomic unsigned long *flags, unsigned long bit)
{
	atomic_fetch_and(flags, ~bit);
}

/* get_page() and put_page() of what is no tail in all kernels, and of any page in most. */
static always_inline bool count_pair(struct reference r)
{
	add(&r.head->count, 1);
	return drop(&r.head->count, 1);
}

/* __get_page_tail() and put_compound_page() of mm/swap.c in 3.2: 8 on the head, 2 on the tail. */
static always_inline bool taillock_pair(struct reference r)
{
	bool alive;

	if (r.page == r.head)
		return count_pair(r);

	if (!add_unless_zero(&r.head->count, 1)) /* get_page_unless_zero(page_head) */
		return false;
	lock_bit(&r.head->flags, COMPOUND_LOCK);
	add(&r.page->mapcount, 1); /* __get_page_tail_foll(page, false) */
	unlock_bit(&r.head->flags, COMPOUND_LOCK);

	if (!add_unless_zero(&r.head->count, 1))
		return false;
	lock_bit(&r.head->flags, COMPOUND_LOCK);
	alive = drop(&r.head->count, 1); /* put_page_testzero(page_head) */
	add(&r.page->mapcount, -1);	 /* atomic_dec(&page->_mapcount) */
	unlock_bit(&r.head->flags, COMPOUND_LOCK);
	return drop(&r.head->count, 1) && alive;
}

/* try_grab_folio_fast() and gup_put_folio() of mm/gup.c in 6.12 and 6.18, with FOLL_PIN. */
static always_inline void unpin(struct reference r)
{
	if (r.huge)
		add(&r.head[1].pins, -1);
}

static always_inline bool pin(struct reference r)
{
	if (!add_unless_zero(&r.head->count, 1)) /* try_get_folio() */
		return false;
	if (r.huge)
		add(&r.head[1].pins, 1);
	else
		add(&r.head->count, PIN_BIAS - 1);
	return true;
}

static always_inline bool pincount_pair(struct reference r)
{
	if (!pin(r))
		return false;
	unpin(r);
	return drop(&r.head->count, r.huge ? 1 : PIN_BIAS);
}

/*
 * The same with what a read with O_DIRECT adds since 6.8: bio_set_pages_dirty() of
 * block/bio.c takes the lock of the folio, which is dirty as a rule, and gives it
 * back. folio_lock() sleeps where this spins; folio_unlock() is lock xor.
 */
static always_inline bool foliolock_pair(struct reference r)
{
	if (!pin(r))
		return false;
	lock_bit(&r.head->flags, FOLIO_LOCK);
	atomic_fetch_xor(&r.head->flags, FOLIO_LOCK);
	unpin(r);
	return drop(&r.head->count, r.huge ? 1 : PIN_BIAS);
}

/*
 * percpu_ref_get() and _put(), proposed for huge pages: a look whether the counts
 * are still apart, and an add without lock in the CPU's own memory. All that the
 * workers share is read only, so this is the ideal.
 */
static always_inline bool percpu_pair(struct reference r)
{
	for (int k = 1; k >= -1; k -= 2) {
		if (!atomic_load_explicit(&r.head->count, memory_order_relaxed))
			return false;
		atomic_store_explicit(r.own, atomic_load_explicit(r.own, memory_order_relaxed) + k,
				      memory_order_relaxed);
		/* As between any two calls in a kernel: the two adds do not become one. */
		atomic_signal_fence(memory_order_seq_cst);
	}
	return true;
}

static always_inline void repeat(struct worker *w, bool (*pair)(struct reference r), bool timed)
{
	const struct step *const steps = w->steps;
	const unsigned int mask = w->step_mask;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		uint64_t start = timed ? worker_clock() : 0;

		if (!pair(reference_of(w, &steps[i & mask]))) {
			fail(&w->error,
			     "%s: a count came to 0, which nobody dropped it to: the "
			     "operations of two workers were not atomic",
			     w->point->workload->name);
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

/* Every worker sets what it will use: more than one does it for a line, to the same, at no loss. */
static int atomics_setup(struct worker *w)
{
	/* A pair of lines, as processors like to fetch two at a time. */
	w->state = aligned_alloc(2 * CACHE_LINE, 2 * CACHE_LINE);
	if (!w->state)
		return fail(&w->error, "atomics: no memory");
	memset(w->state, 0, 2 * CACHE_LINE);
	for (unsigned int i = 0; i <= w->step_mask; i++) {
		struct reference r = reference_of(w, &w->steps[i]);

		atomic_store(&r.head->flags, 0);
		atomic_store(&r.head->count, 1);
		if (r.huge)
			atomic_store(&r.head[1].pins, 0);
		atomic_store(&r.page->mapcount, 0);
	}
	return 0;
}

/* Is it what it has to be at the end, or filled anew by another worker already? */
static bool as_before(long value, long end)
{
	int filled;

	memset(&filled, FILL_BYTE, sizeof(filled));
	return value == end || (int)value == filled;
}

/* Now that all workers have ended, every reference must have been dropped. */
static void atomics_teardown(struct worker *w)
{
	bool whole = true;

	if (!w->state)
		return;
	for (unsigned int i = 0; i <= w->step_mask; i++) {
		struct reference r = reference_of(w, &w->steps[i]);

		whole &= as_before(r.head->flags, 0) && as_before(r.head->count, 1) &&
			 as_before(r.page->mapcount, 0) &&
			 (!r.huge || as_before(r.head[1].pins, 0));
	}
	if (!whole && !w->error.text[0])
		fail(&w->error,
		     "%s: references are held at the end, which all were dropped: the "
		     "operations of two workers were not atomic",
		     w->point->workload->name);
	/* As it was: a block of other bytes would be dearer for zram to write. */
	for (unsigned int i = 0; i <= w->step_mask; i++) {
		struct reference r = reference_of(w, &w->steps[i]);

		memset(r.head, FILL_BYTE, sizeof(*r.head));
		memset(r.page, FILL_BYTE, sizeof(*r.page));
		if (r.huge)
			memset(r.head + 1, FILL_BYTE, sizeof(*r.head));
	}
	free(w->state);
}

/* A loop and a workload for each scheme. */
#define ATOMICS(scheme, text)                              \
	static void scheme##_loop(struct worker *w)        \
	{                                                  \
		if (w->latency)                            \
			repeat(w, scheme##_pair, true);    \
		else                                       \
			repeat(w, scheme##_pair, false);   \
	}                                                  \
	static const struct workload scheme##_workload = { \
		.name = "atomics-" #scheme,                \
		.summary = text,                           \
		.no_target = true,                         \
		.setup = atomics_setup,                    \
		.loop = scheme##_loop,                     \
		.teardown = atomics_teardown,              \
	};                                                 \
	REGISTER_WORKLOAD(scheme##_workload)

ATOMICS(count, "user space: a count in the head, up and down (a model of get_page)");
ATOMICS(taillock, "user space: the lock and the counts of 3.2 to 3.11 for a tail page");
ATOMICS(pincount, "user space: the two counts of a pin in 6.12 to 6.18");
ATOMICS(foliolock, "user space: a pin and the folio lock, as a read has since 6.8");
ATOMICS(percpu, "user space: a count a worker, the ideal (a control)");
