/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What kernel memory is what: which slab cache has which pages, and where the
 * per-CPU sections are. Written on the kernel that is described, so that an
 * address seen there can be named later and elsewhere. A text file:
 *
 *	pinscale-memory 1
 *	direct HEX                           where the direct map begins
 *	pages HEX                            where the array of struct page begins
 *	percpu-start HEX                     __per_cpu_start; 0 without this line
 *	percpu-size BYTES                    of the static per-CPU section
 *	percpu CPU HEX                       __per_cpu_offset[CPU]
 *	slab FIRST_PFN PAGES SIZE NAME       a slab, and the size of its objects
 *
 * HEX is without 0x, other numbers are decimal. x86-64 only.
 */
#ifndef PINSCALE_MEMORY_MAP_H
#define PINSCALE_MEMORY_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "include/error.h"

struct memory_map;

struct memory_place {
	const char *cache;	  /* of slabs, NULL: none; lives as long as the map */
	unsigned int object_size; /* bytes from an object to the next */
	unsigned int offset;	  /* in the object, bytes */
	int cpu;		  /* whose per-CPU section, -1: none */
	uint64_t percpu_offset;	  /* what kallsyms has for the per-CPU symbol there, -1: none */
};

/*
 * Writes the map of the running kernel, which is root's to do. 0, or -1 with the
 * error set: what could not be read, and what the kernel needs for it. Slabs come
 * and go: those of the moment are in it. Caches that the kernel has merged have
 * the name of the first of them; a kernel started with slab_nomerge merges none.
 * From /proc/kallsyms (CONFIG_KALLSYMS_ALL), /proc/kpageflags
 * (CONFIG_PROC_PAGE_MONITOR) and /proc/kcore (CONFIG_PROC_KCORE), for SLUB.
 */
int memory_map_write(const char *path, struct error *e);

/*
 * Reads a map, to be freed, or NULL with the error set: unreadable, of another
 * version, damaged. A last line without its end is left out.
 */
struct memory_map *memory_map_read(const char *path, struct error *e);
void memory_map_free(struct memory_map *m);

/*
 * What is at a kernel virtual address: an object of a slab or a place in a CPU's
 * static per-CPU section. False if the map does not know. Logarithmic in the
 * number of slabs.
 */
bool memory_map_find(const struct memory_map *m, uint64_t address, struct memory_place *p);

/* Where the direct map of all memory begins (page_offset_base), a virtual address. */
uint64_t memory_map_direct(const struct memory_map *m);

/* Where the array of struct page begins (vmemmap_base), a virtual address. */
uint64_t memory_map_pages(const struct memory_map *m);

#endif
