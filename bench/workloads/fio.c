// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * References: the same reads by fio, as it comes and tuned. Each trial is one
 * fio, with a job file of configs/fio that gets its point from the environment.
 */
#include <errno.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/layout.h"
#include "include/buffer.h"
#include "include/outside.h"
#include "include/target.h"
#include "include/workload.h"

#define JOBS PINSCALE_TOP "/configs/fio/"
#define VARIABLES 16

/* The environment of fio: nothing but these. */
struct environment {
	char *variables[VARIABLES + 1];
	unsigned int count;
};

__attribute__((format(printf, 2, 3))) static void add(struct environment *env, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	if (env->count < VARIABLES && vasprintf(&env->variables[env->count], format, args) > 0)
		env->count++;
	va_end(args);
}

static void add_cpus(struct environment *env, const struct worker *workers, unsigned int count)
{
	char *list;
	size_t size;
	FILE *f = open_memstream(&list, &size);

	if (!f)
		return;
	for (unsigned int i = 0; i < count; i++)
		fprintf(f, "%s%d", i ? "," : "CPUS=", workers[i].cpu);
	fclose(f);
	add(env, "%s", list);
	free(list);
}

static void add_point(struct environment *env, const struct point *p)
{
	add(env, "PATH=%s", getenv("PATH"));
	add(env, "LC_ALL=C");
	add(env, "ACCESS=%s", p->random ? "randread" : "read");
	add(env, "BLOCK=%zu", p->block);
	add(env, "DEPTH=%u", p->depth);
	add(env, "WORKERS=%u", p->workers);
	add(env, "ALIGN=%d", p->subpage == SUBPAGE_TAIL ? BASE_PAGE : 0);
}

static void free_environment(struct environment *env)
{
	while (env->count)
		free(env->variables[--env->count]);
}

/* The child's side: in place of this program. Says on its standard error what went wrong. */
static void become_fio(char *const argv[], const struct environment *env, int output, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	dup2(output, 1);
	dup2(output, 2);
	/* fio leaves its segments of huge pages behind when it is killed, unless they end with it.
	 */
	if (unshare(CLONE_NEWIPC))
		dprintf(2, "a namespace for System V segments: %s", strerror(errno));
	else if (execvpe(argv[0], argv, env->variables))
		dprintf(2, "%s", strerror(errno));
	_exit(127);
}

/* What was written to the file, as text, to be freed. */
static char *text_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = size >= 0 ? calloc(1, size + 1) : NULL;

	if (text && pread(fd, text, size, 0) != size)
		text[0] = '\0';
	return text;
}

/* What stands before fio's figures, on one line. */
static const char *complaint_of(char *said)
{
	said[strcspn(said, "{")] = '\0';
	for (size_t end = strlen(said); end && said[end - 1] == '\n'; end--)
		said[end - 1] = '\0';
	for (char *c = said; *c; c++)
		*c = *c == '\n' ? ';' : *c;
	return said;
}

/* Runs fio, and waits. What it said, to be freed, or NULL with the error set. */
static char *run_fio(char *const argv[], const struct environment *env, struct error *e)
{
	int output = memfd_create("fio", MFD_CLOEXEC), status;
	pid_t pid, parent = getpid();
	char *said = NULL;

	if (output < 0) {
		fail(e, "fio: a file for what it says: %s", strerror(errno));
		return NULL;
	}
	pid = fork();
	if (!pid)
		become_fio(argv, env, output, parent);
	if (pid < 0) {
		fail(e, "fio: starting it: %s", strerror(errno));
	} else {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		said = text_of(output);
		if (!said || !WIFEXITED(status) || WEXITSTATUS(status)) {
			fail(e, "fio: %s failed. It said: %.300s", argv[1],
			     said ? complaint_of(said) : "?");
			free(said);
			said = NULL;
		}
	}
	close(output);
	return said;
}

/* Does fio's list of engines have it? Kept: the question comes once a point. */
static const char *engine_unsupported(const char *engine)
{
	static char *engines;
	static struct error e;
	static char reason[160];
	char line[48];

	if (!engines && !e.text[0]) {
		struct environment env = {0};

		add(&env, "PATH=%s", getenv("PATH"));
		engines = run_fio((char *[]){"fio", "--enghelp", NULL}, &env, &e);
		free_environment(&env);
	}
	if (!engines)
		return "fio: cannot be run (as root, with a namespace for System V segments); is it "
		       "installed? apt-get install fio";
	snprintf(line, sizeof(line), "\t%s\n", engine);
	if (strstr(engines, line))
		return NULL;
	snprintf(reason, sizeof(reason), "fio: the one that is installed has no engine %s", engine);
	return reason;
}

