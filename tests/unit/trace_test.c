// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A trace is read as it was written, and one that was cut off, spoilt or made up is
 * read as far as it is good: what is given on is always the beginning of what was written.
 */
#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "core/trace.h"
#include "trace_writer.h"

#define KERNEL 0xffffffff81000000ull
#define PAGES 0xffffea0000000000ull

static struct trace_writer writer;
static struct trace_text text, whole;

/* Where the blocks of a small trace end in the file, and its events up to there in its text. */
#define BLOCKS 4
static size_t ends[BLOCKS + 1];
static size_t text_ends[BLOCKS + 1];

static const char *const small_text[BLOCKS] = {
	"0 begin worker 0 trial 7\n"
	"0 locked after 12 at ffffffff81000010 on ffffea0000000074\n"
	"0 locked after 300 at ffffffff81000004 on ffffea0000000034\n"
	"0 operation after 9 ended 1 disturbed 0\n",
	"1 begin worker 1 trial 7\n"
	"1 load after 0 at 401000 on 4000000000123456\n"
	"1 store after 1 at ffffffff81000010 on ffffea0000000074\n"
	"1 operation after 20000 ended 32 disturbed 5\n",
	"0 operation after 1 ended 1 disturbed 2\n"
	"0 profile 1: 401000 of 3 ran 1\n"
	"0 profile 0: ffffffff81000000 of 20 ran 65536\n"
	"0 end 2\n",
	"1 end 32\n",
};

static void make_small(void)
{
	static const uint64_t entries[][3] = {{0x401000, 3, 1}, {KERNEL, 20, 65536}};
	struct trace_writer *w = &writer;

	trace_header(w, 2, 0, TRACE_INSTRUCTIONS | TRACE_ACCESSES);
	ends[0] = w->size;
	trace_begin(w, 0, 7);
	trace_access(w, TRACE_LOCKED, 12, KERNEL + 0x10, PAGES + 0x74);
	trace_access(w, TRACE_LOCKED, 300, KERNEL + 4, PAGES + 0x34);
	trace_operation(w, 0, 9, 1);
	trace_block(w, 0);
	ends[1] = w->size;
	trace_begin(w, 1, 7);
	trace_access(w, TRACE_LOAD, 0, 0x401000, TRACE_PHYSICAL | 0x123456);
	trace_access(w, TRACE_STORE, 1, KERNEL + 0x10, PAGES + 0x74);
	trace_operation(w, TRACE_INTERRUPT | TRACE_EXCEPTION, 20000, 32);
	trace_block(w, 1);
	ends[2] = w->size;
	trace_operation(w, TRACE_SWITCH, 1, 1);
	trace_profile(w, 1, entries, COUNT(entries));
	trace_end(w, 2);
	trace_block(w, 0);
	ends[3] = w->size;
	trace_end(w, 32);
	trace_block(w, 1);
	ends[4] = w->size;
	whole.used = 0;
	for (size_t i = 0; i < BLOCKS; i++) {
		strcpy(whole.text + whole.used, small_text[i]);
		whole.used += strlen(small_text[i]);
		text_ends[i + 1] = whole.used;
	}
}

/* How many of the small trace's blocks are whole in its first bytes. */
static size_t blocks_in(size_t length)
{
	size_t n = 0;

	while (n < BLOCKS && ends[n + 1] <= length)
		n++;
	return n;
}

/* Is the text that of the first blocks, and of nothing more? */
static void assert_blocks(size_t blocks, const char *what, size_t where)
{
	if (text.used == text_ends[blocks] && !memcmp(text.text, whole.text, text.used))
		return;
	fail_msg("%s %zu: of %zu whole blocks it gives '%s'", what, where, blocks, text.text);
}

