/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's symbols, from /proc/kallsyms or a System.map. */
#ifndef PINSCALE_SYMBOLS_H
#define PINSCALE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "include/error.h"

struct symbols;

/* Reads a file of them (gzip'ed or not). NULL with the error set. */
struct symbols *symbols_read(const char *path, struct error *e);
void symbols_free(struct symbols *s);

/*
 * The function that an address lies in, by its name without what the compiler has
 * added to it (".constprop.0"), or NULL. Inlined functions are part of the one around them.
 */
const char *symbols_function(const struct symbols *s, uint64_t address);

/* The variable that an address lies in, and how far from its start, or NULL. */
const char *symbols_variable(const struct symbols *s, uint64_t address, uint64_t *offset);

/* The per-CPU variable at that offset of the per-CPU section, or NULL. */
const char *symbols_percpu(const struct symbols *s, uint64_t value, uint64_t *offset);

/* Calls take with every symbol of text. */
void symbols_each_function(const struct symbols *s,
			   void (*take)(void *user, uint64_t address, const char *name),
			   void *user);

#endif
