// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The guest has all that it reads and writes in memory, so that nothing of the host's time
 * gets into it; its directory is packed before and copied out after (vm/boot.sh --packed).
 */
#include "count_boot.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file.h"
#include "guest.h"
#include "lines.h"
#include "tally.h"

#define PATH 4096

/* Every guest thinks that it is the first: then all of the same kernel are the same. */
#define GUEST_BOOT "1"

struct boot {
	const struct count_boot *c;
	struct journal *j;
	unsigned int number;
	char share[PATH]; /* the guest's directory */
	json_t *trials;
	json_t *end; /* its boot-end */
};

static char *path_of(const struct boot *b, char *path, const char *name, const char *suffix)
{
	snprintf(path, PATH, "%.4000s/%s-%u%s", b->j->directory, name, b->number, suffix);
	return path;
}

/* --- before ------------------------------------------------------------------ */

/* Which functions are the ways in of what is none of the operation's own. */
static const char *disturbance_of(const char *function)
{
	if (!strcmp(function, "__switch_to_asm"))
		return "switch";
	if (!strncmp(function, "asm_sysvec_", 11) || !strcmp(function, "asm_common_interrupt") ||
	    !strcmp(function, "asm_spurious_interrupt") || !strcmp(function, "asm_exc_nmi"))
		return "interrupt";
	return strncmp(function, "asm_exc_", 8) ? NULL : "exception";
}

static void add_hook(void *user, uint64_t address, const char *function)
{
	const char *kind = disturbance_of(function);

	if (kind)
		fprintf(user, "%llx %s\n", (unsigned long long)address, kind);
}

/* Asks the kernel itself for its symbols, in a boot for nothing else. As count_boot(). */
static int ask_symbols(struct boot *b, char *path, struct error *e)
{
	char log[PATH];
	struct guest guest = {
		.kernel = b->c->kernel,
		.initramfs = b->c->initramfs,
		.share = b->share,
		.log = path_of(b, log, "serial-symbols", ".log"),
		.memory = "2G",
		.cpus = 1,
		.packed = true,
		.timeout = b->c->timeout,
	};
	int rc = guest_run(&guest, "exec cat /proc/kallsyms >/results/symbols\n", e);

	snprintf(path, PATH, "%.4000s/symbols", b->share);
	if (!rc)
		unlink(log);
	return rc;
}

/* The symbols of the kernel before it runs: of a build of ours, a distribution's, or by asking. */
static int find_symbols(struct boot *b, char *path, struct error *e)
{
	char *copy = strdup(b->c->kernel), *name = strrchr(copy, '/');

	snprintf(path, PATH, "%.4000s/System.map", dirname(copy));
	free(copy);
	if (!access(path, R_OK))
		return 0;
	name = strstr(b->c->kernel, "/vmlinuz-");
	if (name) {
		snprintf(path, PATH, "%.*s/System.map-%s", (int)(name - b->c->kernel), b->c->kernel,
			 name + strlen("/vmlinuz-"));
		/* Debian has a stub there, its symbols are in another package. */
		if (!access(path, R_OK)) {
			struct error ignored;
			struct symbols *s = symbols_read(path, &ignored);

			symbols_free(s);
			if (s)
				return 0;
		}
	}
	return ask_symbols(b, path, e);
}

static int write_hooks(struct boot *b, char *path, struct error *e)
{
	char map[PATH];
	struct symbols *symbols;
	FILE *out;
	int rc = find_symbols(b, map, e);

	if (rc)
		return rc;
	symbols = symbols_read(map, e);
	/* Those that were asked for lie where the guest will leave its own. */
	if (!strncmp(map, b->share, strlen(b->share)))
		unlink(map);
	if (!symbols)
		return -1;
	out = fopen(path_of(b, path, "hooks", ".txt"), "w");
	if (!out)
		rc = fail(e, "Writing %s: %s.", path, strerror(errno));
	else
		symbols_each_function(symbols, add_hook, out);
	symbols_free(symbols);
	if (out && fclose(out))
		rc = fail(e, "Writing %s: %s.", path, strerror(errno));
	return rc;
}

/*
 * The guest's directory, with a run.json that is the run's but for the time: what
 * the guest unpacks has to be the same, byte for byte, for its instructions to be.
 */
