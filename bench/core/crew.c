// SPDX-License-Identifier: GPL-3.0-or-later
#include "crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "include/workload.h"
#include "layout.h"
#include "pages.h"
#include "placement.h"

/* Enough for our loops and what libaio, liburing and hwloc do in setup(); thousands fit. */
#define STACK (256u << 10)

void crew_meet(struct crew *c)
{
	pthread_barrier_wait(c->barrier);
}

/* A piece of memory that all workers share, zeroed, on cache lines of its own. NULL: none. */
static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Thousands of workers have thousands of files open. */
static void raise_files(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int check_memory(struct trial *t, char *memory, unsigned int first, unsigned int count)
{
	json_t *found;
	char *text;

	pages_check(t->pool, memory, first, count, &found, &t->buffer_error);
	text = json_dumps(found, JSON_COMPACT);
	if (text && strlen(text) < sizeof(t->buffer_found))
		snprintf(t->buffer_found, sizeof(t->buffer_found), "%s", text);
	free(text);
	json_decref(found);
	if (!t->operations)
		return 0;
	found = pages_frames(memory, count * t->pool->page.bytes);
	text = json_dumps(found, JSON_COMPACT);
	if (text && strlen(text) < sizeof(t->frames))
		snprintf(t->frames, sizeof(t->frames), "%s", text);
	free(text);
	json_decref(found);
	return 0;
}

int crew_prepare(struct crew *c, struct trial *t)
{
	pthread_barrierattr_t attributes;
	const struct point *p = t->point;
	unsigned int n = p->workers;
	int *cpus = calloc(n, sizeof(*cpus)), rc;

	*c = (struct crew){.t = t, .count = n, .cpus = placement_cpu_count()};
	c->workers = share(n * sizeof(*c->workers));
	c->pingpong = share(2 * sizeof(*c->pingpong));
	c->barrier = share(sizeof(*c->barrier));
	c->abandoned = share(sizeof(*c->abandoned));
	c->threads = p->processes ? NULL : calloc(n, sizeof(*c->threads));
	c->processes = p->processes ? calloc(n, sizeof(*c->processes)) : NULL;
	c->latencies = t->latencies ? share(n * sizeof(*c->latencies)) : NULL;
	if (!cpus || !c->workers || !c->pingpong || !c->barrier || !c->abandoned ||
	    !(c->threads || c->processes) || (t->latencies && !c->latencies))
		return fail(&t->error, "No memory for %u workers.", n);
	if (placement_cpus(p->placement, n, cpus, &t->error))
		return -1;
	raise_files();
	if (p->workload->loop && (!p->processes || t->pool->buffer->shared)) {
		c->memory = t->pool->buffer->map(t->pool, 0, layout_pages(p), &t->error);
		if (!c->memory)
			return -1;
		check_memory(t, c->memory, 0, layout_pages(p));
	}
	for (unsigned int i = 0; i < n; i++) {
		c->workers[i] = (struct worker){
			.point = p,
			.index = i,
			.cpu = cpus[i],
			.fd = -1,
			.first = c->workers,
			.latency = c->latencies ? &c->latencies[i] : NULL,
		};
		t->worker[i] = (struct trial_worker){.cpu = cpus[i]};
	}
	free(cpus);
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	rc = pthread_barrier_init(c->barrier, &attributes, n + 1);
	return rc ? fail(&t->error, "A barrier of %u workers: %s.", n, strerror(rc)) : 0;
}

/* Covariates of the worker's CPU, which the loop does not run beside. The first on it measures. */
static void measure_cpu(struct crew *c, unsigned int index, int when)
{
	/* Counts do not depend on them. */
	if (c->t->operations)
		return;
	if (index < c->cpus)
		c->t->worker[index].compute[when] = compute_ns();
	if (index < 2 && c->count > 1) {
		double ns = pingpong_ns(&c->pingpong[when], index);

		if (index == 0)
			c->t->pingpong[when] = ns;
	}
}

/* The worker's own pages: of the common mapping, or new ones of its process. */
static char *map_pages(struct crew *c, struct worker *w, unsigned int first, unsigned int count)
{
	const struct trial *t = c->t;
	size_t bytes = t->pool->page.bytes;
	char *memory;

	if (c->memory) {
		memory = c->memory + first * bytes;
		/* Present in this process too. */
		if (t->point->processes)
			for (size_t at = 0; at < count * bytes; at += BASE_PAGE)
				*(volatile char *)(memory + at);
		return memory;
	}
	memory = t->pool->buffer->map(t->pool, first, count, &w->error);
	if (memory && !w->index)
		check_memory(c->t, memory, first, count);
	return memory;
}

/* What each operation works on. */
static int make_steps(struct crew *c, struct worker *w)
{
	const struct point *p = w->point;
	unsigned int first, count, n = layout_steps(p);
	size_t blocks = (w->end - w->start) / p->block, bytes = p->page.bytes;
	struct step *steps = calloc(n, sizeof(*steps));
	char *memory, **pages;

	layout_worker_pages(p, w->index, &first, &count);
	pages = calloc(count, sizeof(*pages));
	if (!steps || !pages)
		return fail(&w->error, "no memory for %u steps", n);
	w->steps = steps;
	w->step_mask = n - 1;
	w->pages = pages;
	w->page_count = count;
	if (!blocks)
		return fail(&w->error, "%s: a worker's part of %lld bytes is smaller than a block",
			    p->target->name, (long long)(w->end - w->start));
	memory = map_pages(c, w, first, count);
	if (!memory)
		return -1;
	for (unsigned int i = 0; i < count; i++)
		pages[i] = memory + i * bytes;
	for (unsigned int i = 0; i < n; i++) {
		steps[i].memory = memory + (layout_offset(p, w->index, i) - first * bytes);
		steps[i].position =
			w->start + (off_t)(layout_block(p, w->index, i, blocks) * p->block);
	}
	return 0;
}

static int set_up(struct crew *c, struct worker *w)
{
	const struct trial *t = c->t;
	const struct workload *workload = t->point->workload;
	int flags = (workload->writes ? O_RDWR : O_RDONLY) | O_DIRECT;
	struct extent x;

	if (placement_bind(w->cpu, &w->error) ||
	    t->target->target->open(t->target, w->index, flags, &x, &w->error))
		return -1;
	w->fd = x.fd;
	w->start = x.start;
	w->end = x.end;
	if (workload->loop && make_steps(c, w))
		return -1;
	return workload->setup ? workload->setup(w) : 0;
}

static double seconds(const struct timeval *a, const struct timeval *b)
{
	return b->tv_sec - a->tv_sec + (b->tv_usec - a->tv_usec) * 1e-6;
}

static void run_loop(struct worker *w, struct trial_worker *result)
{
	/* A process may have helpers of the kernel's, io_uring's workers: they count too. */
	int who = w->point->processes ? RUSAGE_SELF : RUSAGE_THREAD;
	struct rusage before, after;

	getrusage(who, &before);
	mark_number(w->index);
	mark(MARK_BEGIN);
	w->point->workload->loop(w);
	mark(MARK_END);
	getrusage(who, &after);
	result->user = seconds(&before.ru_utime, &after.ru_utime);
	result->system = seconds(&before.ru_stime, &after.ru_stime);
	result->involuntary = after.ru_nivcsw - before.ru_nivcsw;
	result->voluntary = after.ru_nvcsw - before.ru_nvcsw;
	result->total_operations = atomic_load(&w->operations);
}

/* The life of a worker. The barriers here are those of conduct() in trial.c, in the same order. */
static void work(struct crew *c, unsigned int index)
{
	struct worker *w = &c->workers[index];
	const struct workload *workload = c->t->point->workload;

	set_up(c, w);
	crew_meet(c); /* all are set up, or one has failed */
	crew_meet(c); /* which the trial's process has seen */
	if (*c->abandoned)
		goto out;
	measure_cpu(c, index, 0);
	crew_meet(c);
	crew_meet(c); /* the gate */
	if (workload->loop)
		run_loop(w, &c->t->worker[index]);
	crew_meet(c);
	crew_meet(c); /* probes have been read */
	measure_cpu(c, index, 1);
out:
	if (workload->teardown)
		workload->teardown(w);
	if (w->fd >= 0)
		close(w->fd);
	free((void *)w->steps);
	free((void *)w->pages);
}

/* A thread's way in. */
struct seat {
	struct crew *crew;
	unsigned int index;
};

static void *thread_main(void *arg)
{
	struct seat seat = *(struct seat *)arg;

	free(arg);
	work(seat.crew, seat.index);
	return NULL;
}

static int start_threads(struct crew *c)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	for (unsigned int i = 0; i < c->count; i++) {
		struct seat *seat = malloc(sizeof(*seat));
		int rc = ENOMEM;

		if (seat) {
			*seat = (struct seat){.crew = c, .index = i};
			rc = pthread_create(&c->threads[i], &attributes, thread_main, seat);
		}
		if (rc)
			return fail(&c->t->error,
				    "Starting thread %u of %u: %s; see 'ulimit -u', "
				    "kernel.threads-max and the pids.max of the control group.",
				    i + 1, c->count, strerror(rc));
	}
	return 0;
}

