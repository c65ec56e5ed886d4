// SPDX-License-Identifier: GPL-3.0-or-later
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "covariate.h"
#include "include/workload.h"
#include "layout.h"
#include "placement.h"
#include "signals.h"

/* The trial's process. */
struct crew {
	struct trial *t;
	struct worker *workers;
	pthread_barrier_t barrier; /* all workers and the sampling thread */
	struct pingpong *pingpong; /* two: before and after */
	char *memory;
	bool abandoned; /* written by the sampling thread between barriers */
};

struct seat {
	struct crew *crew;
	unsigned int index;
	pthread_t thread;
};

static size_t trial_size(unsigned int workers)
{
	return sizeof(struct trial) + workers * sizeof(struct trial_worker);
}

struct trial *trial_alloc(unsigned int workers)
{
	void *t = mmap(NULL, trial_size(workers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return t == MAP_FAILED ? NULL : t;
}

void trial_free(struct trial *t, unsigned int workers)
{
	if (t)
		munmap(t, trial_size(workers));
}

static void meet(struct crew *c)
{
	pthread_barrier_wait(&c->barrier);
}

/* Covariates of the worker's CPU, which the loop does not run beside. */
static void measure_cpu(struct crew *c, unsigned int index, int when)
{
	c->t->worker[index].compute[when] = compute_ns();
	if (index < 2 && c->t->point->workers > 1) {
		double ns = pingpong_ns(&c->pingpong[when], index);

		if (index == 0)
			c->t->pingpong[when] = ns;
	}
}

static int worker_setup(struct crew *c, struct worker *w)
{
	const struct trial *t = c->t;
	const struct workload *workload = t->point->workload;
	int flags = (workload->writes ? O_RDWR : O_RDONLY) | O_DIRECT;
	struct extent x;
	char **slots;

	w->fd = -1;
	if (placement_bind(w->cpu, &w->error))
		return -1;
	slots = calloc(t->point->depth, sizeof(*slots));
	if (!slots)
		return fail(&w->error, "no memory for %u places", t->point->depth);
	for (unsigned int i = 0; i < t->point->depth; i++)
		slots[i] = c->memory + layout_offset(t->point, w->index, i);
	w->slots = slots;
	if (t->target->target->open(t->target, w->index, flags, &x, &w->error))
		return -1;
	w->fd = x.fd;
	w->start = x.start;
	w->end = x.start + (x.end - x.start) / t->point->block * t->point->block;
	w->position = w->start;
	if (w->end == w->start)
		return fail(&w->error, "%s: a worker's part of %lld bytes is smaller than a block",
			    t->target->target->name, (long long)(x.end - x.start));
	return workload->setup ? workload->setup(w) : 0;
}

static double seconds(const struct timeval *a, const struct timeval *b)
{
	return b->tv_sec - a->tv_sec + (b->tv_usec - a->tv_usec) * 1e-6;
}

static void worker_loop(struct worker *w, struct trial_worker *result)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	w->point->workload->loop(w);
	getrusage(RUSAGE_THREAD, &after);
	result->user = seconds(&before.ru_utime, &after.ru_utime);
	result->system = seconds(&before.ru_stime, &after.ru_stime);
	result->involuntary = after.ru_nivcsw - before.ru_nivcsw;
	result->voluntary = after.ru_nvcsw - before.ru_nvcsw;
	result->total_operations = atomic_load(&w->operations);
}

/* The barriers here are those of sample(), in the same order. */
static void *worker_thread(void *arg)
{
	struct seat *seat = arg;
	struct crew *c = seat->crew;
	struct worker *w = &c->workers[seat->index];
	const struct workload *workload = c->t->point->workload;

	worker_setup(c, w);
	meet(c); /* all are set up, or one has failed */
	meet(c); /* which the sampling thread has seen */
	if (c->abandoned)
		goto out;
	measure_cpu(c, seat->index, 0);
	meet(c);
	meet(c); /* the gate */
	worker_loop(w, &c->t->worker[seat->index]);
	meet(c);
	meet(c); /* probes have been read */
	measure_cpu(c, seat->index, 1);
out:
	if (workload->teardown)
		workload->teardown(w);
	if (w->fd >= 0)
		close(w->fd);
	free((void *)w->slots);
	return NULL;
}

static uint64_t total(const struct crew *c, bool keep)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < c->t->point->workers; i++) {
		uint64_t n = atomic_load_explicit(&c->workers[i].operations, memory_order_relaxed);

		/* In the window: what there is now less what there was at its start. */
		if (keep)
			c->t->worker[i].operations = n - c->t->worker[i].operations;
		sum += n;
	}
	return sum;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Watches the workers from the gate on: warm-up, then slice after slice. */