/* The file of the workload's job is named like it, but for the "fio-". */
static const char *job_of(const struct point *p, char *path, size_t size)
{
	snprintf(path, size, JOBS "%s.fio", p->workload->name + strlen("fio-"));
	return path;
}

/* Bytes of the huge pages that SHM_HUGETLB alone stands for; 0 when that is not known. */
static size_t default_huge_page(void)
{
	struct error e;
	char *text = file_read("/proc/meminfo", &e);
	const char *line = text ? strstr(text, "Hugepagesize:") : NULL;
	size_t kb = line ? strtoul(line + strlen("Hugepagesize:"), NULL, 10) : 0;

	free(text);
	return kb << 10;
}

static const char *point_unsupported_by_fio(const struct point *p)
{
	/* It rounds the size up to whole huge pages, with what it aligns. */
	size_t bytes = p->depth * p->block + 2 * BASE_PAGE;

	if (p->page.kind != PAGE_HUGETLB || p->page.bytes != default_huge_page())
		return "page: fio takes huge pages of the system's default size alone";
	if (strcmp(p->buffer->name, "private") || p->policy != POLICY_LOCAL)
		return "mapping: fio takes fresh pages from the system's pool by itself, as mapping "
		       "= private does; use that, and mempolicy = local";
	if (p->sharing != SHARING_PRIVATE)
		return "sharing: every job of fio has huge pages of its own; use private";
	if (bytes > p->page.bytes)
		return "depth: fio needs a second huge page for that many blocks; use fewer";
	if (p->subpage == SUBPAGE_HEAD && p->depth > 1)
		return "subpage: of several operations in flight fio has one alone on the head; use "
		       "tail";
	if (p->processes)
		return "task: fio's jobs are threads here; use thread";
	if (p->device_each || (!p->target->makes_devices && !p->target->foreign))
		return "target: fio's jobs have a part each of one device here; use null_blk, zram, "
		       "brd or block with devices = one";
	return NULL;
}

static const char *unsupported_with(const char *engine, const struct point *p)
{
	const char *reason = engine_unsupported(engine);

	return reason || !p ? reason : point_unsupported_by_fio(p);
}

static const char *psync_unsupported(const struct point *p)
{
	return unsupported_with("psync", p);
}

static const char *libaio_unsupported(const struct point *p)
{
	return unsupported_with("libaio", p);
}

static const char *uring_unsupported(const struct point *p)
{
	if (file_number("/proc/sys/kernel/io_uring_disabled") == 2)
		return "fio: io_uring is switched off: echo 0 | sudo tee "
		       "/proc/sys/kernel/io_uring_disabled";
	return unsupported_with("io_uring", p);
}

/* A job that this fio does not understand is found out before anything is measured. */
static int fio_prepare(const struct point *p, struct error *e)
{
	struct environment env = {0};
	char job[256], *said;

	add_point(&env, p);
	add(&env, "TARGET=/dev/null");
	add(&env, "CPUS=0");
	add(&env, "START=0");
	add(&env, "PART=1m");
	add(&env, "SIZE=1m");
	add(&env, "WARMUP=0");
	add(&env, "WINDOW=1");
	said = run_fio((char *[]){"fio", "--parse-only", (char *)job_of(p, job, sizeof(job)), NULL},
		       &env, e);
	free_environment(&env);
	free(said);
	return said ? 0 : -1;
}

/* The name of the device that the workers have open. 0 or -1. */
static int device_of(const struct outside *o, char *path, size_t size, struct error *e)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", o->workers->fd);
	n = readlink(link, path, size - 1);
	if (n < 0)
		return fail(e, "fio: looking for the target's name in %s: %s", link,
			    strerror(errno));
	path[n] = '\0';
	return 0;
}

/* What was ever read from the device, in sectors of 512 bytes; 0 where the kernel does not count
 * it. */
static uint64_t sectors_read(const struct outside *o)
{
	char path[256], file[320], line[256];
	unsigned long long sectors;
	struct error e;

	if (device_of(o, path, sizeof(path), &e))
		return 0;
	snprintf(file, sizeof(file), "/sys/class/block/%s/stat", basename(path));
	return sscanf(file_line(file, line, sizeof(line)), "%*u %*u %llu", &sectors) == 1 ? sectors
											  : 0;
}

