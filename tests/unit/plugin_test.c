// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The plugin of QEMU's TCG: it watches the right instructions, and what it writes is what ran
 * in the windows. QEMU is the few functions here: blocks of made-up instructions
 * are translated once and then run on made-up CPUs.
 */
#include "testing.h"

#include <stdlib.h>
#include <unistd.h>

#include "../../count/plugin.c"
#include "trace_writer.h"

#define KERNEL 0xffffffff81000000ull
#define DATA 0xffff888000001000ull

#define MOST_CALLBACKS 4
#define MOST_INSTRUCTIONS 64

/* --- QEMU ------------------------------------------------------------------------ */

struct qemu_plugin_insn {
	uint64_t address;
	uint8_t code[16];
	size_t size;
	struct {
		qemu_plugin_execute_t call;
		void *userdata;
	} execute[MOST_CALLBACKS];
	struct {
		qemu_plugin_memory_t call;
		void *userdata;
	} memory[MOST_CALLBACKS];
	unsigned int executes, memories;

	/* What it works on when it runs, 0: nothing; it is called once for each of the accesses. */
	uint64_t data;
	const char *accesses; /* 'r' and 'w' */
};

struct qemu_plugin_tb {
	uint64_t address;
	size_t count;
	struct qemu_plugin_insn list[MOST_INSTRUCTIONS];
	qemu_plugin_execute_t execute;
	void *userdata;
};

struct qemu_plugin_hwaddr {
	uint64_t physical;
	bool io;
};

/* Where user space is, for qemu_plugin_get_hwaddr(). */
static struct {
	uint64_t distance;
	bool none, io;
} physical;

static qemu_plugin_translate_t translate;
static qemu_plugin_exit_t leave;
static void *owned[1 << 16]; /* userdata */
static size_t owned_count;
static struct qemu_plugin_tb *made[1 << 13];
static size_t made_count;

static void own(void *userdata)
{
	if (owned_count && owned[owned_count - 1] == userdata)
		return;
	assert_true(owned_count < COUNT(owned));
	owned[owned_count++] = userdata;
}

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_translate_t call)
{
	assert_int_equal(id, 42);
	translate = call;
}

void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_exit_t call, void *userdata)
{
	assert_int_equal(id, 42);
	assert_null(userdata);
	leave = call;
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_execute_t execute,
					  enum qemu_plugin_cb_flags flags, void *userdata)
{
	assert_int_equal(flags, QEMU_PLUGIN_CB_NO_REGS);
	assert_null(tb->execute);
	tb->execute = execute;
	tb->userdata = userdata;
	own(userdata);
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_execute_t execute,
					    enum qemu_plugin_cb_flags flags, void *userdata)
{
	assert_int_equal(flags, QEMU_PLUGIN_CB_NO_REGS);
	assert_true(insn->executes < MOST_CALLBACKS);
	insn->execute[insn->executes].call = execute;
	insn->execute[insn->executes++].userdata = userdata;
	own(userdata);
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_memory_t memory,
				      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
				      void *userdata)
{
	assert_int_equal(flags, QEMU_PLUGIN_CB_NO_REGS);
	assert_int_equal(rw, QEMU_PLUGIN_MEM_RW);
	assert_true(insn->memories < MOST_CALLBACKS);
	insn->memory[insn->memories].call = memory;
	insn->memory[insn->memories++].userdata = userdata;
	own(userdata);
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	return tb->count;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
	return tb->address;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index)
{
	assert_true(index < tb->count);
	return (struct qemu_plugin_insn *)&tb->list[index];
}

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn)
{
	return insn->code;
}

size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
	return insn->size;
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
	return insn->address;
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info)
{
	return info == 'w';
}

struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t address)
{
	static struct qemu_plugin_hwaddr found;

	assert_true(info == 'r' || info == 'w');
	found = (struct qemu_plugin_hwaddr){address + physical.distance, physical.io};
	return physical.none ? NULL : &found;
}

bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address)
{
	return address->io;
}

uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address)
{
	return address->physical;
}

void qemu_plugin_outs(const char *message)
{
	print_error("%s", message);
}

/* --- making and running blocks --------------------------------------------------- */

static struct qemu_plugin_tb *new_tb(uint64_t address)
{
	struct qemu_plugin_tb *tb = calloc(1, sizeof(*tb));

	assert_non_null(tb);
	assert_true(made_count < COUNT(made));
	made[made_count++] = tb;
	tb->address = address;
	return tb;
}

static struct qemu_plugin_insn *add(struct qemu_plugin_tb *tb, const void *code, size_t size)
{
	struct qemu_plugin_insn *before = tb->count ? &tb->list[tb->count - 1] : NULL;
	struct qemu_plugin_insn *insn = &tb->list[tb->count++];

	assert_true(tb->count <= MOST_INSTRUCTIONS && size <= sizeof(insn->code));
	memcpy(insn->code, code, size);
	insn->size = size;
	insn->address = before ? before->address + before->size : tb->address;
	return insn;
}

#define ADD(tb, code) add(tb, code, sizeof(code) - 1)

/* Nops, of one byte. */
static void add_nops(struct qemu_plugin_tb *tb, unsigned int n)
{
	while (n--)
		ADD(tb, "\x90");
}

/* lock incl (%rdi): 3 bytes. A thread a CPU calls once, one thread for all twice. */
static void add_lock(struct qemu_plugin_tb *tb, uint64_t data)
{
	struct qemu_plugin_insn *insn = ADD(tb, "\xf0\xff\x07");

	insn->data = data;
	insn->accesses = "rw";
}

