// SPDX-License-Identifier: GPL-3.0-or-later
#include "trial.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crew.h"
#include "include/mark.h"
#include "include/outside.h"
#include "include/workload.h"
#include "signals.h"

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

static uint64_t total(const struct crew *c, bool keep)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < c->count; i++) {
		uint64_t n = atomic_load_explicit(&c->workers[i].operations, memory_order_relaxed);

		/* In the window: what there is now less what there was at its start. */
		if (keep)
			c->t->worker[i].operations = n - c->t->worker[i].operations;
		sum += n;
	}
	return sum;
}

/* The fewest operations of any worker. */
static uint64_t fewest(const struct crew *c)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < c->count; i++) {
		uint64_t n = atomic_load_explicit(&c->workers[i].operations, memory_order_relaxed);

		least = n < least ? n : least;
	}
	return least;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void stop(struct crew *c)
{
	for (unsigned int i = 0; i < c->count; i++)
		atomic_store_explicit(&c->workers[i].stop, true, memory_order_relaxed);
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
	stop(c);
}

/* Watches until each has done enough. A worker that has failed does no more. */
static void count(struct crew *c)
{
	struct trial *t = c->t;
	uint64_t gate = clock_ns();

	/* They begin at 0, and may have done it all before this is run. */
	while (fewest(c) < t->operations && !crew_failed(c))
		sleep_until(clock_ns() + 4000000);
	stop(c);
	t->slices = 1;
	t->slice_operations[0] = total(c, true);
	t->window_took = t->slice_seconds[0] = (clock_ns() - gate) * 1e-9;
	t->warmup_took = 0;
}

/* Another program does the trial: what it says of its window is one slice. */
static void run_outside(struct crew *c)
{
	struct trial *t = c->t;
	struct outside o = {
		.point = t->point,
		.workers = c->workers,
		.warmup = t->warmup,
		.window = t->window,
		.result = calloc(c->count, sizeof(*o.result)),
	};
	uint64_t operations = 0;
	double rate = 0;

	if (!o.result)
		fail(&t->error, "No memory for the figures of %u workers.", c->count);
	t->failed = !o.result || t->point->workload->run(&o, &t->error);
	for (unsigned int i = 0; i < c->count && !t->failed; i++) {
		const struct outside_worker *r = &o.result[i];

		t->worker[i].operations = r->operations;
		t->worker[i].user = r->user;
		t->worker[i].system = r->system;
		operations += r->operations;
		rate += r->operations / r->window;
	}
	t->slices = 1;
	t->latencies = false;
	t->warmup_took = t->warmup;
	t->window_took = t->slice_seconds[0] = operations ? operations / rate : t->window;
	t->slice_operations[0] = operations;
	t->total_operations = o.total_operations;
	free(o.result);
}

static void begin_probes(struct trial *t)
{
	t->probes = 0;
	for_each_plugin (probe, p) {
		struct probe_run *r = &t->probe[t->probes];

		if (t->probes == TRIAL_PROBES || ((*p)->apart && *p != t->apart) ||
		    (*p)->unsupported())
			continue;
		memset(r, 0, sizeof(*r));
		r->probe = *p;
		if ((*p)->apart) {
			r->details = t->details;
			r->room = sizeof(t->details);
		}
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
	for (unsigned int i = 0; i < t->probes; i++) {
		struct probe_run *r = &t->probe[i];

		if (!r->error.text[0] && r->probe->check && t->total_operations)
			r->probe->check(r, t->point, t->total_operations, &r->error);
	}
}

/* Seconds of CPU time of this process and of those that it has waited for. */
static double own_cpu_time(void)
{
	double sum = 0;

	for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
		struct rusage u;

		getrusage(who, &u);
		sum += u.ru_utime.tv_sec + u.ru_stime.tv_sec;
		sum += (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
	}
	return sum;
}

static void other_cpu_time(struct trial *t, const struct cpu_time *before,
			   const struct cpu_time *after, double own)
{
	double all = (after->at - before->at) * 1e-9 * sysconf(_SC_NPROCESSORS_ONLN);
	double foreign;

	/* Threads are in this process's account, other processes' loops are not. */
	for (unsigned int i = 0; i < t->point->workers && t->point->processes; i++)
		own += t->worker[i].user + t->worker[i].system;
	foreign = after->busy - before->busy - own;
	/* /proc/stat counts in ticks: a little below 0 is none. */
	t->foreign_cpu = foreign > 0 ? foreign / all : 0;
	t->steal = (after->steal - before->steal) / all;
}

static void take_latencies(struct crew *c)
{
	struct trial_latency *l = &c->t->latency;

	if (!c->latencies)
		return;
	*l = (struct trial_latency){
		.p50 = latency_quantile(c->latencies, c->count, 0.5),
		.p95 = latency_quantile(c->latencies, c->count, 0.95),
		.p99 = latency_quantile(c->latencies, c->count, 0.99),
		.p999 = latency_quantile(c->latencies, c->count, 0.999),
		.most = latency_quantile(c->latencies, c->count, 1),
	};
}

/* What the trial's process does meanwhile: the barriers here are those of work() in crew.c. */
static void conduct(struct crew *c, uint64_t started)
{
	struct cpu_time before, after;
	struct trial *t = c->t;
	double own;

	crew_meet(c);
	t->start_took = (clock_ns() - started) * 1e-9;
	*c->abandoned = crew_failed(c) || cpu_time_read(&before, &t->error);
	t->failed = *c->abandoned;
	crew_meet(c);
	if (t->failed)
		return;
	crew_meet(c);
	begin_probes(t);
	cpu_time_read(&before, &t->error);
	own = own_cpu_time();
	crew_meet(c);
	if (t->point->workload->run)
		run_outside(c);
	else if (t->operations)
		count(c);
	else
		sample(c);
	crew_meet(c);
	own = own_cpu_time() - own;
	cpu_time_read(&after, &t->error);
	end_probes(t);
	take_latencies(c);
	crew_meet(c);
	other_cpu_time(t, &before, &after, own);
	for (unsigned int i = 0; i < c->count && !t->point->workload->run; i++)
		t->total_operations += t->worker[i].total_operations;
	check_probes(t);
}

/* The whole life of the trial's process. */
static void trial_process(struct trial *t)
{
	struct crew crew;
	uint64_t started;

	t->failed = true;
	if (crew_prepare(&crew, t))
		return;
	mark_number(t->number);
	mark(MARK_TRIAL);
	started = clock_ns();
	/* If not all could be started, the others wait at a barrier and end with this process. */
	if (crew_start(&crew))
		return;
	t->failed = false;
	conduct(&crew, started);
	crew_end(&crew);
	if (!t->failed)
		t->failed = crew_failed(&crew);
}

int trial_run(struct trial *t)
{
	double timeout = 60 + 10 * (t->warmup + t->window) + 0.1 * t->point->workers;
	pid_t pid, parent = getpid();
	int status = 0, waited;

	t->error.text[0] = t->buffer_error.text[0] = t->buffer_found[0] = t->frames[0] =
		t->details[0] = '\0';
	t->failed = true;
	t->pingpong[0] = t->pingpong[1] = 0;
	t->total_operations = 0;
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
