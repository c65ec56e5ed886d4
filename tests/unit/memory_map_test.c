// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The map of a kernel's memory names objects of slabs and places in per-CPU
 * sections, and nothing beside them; a torn map gives what it has, and a map of
 * another version or a damaged one is refused with a sentence that helps.
 */
#include "testing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/memory_map.h"

#define DIRECT 0xffff888000000000ull
#define CPU0 0xffff88807dc00000ull
#define CPU1 0xffff88807dd00000ull
#define PAGE 4096ull

#define BASES "direct ffff888000000000\npages ffffea0000000000\n"
#define HEADER "pinscale-memory 1\n" BASES

/* Objects of 800 bytes: five a page, of a slab of four pages 20, with 384 bytes left. */
static const char whole[] = HEADER "percpu-size 172032\n"
				   "percpu 0 ffff88807dc00000\n"
				   "percpu 1 ffff88807dd00000\n"
				   "slab 256 1 64 kmalloc-64\n"
				   "slab 260 4 800 ext2_inode_cache\n"
				   "slab 264 4 800 ext2_inode_cache\n"
				   "slab 4194304 1 192 two words\n";

static struct memory_map *map_of(const char *text)
{
	struct memory_map *m;
	struct error e = {""};

	put_file("map", text);
	m = memory_map_read("map", &e);
	if (!m)
		fail_msg("%s", e.text);
	return m;
}

static void assert_object(const struct memory_map *m, uint64_t address, const char *cache,
			  unsigned int size, unsigned int offset)
{
	struct memory_place p;

	if (!memory_map_find(m, address, &p) || !p.cache)
		fail_msg("0x%llx is not found in a slab", (unsigned long long)address);
	assert_string_equal(p.cache, cache);
	assert_int_equal(p.object_size, size);
	assert_int_equal(p.offset, offset);
	assert_int_equal(p.cpu, -1);
}

static void assert_percpu(const struct memory_map *m, uint64_t address, int cpu, uint64_t offset)
{
	struct memory_place p;

	if (!memory_map_find(m, address, &p))
		fail_msg("0x%llx is not found", (unsigned long long)address);
	assert_null(p.cache);
	assert_int_equal(p.cpu, cpu);
	assert_int_equal(p.percpu_offset, offset);
}

static void assert_unknown(const struct memory_map *m, uint64_t address)
{
	struct memory_place p;

	if (memory_map_find(m, address, &p))
		fail_msg("0x%llx is found", (unsigned long long)address);
	assert_null(p.cache);
	assert_int_equal(p.cpu, -1);
}

static void objects_are_found_in_their_slab(void **state)
{
	struct memory_map *m = map_of(whole);
	uint64_t inodes = DIRECT + 260 * PAGE;

	(void)state;
	assert_int_equal(memory_map_direct(m), DIRECT);
	assert_int_equal(memory_map_pages(m), 0xffffea0000000000ull);
	assert_object(m, DIRECT + 256 * PAGE, "kmalloc-64", 64, 0);
	assert_object(m, DIRECT + 256 * PAGE + 4095, "kmalloc-64", 64, 63);
	/* The first and second object, one that crosses pages, and the last page. */
	assert_object(m, inodes, "ext2_inode_cache", 800, 0);
	assert_object(m, inodes + 800 + 0x1b8, "ext2_inode_cache", 800, 0x1b8);
	assert_object(m, inodes + 5 * 800 + 799, "ext2_inode_cache", 800, 799);
	assert_object(m, inodes + 19 * 800 + 799, "ext2_inode_cache", 800, 799);
	/* Objects are counted from the start of each slab. */
	assert_object(m, DIRECT + 264 * PAGE + 8, "ext2_inode_cache", 800, 8);
	assert_object(m, DIRECT + 4194304 * PAGE + 200, "two words", 192, 8);
	memory_map_free(m);
}

static void what_is_in_no_object_is_unknown(void **state)
{
	struct memory_map *m = map_of(whole);

	(void)state;
	assert_unknown(m, 0);
	assert_unknown(m, 260 * PAGE);
	assert_unknown(m, DIRECT - 1);
	assert_unknown(m, DIRECT);
	assert_unknown(m, DIRECT + 256 * PAGE - 1);
	assert_unknown(m, DIRECT + 257 * PAGE);
	assert_unknown(m, DIRECT + 260 * PAGE - 1);
	/* Behind the last object of a slab, though in its last page. */
	assert_unknown(m, DIRECT + 260 * PAGE + 20 * 800);
	assert_unknown(m, DIRECT + 264 * PAGE - 1);
	assert_unknown(m, DIRECT + 268 * PAGE);
	assert_unknown(m, DIRECT + 4194305 * PAGE);
	assert_unknown(m, 0xffffffff81000000ull);
	assert_unknown(m, UINT64_MAX);
	memory_map_free(m);
}