static void add_mark(struct qemu_plugin_tb *tb, enum mark which)
{
	uint32_t code[2] = {MARK_OPCODE, MARK_MAGIC | which};

	add(tb, code, sizeof(code));
}

/* Number and mark: 33 instructions. */
static void add_number(struct qemu_plugin_tb *tb, uint32_t number, enum mark which)
{
	for (int bit = 31; bit >= 0; bit--)
		add_mark(tb, number >> bit & 1 ? MARK_ONE : MARK_ZERO);
	add_mark(tb, which);
}

static void translate_tb(struct qemu_plugin_tb *tb)
{
	translate(42, tb);
}

static void execute_insn(unsigned int cpu, const struct qemu_plugin_insn *insn)
{
	for (unsigned int k = 0; k < insn->executes; k++)
		insn->execute[k].call(cpu, insn->execute[k].userdata);
	for (const char *a = insn->data ? insn->accesses : ""; *a; a++)
		for (unsigned int k = 0; k < insn->memories; k++)
			insn->memory[k].call(cpu, *a, insn->data, insn->memory[k].userdata);
}

static void run(unsigned int cpu, const struct qemu_plugin_tb *tb)
{
	if (tb->execute)
		tb->execute(cpu, tb->userdata);
	for (size_t i = 0; i < tb->count; i++)
		execute_insn(cpu, &tb->list[i]);
}

static struct qemu_plugin_tb *mark_tb(uint64_t address, enum mark which)
{
	struct qemu_plugin_tb *tb = new_tb(address);

	add_mark(tb, which);
	translate_tb(tb);
	return tb;
}

static void run_mark(unsigned int cpu, enum mark which)
{
	run(cpu, mark_tb(0x401000, which));
}

static void run_number(unsigned int cpu, uint32_t number, enum mark which)
{
	struct qemu_plugin_tb *tb = new_tb(0x400000);

	add_number(tb, number, which);
	translate_tb(tb);
	run(cpu, tb);
}

/* --- starting and stopping ---------------------------------------------------------- */

static int install_as(const char *target, int min, int cur, bool whole_system, int n, char **args)
{
	qemu_info_t info = {
		.target_name = target,
		.version = {.min = min, .cur = cur},
		.system_emulation = whole_system,
		.system = {.smp_vcpus = 2, .max_vcpus = 3},
	};

	return qemu_plugin_install(42, &info, n, args);
}

#define INSTALL(...)                                                                       \
	({                                                                                 \
		char *args_[] = {__VA_ARGS__};                                             \
		install_as("x86_64", 0, 1, true, sizeof(args_) / sizeof(args_[0]), args_); \
	})

/* QEMU ends: the trace is written. */
static void stop(void)
{
	if (leave)
		leave(42, NULL);
	leave = NULL;
	out = NULL;
}

/* All as it was before, for the next test or the next QEMU. */
static void start_again(void)
{
	stop();
	if (out)
		fclose(out);
	for (unsigned int i = 0; cpus && i < cpu_count; i++) {
		free(cpus[i].buffer);
		free(cpus[i].log);
		free(cpus[i].executions);
	}
	free(cpus);
	free(hooks);
	free(blocks);
	while (owned_count)
		free(owned[--owned_count]);
	while (made_count)
		free(made[--made_count]);
	cpus = NULL;
	cpu_count = 0;
	hooks = NULL;
	hook_count = 0;
	blocks = NULL;
	block_count = block_room = 0;
	trial = skip = 0;
	most = UINT32_MAX;
	profile = accesses = broken = false;
	out = NULL;
	translate = NULL;
	physical.distance = 0;
	physical.none = physical.io = false;
}

static int setup(void **state)
{
	start_again();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	start_again();
	return scratch_teardown(state);
}

static struct trace_text text;
static struct trace_info info;

static void assert_trace(const char *wanted)
{
	stop();
	trace_text_of("trace", &text, &info);
	assert_false(info.truncated);
	assert_string_equal(text.text, wanted);
}

/* --- what is watched ------------------------------------------------------------------ */

struct bytes {
	const char *name, *code;
	size_t size;
};

#define CODE(name, code)                     \
	{                                    \
		name, code, sizeof(code) - 1 \
	}