static void events_come_back_as_they_were(void **state)
{
	struct trace_info info;

	(void)state;
	make_small();
	trace_save(&writer, "trace");
	trace_text_of("trace", &text, &info);
	assert_string_equal(text.text, whole.text);
	assert_int_equal(info.blocks, 4);
	assert_int_equal(info.events, 13);
	assert_int_equal(info.bytes, writer.size);
	assert_int_equal(info.crc, crc32(0, writer.file, writer.size));
	assert_false(info.truncated);
	assert_int_equal(info.header.cpus, 2);
	assert_int_equal(info.header.skip, 0);
	assert_int_equal(info.header.flags, TRACE_INSTRUCTIONS | TRACE_ACCESSES);
}

static void numbers_may_be_as_large_as_they_get(void **state)
{
	static const uint64_t numbers[] = {0,
					   1,
					   63,
					   64,
					   127,
					   128,
					   16383,
					   16384,
					   UINT32_MAX,
					   1ull << 32,
					   (1ull << 63) - 1,
					   1ull << 63,
					   UINT64_MAX,
					   UINT64_MAX - 1,
					   0x8000000000000001ull,
					   42};
	struct trace_info info;
	char wanted[8192];
	size_t used = 0;

	(void)state;
	trace_header(&writer, 300, 77, 0);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		uint64_t site = numbers[i], address = numbers[COUNT(numbers) - 1 - i];

		trace_access(&writer, TRACE_LOCKED, numbers[i], site, address);
		used += snprintf(wanted + used, sizeof(wanted) - used,
				 "299 locked after %llu at %llx on %llx\n",
				 (unsigned long long)numbers[i], (unsigned long long)site,
				 (unsigned long long)address);
	}
	trace_begin(&writer, UINT32_MAX, UINT32_MAX);
	trace_end(&writer, UINT64_MAX);
	snprintf(wanted + used, sizeof(wanted) - used,
		 "299 begin worker 4294967295 trial 4294967295\n299 end 18446744073709551615\n");
	trace_block(&writer, 299);
	trace_save(&writer, "trace");
	trace_text_of("trace", &text, &info);
	assert_string_equal(text.text, wanted);
	assert_false(info.truncated);
	assert_int_equal(info.header.cpus, 300);
	assert_int_equal(info.header.skip, 77);
}

static void a_trace_of_nothing_is_one(void **state)
{
	struct trace_info info;

	(void)state;
	trace_header(&writer, 1, 0, 0);
	trace_save(&writer, "trace");
	trace_text_of("trace", &text, &info);
	assert_int_equal(info.events, 0);
	assert_false(info.truncated);
	/* And blocks with nothing in them do no harm. */
	trace_block(&writer, 0);
	trace_end(&writer, 3);
	trace_block(&writer, 0);
	trace_save(&writer, "trace");
	trace_text_of("trace", &text, &info);
	assert_string_equal(text.text, "0 end 3\n");
	assert_int_equal(info.blocks, 2);
	assert_false(info.truncated);
}

static void a_cut_trace_gives_its_whole_blocks(void **state)
{
	struct trace_info info;
	struct error e = {""};

	(void)state;
	make_small();
	for (size_t length = 0; length <= writer.size; length++) {
		size_t blocks = blocks_in(length);

		put_bytes("trace", writer.file, length);
		if (length < sizeof(struct trace_header)) {
			assert_int_equal(trace_read("trace", trace_to_text, &text, &info, &e), -1);
			assert_contains(e.text, "trace is no trace");
			continue;
		}
		trace_text_of("trace", &text, &info);
		assert_blocks(blocks, "cut at", length);
		assert_int_equal(info.blocks, blocks);
		if (info.truncated != (length != ends[blocks]))
			fail_msg("cut at %zu: truncated is %d", length, info.truncated);
	}
}