static void sample(struct crew *c)
{
	struct trial *t = c->t;
	uint64_t gate = clock_ns(), start, last, now;
	uint64_t before, after;

	sleep_until(gate + t->warmup * 1e9);
	start = last = clock_ns();
	before = total(c, true);
	t->warmup_took = (start - gate) * 1e-9;
	for (unsigned int i = 0; i < t->slices; i++) {
		sleep_until(start + t->window * 1e9 * (i + 1) / t->slices);
		now = clock_ns();
		after = total(c, i + 1 == t->slices);
		t->slice_seconds[i] = (now - last) * 1e-9;
		t->slice_operations[i] = after - before;
		last = now;
		before = after;
	}
	t->window_took = (last - start) * 1e-9;
	for (unsigned int i = 0; i < t->point->workers; i++)
		atomic_store_explicit(&c->workers[i].stop, true, memory_order_relaxed);
}

static bool worker_failed(struct crew *c)
{
	for (unsigned int i = 0; i < c->t->point->workers; i++) {
		const struct worker *w = &c->workers[i];

		if (!w->error.text[0])
			continue;
		fail(&c->t->error, "worker %u: %.480s", i, w->error.text);
		return true;
	}
	return false;
}

static void begin_probes(struct trial *t)
{
	t->probes = 0;
	for_each_plugin (probe, p) {
		struct probe_run *r = &t->probe[t->probes];

		if (t->probes == TRIAL_PROBES || (*p)->unsupported())
			continue;
		memset(r, 0, sizeof(*r));
		r->probe = *p;
		(*p)->begin(r, &r->error);
		t->probes++;
	}
}

static void end_probes(struct trial *t)
{
	for (unsigned int i = 0; i < t->probes; i++) {
		struct probe_run *r = &t->probe[i];

		if (!r->error.text[0])
			r->probe->end(r, &r->error);
	}
}

static void check_probes(struct trial *t)
{
	uint64_t operations = 0;

	for (unsigned int i = 0; i < t->point->workers; i++)
		operations += t->worker[i].total_operations;
	for (unsigned int i = 0; i < t->probes; i++) {
		struct probe_run *r = &t->probe[i];

		if (!r->error.text[0] && r->probe->check)
			r->probe->check(r, t->point, operations, &r->error);
	}
}

static void other_cpu_time(struct trial *t, const struct cpu_time *before,
			   const struct cpu_time *after, const struct rusage *own_before,
			   const struct rusage *own_after)
{
	double own = seconds(&own_before->ru_utime, &own_after->ru_utime) +
		     seconds(&own_before->ru_stime, &own_after->ru_stime);
	double all = (after->at - before->at) * 1e-9 * sysconf(_SC_NPROCESSORS_ONLN);
	double foreign = after->busy - before->busy - own;

	/* /proc/stat counts in ticks: a little below 0 is none. */
	t->foreign_cpu = foreign > 0 ? foreign / all : 0;
	t->steal = (after->steal - before->steal) / all;
}

