// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A plugin of QEMU's TCG that traces locked operations in the windows that a
 * guest marks (bench/include/mark.h) into a file (bench/include/trace_format.h).
 *
 *	-plugin file=count.so,out=FILE[,hooks=FILE][,skip=N][,most=N][,profile=on][,accesses=on]
 *
 * hooks names addresses where something else than the operation begins to run, a
 * line each: "HEX interrupt", "HEX switch" or "HEX exception".
 *
 * All that a virtual CPU does is in its own struct cpu: with a thread a CPU
 * nothing is shared while code runs. Translating and writing out take a lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "include/mark.h"
#include "include/trace_format.h"
#include "qemu_plugin.h"

#define CACHE_LINE 64

/* A block of events ends when it has more bytes than this; an event is smaller than the rest. */
#define FULL (63u << 10)
#define BUFFER (128u << 10)

/* Entries of one event of a profile, of 20 bytes at most. */
#define ENTRIES 2048u

/* Blocks of an operation that are remembered; one with more is none of ours. */
#define LOG (1u << 20)

int qemu_plugin_version = QEMU_PLUGIN_INTERFACE;

/* A translated block: what is counted when it runs. */
struct block {
	uint64_t address;
	uint32_t instructions;
	uint32_t number;
};

/* An instruction that is watched. */
struct site {
	uint64_t address;
	uint32_t index, instructions; /* its place in its block, and that block's */
	unsigned int what;	      /* enum mark; enum trace_disturbance; enum trace_kind */
};

struct cpu {
	/* Only with a window open is anything kept. */
	bool open;
	bool accessed; /* the locked instruction at hand has had its access */
	uint8_t disturbed;
	uint32_t number; /* that marks spell */
	uint32_t more;	 /* operations that end with the next mark */
	uint32_t operations;
	uint32_t rounds, exceptions; /* of the operations that are skipped */
	uint32_t profiled;	     /* of them, those in the profile */

	uint64_t instructions, last; /* run so far, and until the last event */
	uint64_t site, address;	     /* of the last event with one */

	struct block **log; /* blocks that ran in this operation */
	uint32_t logged;
	uint32_t *executions; /* of blocks, by number, in the window's profile */
	uint32_t known;	      /* length of executions */

	uint8_t *buffer;
	uint32_t used;
} __attribute__((aligned(CACHE_LINE)));

struct hook {
	uint64_t address;
	unsigned int disturbance;
};

static struct cpu *cpus;
static unsigned int cpu_count;
static struct hook *hooks;
static size_t hook_count;
static struct block **blocks; /* by number */
static uint32_t block_count, block_room;
static uint32_t trial;			 /* that windows belong to */
static uint32_t skip, most = UINT32_MAX; /* operations of a window: not in its profile; in all */
static bool profile, accesses, broken;
static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *checked(void *memory)
{
	if (!memory) {
		qemu_plugin_outs("pinscale's plugin: no memory\n");
		abort();
	}
	return memory;
}

/* Once: a file that cannot be written to is left as it is, and the reader sees that it ends. */
static void write_out(const void *data, size_t bytes)
{
	if (broken || fwrite(data, 1, bytes, out) == bytes)
		return;
	broken = true;
	fprintf(stderr, "pinscale's plugin: writing the trace: %s\n", strerror(errno));
}

/* Ends the block of events. */
static void flush(struct cpu *c)
{
	struct trace_block head = {
		.magic = TRACE_BLOCK_MAGIC,
		.cpu = c - cpus,
		.bytes = c->used,
		.crc = crc32(0, c->buffer, c->used),
	};

	if (c->used) {
		pthread_mutex_lock(&lock);
		write_out(&head, sizeof(head));
		write_out(c->buffer, c->used);
		pthread_mutex_unlock(&lock);
	}
	c->used = 0;
	c->site = c->address = 0;
}

static void put(struct cpu *c, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		c->buffer[c->used++] = number | 0x80;
	c->buffer[c->used++] = number;
}

static void put_difference(struct cpu *c, uint64_t *last, uint64_t value)
{
	int64_t difference = value - *last;

	put(c, (uint64_t)difference << 1 ^ (uint64_t)(difference >> 63));
	*last = value;
}

static void put_event(struct cpu *c, enum trace_kind kind, unsigned int flags)
{
	if (c->used > FULL)
		flush(c);
	c->buffer[c->used++] = kind | flags << 4;
}

/* How many instructions ran since the event before, up to this one. */
static void put_gap(struct cpu *c, const struct site *s)
{
	uint64_t now = c->instructions - s->instructions + s->index + 1;

	put(c, profile ? now - c->last : 0);
	c->last = now;
}

