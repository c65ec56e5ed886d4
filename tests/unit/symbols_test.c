// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel's symbols name the function or variable that an address lies in, from
 * a file as the kernel or its build has it; one that tells nothing is refused.
 */
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/symbols.h"

/* As /proc/kallsyms has it, but not in order. */
static const char kallsyms[] = "0000000000000000 A fixed_percpu_data\n"
			       "0000000000000000 A __per_cpu_start\n"
			       "0000000000001000 A cpu_debug_store\n"
			       "000000000001fac0 A runqueues\n"
			       "ffffffff82000000 D init_task\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff81000000 T _text\n"
			       "ffffffff81000040 t gup_pte_range.constprop.0\n"
			       "ffffffff81000100 T try_grab_folio\n"
			       "ffffffff81000200 W weak_one\n"
			       "ffffffff81000300 t cold_one.cold\n"
			       "ffffffff81000380 t __pfx.isra.0.part.1\n"
			       "ffffffff81800000 R rodata_one\n"
			       "ffffffff82000400 d tunable.12345\n"
			       "ffffffff82000480 V weak_data\n"
			       "ffffffff83000000 B bss_one\n"
			       "ffffffff83000040 b bss_two\n"
			       "ffffffff83000100 a absolute\n"
			       "ffffffffc0000000 t module_function\t[ext2]\n"
			       "ffffffffc0000100 t other_function.isra.0\t[null_blk]\n"
			       "ffffffffc0004000 d module_data\t[ext2]\n";

static struct symbols *symbols_of(const char *text)
{
	struct error e = {""};
	struct symbols *s;

	put_file("symbols", text);
	s = symbols_read("symbols", &e);
	if (!s)
		fail_msg("%s", e.text);
	return s;
}

static void assert_named(const char *name, const char *wanted, uint64_t address)
{
	if (!name || !wanted) {
		if (name != wanted)
			fail_msg("0x%llx is %s, not %s", (unsigned long long)address,
				 name ? name : "nothing", wanted ? wanted : "nothing");
	} else if (strcmp(name, wanted)) {
		fail_msg("0x%llx is %s, not %s", (unsigned long long)address, name, wanted);
	}
}

static void assert_function(const struct symbols *s, uint64_t address, const char *wanted)
{
	assert_named(symbols_function(s, address), wanted, address);
}

static void assert_variable(const struct symbols *s, uint64_t address, const char *wanted,
			    uint64_t wanted_offset)
{
	uint64_t offset = 0;

	assert_named(symbols_variable(s, address, &offset), wanted, address);
	assert_int_equal(offset, wanted_offset);
}

static void assert_percpu(const struct symbols *s, uint64_t value, const char *wanted,
			  uint64_t wanted_offset)
{
	uint64_t offset = 0;

	assert_named(symbols_percpu(s, value, &offset), wanted, value);
	assert_int_equal(offset, wanted_offset);
}

static void an_address_is_in_the_function_before_it(void **state)
{
	struct symbols *s = symbols_of(kallsyms);

	(void)state;
	assert_function(s, 0xffffffff80ffffff, NULL);
	/* Of two names the first in the file. */
	assert_function(s, 0xffffffff81000000, "_stext");
	assert_function(s, 0xffffffff8100003f, "_stext");
	assert_function(s, 0xffffffff81000040, "gup_pte_range");
	assert_function(s, 0xffffffff810000ff, "gup_pte_range");
	assert_function(s, 0xffffffff81000100, "try_grab_folio");
	assert_function(s, 0xffffffff810001ff, "try_grab_folio");
	assert_function(s, 0xffffffff81000200, "weak_one");
	assert_function(s, 0xffffffff81000300, "cold_one");
	assert_function(s, 0xffffffff81000380, "__pfx");
	assert_function(s, 0xffffffffc0000000, "module_function");
	assert_function(s, 0xffffffffc00000ff, "module_function");
	assert_function(s, 0xffffffffc0000100, "other_function");
	assert_function(s, UINT64_MAX, "other_function");
	/* Not the kernel's, though the per-CPU symbols have low values. */
	assert_function(s, 0, NULL);
	assert_function(s, 0x401000, NULL);
	assert_function(s, 0xffff888000000000, NULL);
	symbols_free(s);
}

static void an_address_is_in_the_variable_before_it(void **state)
{
	struct symbols *s = symbols_of(kallsyms);

	(void)state;
	assert_variable(s, 0xffffffff817fffff, NULL, 0);
	assert_variable(s, 0xffffffff81800010, "rodata_one", 0x10);
	assert_variable(s, 0xffffffff81ffffff, "rodata_one", 0x7fffff);
	assert_variable(s, 0xffffffff82000000, "init_task", 0);
	assert_variable(s, 0xffffffff820003ff, "init_task", 0x3ff);
	assert_variable(s, 0xffffffff82000400, "tunable", 0);
	assert_variable(s, 0xffffffff82000481, "weak_data", 1);
	assert_variable(s, 0xffffffff8300003f, "bss_one", 0x3f);
	assert_variable(s, 0xffffffff83000040, "bss_two", 0);
	/* Absolute symbols are none. */
	assert_variable(s, 0xffffffff83000104, "bss_two", 0xc4);
	assert_variable(s, 0xffffffffc0004008, "module_data", 8);
	assert_variable(s, 0x1fac0, NULL, 0);
	symbols_free(s);
}

