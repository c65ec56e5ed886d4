/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a cache line is, for people: by its address, and who works on it. */
#ifndef PINSCALE_LINES_H
#define PINSCALE_LINES_H

#include <jansson.h>
#include <stdint.h>

#include "memory_map.h"
#include "symbols.h"

/* What tells addresses of a trial apart. Owned by the caller. */
struct lines {
	const struct symbols *symbols;
	const struct memory_map *memory;
	const json_t *frames; /* [[first, count], …] of the buffer */
	uint64_t page_frames; /* base pages of a page of the buffer */
	const char *release;  /* of the kernel, as uname -r has it */
};

struct line_name {
	char what[48];	/* "head page", "inode", "base page" */
	char field[64]; /* "_refcount", "ext2_inode_cache+0x1b8"; "" for none */
};

/* address as in a trace; function: the one that works on it, or NULL. */
void line_name(const struct lines *l, uint64_t address, const char *function,
	       struct line_name *name);

#endif
