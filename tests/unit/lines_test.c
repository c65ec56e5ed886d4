// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An address has the name of what is there: the struct pages of a buffer by their place in
 * a huge page and by field, objects of slabs, per-CPU and other data of the
 * kernel's, and what is user space's.
 */
#include "testing.h"

#include <string.h>

#include "core/lines.h"
#include "include/trace_format.h"

#define PAGES 0xffffea0000000000ull
#define DIRECT 0xffff888000000000ull
#define CPU0 0xffff88807dc00000ull
#define CPU1 0xffff88807dd00000ull
#define VMALLOC 0xffffc90000000000ull
#define PAGE 4096ull

/* Two huge pages, one after the other, and one somewhere else. */
#define FIRST 0x8000ull
#define OTHER 0xa000ull
#define FRAMES "[[32768, 1024], [40960, 512]]"

static const char map[] =
	"pinscale-memory 1\n"
	"direct ffff888000000000\n"
	"pages ffffea0000000000\n"
	"percpu-start 0\n"
	"percpu-size 172032\n"
	"percpu 0 ffff88807dc00000\n"
	"percpu 1 ffff88807dd00000\n"
	"slab 256 1 64 kmalloc-64\n"
	"slab 260 4 800 ext2_inode_cache\n"
	"slab 264 1 256 kmalloc-256\n"
	"slab 265 1 256 filp\n"
	"slab 266 1 192 aio_kiocb\n"
	"slab 267 1 576 kioctx\n"
	"slab 268 1 1024 mm_struct\n"
	"slab 269 1 200 a_cache_with_a_name_that_is_longer_than_any_that_linux_has\n"
	"slab 270 1 1664 bdev_cache\n"
	"slab 271 1 2048 request_queue_srcu\n"
	"slab 272 1 248 io_kiocb\n";

static const char kallsyms[] = "0000000000000000 A fixed_percpu_data\n"
			       "000000000001fac0 A runqueues\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff82000000 D init_task\n"
			       "ffffffff83000000 b tunable\n"
			       "ffffffffc0004000 d module_data\t[ext2]\n";

static struct symbols *symbols;
static struct memory_map *memory;
static json_t *frames;
static struct lines lines;

static int setup_with(void **state, const char *map_text, const char *symbols_text)
{
	struct error e = {""};

	if (scratch_setup(state))
		return -1;
	put_file("map", map_text);
	put_file("symbols", symbols_text);
	symbols = symbols_read("symbols", &e);
	memory = memory_map_read("map", &e);
	frames = json_loads(FRAMES, 0, NULL);
	lines = (struct lines){
		.symbols = symbols,
		.memory = memory,
		.frames = frames,
		.page_frames = 512,
		.release = "6.1.192-stock",
	};
	return symbols && memory && frames ? 0 : -1;
}

static int setup(void **state)
{
	return setup_with(state, map, kallsyms);
}

static int teardown(void **state)
{
	symbols_free(symbols);
	memory_map_free(memory);
	json_decref(frames);
	return scratch_teardown(state);
}

static void assert_line_by(uint64_t address, const char *function, const char *what,
			   const char *field)
{
	struct line_name n = {"?", "?"};

	line_name(&lines, address, function, &n);
	if (strcmp(n.what, what) || strcmp(n.field, field))
		fail_msg("0x%llx is '%s: %s', not '%s: %s'", (unsigned long long)address, n.what,
			 n.field, what, field);
}

static void assert_line(uint64_t address, const char *what, const char *field)
{
	assert_line_by(address, NULL, what, field);
}

/* Of the struct page of that frame. */
static void assert_page(uint64_t frame, unsigned int offset, const char *what, const char *field)
{
	assert_line(PAGES + 64 * frame + offset, what, field);
}