static void percpu_variables_are_told_by_their_value(void **state)
{
	struct symbols *s = symbols_of(kallsyms);

	(void)state;
	assert_percpu(s, 0, "fixed_percpu_data", 0);
	assert_percpu(s, 0xfff, "fixed_percpu_data", 0xfff);
	assert_percpu(s, 0x1000, "cpu_debug_store", 0);
	assert_percpu(s, 0x1fac0, "runqueues", 0);
	assert_percpu(s, 0x1fac8, "runqueues", 8);
	/* Functions are none of them, nor is what is far from all. */
	assert_percpu(s, 0xffffffff81000000, NULL, 0);
	symbols_free(s);
}

static void what_is_no_symbol_is_left_out(void **state)
{
	struct symbols *s = symbols_of("\n"
				       "not a symbol at all\n"
				       "ffffffff81000000\n"
				       "ffffffff81000000 T\n"
				       "ffffffff81000000 T \n"
				       "ffffffff81000000  T two_spaces\n"
				       "ffffffff81000010 Text long_type\n"
				       "ffffffff81000020 T .hidden.part\n"
				       "ffffffff81000030 T spaced more words\n"
				       "ffffffff81000040 T without_an_end");

	(void)state;
	assert_function(s, 0xffffffff8100001f, NULL);
	assert_function(s, 0xffffffff81000020, ".hidden.part");
	assert_function(s, 0xffffffff81000030, "spaced");
	assert_function(s, 0xffffffff81000040, "without_an_end");
	symbols_free(s);
}

static void symbols_may_be_compressed(void **state)
{
	gzFile f = gzopen("symbols.gz", "wb");
	struct error e = {""};
	struct symbols *s;

	(void)state;
	assert_non_null(f);
	assert_int_equal(gzwrite(f, kallsyms, sizeof(kallsyms) - 1), sizeof(kallsyms) - 1);
	assert_int_equal(gzclose(f), Z_OK);
	s = symbols_read("symbols.gz", &e);
	assert_non_null(s);
	assert_function(s, 0xffffffff81000101, "try_grab_folio");
	symbols_free(s);
}

static void assert_refused(const char *text, const char *why)
{
	struct error e = {""};
	struct symbols *s;

	put_file("symbols", text);
	s = symbols_read("symbols", &e);
	if (s) {
		symbols_free(s);
		fail_msg("taken for symbols: '%s'", text);
	}
	assert_contains(e.text, "symbols");
	assert_contains(e.text, why);
}

static void files_that_tell_nothing_are_refused(void **state)
{
	struct error e = {""};

	(void)state;
	/* What anyone but root sees. */
	assert_refused("0000000000000000 A fixed_percpu_data\n"
		       "0000000000000000 T _stext\n"
		       "0000000000000000 t module_function\t[ext2]\n",
		       "to root only");
	assert_refused("", "no symbols");
	assert_refused("a text\nof two lines\n", "no symbols");
	assert_null(symbols_read("nothing", &e));
	assert_contains(e.text, "nothing: No such file");
}

/* Debian's /boot/System.map-* is this line. */
static void a_stub_is_refused(void **state)
{
	(void)state;
	assert_refused("ffffffffffffffff B The real System.map is in the "
		       "linux-image-<version>-dbg package\n",
		       "no symbols");
}

/* That one address is 0 says nothing of the others, whichever comes last. */
static void the_last_line_may_be_at_zero(void **state)
{
	struct error e = {""};
	struct symbols *s;

	(void)state;
	put_file("symbols", "ffffffff81000000 T _stext\n"
			    "ffffffff81000100 T try_grab_folio\n"
			    "0000000000000000 A fixed_percpu_data\n");
	s = symbols_read("symbols", &e);
	if (!s)
		fail_msg("%s", e.text);
	assert_function(s, 0xffffffff81000104, "try_grab_folio");
	symbols_free(s);
}

static void take(void *user, uint64_t address, const char *name)
{
	char *text = user;

	sprintf(text + strlen(text), "%llx %s\n", (unsigned long long)address, name);
}

static void all_functions_are_told(void **state)
{
	struct symbols *s = symbols_of("ffffffff82000000 D init_task\n"
				       "ffffffff81800000 T asm_exc_page_fault\n"
				       "ffffffff81000000 t helper.isra.0\n"
				       "0000000000001000 A cpu_debug_store\n"
				       "ffffffff81800000 T alias\n");
	char text[512] = "";

	(void)state;
	symbols_each_function(s, take, text);
	assert_string_equal(text, "ffffffff81000000 helper\n"
				  "ffffffff81800000 asm_exc_page_fault\n"
				  "ffffffff81800000 alias\n");
	symbols_free(s);
}

/* More than the first piece of the list. */
static void there_may_be_many(void **state)
{
	static char text[80000 * 28 + 1];
	struct symbols *s;
	size_t used = 0;

	(void)state;
	for (unsigned int i = 80000; i > 0; i--)
		used += sprintf(text + used, "ffffffff%08x t f%u\n", 0x81000000u + 16 * i, i);
	assert_true(used < sizeof(text));
	s = symbols_of(text);
	assert_function(s, 0xffffffff8100000f, NULL);
	assert_function(s, 0xffffffff81000010, "f1");
	assert_function(s, 0xffffffff81000000 + 16 * 70000 + 15, "f70000");
	assert_function(s, 0xffffffff81000000 + 16 * 80000, "f80000");
	symbols_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(an_address_is_in_the_function_before_it),
		scratch_test(an_address_is_in_the_variable_before_it),
		scratch_test(percpu_variables_are_told_by_their_value),
		scratch_test(what_is_no_symbol_is_left_out),
		scratch_test(symbols_may_be_compressed),
		scratch_test(files_that_tell_nothing_are_refused),
		scratch_test(a_stub_is_refused),
		scratch_test(the_last_line_may_be_at_zero),
		scratch_test(all_functions_are_told),
		scratch_test(there_may_be_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