static const struct bytes locked[] = {
	CODE("lock addl $1, (%rdi)", "\xf0\x83\x07\x01"),
	CODE("lock incl (%rdi)", "\xf0\xff\x07"),
	CODE("lock xadd %eax, (%rdi)", "\xf0\x0f\xc1\x07"),
	CODE("lock cmpxchg %ecx, (%rdx)", "\xf0\x0f\xb1\x0a"),
	CODE("lock cmpxchg %rdx, (%rdi)", "\xf0\x48\x0f\xb1\x17"),
	CODE("lock cmpxchg16b (%rdi)", "\xf0\x48\x0f\xc7\x0f"),
	CODE("lock bts $0, (%rdi)", "\xf0\x48\x0f\xba\x2f\x00"),
	CODE("lock addw, 66 before", "\x66\xf0\x83\x07\x01"),
	CODE("lock addw, 66 behind", "\xf0\x66\x83\x07\x01"),
	CODE("lock add, %gs: before", "\x65\xf0\x83\x07\x01"),
	CODE("lock add, %gs: behind", "\xf0\x65\x48\x83\x07\x01"),
	CODE("lock add, %fs:", "\x64\xf0\x83\x07\x01"),
	CODE("lock cmpxchg, padded with %ds:", "\x3e\xf0\x0f\xb1\x0a"),
	CODE("lock add, %cs: %ss: %es:", "\x2e\x36\x26\xf0\x83\x07\x01"),
	CODE("lock add, 32-bit address", "\x67\xf0\x83\x07\x01"),
	CODE("xacquire lock", "\xf2\xf0\x0f\xb1\x0a"),
	CODE("xrelease lock", "\xf3\xf0\x0f\xb1\x0a"),
	CODE("lock behind six others", "\x66\x66\x66\x2e\x65\x67\xf0\xff\x07"),
	CODE("xchg %eax, (%rdi)", "\x87\x07"),
	CODE("xchg %al, (%rdi)", "\x86\x07"),
	CODE("xchg %al, (%rdi), REX", "\x40\x86\x37"),
	CODE("xchg %rax, (%rdi)", "\x48\x87\x07"),
	CODE("xchg %r15, (%r15)", "\x4d\x87\x3f"),
	CODE("xchg %ax, (%rdi)", "\x66\x87\x07"),
	CODE("xchg %r8w, (%rdi)", "\x66\x44\x87\x07"),
	CODE("xchg %eax, 8(%rbp)", "\x87\x45\x08"),
	CODE("xchg %eax, 256(%rax)", "\x87\x80\x00\x01\x00\x00"),
	CODE("xchg %eax, 16(%rip)", "\x87\x05\x10\x00\x00\x00"),
	CODE("xchg %rax, %gs:8", "\x65\x48\x87\x04\x25\x08\x00\x00\x00"),
	CODE("xacquire xchg", "\xf2\x87\x07"),
};

static const struct bytes plain[] = {
	CODE("nop", "\x90"),
	CODE("xchg %ax, %ax", "\x66\x90"),
	CODE("pause", "\xf3\x90"),
	CODE("xchg %eax, %ecx, short", "\x91"),
	CODE("xchg %eax, %ecx", "\x87\xc1"),
	CODE("xchg %rax, %rcx", "\x48\x87\xc1"),
	CODE("xchg %r15, %r15", "\x4d\x87\xff"),
	CODE("xchg %al, %ah", "\x86\xc4"),
	CODE("xchg %ax, %cx", "\x66\x87\xc1"),
	CODE("addl $1, (%rdi)", "\x83\x07\x01"),
	CODE("add %esi, %eax", "\x01\xf0"),
	CODE("mov %rsi, %rax", "\x48\x89\xf0"),
	CODE("add $-16, %eax", "\x83\xc0\xf0"),
	CODE("mov $0xf0, %al", "\xb0\xf0"),
	CODE("xadd without lock", "\x0f\xc1\x07"),
	CODE("cmpxchg without lock", "\x48\x0f\xb1\x17"),
	CODE("ja, near", "\x0f\x87\x07\x00\x00\x00"),
	CODE("jbe, near", "\x0f\x86\x07\x00\x00\x00"),
	CODE("mov with 87 behind", "\x8b\x87\x07\x00\x00\x00"),
	CODE("vxorps, VEX of f0", "\xc5\xf0\x57\xc0"),
	CODE("lea -16(%rax), %rax", "\x48\x8d\x40\xf0"),
	CODE("nopl with f0 in it", "\x0f\x1f\x84\x00\xf0\xf0\xf0\xf0"),
	CODE("mov $…f0…, %rax", "\x48\xb8\xf0\x87\x07\xf0\x87\x07\xf0\x87"),
	CODE("ret", "\xc3"),
	CODE("syscall", "\x0f\x05"),
};

static void locked_instructions_are_told_from_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(locked); i++)
		if (!is_locked((const uint8_t *)locked[i].code, locked[i].size))
			fail_msg("%s is not locked", locked[i].name);
	for (size_t i = 0; i < COUNT(plain); i++)
		if (is_locked((const uint8_t *)plain[i].code, plain[i].size))
			fail_msg("%s is locked", plain[i].name);
}

/* Nothing is called for what is not looked at: that is what makes it fast. */
static void only_those_are_watched(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL), *rest = new_tb(KERNEL + 0x1000);

	(void)state;
	assert_int_equal(INSTALL("out=trace"), 0);
	for (size_t i = 0; i < COUNT(locked); i++)
		add(tb, locked[i].code, locked[i].size);
	for (size_t i = 0; i < COUNT(plain); i++)
		add(rest, plain[i].code, plain[i].size);
	translate_tb(tb);
	translate_tb(rest);
	assert_null(tb->execute);
	for (size_t i = 0; i < tb->count; i++) {
		assert_int_equal(tb->list[i].executes, 1);
		assert_int_equal(tb->list[i].memories, 1);
	}
	for (size_t i = 0; i < rest->count; i++) {
		assert_int_equal(rest->list[i].executes, 0);
		assert_int_equal(rest->list[i].memories, 0);
	}
}