static void a_spoilt_byte_ends_the_reading(void **state)
{
	struct trace_info info;

	(void)state;
	make_small();
	for (size_t block = 0; block < BLOCKS; block++)
		for (size_t at = ends[block]; at < ends[block + 1]; at++) {
			size_t place = at - ends[block];

			/* The CPU's number is not in the sum. */
			if (place >= 4 && place < 8)
				continue;
			for (unsigned int bit = 0; bit < 8; bit++) {
				writer.file[at] ^= 1u << bit;
				trace_save(&writer, "trace");
				writer.file[at] ^= 1u << bit;
				trace_text_of("trace", &text, &info);
				assert_blocks(block, "spoilt at", at);
				assert_int_equal(info.blocks, block);
				assert_true(info.truncated);
			}
		}
}

static void a_cpu_that_is_none_ends_the_reading(void **state)
{
	struct trace_info info;

	(void)state;
	make_small();
	writer.file[ends[1] + 4] = 2;
	trace_save(&writer, "trace");
	trace_text_of("trace", &text, &info);
	assert_blocks(1, "CPU 2 in block", 1);
	assert_true(info.truncated);
}

static void assert_refused(const char *why)
{
	struct trace_info info;
	struct error e = {""};

	text.events = 0;
	assert_int_equal(trace_read("trace", trace_to_text, &text, &info, &e), -1);
	assert_contains(e.text, "trace");
	assert_contains(e.text, why);
	assert_int_equal(text.events, 0);
}

static void other_files_are_refused_with_a_reason(void **state)
{
	struct trace_info info;
	struct error e = {""};

	(void)state;
	assert_int_equal(trace_read("nothing", trace_to_text, &text, &info, &e), -1);
	assert_contains(e.text, "nothing: No such file");
	put_file("trace", "");
	assert_refused("no trace");
	put_file("trace", "pintrace but then a text that goes on and on\n");
	assert_refused("version 1953");
	put_file("trace", "a text that is longer than the header of a trace\n");
	assert_refused("no trace");
	make_small();
	for (size_t i = 0; i < 8; i++) {
		writer.file[i] ^= 0x20;
		trace_save(&writer, "trace");
		assert_refused("no trace");
		writer.file[i] ^= 0x20;
	}
	writer.file[8] = 2;
	trace_save(&writer, "trace");
	assert_refused("version 2, and this pinscale reads version 1");
	writer.file[8] = 0;
	trace_save(&writer, "trace");
	assert_refused("version 0");
}

/* With all that is there flushed out at the ends of blocks. */
static void put_gzip(const char *path)
{
	gzFile f = gzopen(path, "wb9");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, writer.file, ends[0]), ends[0]);
	for (size_t i = 0; i < BLOCKS; i++) {
		assert_int_equal(gzflush(f, Z_FULL_FLUSH), Z_OK);
		assert_int_equal(gzwrite(f, writer.file + ends[i], ends[i + 1] - ends[i]),
				 ends[i + 1] - ends[i]);
	}
	assert_int_equal(gzclose(f), Z_OK);
}

static void a_compressed_trace_is_the_same(void **state)
{
	struct trace_info info;

	(void)state;
	make_small();
	put_gzip("trace.gz");
	trace_text_of("trace.gz", &text, &info);
	assert_string_equal(text.text, whole.text);
	assert_int_equal(info.bytes, writer.size);
	assert_int_equal(info.crc, crc32(0, writer.file, writer.size));
	assert_false(info.truncated);
}

/* Wherever it is cut, at the end of a block too: where events are missing it says so. */
static void a_cut_compressed_trace_says_so(void **state)
{
	static uint8_t packed[4096];
	struct trace_info info;
	struct error e;
	size_t size;
	FILE *f;

	(void)state;
	make_small();
	put_gzip("trace.gz");
	f = fopen("trace.gz", "re");
	assert_non_null(f);
	size = fread(packed, 1, sizeof(packed), f);
	fclose(f);
	assert_true(size > 64 && size < sizeof(packed));
	for (size_t length = 0; length < size; length++) {
		put_bytes("trace.gz", packed, length);
		text.used = 0;
		if (trace_read("trace.gz", trace_to_text, &text, &info, &e)) {
			assert_contains(e.text, "no trace");
			continue;
		}
		assert_true(text.used <= whole.used);
		assert_memory_equal(text.text, whole.text, text.used);
		if (!info.truncated && text.used < whole.used)
			fail_msg("cut at %zu of %zu: %zu of %zu characters of events, and not a "
				 "word of it",
				 length, size, text.used, whole.used);
	}
}

