// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Regions of the kernel's address space without randomisation and with 4-level page
 * tables are those of Documentation/arch/x86/x86_64/mm.rst.
 */
#include "lines.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/point.h"
#include "include/trace_format.h"

#define STRUCT_PAGE 64
#define DIRECT_SIZE (1ull << 46)
#define PAGES_SIZE (1ull << 40)
#define VMALLOC 0xffffc90000000000ull
#define VMALLOC_SIZE (1ull << 45)
#define IMAGE 0xffffffff80000000ull

struct field {
	unsigned int offset;
	const char *name;
};

/* struct page of include/linux/mm_types.h: offsets that 4.18 to 6.12 have in common. */
static const struct field page_fields[] = {
	{0x00, "flags"},   {0x08, "lru"},	{0x18, "mapping"},   {0x20, "index"},
	{0x28, "private"}, {0x30, "_mapcount"}, {0x34, "_refcount"}, {0x38, "memcg_data"},
};

static const struct field tail_fields[] = {
	{0x00, "flags"},     {0x08, "compound_head"}, {0x10, "+0x10"},
	{0x30, "_mapcount"}, {0x34, "_refcount"},     {0x38, "+0x38"},
};

/* The first tail of 5.18 to 6.1 (struct page, "Tail pages of compound page"). */
static const struct field first_tail_fields[] = {
	{0x00, "flags"},
	{0x08, "compound_head"},
	{0x10, "compound_dtor"},
	{0x14, "compound_mapcount"},
	{0x18, "compound_pincount"},
	{0x1c, "compound_nr"},
	{0x20, "+0x20"},
	{0x30, "_mapcount"},
	{0x34, "_refcount"},
	{0x38, "+0x38"},
};

#define FIELD(fields, offset) field_at(fields, sizeof(fields) / sizeof(fields[0]), offset)

static const char *field_at(const struct field *fields, size_t count, unsigned int offset)
{
	while (count > 1 && fields[count - 1].offset > offset)
		count--;
	return fields[count - 1].name;
}

/* What the objects of a slab cache are; the first pattern that fits. */
static const char *const caches[][2] = {
	{"*inode_cache*", "inode"},
	{"*_inode", "inode"},
	{"bdev_cache", "inode"},
	{"request_queue*", "request queue"},
	{"bio*", "bio"},
	{"biovec*", "bio"},
	{"filp", "file"},
	{"dentry", "dentry"},
	{"mm_struct", "mm"},
	{"task_struct", "task"},
	{"signal_cache", "task"},
	{"sighand_cache", "task"},
	{"files_cache", "task"},
	{"kiocb", "aio request"},
	{"aio_kiocb", "aio request"},
	{"kioctx", "aio context"},
	{"io_kiocb", "io_uring request"},
	{"vm_area_struct", "vma"},
	{"anon_vma*", "anon_vma"},
	{"dio", "direct-io state"},
};

/* What memory is whose functions of these names work on, where the cache does not tell. */
static const char *const users[][2] = {
	{"sbitmap*", "tags"},	  {"blk_mq_*tag*", "tags"},
	{"__sbitmap*", "tags"},	  {"io_*", "io_uring"},
	{"aio_*", "aio context"}, {"percpu_ref*", "reference count of many CPUs"},
};

#define FIRST_MATCH(table, name) first_match(table, sizeof(table) / sizeof(table[0]), name)

static const char *first_match(const char *const (*table)[2], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(table[i][0], name, 0))
			return table[i][1];
	return NULL;
}

/* Is the frame one of the buffer's? */
static bool in_buffer(const struct lines *l, uint64_t frame)
{
	for (size_t i = 0; i < json_array_size(l->frames); i++) {
		const json_t *run = json_array_get(l->frames, i);
		uint64_t first = json_integer_value(json_array_get(run, 0));

		if (frame >= first &&
		    frame - first < (uint64_t)json_integer_value(json_array_get(run, 1)))
			return true;
	}
	return false;
}