static void put_access(struct cpu *c, enum trace_kind kind, const struct site *s, uint64_t address)
{
	put_event(c, kind, 0);
	put_gap(c, s);
	put_difference(c, &c->site, s->address);
	put_difference(c, &c->address, address);
}

/* --- windows ------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct block *x = *(struct block *const *)a, *y = *(struct block *const *)b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->instructions != y->instructions)
		return x->instructions < y->instructions ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* What ran in the window, by address: in the same order in every run. */
static void put_profile(struct cpu *c)
{
	struct block **ran;
	uint64_t address = 0;
	uint32_t n = 0;

	pthread_mutex_lock(&lock);
	ran = checked(malloc((block_count + 1) * sizeof(struct block *)));
	for (uint32_t i = 0; i < c->known && i < block_count; i++)
		if (c->executions[i])
			ran[n++] = blocks[i];
	pthread_mutex_unlock(&lock);
	qsort(ran, n, sizeof(struct block *), by_address);
	for (uint32_t i = 0; i < n; i++) {
		if (i % ENTRIES == 0) {
			put_event(c, TRACE_PROFILE, 0);
			put(c, n - i < ENTRIES ? n - i : ENTRIES);
			put(c, i ? 0 : c->profiled);
			address = 0;
		}
		put_difference(c, &address, ran[i]->address);
		put(c, ran[i]->instructions);
		put(c, c->executions[ran[i]->number]);
		c->executions[ran[i]->number] = 0;
	}
	free(ran);
}

static void end_window(struct cpu *c)
{
	if (!c->open)
		return;
	if (profile)
		put_profile(c);
	put_event(c, TRACE_END, 0);
	put(c, c->operations);
	flush(c);
	c->open = false;
}

static void begin_window(struct cpu *c, const struct site *s)
{
	end_window(c);
	put_event(c, TRACE_BEGIN, 0);
	put(c, c->number);
	put(c, __atomic_load_n(&trial, __ATOMIC_ACQUIRE));
	c->rounds = c->exceptions = 0;
	c->operations = c->profiled = c->more = c->disturbed = c->logged = 0;
	c->last = c->instructions - s->instructions + s->index + 1;
	c->open = true;
}

static void add_to_profile(struct cpu *c)
{
	uint32_t known = __atomic_load_n(&block_count, __ATOMIC_ACQUIRE);

	if (known > c->known) {
		known += known / 2;
		c->executions = checked(realloc(c->executions, known * sizeof(*c->executions)));
		memset(c->executions + c->known, 0, (known - c->known) * sizeof(*c->executions));
		c->known = known;
	}
	for (uint32_t i = 0; i < c->logged; i++)
		c->executions[c->log[i]->number]++;
}

/* Exceptions are no disturbance where most operations have one. As in bench/core/tally.c. */
static unsigned int lenient(const struct cpu *c)
{
	return 2 * c->exceptions > c->rounds ? TRACE_EXCEPTION : 0;
}

static void end_operation(struct cpu *c, const struct site *s)
{
	uint32_t ended = c->more + 1;

	put_event(c, TRACE_OPERATION, c->disturbed);
	put_gap(c, s);
	put(c, ended);
	if (c->operations < skip) {
		c->rounds++;
		c->exceptions += !!(c->disturbed & TRACE_EXCEPTION);
	} else if (profile && !(c->disturbed & ~lenient(c))) {
		add_to_profile(c);
		c->profiled += ended;
	}
	c->operations += ended;
	c->more = c->disturbed = c->logged = 0;
	if (c->operations >= most)
		end_window(c);
}

/* --- what runs while the guest does ---------------------------------------- */

static void on_mark(unsigned int cpu, void *userdata)
{
	const struct site *s = userdata;
	struct cpu *c = &cpus[cpu];

	switch ((enum mark)s->what) {
	case MARK_ZERO:
	case MARK_ONE:
		c->number = c->number << 1 | (s->what == MARK_ONE);
		break;
	case MARK_TRIAL:
		__atomic_store_n(&trial, c->number, __ATOMIC_RELEASE);
		break;
	case MARK_BEGIN:
		begin_window(c, s);
		break;
	case MARK_OPERATION:
		if (c->open)
			end_operation(c, s);
		break;
	case MARK_MORE:
		c->more++;
		break;
	case MARK_END:
		end_window(c);
		break;
	case MARKS:
		break;
	}
}

static void on_block(unsigned int cpu, void *userdata)
{
	struct block *b = userdata;
	struct cpu *c = &cpus[cpu];

	c->instructions += b->instructions;
	if (!c->open)
		return;
	if (c->logged == LOG)
		c->disturbed |= TRACE_SWITCH;
	else
		c->log[c->logged++] = b;
}

static void on_hook(unsigned int cpu, void *userdata)
{
	const struct site *s = userdata;

	cpus[cpu].disturbed |= s->what;
}