static void percpu_places_are_those_of_a_cpu(void **state)
{
	struct memory_map *m = map_of(whole);

	(void)state;
	assert_percpu(m, CPU0, 0, 0);
	assert_percpu(m, CPU0 + 0x1fac0, 0, 0x1fac0);
	assert_percpu(m, CPU1 + 0x1fac0, 1, 0x1fac0);
	assert_percpu(m, CPU1 + 172031, 1, 172031);
	assert_unknown(m, CPU0 - 1);
	assert_unknown(m, CPU0 + 172032);
	assert_unknown(m, CPU1 + 172032);
	memory_map_free(m);
}

/* Kernels whose per-CPU symbols are not counted from 0 have offsets that wrap. */
static void percpu_symbols_may_begin_anywhere(void **state)
{
	struct memory_map *m = map_of(HEADER "percpu-start ffffffff83000000\npercpu-size 65536\n"
					     "percpu 1 ffff8880fad00000\n");

	(void)state;
	assert_percpu(m, CPU1 + 64, 1, 0xffffffff83000040ull);
	assert_unknown(m, CPU1 - 1);
	assert_unknown(m, CPU1 + 65536);
	memory_map_free(m);
}

static void slabs_need_not_be_in_order(void **state)
{
	struct memory_map *m = map_of(HEADER "slab 300 2 1024 filp\nslab 20 1 192 dentry\n"
					     "slab 100 1 128 buffer_head\n");

	(void)state;
	assert_object(m, DIRECT + 20 * PAGE + 192, "dentry", 192, 0);
	assert_object(m, DIRECT + 100 * PAGE + 129, "buffer_head", 128, 1);
	assert_object(m, DIRECT + 301 * PAGE, "filp", 1024, 0);
	memory_map_free(m);
}

/* Wherever the end is missing, what is before it is whole. */
static void a_torn_map_gives_what_it_has(void **state)
{
	char text[sizeof(whole)];

	(void)state;
	for (size_t length = sizeof(HEADER) - 1; length < sizeof(whole); length++) {
		struct memory_map *m;
		struct memory_place p;

		memcpy(text, whole, length);
		text[length] = '\0';
		m = map_of(text);
		/* Never a name without its end. */
		if (memory_map_find(m, DIRECT + 260 * PAGE, &p))
			assert_string_equal(p.cache, "ext2_inode_cache");
		assert_int_equal(memory_map_find(m, DIRECT + 4194304 * PAGE, &p),
				 length == sizeof(whole) - 1);
		memory_map_free(m);
	}
}

static void assert_refused(const char *text, const char *why)
{
	struct error e = {""};

	put_file("map", text);
	assert_null(memory_map_read("map", &e));
	assert_contains(e.text, "map");
	assert_contains(e.text, why);
}

static void other_files_are_refused_with_a_reason(void **state)
{
	struct error e = {""};

	(void)state;
	assert_refused("pinscale-memory 2\n" BASES, "version 2; this pinscale reads version 1");
	assert_refused("pinscale-memory 10\n" BASES, "version 10");
	assert_refused("pinscale-memory one\n" BASES, "version one");
	assert_refused("pinscale-memory\n" BASES, "not a map");
	assert_refused("MemTotal: 1 kB\n", "not a map");
	assert_refused("", "not a map");
	assert_refused("pinscale-memory 1", "not a map");
	assert_refused("pinscale-memory 1\ndirect ffff888000000000\npages ffff", "ends before");
	assert_null(memory_map_read("nothing", &e));
	assert_contains(e.text, "nothing: No such file");
}

static void damaged_lines_are_named(void **state)
{
	static const char *const damaged[] = {
		"slab 256 1 0 kmalloc-64",
		"slab 256 0 64 kmalloc-64",
		"slab 256 1 64",
		"slab 256 1 64 ",
		"slab many 1 64 dentry",
		"slab",
		"direct",
		"direct here",
		"pages ffffea0000000000 2",
		"percpu 0",
		"percpu -1 ffff",
		"percpu 0 ffff more",
		"percpu-size 12345678901234567890123",
		"page 4096",
		"",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++) {
		snprintf(text, sizeof(text), HEADER "%s\nslab 300 2 1024 filp\n", damaged[i]);
		assert_refused(text, "line 4");
		assert_refused(text, damaged[i]);
	}
}

/* Here, if the kernel lets it be read; else the sentence says what is missing. */
static void this_kernel_is_written_or_says_why_not(void **state)
{
	struct error e = {""};
	struct memory_map *m;

	(void)state;
	if (memory_map_write("map", &e)) {
		assert_int_not_equal(access("map", F_OK), 0);
		assert_true(strlen(e.text) > 0);
		skip_because("%s", e.text);
	}
	m = memory_map_read("map", &e);
	if (!m)
		fail_msg("%s", e.text);
	assert_true(memory_map_direct(m) >= 0xff00000000000000ull);
	memory_map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(objects_are_found_in_their_slab),
		scratch_test(what_is_in_no_object_is_unknown),
		scratch_test(percpu_places_are_those_of_a_cpu),
		scratch_test(percpu_symbols_may_begin_anywhere),
		scratch_test(slabs_need_not_be_in_order),
		scratch_test(a_torn_map_gives_what_it_has),
		scratch_test(other_files_are_refused_with_a_reason),
		scratch_test(damaged_lines_are_named),
		scratch_test(this_kernel_is_written_or_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