/* 5.18 (compound_pincount in the first tail) to 6.1; later ones are other structs. */
static bool knows_first_tail(const char *release)
{
	unsigned int major = 0, minor = 0;

	sscanf(release, "%u.%u", &major, &minor);
	return (major == 5 && minor >= 18) || (major == 6 && minor <= 1);
}

/* A struct page. */
static void name_page(const struct lines *l, uint64_t offset, struct line_name *n)
{
	uint64_t frame = offset / STRUCT_PAGE, place = frame % l->page_frames;
	unsigned int at = offset % STRUCT_PAGE;
	const char *field = FIELD(page_fields, at), *what;

	if (!in_buffer(l, frame)) {
		what = "other page";
	} else if (l->page_frames == 1) {
		what = "base page";
	} else if (place == 0) {
		what = "head page";
	} else if (place == 1) {
		what = "first tail page";
		field = knows_first_tail(l->release) ? FIELD(first_tail_fields, at)
						     : FIELD(tail_fields, at);
	} else {
		what = "tail page";
		field = FIELD(tail_fields, at);
	}
	snprintf(n->what, sizeof(n->what), "%s", what);
	snprintf(n->field, sizeof(n->field), "%s", field);
}

static void put_offset(struct line_name *n, const char *name, uint64_t offset)
{
	if (offset)
		snprintf(n->field, sizeof(n->field), "%.48s+0x%llx", name,
			 (unsigned long long)offset);
	else
		snprintf(n->field, sizeof(n->field), "%s", name);
}

/* Memory of the direct map, or what else the map of the kernel's memory knows. */
static bool name_memory(const struct lines *l, uint64_t address, const char *function,
			struct line_name *n)
{
	struct memory_place place;
	const char *what, *variable;
	uint64_t offset;

	if (!memory_map_find(l->memory, address, &place))
		return false;
	if (place.cpu >= 0) {
		variable = symbols_percpu(l->symbols, place.percpu_offset, &offset);
		snprintf(n->what, sizeof(n->what), "per-CPU data");
		snprintf(n->field, sizeof(n->field), "%s", variable ? variable : "");
		return true;
	}
	if (!place.cache)
		return false;
	what = FIRST_MATCH(caches, place.cache);
	if (!what && function)
		what = FIRST_MATCH(users, function);
	snprintf(n->what, sizeof(n->what), "%s", what ? what : "slab");
	put_offset(n, place.cache, place.offset);
	return true;
}

void line_name(const struct lines *l, uint64_t address, const char *function,
	       struct line_name *name)
{
	uint64_t pages = memory_map_pages(l->memory), direct = memory_map_direct(l->memory), offset;
	const char *what = "other kernel memory", *variable;

	*name = (struct line_name){0};
	if ((int64_t)address >= 0) {
		uint64_t frame = (address & ~TRACE_PHYSICAL) / BASE_PAGE;

		what = address & TRACE_PHYSICAL && in_buffer(l, frame) ? "buffer" : "user memory";
	} else if (address >= pages && address - pages < PAGES_SIZE) {
		name_page(l, address - pages, name);
		return;
	} else if (name_memory(l, address, function, name)) {
		return;
	} else if (address >= direct && address - direct < DIRECT_SIZE) {
		if (in_buffer(l, (address - direct) / BASE_PAGE))
			what = "buffer";
		else if (function && FIRST_MATCH(users, function))
			what = FIRST_MATCH(users, function);
	} else if (address >= VMALLOC && address - VMALLOC < VMALLOC_SIZE) {
		what = "vmalloc (stacks)";
	} else if (address >= IMAGE) {
		variable = symbols_variable(l->symbols, address, &offset);
		what = "kernel data";
		if (variable)
			snprintf(name->field, sizeof(name->field), "%s", variable);
	}
	snprintf(name->what, sizeof(name->what), "%s", what);
}