static void on_locked(unsigned int cpu, void *userdata)
{
	(void)userdata;
	cpus[cpu].accessed = false;
}

/* Kernel memory by its virtual address, which is the same everywhere; else the physical one. */
static uint64_t address_of(qemu_plugin_meminfo_t info, uint64_t address)
{
	struct qemu_plugin_hwaddr *physical;

	if ((int64_t)address < 0)
		return address;
	physical = qemu_plugin_get_hwaddr(info, address);
	if (!physical || qemu_plugin_hwaddr_is_io(physical))
		return address;
	return qemu_plugin_hwaddr_phys_addr(physical) | TRACE_PHYSICAL;
}

/* A locked instruction reads and writes: with one thread for all CPUs QEMU calls twice. */
static void on_locked_access(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address,
			     void *userdata)
{
	const struct site *s = userdata;
	struct cpu *c = &cpus[cpu];

	if (!c->open || c->accessed)
		return;
	c->accessed = true;
	put_access(c, TRACE_LOCKED, s, address_of(info, address));
}

static void on_access(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address,
		      void *userdata)
{
	const struct site *s = userdata;
	struct cpu *c = &cpus[cpu];

	if (c->open)
		put_access(c, qemu_plugin_mem_is_store(info) ? TRACE_STORE : TRACE_LOAD, s,
			   address_of(info, address));
}

/* --- translating --------------------------------------------------------------- */

/*
 * Does the instruction lock its memory? A LOCK prefix (f0) among the legacy prefixes,
 * or XCHG with memory, which needs none (86 and 87, mod not 3): Intel SDM, volume 3, 8.1.2.2.
 */
static bool is_locked(const uint8_t *code, size_t size)
{
	static const uint8_t prefixes[] = {0x66, 0xf2, 0xf3, 0x2e, 0x36,
					   0x3e, 0x26, 0x64, 0x65, 0x67};
	size_t i = 0;

	while (i < size && (code[i] == 0xf0 || memchr(prefixes, code[i], sizeof(prefixes))))
		if (code[i++] == 0xf0)
			return true;
	if (i < size && (code[i] & 0xf0) == 0x40)
		i++;
	return i + 1 < size && (code[i] == 0x86 || code[i] == 0x87) && code[i + 1] >> 6 != 3;
}

/* Which mark it is, or -1. */
static int mark_of(const uint8_t *code, size_t size)
{
	uint32_t opcode, which;

	if (size != 8)
		return -1;
	memcpy(&opcode, code, 4);
	memcpy(&which, code + 4, 4);
	return opcode == MARK_OPCODE && which - MARK_MAGIC < MARKS ? (int)(which - MARK_MAGIC) : -1;
}

static int by_hook(const void *a, const void *b)
{
	const struct hook *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static const struct hook *hook_at(uint64_t address)
{
	struct hook wanted = {.address = address};

	if ((int64_t)address >= 0 || !hook_count)
		return NULL;
	return bsearch(&wanted, hooks, hook_count, sizeof(wanted), by_hook);
}

/* Lives as long as QEMU: a translation that is dropped may still run on another CPU. */
static struct block *new_block(const struct qemu_plugin_tb *tb)
{
	struct block *b = checked(malloc(sizeof(*b)));

	*b = (struct block){
		.address = qemu_plugin_tb_vaddr(tb),
		.instructions = qemu_plugin_tb_n_insns(tb),
	};
	pthread_mutex_lock(&lock);
	if (block_count == block_room) {
		block_room = block_room ? 2 * block_room : 1u << 16;
		blocks = checked(realloc(blocks, block_room * sizeof(struct block *)));
	}
	b->number = block_count;
	blocks[block_count] = b;
	__atomic_store_n(&block_count, block_count + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	return b;
}

static struct site *new_site(const struct qemu_plugin_tb *tb, const struct qemu_plugin_insn *insn,
			     size_t index, unsigned int what)
{
	struct site *s = checked(malloc(sizeof(*s)));

	*s = (struct site){
		.address = qemu_plugin_insn_vaddr(insn),
		.index = index,
		.instructions = qemu_plugin_tb_n_insns(tb),
		.what = what,
	};
	return s;
}

static void watch(const struct qemu_plugin_tb *tb, struct qemu_plugin_insn *insn, size_t index)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);
	const struct hook *hook = hook_at(qemu_plugin_insn_vaddr(insn));
	int which = mark_of(code, size);

	if (hook)
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, on_hook, QEMU_PLUGIN_CB_NO_REGS,
			new_site(tb, insn, index, hook->disturbance));
	if (which >= 0) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS,
						       new_site(tb, insn, index, which));
	} else if (is_locked(code, size)) {
		struct site *s = new_site(tb, insn, index, TRACE_LOCKED);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_locked, QEMU_PLUGIN_CB_NO_REGS, s);
		qemu_plugin_register_vcpu_mem_cb(insn, on_locked_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, s);
	} else if (accesses) {
		qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW,
						 new_site(tb, insn, index, TRACE_LOAD));
	}
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (profile)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
						     new_block(tb));
	for (size_t i = 0; i < n; i++)
		watch(tb, qemu_plugin_tb_get_insn(tb, i), i);
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
	(void)id;
	(void)userdata;
	/* What a guest that went down had begun. */
	for (unsigned int i = 0; i < cpu_count; i++)
		if (cpus[i].open)
			flush(&cpus[i]);
	pthread_mutex_lock(&lock);
	if (fclose(out) && !broken)
		fprintf(stderr, "pinscale's plugin: writing the trace: %s\n", strerror(errno));
	broken = true;
	pthread_mutex_unlock(&lock);
}