static int make_share(struct boot *b, struct error *e)
{
	char path[PATH], *text;
	json_t *run;
	int rc;

	path_of(b, b->share, "guest", "");
	if (mkdir(b->share, 0755) && errno != EEXIST)
		return fail(e, "Making %s: %s.", b->share, strerror(errno));
	snprintf(path, sizeof(path), "%.4000s/boots", b->share);
	if (mkdir(path, 0755) && errno != EEXIST)
		return fail(e, "Making %s: %s.", path, strerror(errno));
	snprintf(path, sizeof(path), "%.4000s/run.json", b->share);
	run = json_copy(b->j->run);
	json_object_set_new(run, "created", json_string("2024-01-01T00:00:00Z"));
	text = json_dumps(run, JSON_INDENT(2) | JSON_SORT_KEYS);
	json_decref(run);
	rc = text ? file_replace(path, text, e) : fail(e, "Writing %s: no memory.", path);
	free(text);
	return rc;
}

/* --- after --------------------------------------------------------------------- */

static void remove_share(const struct boot *b)
{
	static const char *const names[] = {
		".guest/command", ".guest/messages", ".guest/status", ".guest/warnings",
		".guest/meminfo", ".guest/started",  "run.json",      "trials.jsonl",
		"symbols",	  "memory",
	};
	char path[PATH];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%.4000s/%s", b->share, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%.4000s/boots/" GUEST_BOOT ".json", b->share);
	unlink(path);
	snprintf(path, sizeof(path), "%.4000s/boots", b->share);
	rmdir(path);
	snprintf(path, sizeof(path), "%.4000s/.guest", b->share);
	rmdir(path);
	rmdir(b->share);
}

/* Packs a file into another, which is whole or not there, and removes it. */
static int pack(const char *from, const char *to, struct error *e)
{
	char buffer[65536], part[PATH];
	FILE *in = fopen(from, "rb");
	gzFile out;
	size_t n;
	int rc = 0;

	if (!in)
		return fail(e, "Reading %s: %s.", from, strerror(errno));
	snprintf(part, sizeof(part), "%.4000s.part", to);
	out = gzopen(part, "wb6");
	while (out && !rc && (n = fread(buffer, 1, sizeof(buffer), in)) > 0)
		rc = gzwrite(out, buffer, n) == (int)n ? 0 : -1;
	if (!out || gzclose(out) != Z_OK || rc || ferror(in) || rename(part, to))
		rc = fail(e, "Packing %s into %s: %s.", from, to, strerror(errno));
	fclose(in);
	if (!rc)
		unlink(from);
	return rc;
}

static void sort_record(void *user, const json_t *record)
{
	struct boot *b = user;
	const char *type = json_string_value(json_object_get(record, "type"));
	json_t *copy = json_deep_copy(record);

	json_object_set_new(copy, "boot", json_integer(b->number));
	if (type && !strcmp(type, "boot-end"))
		b->end = copy;
	else
		json_array_append_new(b->trials, copy);
}

static int add_counts(void *user, json_t *record, struct error *e)
{
	const struct boot *b = user;

	return journal_append(b->j, record, e);
}

static int tally(struct boot *b, const char *release, struct error *e)
{
	char trace[PATH], symbols[PATH], memory[PATH], crc[16];
	struct lines lines = {.release = release ? release : ""};
	struct trace_info info = {0};
	struct error map_error;
	int rc = -1;

	path_of(b, trace, "trace", ".gz");
	lines.symbols = symbols_read(path_of(b, symbols, "symbols", ".gz"), e);
	lines.memory = memory_map_read(path_of(b, memory, "memory", ".txt"), &map_error);
	if (lines.symbols && !lines.memory)
		*e = map_error;
	if (lines.symbols && lines.memory)
		rc = tally_trace(trace, b->trials, &lines, add_counts, b, &info, e);
	symbols_free((struct symbols *)lines.symbols);
	memory_map_free((struct memory_map *)lines.memory);
	if (rc)
		return rc;
	snprintf(crc, sizeof(crc), "%08x", info.crc);
	return journal_append(b->j,
			      json_pack("{s:s, s:i, s:s, s:I, s:I, s:s, s:b, s:i, s:b, s:b}",
					"type", "trace", "boot", (int)b->number, "execution",
					"emulated", "bytes", (json_int_t)info.bytes, "events",
					(json_int_t)info.events, "crc32", crc, "truncated",
					info.truncated, "cpus", (int)info.header.cpus, "exact",
					info.header.cpus == 1, "accesses",
					!!(info.header.flags & TRACE_ACCESSES)),
			      e);
}