static void marks_are_of_their_bytes_only(void **state)
{
	uint8_t code[16] = {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x4d, 0x53, 0x50};

	(void)state;
	for (unsigned int which = 0; which < 256; which++) {
		code[4] = which;
		assert_int_equal(mark_of(code, 8), which < MARKS ? (int)which : -1);
		assert_int_equal(mark_of(code, 7), -1);
		assert_int_equal(mark_of(code, 9), -1);
		assert_false(is_locked(code, 8));
	}
	code[4] = MARK_OPERATION;
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			code[i] ^= 1u << bit;
			if (i != 4)
				assert_int_equal(mark_of(code, 8), -1);
			code[i] ^= 1u << bit;
		}
	assert_int_equal(mark_of(code, 8), MARK_OPERATION);
}

/* What bench/include/mark.h puts into a program is what is looked for. */
static void marks_of_the_header_are_recognised(void **state)
{
#ifdef __x86_64__
	extern const uint8_t test_marks[], test_marks_end[];

	(void)state;
	__asm__ volatile("jmp test_marks_end\n"
			 ".globl test_marks\n"
			 "test_marks:");
	mark(MARK_ZERO);
	mark(MARK_BEGIN);
	mark(MARK_END);
	__asm__ volatile(".globl test_marks_end\n"
			 "test_marks_end:");
	assert_int_equal(test_marks_end - test_marks, 24);
	assert_int_equal(mark_of(test_marks, 8), MARK_ZERO);
	assert_int_equal(mark_of(test_marks + 8, 8), MARK_BEGIN);
	assert_int_equal(mark_of(test_marks + 16, 8), MARK_END);
#else
	(void)state;
	skip_because("Marks are of x86-64.");
#endif
}

/* --- windows ---------------------------------------------------------------------------- */

static void a_window_has_its_operations(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL);

	(void)state;
	assert_int_equal(INSTALL("out=trace", "skip=4"), 0);
	add_nops(tb, 2);
	add_lock(tb, DATA + 0x34);
	translate_tb(tb);
	run_number(0, 0x80000005, MARK_TRIAL);
	run_number(0, 0xfedcba98, MARK_BEGIN);
	run(0, tb);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run(0, tb);
	run_mark(0, MARK_MORE);
	run_mark(0, MARK_MORE);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 4275878552 trial 2147483653\n"
		     "0 locked after 0 at ffffffff81000002 on ffff888000001034\n"
		     "0 locked after 0 at ffffffff81000002 on ffff888000001034\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at ffffffff81000002 on ffff888000001034\n"
		     "0 operation after 0 ended 3 disturbed 0\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 end 5\n");
	assert_int_equal(info.header.cpus, 3);
	assert_int_equal(info.header.skip, 4);
	assert_int_equal(info.header.flags, 0);
	assert_int_equal(info.blocks, 1);
}

static void nothing_is_recorded_outside_of_windows(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL);

	(void)state;
	assert_int_equal(INSTALL("out=trace", "profile=on", "accesses=on"), 0);
	add_lock(tb, DATA);
	ADD(tb, "\x8b\x07")->data = DATA;
	tb->list[1].accesses = "r";
	translate_tb(tb);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_MORE);
	run_mark(0, MARK_END);
	run_number(0, 1, MARK_TRIAL);
	run_number(0, 1, MARK_BEGIN);
	/* What was before has no part in it: more was not of this window. */
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	run(0, tb);
	run(1, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 1 trial 1\n"
		     "0 operation after 1 ended 1 disturbed 0\n"
		     "0 profile 1: 401000 of 1 ran 1\n"
		     "0 end 1\n");
}

static void a_window_that_was_not_ended_ends_with_the_next(void **state)
{
	(void)state;
	assert_int_equal(INSTALL("out=trace"), 0);
	run_number(0, 1, MARK_TRIAL);
	run_number(0, 1, MARK_BEGIN);
	run_mark(0, MARK_OPERATION);
	run_number(0, 2, MARK_TRIAL);
	run_number(0, 3, MARK_BEGIN);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 1 trial 1\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 end 1\n"
		     "0 begin worker 3 trial 2\n"
		     "0 end 0\n");
	assert_int_equal(info.blocks, 2);
}

static void most_ends_a_window(void **state)
{
	(void)state;
	assert_int_equal(INSTALL("out=trace", "most=2"), 0);
	run_number(0, 0, MARK_BEGIN);
	for (unsigned int i = 0; i < 5; i++)
		run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	run_number(0, 1, MARK_BEGIN);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_MORE);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 end 2\n"
		     "0 begin worker 1 trial 0\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 operation after 0 ended 2 disturbed 0\n"
		     "0 end 3\n");
}

/* One thread for all CPUs calls for the load and for the store, a thread a CPU for one. */
static void a_locked_instruction_counts_once_each_time_it_runs(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL);
	struct qemu_plugin_insn *insn;

	(void)state;
	assert_int_equal(INSTALL("out=trace"), 0);
	add_lock(tb, DATA);
	translate_tb(tb);
	insn = &tb->list[0];
	run_number(0, 0, MARK_BEGIN);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run(0, tb);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	insn->accesses = "w";
	run(0, tb);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	/* A fault: it begins, has no access, and begins again. */
	insn->accesses = "";
	run(0, tb);
	insn->accesses = "rw";
	insn->data = DATA + 8;
	run(0, tb);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 locked after 0 at ffffffff81000000 on ffff888000001000\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at ffffffff81000000 on ffff888000001000\n"
		     "0 locked after 0 at ffffffff81000000 on ffff888000001000\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at ffffffff81000000 on ffff888000001000\n"
		     "0 locked after 0 at ffffffff81000000 on ffff888000001000\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at ffffffff81000000 on ffff888000001008\n"
		     "0 end 3\n");
}

