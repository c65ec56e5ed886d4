/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Folded stacks, as flame graphs are drawn from: "outermost;...;innermost N" a line, of
 * the kernel's part. Wanted where PINSCALE_FOLDED=FILE is set: each trial adds to FILE.
 */
#ifndef PINSCALE_SYMBOLS_FOLDED_H
#define PINSCALE_SYMBOLS_FOLDED_H

#include "core/symbols.h"
#include "symbols_rings.h"

struct folded;

bool folded_wanted(void);

/* NULL if there is no memory: folded_write() says so. */
struct folded *folded_new(void);

/* @s and its chain do not have to stay. */
void folded_add(struct folded *f, const struct sample *s);
int folded_write(struct folded *f, const struct symbols *symbols, struct error *e);
void folded_free(struct folded *f);

#endif