static void put_payload(const void *payload, size_t bytes)
{
	trace_header(&writer, 2, 0, 0);
	trace_begin(&writer, 1, 2);
	trace_block(&writer, 0);
	memcpy(writer.block, payload, bytes);
	writer.used = bytes;
	trace_block(&writer, 1);
	trace_end(&writer, 9);
	trace_block(&writer, 0);
	trace_save(&writer, "trace");
}

/* Its sum is right, but what is in it cannot be: reading ends there. */
static void assert_bad(const char *name, const void *payload, size_t bytes)
{
	struct trace_info info;

	put_payload(payload, bytes);
	trace_text_of("trace", &text, &info);
	if (strcmp(text.text, "0 begin worker 1 trial 2\n") || !info.truncated)
		fail_msg("%s: '%s', truncated is %d", name, text.text, info.truncated);
	assert_int_equal(info.blocks, 1);
}

#define ASSERT_BAD(name, bytes) assert_bad(name, bytes, sizeof(bytes) - 1)

static void what_cannot_be_ends_the_reading(void **state)
{
	(void)state;
	ASSERT_BAD("kind 0", "\x00\x01\x01");
	ASSERT_BAD("kind 8", "\x08\x01\x01");
	ASSERT_BAD("kind 15", "\xff\x01\x01");
	ASSERT_BAD("no worker", "\x01");
	ASSERT_BAD("no trial", "\x01\x01");
	ASSERT_BAD("no site", "\x02\x01");
	ASSERT_BAD("no address", "\x02\x01\x01");
	ASSERT_BAD("no end of the address", "\x02\x01\x01\x81\x80");
	ASSERT_BAD("no operations", "\x05\x01");
	ASSERT_BAD("no end's operations", "\x07");
	ASSERT_BAD("a number without an end", "\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80");
	ASSERT_BAD("a number of 11 bytes",
		   "\x05\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01\x01\x01");
	ASSERT_BAD("a profile of nothing", "\x06");
	ASSERT_BAD("a profile without its entry", "\x06\x01\x01");
	ASSERT_BAD("a profile without executions", "\x06\x01\x01\x02\x03");
	ASSERT_BAD("a profile of endless entries",
		   "\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01");
}

static void a_profile_without_its_operations_ends_the_reading(void **state)
{
	(void)state;
	ASSERT_BAD("a profile without operations", "\x06\x00");
}

/* Lengths that the file does not have, or nobody writes. */
static void lengths_are_not_believed(void **state)
{
	static const uint32_t lengths[] = {UINT32_MAX, INT32_MAX,      1u << 31,
					   1u << 20,   (1u << 20) + 1, (1u << 20) - 1,
					   1000,       (1u << 31) | 4u};
	struct trace_info info;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		make_small();
		memcpy(writer.file + ends[1] + 8, &lengths[i], 4);
		trace_save(&writer, "trace");
		trace_text_of("trace", &text, &info);
		assert_blocks(1, "length", lengths[i]);
		assert_true(info.truncated);
	}
}

/* Not the C library's, so that cases are the same everywhere. */
static uint64_t seed;

static uint32_t any(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 33;
}

static int check_event(void *user, const struct trace_event *event, struct error *e)
{
	uint64_t *events = user;

	(void)e;
	assert_true(event->cpu < 2);
	assert_true(event->kind >= TRACE_BEGIN && event->kind <= TRACE_END);
	++*events;
	return 0;
}