static void two_locked_instructions_in_a_block_are_two(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL);

	(void)state;
	assert_int_equal(INSTALL("out=trace", "profile=on"), 0);
	add_lock(tb, DATA);
	add_lock(tb, DATA);
	add_nops(tb, 3);
	add_lock(tb, DATA - 64);
	translate_tb(tb);
	run_number(0, 0, MARK_BEGIN);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 locked after 1 at ffffffff81000000 on ffff888000001000\n"
		     "0 locked after 1 at ffffffff81000003 on ffff888000001000\n"
		     "0 locked after 4 at ffffffff81000009 on ffff888000000fc0\n"
		     "0 operation after 1 ended 1 disturbed 0\n"
		     "0 profile 1: 401000 of 1 ran 1\n"
		     "0 profile 0: ffffffff81000000 of 6 ran 1\n"
		     "0 end 1\n");
	assert_int_equal(info.header.flags, TRACE_INSTRUCTIONS);
}

static void gaps_are_instructions_between_events(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL), *nops = new_tb(KERNEL + 0x100);
	struct qemu_plugin_tb *begin = new_tb(0x400000), *two = new_tb(0x402000);

	(void)state;
	assert_int_equal(INSTALL("out=trace", "profile=on"), 0);
	add_nops(tb, 5);
	add_lock(tb, DATA);
	add_nops(tb, 3);
	translate_tb(tb);
	add_nops(nops, 10);
	translate_tb(nops);
	/* The window begins, and an operation ends, in the middle of a block. */
	add_number(begin, 6, MARK_BEGIN);
	add_nops(begin, 4);
	translate_tb(begin);
	add_nops(two, 1);
	add_mark(two, MARK_OPERATION);
	add_nops(two, 2);
	add_mark(two, MARK_OPERATION);
	add_nops(two, 7);
	translate_tb(two);
	run(0, nops);
	run(0, begin);
	run(0, tb);
	run(0, nops);
	run(0, nops);
	run(0, tb);
	run(0, two);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 6 trial 0\n"
		     "0 locked after 10 at ffffffff81000005 on ffff888000001000\n"
		     "0 locked after 29 at ffffffff81000005 on ffff888000001000\n"
		     "0 operation after 5 ended 1 disturbed 0\n"
		     "0 operation after 3 ended 1 disturbed 0\n"
		     "0 locked after 13 at ffffffff81000005 on ffff888000001000\n"
		     "0 operation after 4 ended 1 disturbed 0\n"
		     "0 profile 3: 401000 of 1 ran 1\n"
		     "0 profile 0: 402000 of 12 ran 1\n"
		     "0 profile 0: ffffffff81000000 of 9 ran 3\n"
		     "0 profile 0: ffffffff81000100 of 10 ran 2\n"
		     "0 end 3\n");
}

/* --- disturbances -------------------------------------------------------------------------- */

static const char hook_file[] = "ffffffff81800200 switch\n"
				"ffffffff81800000 interrupt\n"
				"ffffffff81800300 exception\n"
				"ffffffff81800100 interrupt\n"
				"401000 interrupt\n";

static struct qemu_plugin_tb *hooked(uint64_t address)
{
	struct qemu_plugin_tb *tb = new_tb(address);

	add_nops(tb, 2);
	translate_tb(tb);
	return tb;
}

static void disturbances_are_of_the_operation_that_they_fall_into(void **state)
{
	struct qemu_plugin_tb *interrupt, *change, *exception, *other, *beside;

	(void)state;
	put_file("hooks", hook_file);
	assert_int_equal(INSTALL("out=trace", "hooks=hooks"), 0);
	interrupt = hooked(KERNEL + 0x800000);
	other = hooked(KERNEL + 0x800100);
	change = hooked(KERNEL + 0x800200);
	exception = hooked(KERNEL + 0x800300);
	beside = hooked(KERNEL + 0x800001);
	/* An instruction in the middle of a block may be one too. */
	assert_int_equal(interrupt->list[0].executes, 1);
	assert_int_equal(interrupt->list[1].executes, 0);
	assert_int_equal(hooked(KERNEL + 0x8000ff)->list[1].executes, 1);
	run(0, interrupt);
	run_number(0, 0, MARK_BEGIN);
	run_mark(0, MARK_OPERATION);
	run(0, interrupt);
	run_mark(0, MARK_OPERATION);
	run(0, beside);
	run_mark(0, MARK_OPERATION);
	run(0, change);
	run(0, change);
	run_mark(0, MARK_OPERATION);
	run(0, exception);
	run_mark(0, MARK_OPERATION);
	run(0, other);
	run(0, change);
	run(0, exception);
	run_mark(0, MARK_OPERATION);
	run(1, interrupt);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 operation after 0 ended 1 disturbed 1\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 operation after 0 ended 1 disturbed 2\n"
		     "0 operation after 0 ended 1 disturbed 4\n"
		     "0 operation after 0 ended 1 disturbed 7\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 end 7\n");
}

/* A hook may be a locked instruction: it is both. */
static void a_hook_hides_nothing(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL + 0x800200);

	(void)state;
	put_file("hooks", hook_file);
	assert_int_equal(INSTALL("out=trace", "hooks=hooks"), 0);
	add_lock(tb, DATA);
	translate_tb(tb);
	run_number(0, 0, MARK_BEGIN);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 locked after 0 at ffffffff81800200 on ffff888000001000\n"
		     "0 operation after 0 ended 1 disturbed 2\n"
		     "0 end 1\n");
}