static void pages_of_a_huge_page_are_told_apart(void **state)
{
	(void)state;
	assert_page(FIRST, 0x34, "head page", "_refcount");
	assert_page(FIRST, 0x30, "head page", "_mapcount");
	assert_page(FIRST, 0, "head page", "flags");
	assert_page(FIRST, 7, "head page", "flags");
	assert_page(FIRST, 8, "head page", "lru");
	assert_page(FIRST, 0x10, "head page", "lru");
	assert_page(FIRST, 0x18, "head page", "mapping");
	assert_page(FIRST, 0x20, "head page", "index");
	assert_page(FIRST, 0x2f, "head page", "private");
	assert_page(FIRST, 0x3f, "head page", "memcg_data");
	assert_page(FIRST + 1, 0x34, "first tail page", "_refcount");
	assert_page(FIRST + 2, 0x34, "tail page", "_refcount");
	assert_page(FIRST + 2, 0x30, "tail page", "_mapcount");
	assert_page(FIRST + 2, 8, "tail page", "compound_head");
	assert_page(FIRST + 2, 0x38, "tail page", "+0x38");
	assert_page(FIRST + 511, 0, "tail page", "flags");
	/* The second huge page of a run, and one of another. */
	assert_page(FIRST + 512, 0x34, "head page", "_refcount");
	assert_page(FIRST + 513, 0x34, "first tail page", "_refcount");
	assert_page(FIRST + 1023, 0x34, "tail page", "_refcount");
	assert_page(OTHER, 0x34, "head page", "_refcount");
	assert_page(OTHER + 511, 0x34, "tail page", "_refcount");
}

static void pages_of_others_are_others(void **state)
{
	(void)state;
	assert_page(0, 0, "other page", "flags");
	assert_page(FIRST - 1, 0x34, "other page", "_refcount");
	assert_page(FIRST + 1024, 0x34, "other page", "_refcount");
	assert_page(OTHER - 1, 0x30, "other page", "_mapcount");
	assert_page(OTHER + 512, 0x34, "other page", "_refcount");
	lines.frames = NULL;
	assert_page(FIRST, 0x34, "other page", "_refcount");
}

static void base_pages_are_base_pages(void **state)
{
	(void)state;
	lines.page_frames = 1;
	assert_page(FIRST, 0x34, "base page", "_refcount");
	assert_page(FIRST + 1, 0x18, "base page", "mapping");
	assert_page(FIRST + 1, 8, "base page", "lru");
	assert_page(FIRST + 1024, 0x34, "other page", "_refcount");
}

/* Of 64k: 16 base pages. */
static void a_buffer_may_be_of_smaller_pages(void **state)
{
	(void)state;
	lines.page_frames = 16;
	assert_page(FIRST + 16, 0x34, "head page", "_refcount");
	assert_page(FIRST + 17, 0x34, "first tail page", "_refcount");
	assert_page(FIRST + 31, 0x34, "tail page", "_refcount");
}

/* struct page's first tail held other counts from 5.18 until there was struct folio's. */
static void the_first_tail_is_that_of_the_release(void **state)
{
	static const char *const known[] = {"5.18.0", "5.19.17-foo", "6.0.1", "6.1.192-stock"};
	static const char *const unknown[] = {"5.17.9", "5.4.0", "4.18.0", "6.2.0",
					      "6.12.1", "7.0.0", "",	   "next"};

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		lines.release = known[i];
		assert_page(FIRST + 1, 0x10, "first tail page", "compound_dtor");
		assert_page(FIRST + 1, 0x14, "first tail page", "compound_mapcount");
		assert_page(FIRST + 1, 0x18, "first tail page", "compound_pincount");
		assert_page(FIRST + 1, 0x1c, "first tail page", "compound_nr");
		assert_page(FIRST + 2, 0x18, "tail page", "+0x10");
	}
	for (size_t i = 0; i < COUNT(unknown); i++) {
		lines.release = unknown[i];
		assert_page(FIRST + 1, 8, "first tail page", "compound_head");
		assert_page(FIRST + 1, 0x18, "first tail page", "+0x10");
		assert_page(FIRST + 1, 0x34, "first tail page", "_refcount");
	}
}