/* For the handler: the crew whose workers are this process's children. */
static struct crew *crew_of_children;

/* A worker that was killed would leave all others at a barrier for ever. */
static void child_ended(int number)
{
	int saved = errno, status;

	(void)number;
	while (waitpid(-1, &status, WNOHANG) > 0) {
		if (!WIFSIGNALED(status))
			continue;
		/* Of what may be called in a handler this is enough. */
		strcpy(crew_of_children->t->error.text,
		       "A worker's process was killed; did memory run out ('dmesg')?");
		crew_of_children->t->failed = true;
		_exit(1);
	}
	errno = saved;
}

static int start_processes(struct crew *c)
{
	struct sigaction action = {.sa_handler = child_ended, .sa_flags = SA_RESTART};
	pid_t parent = getpid();

	crew_of_children = c;
	sigaction(SIGCHLD, &action, NULL);
	for (unsigned int i = 0; i < c->count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return fail(
				&c->t->error,
				"Starting process %u of %u: %s; see 'ulimit -u', kernel.pid_max "
				"and the pids.max of the control group.",
				i + 1, c->count, strerror(errno));
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(0);
			signal(SIGCHLD, SIG_DFL);
			work(c, i);
			_exit(0);
		}
		c->processes[i] = pid;
	}
	return 0;
}

int crew_start(struct crew *c)
{
	return c->t->point->processes ? start_processes(c) : start_threads(c);
}

void crew_end(struct crew *c)
{
	if (c->threads)
		for (unsigned int i = 0; i < c->count; i++)
			pthread_join(c->threads[i], NULL);
	else
		/* The handler may have taken them. */
		while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
			;
}

bool crew_failed(const struct crew *c)
{
	for (unsigned int i = 0; i < c->count; i++) {
		const struct worker *w = &c->workers[i];

		if (!w->error.text[0])
			continue;
		fail(&c->t->error, "worker %u: %.480s", i, w->error.text);
		return true;
	}
	return false;
}