/* The sampling thread: the barriers here are those of worker_thread(). */
static void conduct(struct crew *c)
{
	struct cpu_time before, after;
	struct rusage own_before, own_after;
	struct trial *t = c->t;

	meet(c);
	c->abandoned = worker_failed(c) || cpu_time_read(&before, &t->error);
	t->failed = c->abandoned;
	meet(c);
	if (c->abandoned)
		return;
	meet(c);
	begin_probes(t);
	cpu_time_read(&before, &t->error);
	getrusage(RUSAGE_SELF, &own_before);
	meet(c);
	sample(c);
	meet(c);
	getrusage(RUSAGE_SELF, &own_after);
	cpu_time_read(&after, &t->error);
	end_probes(t);
	meet(c);
	other_cpu_time(t, &before, &after, &own_before, &own_after);
	check_probes(t);
}

static int prepare(struct crew *c, int *cpus)
{
	struct trial *t = c->t;
	unsigned int n = t->point->workers;

	if (placement_cpus(t->point->placement, n, cpus, &t->error))
		return -1;
	c->memory = t->pool->buffer->map(t->pool, &t->error);
	if (!c->memory)
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		struct worker *w = &c->workers[i];

		w->point = t->point;
		w->index = i;
		w->cpu = cpus[i];
		t->worker[i].cpu = cpus[i];
		t->worker[i].operations = 0;
	}
	errno = pthread_barrier_init(&c->barrier, NULL, n + 1);
	return errno ? fail(&t->error, "A barrier of %u workers: %s.", n, strerror(errno)) : 0;
}

/* The whole life of the trial's process. */
static void trial_process(struct trial *t)
{
	unsigned int n = t->point->workers;
	struct crew crew = {.t = t};
	struct seat *seats = calloc(n, sizeof(*seats));
	int *cpus = calloc(n, sizeof(*cpus));

	t->failed = true;
	crew.workers = aligned_alloc(CACHE_LINE, n * sizeof(*crew.workers));
	crew.pingpong = aligned_alloc(CACHE_LINE, 2 * sizeof(*crew.pingpong));
	if (!seats || !cpus || !crew.workers || !crew.pingpong) {
		fail(&t->error, "No memory for %u workers.", n);
		return;
	}
	memset(crew.workers, 0, n * sizeof(*crew.workers));
	memset(crew.pingpong, 0, 2 * sizeof(*crew.pingpong));
	if (prepare(&crew, cpus))
		return;
	for (unsigned int i = 0; i < n; i++) {
		seats[i] = (struct seat){.crew = &crew, .index = i};
		errno = pthread_create(&seats[i].thread, NULL, worker_thread, &seats[i]);
		if (errno) {
			/* The others wait at a barrier for ever: the process ends with them. */
			fail(&t->error,
			     "Starting worker %u: %s; see 'ulimit -u' and "
			     "kernel.threads-max.",
			     i, strerror(errno));
			return;
		}
	}
	t->failed = false;
	conduct(&crew);
	for (unsigned int i = 0; i < n; i++)
		pthread_join(seats[i].thread, NULL);
	if (!t->failed)
		t->failed = worker_failed(&crew);
}

int trial_run(struct trial *t)
{
	double timeout = 60 + 10 * (t->warmup + t->window) + 0.1 * t->point->workers;
	pid_t pid, parent = getpid();
	int status = 0, waited;

	t->error.text[0] = '\0';
	t->failed = true;
	t->pingpong[0] = t->pingpong[1] = 0;
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		fail(&t->error, "Starting the trial's process: %s.", strerror(errno));
		return 0;
	}
	if (!pid) {
		/* It must not outlive a controller that is killed. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		signals_default();
		trial_process(t);
		_exit(0);
	}
	waited = signals_wait(pid, timeout, &status);
	if (waited) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (waited == 2)
		return -1;
	if (waited) {
		t->failed = true;
		fail(&t->error, "The trial was not done after %.0f s, and was ended.", timeout);
		return 0;
	}
	if (WIFSIGNALED(status)) {
		t->failed = true;
		fail(&t->error, "The trial's process was ended by a signal: %s%s.",
		     strsignal(WTERMSIG(status)),
		     WTERMSIG(status) == SIGKILL ? "; did memory run out ('dmesg')?" : "");
	}
	return 0;
}