static void objects_are_what_their_cache_is_for(void **state)
{
	(void)state;
	assert_line(DIRECT + 260 * PAGE + 0x1b8, "inode", "ext2_inode_cache+0x1b8");
	assert_line(DIRECT + 260 * PAGE + 800, "inode", "ext2_inode_cache");
	assert_line(DIRECT + 260 * PAGE + 5 * 800 + 64, "inode", "ext2_inode_cache+0x40");
	assert_line(DIRECT + 265 * PAGE + 256 + 8, "file", "filp+0x8");
	assert_line(DIRECT + 266 * PAGE, "aio request", "aio_kiocb");
	assert_line(DIRECT + 267 * PAGE, "aio context", "kioctx");
	assert_line(DIRECT + 268 * PAGE + 1024 + 0x40, "mm", "mm_struct+0x40");
	assert_line(DIRECT + 270 * PAGE, "inode", "bdev_cache");
	assert_line(DIRECT + 271 * PAGE, "request queue", "request_queue_srcu");
	assert_line(DIRECT + 272 * PAGE, "io_uring request", "io_kiocb");
	/* What the cache does not tell, who works on it may. */
	assert_line_by(DIRECT + 264 * PAGE, "sbitmap_get", "tags", "kmalloc-256");
	assert_line_by(DIRECT + 264 * PAGE + 64, "__sbitmap_queue_get", "tags", "kmalloc-256+0x40");
	assert_line_by(DIRECT + 264 * PAGE, "blk_mq_get_tag", "tags", "kmalloc-256");
	assert_line_by(DIRECT + 264 * PAGE, "io_submit_sqes", "io_uring", "kmalloc-256");
	assert_line_by(DIRECT + 264 * PAGE, "aio_complete", "aio context", "kmalloc-256");
	assert_line_by(DIRECT + 264 * PAGE, "vfs_read", "slab", "kmalloc-256");
	assert_line(DIRECT + 264 * PAGE, "slab", "kmalloc-256");
	/* But not where it does. */
	assert_line_by(DIRECT + 265 * PAGE, "aio_complete", "file", "filp");
}

static void long_names_are_cut(void **state)
{
	(void)state;
	assert_line(DIRECT + 269 * PAGE + 8, "slab",
		    "a_cache_with_a_name_that_is_longer_than_any_that+0x8");
}

static void percpu_data_have_their_symbol(void **state)
{
	(void)state;
	assert_line(CPU0, "per-CPU data", "fixed_percpu_data");
	assert_line(CPU0 + 0x1fabf, "per-CPU data", "fixed_percpu_data");
	assert_line(CPU0 + 0x1fac0, "per-CPU data", "runqueues");
	assert_line(CPU1 + 0x1fac8, "per-CPU data", "runqueues");
	assert_line(CPU1 + 172031, "per-CPU data", "runqueues");
	assert_line(CPU1 + 172032, "other kernel memory", "");
}

static int percpu_setup(void **state)
{
	return setup_with(state,
			  "pinscale-memory 1\n"
			  "direct ffff888000000000\n"
			  "pages ffffea0000000000\n"
			  "percpu-start ffffffff83000000\n"
			  "percpu-size 65536\n"
			  "percpu 1 ffff8880fad00000\n",
			  "ffffffff81000000 T _stext\n"
			  "ffffffff82000000 D init_task\n"
			  "ffffffff83000000 D fixed_percpu_data\n"
			  "ffffffff83000040 D runqueues\n");
}

/* Of kernels whose per-CPU symbols are not counted from 0 (x86-64 since 6.15). */
static void percpu_symbols_may_begin_anywhere(void **state)
{
	(void)state;
	assert_line(CPU1, "per-CPU data", "fixed_percpu_data");
	assert_line(CPU1 + 64, "per-CPU data", "runqueues");
}