static void the_profile_has_undisturbed_operations_after_skip(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL + 0x40), *first = new_tb(KERNEL), *interrupt;
	struct qemu_plugin_tb *end;

	(void)state;
	put_file("hooks", hook_file);
	assert_int_equal(INSTALL("out=trace", "hooks=hooks", "skip=2", "profile=on"), 0);
	add_nops(tb, 6);
	add_nops(first, 4);
	translate_tb(tb);
	translate_tb(first);
	interrupt = hooked(KERNEL + 0x800000);
	end = mark_tb(0x401008, MARK_OPERATION);
	for (unsigned int window = 0; window < 2; window++) {
		run_number(0, window, MARK_BEGIN);
		for (unsigned int i = 0; i < 5; i++) {
			for (unsigned int k = 0; k <= i; k++)
				run(0, tb);
			if (i == 3)
				run(0, interrupt);
			if (window)
				run(0, first);
			run(0, end);
		}
		run_mark(0, MARK_END);
	}
	/* Operations 2 and 4 count: 3 + 5 times the block. */
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 operation after 7 ended 1 disturbed 0\n"
		     "0 operation after 13 ended 1 disturbed 0\n"
		     "0 operation after 19 ended 1 disturbed 0\n"
		     "0 operation after 27 ended 1 disturbed 1\n"
		     "0 operation after 31 ended 1 disturbed 0\n"
		     "0 profile 2: 401008 of 1 ran 2\n"
		     "0 profile 0: ffffffff81000040 of 6 ran 8\n"
		     "0 end 5\n"
		     "0 begin worker 1 trial 0\n"
		     "0 operation after 11 ended 1 disturbed 0\n"
		     "0 operation after 17 ended 1 disturbed 0\n"
		     "0 operation after 23 ended 1 disturbed 0\n"
		     "0 operation after 31 ended 1 disturbed 1\n"
		     "0 operation after 35 ended 1 disturbed 0\n"
		     "0 profile 2: 401008 of 1 ran 2\n"
		     "0 profile 0: ffffffff81000000 of 4 ran 2\n"
		     "0 profile 0: ffffffff81000040 of 6 ran 8\n"
		     "0 end 5\n");
}

static void profile_of(const char *wanted, unsigned int faulting)
{
	struct qemu_plugin_tb *exception, *interrupt, *end;

	put_file("hooks", hook_file);
	assert_int_equal(INSTALL("out=trace", "hooks=hooks", "skip=4", "profile=on"), 0);
	exception = hooked(KERNEL + 0x800300);
	interrupt = hooked(KERNEL + 0x800000);
	end = mark_tb(0x401008, MARK_OPERATION);
	run_number(0, 0, MARK_BEGIN);
	for (unsigned int i = 0; i < 7; i++) {
		if (i < 4 ? i < faulting : i != 5)
			run(0, exception);
		if (i == 6)
			run(0, interrupt);
		run(0, end);
	}
	run_mark(0, MARK_END);
	stop();
	trace_text_of("trace", &text, &info);
	assert_contains(text.text, wanted);
}

/* With an exception in most of what is skipped, exceptions belong to the operation. */
static void exceptions_may_belong_to_the_operation(void **state)
{
	(void)state;
	profile_of("0 profile 2: 401008 of 1 ran 2\n"
		   "0 profile 0: ffffffff81800300 of 2 ran 1\n"
		   "0 end 7\n",
		   3);
	start_again();
	profile_of("0 profile 1: 401008 of 1 ran 1\n"
		   "0 end 7\n",
		   2);
}

/* More than is remembered of an operation: it is none of ours, and the next one is. */
static void endless_operations_do_not_count(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL), *end;

	(void)state;
	assert_int_equal(INSTALL("out=trace", "profile=on"), 0);
	add_nops(tb, 1);
	translate_tb(tb);
	end = mark_tb(0x401008, MARK_OPERATION);
	run_number(0, 0, MARK_BEGIN);
	for (unsigned int i = 0; i < LOG - 1; i++)
		run(0, tb);
	run(0, end);
	for (unsigned int i = 0; i < LOG; i++)
		run(0, tb);
	run(0, end);
	run(0, tb);
	run(0, end);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 operation after 1048576 ended 1 disturbed 0\n"
		     "0 operation after 1048577 ended 1 disturbed 2\n"
		     "0 operation after 2 ended 1 disturbed 0\n"
		     "0 profile 2: 401008 of 1 ran 2\n"
		     "0 profile 0: ffffffff81000000 of 1 ran 1048576\n"
		     "0 end 3\n");
}

/* --- addresses ------------------------------------------------------------------------------- */

static void user_addresses_are_physical(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(0x401100);

	(void)state;
	assert_int_equal(INSTALL("out=trace"), 0);
	add_lock(tb, 0x7fff00001040);
	translate_tb(tb);
	physical.distance = 0x1000;
	run_number(0, 0, MARK_BEGIN);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	physical.none = true;
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	physical.none = false;
	physical.io = true;
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	physical.io = false;
	/* The kernel's own is not looked up. */
	tb->list[0].data = DATA;
	run(0, tb);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 locked after 0 at 401100 on 40007fff00002040\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at 401100 on 7fff00001040\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at 401100 on 7fff00001040\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 locked after 0 at 401100 on ffff888000001000\n"
		     "0 end 3\n");
}

