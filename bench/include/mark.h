/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Marks in the stream of instructions, for who watches it from outside (the
 * plugin in count/): an operation, a window, a number begins or ends here. A mark is
 * a NOP of 8 bytes whose displacement is ours: it reads and writes nothing, costs
 * next to nothing, and runs on every x86-64 CPU, watched or not.
 */
#ifndef PINSCALE_MARK_H
#define PINSCALE_MARK_H

#include <stdint.h>

/* nopl disp32(%rax,%rax,1): 0f 1f 84 00, then the displacement. */
#define MARK_OPCODE 0x00841f0fu
#define MARK_MAGIC 0x50534d00u

enum mark {
	MARK_ZERO,	/* a bit for the CPU's number, the highest first */
	MARK_ONE,	/* the same */
	MARK_TRIAL,	/* the number is that of the trial that comes, of all CPUs */
	MARK_BEGIN,	/* a window begins on this CPU; the number is that of the worker */
	MARK_OPERATION, /* an operation has ended, and the next begins */
	MARK_MORE,	/* one more operation ends with the next MARK_OPERATION */
	MARK_END,	/* the window ends */
	MARKS
};

/* Not a barrier for the compiler: system calls and atomic operations stay on their side of it. */
#ifdef __x86_64__
#define mark(which)                                           \
	__asm__ volatile(".long %c0, %c1" ::"i"(MARK_OPCODE), \
			 "i"(MARK_MAGIC | (unsigned int)(which)))
#else
#define mark(which) ((void)(which))
#endif

/* Gives a number to the mark that follows. */
static inline void mark_number(uint32_t number)
{
	for (int bit = 31; bit >= 0; bit--) {
		if (number >> bit & 1)
			mark(MARK_ONE);
		else
			mark(MARK_ZERO);
	}
}

#endif