static void the_kernels_data_have_their_symbol(void **state)
{
	(void)state;
	assert_line(0xffffffff82000000, "kernel data", "init_task");
	assert_line(0xffffffff82000040, "kernel data", "init_task");
	assert_line(0xffffffff83000004, "kernel data", "tunable");
	assert_line(0xffffffffc0004000, "kernel data", "module_data");
	/* Before any variable. */
	assert_line(0xffffffff81000000, "kernel data", "");
}

static void the_rest_of_the_kernels_memory_is_told_by_its_region(void **state)
{
	(void)state;
	assert_line(VMALLOC, "vmalloc (stacks)", "");
	assert_line(VMALLOC + 0x3fc8, "vmalloc (stacks)", "");
	assert_line(VMALLOC + (1ull << 45) - 1, "vmalloc (stacks)", "");
	assert_line(VMALLOC + (1ull << 45), "other kernel memory", "");
	assert_line(VMALLOC - 1, "other kernel memory", "");
	/* Of the direct map, what is no slab's and no CPU's. */
	assert_line(DIRECT, "other kernel memory", "");
	assert_line(DIRECT + 300 * PAGE, "other kernel memory", "");
	assert_line_by(DIRECT + 300 * PAGE, "sbitmap_put", "tags", "");
	assert_line_by(DIRECT + 300 * PAGE, "percpu_ref_exit", "reference count of many CPUs", "");
	assert_line_by(DIRECT + 300 * PAGE, "vfs_read", "other kernel memory", "");
	assert_line(DIRECT + FIRST * PAGE, "buffer", "");
	assert_line(DIRECT + (FIRST + 1024) * PAGE - 1, "buffer", "");
	assert_line(DIRECT + (FIRST + 1024) * PAGE, "other kernel memory", "");
	assert_line(PAGES - 1, "other kernel memory", "");
	assert_line(PAGES + (1ull << 40), "other kernel memory", "");
	assert_line(1ull << 63, "other kernel memory", "");
}

static void user_memory_is_the_buffer_or_not(void **state)
{
	(void)state;
	assert_line(TRACE_PHYSICAL | FIRST * PAGE, "buffer", "");
	assert_line(TRACE_PHYSICAL | ((FIRST + 1024) * PAGE - 1), "buffer", "");
	assert_line(TRACE_PHYSICAL | (OTHER * PAGE + 8), "buffer", "");
	assert_line(TRACE_PHYSICAL | (FIRST * PAGE - 1), "user memory", "");
	assert_line(TRACE_PHYSICAL | (FIRST + 1024) * PAGE, "user memory", "");
	assert_line(TRACE_PHYSICAL, "user memory", "");
	assert_line_by(TRACE_PHYSICAL | 64, "sbitmap_put", "user memory", "");
	assert_line(0x7fff00001040, "user memory", "");
}

/* The plugin gives such an address where there is no memory behind it. */
static void a_virtual_address_is_no_frame(void **state)
{
	(void)state;
	assert_line(FIRST * PAGE, "user memory", "");
}

#define lines_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lines_test(pages_of_a_huge_page_are_told_apart),
		lines_test(pages_of_others_are_others),
		lines_test(base_pages_are_base_pages),
		lines_test(a_buffer_may_be_of_smaller_pages),
		lines_test(the_first_tail_is_that_of_the_release),
		lines_test(objects_are_what_their_cache_is_for),
		lines_test(long_names_are_cut),
		lines_test(percpu_data_have_their_symbol),
		cmocka_unit_test_setup_teardown(percpu_symbols_may_begin_anywhere, percpu_setup,
						teardown),
		lines_test(the_kernels_data_have_their_symbol),
		lines_test(the_rest_of_the_kernels_memory_is_told_by_its_region),
		lines_test(user_memory_is_the_buffer_or_not),
		lines_test(a_virtual_address_is_no_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
