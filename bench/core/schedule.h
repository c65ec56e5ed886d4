/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order in which kernels are booted: balanced blocks, so that a drift of
 * the machine weighs on all variants alike. Pure functions.
 */
#ifndef PINSCALE_SCHEDULE_H
#define PINSCALE_SCHEDULE_H

/* A place in the order. */
struct slot {
	unsigned int variant; /* index */
	unsigned int block;   /* from 1 */
};

/*
 * The order of so many boots of each variant; to be freed, NULL without memory.
 * A block is the variants in turn and the same in reverse, begun by the next
 * variant in every block: A B B A, B A A B, A B B A, … With an odd number of
 * boots the last block is half.
 */
struct slot *schedule(unsigned int variants, unsigned int boots);

#endif