/* Reads what may be anything. */
static void read_any(struct trace_info *info)
{
	struct error e = {""};
	uint64_t events = 0;

	trace_save(&writer, "trace");
	if (trace_read("trace", check_event, &events, info, &e))
		fail_msg("seed %llu: %s", (unsigned long long)seed, e.text);
	assert_int_equal(events, info->events);
}

static void garbage_is_read_as_far_as_it_is_good(void **state)
{
	struct trace_info info;

	(void)state;
	seed = 1;
	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t bytes = any() % 300, good;

		trace_header(&writer, 2, 0, 0);
		trace_end(&writer, 1);
		if (i % 2)
			trace_block(&writer, 0);
		good = writer.size > sizeof(struct trace_header);
		for (uint32_t k = 0; k < bytes; k++)
			writer.file[writer.size++] = any();
		read_any(&info);
		assert_int_equal(info.blocks, good);
		assert_int_equal(info.truncated, bytes > 0);
	}
}

/* With the sum right, so that all of it is taken apart. */
static void garbage_in_good_blocks_harms_nothing(void **state)
{
	struct trace_info info;

	(void)state;
	seed = 2;
	for (unsigned int i = 0; i < 3000; i++) {
		uint32_t blocks = 1 + any() % 3;

		trace_header(&writer, 2, 0, 0);
		for (uint32_t k = 0; k < blocks; k++) {
			uint32_t bytes = any() % 200, like = any() % 3;

			while (writer.used < bytes) {
				uint32_t byte = any();

				/* Of any kind; events mostly; small numbers mostly. */
				trace_byte(&writer, like == 0	? byte
						    : like == 1 ? 1 + byte % 7
								: byte & 0x83);
			}
			trace_block(&writer, any() % 2);
		}
		read_any(&info);
		assert_true(info.blocks <= blocks);
		assert_int_equal(info.truncated, info.blocks < blocks);
	}
}

static void spoilt_traces_harm_nothing(void **state)
{
	struct trace_info info;

	(void)state;
	seed = 3;
	for (unsigned int i = 0; i < 1000; i++) {
		size_t cut;

		make_small();
		for (uint32_t k = any() % 8; k > 0; k--) {
			size_t at = ends[0] + any() % (writer.size - ends[0]);

			writer.file[at] = any();
		}
		cut = ends[0] + any() % (writer.size - ends[0] + 1);
		writer.size = cut;
		read_any(&info);
		assert_true(info.blocks <= BLOCKS);
	}
}

static int stop_at_third(void *user, const struct trace_event *event, struct error *e)
{
	(void)event;
	return ++*(unsigned int *)user == 3 ? fail(e, "Enough.") : 0;
}

static void the_reader_may_be_stopped(void **state)
{
	struct trace_info info;
	struct error e = {""};
	unsigned int calls = 0;

	(void)state;
	make_small();
	trace_save(&writer, "trace");
	assert_int_equal(trace_read("trace", stop_at_third, &calls, &info, &e), -1);
	assert_string_equal(e.text, "Enough.");
	assert_int_equal(calls, 3);
	assert_false(info.truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(events_come_back_as_they_were),
		scratch_test(numbers_may_be_as_large_as_they_get),
		scratch_test(a_trace_of_nothing_is_one),
		scratch_test(a_cut_trace_gives_its_whole_blocks),
		scratch_test(a_spoilt_byte_ends_the_reading),
		scratch_test(a_cpu_that_is_none_ends_the_reading),
		scratch_test(other_files_are_refused_with_a_reason),
		scratch_test(a_compressed_trace_is_the_same),
		scratch_test(a_cut_compressed_trace_says_so),
		scratch_test(what_cannot_be_ends_the_reading),
		scratch_test(a_profile_without_its_operations_ends_the_reading),
		scratch_test(lengths_are_not_believed),
		scratch_test(garbage_is_read_as_far_as_it_is_good),
		scratch_test(garbage_in_good_blocks_harms_nothing),
		scratch_test(spoilt_traces_harm_nothing),
		scratch_test(the_reader_may_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
