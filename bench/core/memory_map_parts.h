/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading and writing of core/memory_map.h have in common. */
#ifndef PINSCALE_MEMORY_MAP_PARTS_H
#define PINSCALE_MEMORY_MAP_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "memory_map.h"

#define VERSION 1
#define MAGIC "pinscale-memory"
#define PAGE 4096
#define NAME_SIZE 64
#define MOST_CPUS 8192
#define PAGES_DEFAULT 0xffffea0000000000ull

/* Of arch/x86/include/asm/page_64_types.h and pgtable_64_types.h, with 4-level page tables. */
#define DIRECT_DEFAULT 0xffff888000000000ull
#define PAGES_DEFAULT 0xffffea0000000000ull
#define KERNEL_HALF 0xff00000000000000ull

/* Places where struct slab may have its kmem_cache. */
#define CACHE_MEMBERS 2

struct slab {
	uint64_t first;		      /* pfn */
	uint64_t pages;		      /* in a row */
	unsigned int size;	      /* of an object */
	const char *name;	      /* of the cache */
	uint64_t word[CACHE_MEMBERS]; /* what may be its kmem_cache; when writing */
};

struct percpu {
	int cpu;
	uint64_t offset;
};

struct memory_map {
	char *text; /* of the file, which has the names */
	uint64_t direct, pages;
	uint64_t percpu_start, percpu_size;
	struct percpu *percpu;
	size_t percpus;
	struct slab *slabs; /* by their first pfn */
	size_t count;
};

/* Each adds a copy at the end. 0 or -1. */
int memory_map_add_slab(struct memory_map *m, const struct slab *s, struct error *e);
int memory_map_add_percpu(struct memory_map *m, const struct percpu *p, struct error *e);

/* The slab whose pages an address of the direct map is in, or NULL. */
struct slab *memory_map_slab(const struct memory_map *m, uint64_t address);

/* Says that there is no memory. -1. */
int memory_map_no_room(struct error *e);

/* Room for one more behind those of an array, which grows at every power of two. NULL: none. */
void *memory_map_room(void *array, size_t count, size_t size);

#endif
