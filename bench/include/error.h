/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An error is a sentence for a person: what was tried, on what, what the
 * system said, and what to do next. Who finds it writes it; callers pass it on.
 */
#ifndef PINSCALE_ERROR_H
#define PINSCALE_ERROR_H

#include <stdarg.h>
#include <stdio.h>

struct error {
	char text[512];
};

/* Writes the sentence and returns -1, so that "return fail(e, …)" reads well. */
__attribute__((format(printf, 2, 3))) static inline int fail(struct error *e, const char *format,
							     ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return -1;
}

#endif