/* --- starting ------------------------------------------------------------------- */

static int read_hooks(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long long address;
	char kind[16];
	int fields;

	if (!file) {
		fprintf(stderr, "pinscale's plugin: opening %s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((fields = fscanf(file, "%llx %15s", &address, kind)) == 2) {
		unsigned int disturbance = !strcmp(kind, "interrupt")	? TRACE_INTERRUPT
					   : !strcmp(kind, "switch")	? TRACE_SWITCH
					   : !strcmp(kind, "exception") ? TRACE_EXCEPTION
									: 0;

		if (!disturbance)
			break;
		hooks = checked(realloc(hooks, (hook_count + 1) * sizeof(*hooks)));
		hooks[hook_count++] = (struct hook){address, disturbance};
	}
	fclose(file);
	if (fields != EOF) {
		fprintf(stderr,
			"pinscale's plugin: %s: line %zu is no address and interrupt, switch or "
			"exception\n",
			path, hook_count + 1);
		return -1;
	}
	qsort(hooks, hook_count, sizeof(*hooks), by_hook);
	return 0;
}

static int open_trace(const char *path)
{
	struct trace_header header = {
		.version = TRACE_VERSION,
		.cpus = cpu_count,
		.skip = skip,
		.flags = (profile ? TRACE_INSTRUCTIONS : 0) | (accesses ? TRACE_ACCESSES : 0),
	};

	memcpy(header.magic, TRACE_MAGIC, sizeof(header.magic));
	out = fopen(path, "wb");
	if (!out) {
		fprintf(stderr, "pinscale's plugin: opening %s: %s\n", path, strerror(errno));
		return -1;
	}
	write_out(&header, sizeof(header));
	return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *path = NULL, *hook_path = NULL;

	if (info->version.min > QEMU_PLUGIN_INTERFACE ||
	    info->version.cur < QEMU_PLUGIN_INTERFACE) {
		fprintf(stderr,
			"pinscale's plugin: this QEMU speaks versions %d to %d of the plugin "
			"interface, and not %d: use one from 4.2 to 8.1\n",
			info->version.min, info->version.cur, QEMU_PLUGIN_INTERFACE);
		return -1;
	}
	if (!info->system_emulation || strcmp(info->target_name, "x86_64")) {
		fprintf(stderr, "pinscale's plugin: is for qemu-system-x86_64, not for '%s'\n",
			info->target_name);
		return -1;
	}
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4)) {
			path = argv[i] + 4;
		} else if (!strncmp(argv[i], "hooks=", 6)) {
			hook_path = argv[i] + 6;
		} else if (!strncmp(argv[i], "skip=", 5)) {
			skip = strtoul(argv[i] + 5, NULL, 10);
		} else if (!strncmp(argv[i], "most=", 5)) {
			most = strtoul(argv[i] + 5, NULL, 10);
		} else if (!strcmp(argv[i], "profile=on")) {
			profile = true;
		} else if (!strcmp(argv[i], "accesses=on")) {
			accesses = true;
		} else {
			fprintf(stderr, "pinscale's plugin: there is no option '%s'\n", argv[i]);
			return -1;
		}
	}
	if (!path) {
		fprintf(stderr, "pinscale's plugin: out=FILE is needed\n");
		return -1;
	}
	cpu_count = info->system.max_vcpus;
	cpus = checked(aligned_alloc(CACHE_LINE, cpu_count * sizeof(*cpus)));
	memset(cpus, 0, cpu_count * sizeof(*cpus));
	for (unsigned int i = 0; i < cpu_count; i++) {
		cpus[i].buffer = checked(malloc(BUFFER));
		cpus[i].log = profile ? checked(malloc(LOG * sizeof(struct block *))) : NULL;
	}
	if ((hook_path && read_hooks(hook_path)) || open_trace(path))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