static void accesses_are_recorded_when_asked_for(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL);
	struct qemu_plugin_insn *insn;

	(void)state;
	assert_int_equal(INSTALL("out=trace", "accesses=on"), 0);
	insn = ADD(tb, "\x8b\x07");
	insn->data = DATA;
	insn->accesses = "r";
	insn = ADD(tb, "\x89\x07");
	insn->data = DATA + 4;
	insn->accesses = "w";
	add_lock(tb, DATA + 8);
	insn = ADD(tb, "\xff\x07"); /* incl (%rdi), which is not locked */
	insn->data = 0x2000;
	insn->accesses = "rw";
	translate_tb(tb);
	run_number(0, 0, MARK_BEGIN);
	run(0, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_trace("0 begin worker 0 trial 0\n"
		     "0 load after 0 at ffffffff81000000 on ffff888000001000\n"
		     "0 store after 0 at ffffffff81000002 on ffff888000001004\n"
		     "0 locked after 0 at ffffffff81000004 on ffff888000001008\n"
		     "0 load after 0 at ffffffff81000007 on 4000000000002000\n"
		     "0 store after 0 at ffffffff81000007 on 4000000000002000\n"
		     "0 operation after 0 ended 1 disturbed 0\n"
		     "0 end 1\n");
	assert_int_equal(info.header.flags, TRACE_ACCESSES);
}

/* --- several CPUs, and much of it ---------------------------------------------------------------
 */

static void cpus_do_not_mix(void **state)
{
	struct qemu_plugin_tb *a = new_tb(KERNEL), *b = new_tb(KERNEL + 0x100), *end, *more;

	(void)state;
	assert_int_equal(INSTALL("out=trace", "profile=on"), 0);
	add_lock(a, DATA);
	add_nops(a, 1);
	add_nops(b, 3);
	add_lock(b, DATA);
	translate_tb(a);
	translate_tb(b);
	end = mark_tb(0x401008, MARK_OPERATION);
	more = mark_tb(0x401010, MARK_MORE);
	run_number(2, 9, MARK_TRIAL);
	run_number(0, 0, MARK_BEGIN);
	run_number(1, 1, MARK_BEGIN);
	run(0, a);
	run(1, b);
	/* Both are in the middle of their locked instruction. */
	for (unsigned int k = 0; k < 2; k++) {
		a->execute(k, a->userdata);
		a->list[0].execute[0].call(k, a->list[0].execute[0].userdata);
	}
	for (unsigned int k = 0; k < 4; k++)
		a->list[0].memory[0].call(k % 2, 'w', DATA + 64, a->list[0].memory[0].userdata);
	run(1, more);
	run(0, end);
	run(1, end);
	run_mark(1, MARK_END);
	run(0, b);
	run(0, end);
	run_mark(0, MARK_END);
	assert_trace("1 begin worker 1 trial 9\n"
		     "1 locked after 4 at ffffffff81000103 on ffff888000001000\n"
		     "1 locked after 1 at ffffffff81000000 on ffff888000001040\n"
		     "1 operation after 3 ended 2 disturbed 0\n"
		     "1 profile 2: 401008 of 1 ran 1\n"
		     "1 profile 0: 401010 of 1 ran 1\n"
		     "1 profile 0: ffffffff81000000 of 2 ran 1\n"
		     "1 profile 0: ffffffff81000100 of 4 ran 1\n"
		     "1 end 2\n"
		     "0 begin worker 0 trial 9\n"
		     "0 locked after 1 at ffffffff81000000 on ffff888000001000\n"
		     "0 locked after 2 at ffffffff81000000 on ffff888000001040\n"
		     "0 operation after 2 ended 1 disturbed 0\n"
		     "0 locked after 4 at ffffffff81000103 on ffff888000001000\n"
		     "0 operation after 1 ended 1 disturbed 0\n"
		     "0 profile 2: 401008 of 1 ran 2\n"
		     "0 profile 0: ffffffff81000000 of 2 ran 2\n"
		     "0 profile 0: ffffffff81000100 of 4 ran 1\n"
		     "0 end 2\n");
	assert_int_equal(info.blocks, 2);
}

struct sums {
	uint64_t accesses, operations, wrong, profiles, profiled, instructions;
	uint64_t last; /* address of the profile */
};

static int add_up(void *user, const struct trace_event *event, struct error *e)
{
	struct sums *s = user;

	(void)e;
	switch (event->kind) {
	case TRACE_LOCKED:
		s->wrong += event->site != KERNEL;
		s->wrong += event->address != DATA + s->accesses % 1000 * 0x123456789;
		s->accesses++;
		break;
	case TRACE_OPERATION:
		s->operations += event->operations;
		break;
	case TRACE_PROFILE:
		s->wrong += s->profiles && event->address <= s->last;
		s->last = event->address;
		s->profiles++;
		s->profiled += event->operations;
		s->instructions += event->instructions * event->executions;
		break;
	default:
		break;
	}
	return 0;
}