/* All that the guest left becomes the run's; the boot-end last: with it the boot is done. */
static int take_over(struct boot *b, struct error *e)
{
	static const char *const files[][2] = {
		{"symbols", ".gz"}, {"memory", ".txt"}, {"trace", ".gz"}};
	char from[PATH], to[PATH];
	json_t *boots = NULL, *boot, *trial;
	const char *release;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(files) / sizeof(files[0]) && !rc; i++) {
		if (strcmp(files[i][0], "trace"))
			snprintf(from, sizeof(from), "%.4000s/%s", b->share, files[i][0]);
		else
			path_of(b, from, "trace", ".part");
		path_of(b, to, files[i][0], files[i][1]);
		if (strcmp(files[i][1], ".gz"))
			rc = rename(from, to)
				     ? fail(e, "Moving %s to %s: %s.", from, to, strerror(errno))
				     : 0;
		else
			rc = pack(from, to, e);
	}
	if (!rc)
		rc = record_read_trials(b->share, sort_record, b, e) < 0 ? -1 : 0;
	if (!rc)
		boots = record_read_boots(b->share, e);
	boot = json_object_get(boots, GUEST_BOOT);
	if (!rc && (!boot || !b->end))
		rc = fail(e, "The guest ended well but its journal has no end; see %s.", b->share);
	release = json_string_value(json_object_get(json_object_get(boot, "kernel"), "release"));
	json_object_set_new(boot, "boot", json_integer(b->number));
	json_object_set_new(boot, "slot", json_integer(b->c->slot));
	json_object_set_new(boot, "variant", json_string(b->c->variant));
	if (!rc)
		rc = journal_write_boot(b->j, b->number, json_incref(boot), e);
	json_array_foreach (b->trials, i, trial)
		if (!rc)
			rc = journal_append(b->j, json_incref(trial), e);
	if (!rc)
		rc = tally(b, release, e);
	if (!rc)
		rc = journal_append(b->j, json_incref(b->end), e);
	json_decref(boots);
	return rc;
}

/* Did the guest come to its end? It may have found something to be bad, and said so by its status.
 */
static bool has_run(const struct boot *b)
{
	char path[PATH];

	/* Written after the last trial. */
	snprintf(path, sizeof(path), "%.4000s/symbols", b->share);
	return !access(path, R_OK);
}

/* The first number that no boot of the run has, nor the traces of one that failed. */
static unsigned int free_number(const struct journal *j)
{
	unsigned int n = journal_last_boot(j) + 1;
	char path[PATH];

	for (;; n++) {
		snprintf(path, sizeof(path), "%.4000s/serial-%u.log", j->directory, n);
		if (access(path, F_OK))
			return n;
	}
}

int count_boot(const struct count_boot *c, struct journal *j, struct error *e)
{
	struct boot b = {.c = c, .j = j, .number = free_number(j), .trials = json_array()};
	char command[512], log[PATH], hooks[PATH], trace[PATH], plugin[3 * PATH];
	struct guest guest = {
		.kernel = c->kernel,
		.initramfs = c->initramfs,
		.share = b.share,
		.log = path_of(&b, log, "serial", ".log"),
		.memory = c->memory,
		.cpus = c->cpus,
		.nodes = c->nodes,
		.timeout = c->timeout,
		.packed = true,
		.exact = c->cpus == 1,
		.plugin = plugin,
	};
	int rc = make_share(&b, e);

	if (!rc)
		rc = write_hooks(&b, hooks, e);
	snprintf(plugin, sizeof(plugin), "file=%s,out=%s,hooks=%s,skip=%u,most=%u%s%s", c->plugin,
		 path_of(&b, trace, "trace", ".part"), hooks, c->skip, c->skip + c->operations,
		 c->instructions ? ",profile=on" : "", c->accesses ? ",accesses=on" : "");
	snprintf(command, sizeof(command),
		 "exec pinscale run -o /results --huge-pages reserve --boot " GUEST_BOOT
		 " --slot 0 "
		 "--only-workers %u\n",
		 c->cpus);
	if (!rc)
		rc = guest_run(&guest, command, e);
	if (!rc || (rc == 1 && has_run(&b))) {
		struct error taken_error;
		int taken = take_over(&b, &taken_error);

		if (taken) {
			rc = taken;
			*e = taken_error;
		} else {
			remove_share(&b);
			unlink(hooks);
		}
	}
	json_decref(b.trials);
	json_decref(b.end);
	return rc;
}
