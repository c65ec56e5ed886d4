/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What workers can be in each other's way by, and how well a probe sees it. A zero of a
 * probe that is blind to a mechanism says nothing of it.
 */
#ifndef PINSCALE_MECHANISM_H
#define PINSCALE_MECHANISM_H

enum mechanism {
	MECHANISM_BIT_LOCK,   /* a bit spinlock, as compound_lock */
	MECHANISM_ATOMIC,     /* an atomic on a line that CPUs pass about: _refcount, _pincount */
	MECHANISM_FOLIO_LOCK, /* the bit in folio->flags that is waited for asleep */
	MECHANISM_SPIN,	      /* spinlock, rwlock */
	MECHANISM_SLEEPING,   /* mutex, rwsem (mmap_lock), rt mutex */
	MECHANISMS
};

enum sight { SIGHT_BLIND, SIGHT_PARTLY, SIGHT_SEES };

/* How well, and why not better: static text, NULL for SIGHT_SEES. */
struct view {
	enum sight sight;
	const char *why;
};

#endif