/* More than fits into a block of the file: the differences begin anew. */
static void large_windows_are_whole(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL), *end;
	struct sums s = {0};
	struct error e = {""};

	(void)state;
	assert_int_equal(INSTALL("out=trace"), 0);
	add_lock(tb, DATA);
	translate_tb(tb);
	end = mark_tb(0x401008, MARK_OPERATION);
	run_number(0, 0, MARK_BEGIN);
	for (unsigned int i = 0; i < 50000; i++) {
		tb->list[0].data = DATA + i % 1000 * 0x123456789;
		run(0, tb);
		if (i % 10 == 9)
			run(0, end);
	}
	run_mark(0, MARK_END);
	stop();
	assert_int_equal(trace_read("trace", add_up, &s, &info, &e), 0);
	assert_false(info.truncated);
	assert_int_equal(s.accesses, 50000);
	assert_int_equal(s.operations, 5000);
	assert_int_equal(s.wrong, 0);
	assert_in_range(info.blocks, 4, 20);
}

static void large_profiles_are_whole(void **state)
{
	struct sums s = {0};
	struct error e = {""};

	(void)state;
	assert_int_equal(INSTALL("out=trace", "profile=on"), 0);
	run_number(0, 0, MARK_BEGIN);
	/* Backwards, so that they are put in order. */
	for (unsigned int i = 5000; i > 0; i--) {
		struct qemu_plugin_tb *tb = new_tb(KERNEL + i * 0x1234);

		add_nops(tb, 1 + i % 3);
		translate_tb(tb);
		run(0, tb);
		run(0, tb);
	}
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	stop();
	assert_int_equal(trace_read("trace", add_up, &s, &info, &e), 0);
	assert_false(info.truncated);
	assert_int_equal(s.profiles, 5001);
	assert_int_equal(s.profiled, 1);
	assert_int_equal(s.wrong, 0);
	/* 1666 times 1, 1667 times 2, 1667 times 3, each twice; and the mark. */
	assert_int_equal(s.instructions, 2 * (1666 + 2 * 1667 + 3 * 1667) + 1);
}

/* --- starting ------------------------------------------------------------------------------------
 */

static void other_qemus_are_refused(void **state)
{
	char *args[] = {"out=trace"};

	(void)state;
	assert_int_equal(install_as("x86_64", 2, 3, true, 1, args), -1);
	assert_int_equal(install_as("x86_64", 2, 2, true, 1, args), -1);
	assert_int_equal(install_as("x86_64", 0, 0, true, 1, args), -1);
	assert_int_equal(install_as("aarch64", 0, 1, true, 1, args), -1);
	assert_int_equal(install_as("i386", 0, 1, true, 1, args), -1);
	assert_int_equal(install_as("x86_64", 0, 1, false, 1, args), -1);
	assert_int_not_equal(access("trace", F_OK), 0);
	assert_null(translate);
	assert_int_equal(install_as("x86_64", 1, 2, true, 1, args), 0);
	assert_non_null(translate);
	assert_non_null(leave);
	assert_int_equal(qemu_plugin_version, 1);
}

static void options_that_are_none_are_refused(void **state)
{
	(void)state;
	assert_int_equal(INSTALL("out=trace", "colour=red"), -1);
	start_again();
	assert_int_equal(INSTALL("out=trace", "profile=off"), -1);
	start_again();
	assert_int_equal(INSTALL("out=trace", ""), -1);
	start_again();
	assert_int_equal(INSTALL("trace"), -1);
	start_again();
	assert_int_equal(INSTALL("skip=3"), -1);
	start_again();
	assert_int_equal(INSTALL("out=trace", "hooks=nothing"), -1);
	start_again();
	assert_int_equal(INSTALL("out=no/such/directory"), -1);
	assert_null(translate);
}

/* A full disk: the reader sees where it ends. */
static void a_trace_that_cannot_be_written_harms_nothing(void **state)
{
	struct qemu_plugin_tb *tb = new_tb(KERNEL);

	(void)state;
	assert_int_equal(INSTALL("out=/dev/full"), 0);
	add_lock(tb, DATA);
	translate_tb(tb);
	run_number(0, 0, MARK_BEGIN);
	for (unsigned int i = 0; i < 50000; i++)
		run(0, tb);
	run_mark(0, MARK_OPERATION);
	run_mark(0, MARK_END);
	assert_true(broken);
	stop();
	assert_true(broken);
}

#define plugin_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		plugin_test(locked_instructions_are_told_from_others),
		plugin_test(only_those_are_watched),
		plugin_test(marks_are_of_their_bytes_only),
		plugin_test(marks_of_the_header_are_recognised),
		plugin_test(a_window_has_its_operations),
		plugin_test(nothing_is_recorded_outside_of_windows),
		plugin_test(a_window_that_was_not_ended_ends_with_the_next),
		plugin_test(most_ends_a_window),
		plugin_test(a_locked_instruction_counts_once_each_time_it_runs),
		plugin_test(two_locked_instructions_in_a_block_are_two),
		plugin_test(gaps_are_instructions_between_events),
		plugin_test(disturbances_are_of_the_operation_that_they_fall_into),
		plugin_test(a_hook_hides_nothing),
		plugin_test(the_profile_has_undisturbed_operations_after_skip),
		plugin_test(exceptions_may_belong_to_the_operation),
		plugin_test(endless_operations_do_not_count),
		plugin_test(user_addresses_are_physical),
		plugin_test(accesses_are_recorded_when_asked_for),
		plugin_test(cpus_do_not_mix),
		plugin_test(large_windows_are_whole),
		plugin_test(large_profiles_are_whole),
		plugin_test(other_qemus_are_refused),
		plugin_test(options_that_are_none_are_refused),
		plugin_test(a_trace_that_cannot_be_written_harms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