/* Where fio reads: one device, parts of it that follow each other. 0 or -1. */
static int add_place(struct environment *env, const struct outside *o, struct error *e)
{
	const struct point *p = o->point;
	const struct worker *w = o->workers;
	off_t part = w->end - w->start, round = (off_t)layout_steps(p) * p->block;
	char path[256];

	for (unsigned int i = 1; i < p->workers; i++)
		if (w[i].start != w->start + i * part || w[i].end != w[i].start + part)
			return fail(e, "fio: the workers' parts of the target do not follow each "
				       "other");
	if (device_of(o, path, sizeof(path), e))
		return -1;
	add(env, "TARGET=%s", path);
	add_cpus(env, w, p->workers);
	add(env, "START=%lld", (long long)w->start);
	add(env, "PART=%lld", (long long)part);
	/* Our own workloads go round so many places of it when they go one after the other. */
	add(env, "SIZE=%lld", (long long)(p->random || part < round ? part : round));
	return 0;
}

/* What fio says of one job. 0 or -1. */
static int take_job(const json_t *job, struct outside_worker *result, struct error *e)
{
	const json_t *read = json_object_get(job, "read");
	double percent = json_number_value(json_object_get(job, "job_runtime")) * 1e-3 / 100;

	*result = (struct outside_worker){
		.operations = json_integer_value(json_object_get(read, "total_ios")),
		.window = json_number_value(json_object_get(read, "runtime")) * 1e-3,
		.user = json_number_value(json_object_get(job, "usr_cpu")) * percent,
		.system = json_number_value(json_object_get(job, "sys_cpu")) * percent,
	};
	if (json_integer_value(json_object_get(job, "error")))
		return fail(e, "fio: a job failed: %s",
			    strerror(json_integer_value(json_object_get(job, "error"))));
	if (!result->operations || !(result->window > 0))
		return fail(e, "fio: a job has done nothing in its window; make it longer");
	return 0;
}

static int take(const char *said, struct outside *o, struct error *e)
{
	/* Notes may stand before the object. */
	const char *start = strchr(said, '{');
	json_t *object = start ? json_loads(start, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	const json_t *jobs = json_object_get(object, "jobs");
	int rc = 0;

	if (json_array_size(jobs) != o->point->workers)
		rc = fail(e,
			  "fio: wanted the figures of %u jobs, and got those of %zu. It said: "
			  "%.200s",
			  o->point->workers, json_array_size(jobs), said);
	for (unsigned int i = 0; i < o->point->workers && !rc; i++)
		rc = take_job(json_array_get(jobs, i), &o->result[i], e);
	json_decref(object);
	return rc;
}

static int fio_run(struct outside *o, struct error *e)
{
	struct environment env = {0};
	uint64_t before = sectors_read(o);
	char job[256], *said = NULL;
	char *argv[] = {"fio", (char *)job_of(o->point, job, sizeof(job)), "--readonly",
			"--output-format=json", NULL};
	int rc;

	add_point(&env, o->point);
	add(&env, "WARMUP=%.0fus", o->warmup * 1e6);
	add(&env, "WINDOW=%.0fus", o->window * 1e6);
	if (!add_place(&env, o, e))
		said = run_fio(argv, &env, e);
	free_environment(&env);
	if (!said)
		return -1;
	rc = take(said, o, e);
	free(said);
	/* fio's own figures leave out its warm-up; the device's do not. */
	o->total_operations = (sectors_read(o) - before) * 512 / o->point->block;
	return rc;
}

#define FIO(symbol, title, engine, own, text)        \
	static const struct workload symbol = {      \
		.name = title,                       \
		.summary = text,                     \
		.reference_for = own,                \
		.unsupported = engine##_unsupported, \
		.pins = point_subpages,              \
		.prepare = fio_prepare,              \
		.run = fio_run,                      \
	};                                           \
	REGISTER_WORKLOAD(symbol)

FIO(fio_psync, "fio-psync", psync, "pread", "fio's psync as it comes: beside pread");
FIO(fio_psync_tuned, "fio-psync-tuned", psync, "pread", "fio's psync, tuned: beside pread");
FIO(fio_libaio, "fio-libaio", libaio, "aio-read", "fio's libaio as it comes: beside aio-read");
FIO(fio_libaio_tuned, "fio-libaio-tuned", libaio, "aio-read",
    "fio's libaio, tuned: beside aio-read");
FIO(fio_uring, "fio-uring", uring, "uring-read", "fio's io_uring as it comes: beside uring-read");
FIO(fio_uring_tuned, "fio-uring-tuned", uring, "uring-read",
    "fio's io_uring, tuned: beside uring-read");
