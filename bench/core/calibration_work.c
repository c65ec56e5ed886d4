// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Cells shared out between processes. They take block after block from a counter, and
 * send what came of it through one pipe; sums are made in the order of blocks, so that
 * they do not depend on who was first.
 */
#include "calibration.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A message is written in one piece, and not mixed with others. */
struct message {
	size_t block; /* of all cells */
	bool failed;
	struct calibration_tally tally;
	struct error error;
};
_Static_assert(sizeof(struct message) <= PIPE_BUF, "a message would be torn");

struct work {
	const struct calibration_plan *plan;
	size_t blocks, blocks_a_cell;
	atomic_size_t *next; /* shared with the children */
	int pipe[2];
	pid_t *children;
	unsigned int started;
	struct calibration_tally *tallies; /* by block */
};

static void do_block(const struct work *w, size_t block, struct message *m)
{
	const struct calibration_plan *p = w->plan;
	const struct calibration_cell *c = &p->cells[block / w->blocks_a_cell];
	unsigned int number = block % w->blocks_a_cell;
	unsigned long left = p->families - (unsigned long)number * CALIBRATION_BLOCK;
	unsigned int families = left < CALIBRATION_BLOCK ? left : CALIBRATION_BLOCK;
	int rc;

	memset(m, 0, sizeof(*m));
	m->block = block;
	if (c->journal)
		rc = calibration_relabel(c, p->seed, number, families, &m->tally, &m->error);
	else
		rc = calibration_simulate(c, p->seed, number, families, &m->tally, &m->error);
	m->failed = rc;
}

static void child(struct work *w)
{
	struct message m;
	size_t block;

	close(w->pipe[0]);
	while ((block = atomic_fetch_add(w->next, 1)) < w->blocks) {
		do_block(w, block, &m);
		if (write(w->pipe[1], &m, sizeof(m)) != sizeof(m))
			_exit(1);
		if (m.failed)
			_exit(1);
	}
	_exit(0);
}

static int start(struct work *w, struct error *e)
{
	unsigned int jobs = w->plan->jobs < w->blocks ? w->plan->jobs : w->blocks;

	if (pipe(w->pipe))
		return fail(e, "Making a pipe to the simulating processes: %s.", strerror(errno));
	/* What is not yet written would be written by every child. */
	fflush(NULL);
	for (; w->started < jobs; w->started++) {
		pid_t pid = fork();

		if (pid < 0)
			return fail(e, "Starting a process that simulates: %s.", strerror(errno));
		if (!pid)
			child(w);
		w->children[w->started] = pid;
	}
	close(w->pipe[1]);
	w->pipe[1] = -1;
	return 0;
}

/* 1: a message, 0: there will be no more, -1: reading failed. */
static int receive(int fd, struct message *m)
{
	size_t got = 0;

	while (got < sizeof(*m)) {
		ssize_t n = read(fd, (char *)m + got, sizeof(*m) - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -1 : 0;
		got += n;
	}
	return 1;
}

static int collect(struct work *w, struct error *e)
{
	const struct calibration_plan *p = w->plan;
	struct message m = {0};

	for (size_t done = 0; done < w->blocks; done++) {
		if (p->progress)
			p->progress(p->user, done, w->blocks,
				    &p->cells[m.block / w->blocks_a_cell]);
		if (receive(w->pipe[0], &m) != 1)
			return fail(e, "A process that simulates ended before its work did.");
		if (m.failed) {
			*e = m.error;
			return -1;
		}
		w->tallies[m.block] = m.tally;
	}
	return 0;
}

/* They end by themselves, sooner when nobody reads what they say. */
static void finish(struct work *w, bool failed)
{
	for (int i = 0; i < 2; i++)
		if (w->pipe[i] >= 0)
			close(w->pipe[i]);
	if (failed)
		atomic_store(w->next, w->blocks);
	for (unsigned int i = 0; i < w->started; i++)
		while (waitpid(w->children[i], NULL, 0) < 0 && errno == EINTR)
			;
}

static void add(struct calibration_tally *to, const struct calibration_tally *t)
{
	to->families += t->families;
	to->different += t->different;
	to->different_overall += t->different_overall;
	to->equivalent += t->equivalent;
	to->with_intervals += t->with_intervals;
	to->missed += t->missed;
	to->missed_squares += t->missed_squares;
	to->false_equivalent += t->false_equivalent;
	to->margin_point += t->margin_point;
	to->decided += t->decided;
	to->powered += t->powered;
	to->loss_everywhere += t->loss_everywhere;
	to->loss_at_one += t->loss_at_one;
	to->equivalent_wide += t->equivalent_wide;
}

static int run(struct work *w, struct calibration_tally *tallies, struct error *e)
{
	int rc = start(w, e);

	if (!rc)
		rc = collect(w, e);
	finish(w, rc);
	memset(tallies, 0, w->plan->count * sizeof(*tallies));
	for (size_t i = 0; i < w->blocks && !rc; i++)
		add(&tallies[i / w->blocks_a_cell], &w->tallies[i]);
	return rc;
}

int calibration_run(const struct calibration_plan *p, struct calibration_tally *tallies,
		    struct error *e)
{
	size_t blocks_a_cell = (p->families + CALIBRATION_BLOCK - 1) / CALIBRATION_BLOCK;
	struct work w = {
		.plan = p,
		.blocks_a_cell = blocks_a_cell,
		.blocks = p->count * blocks_a_cell,
		.pipe = {-1, -1},
		.children = calloc(p->jobs + 1, sizeof(*w.children)),
	};
	int rc;

	w.tallies = calloc(w.blocks + 1, sizeof(*w.tallies));
	w.next = mmap(NULL, sizeof(*w.next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (w.children && w.tallies && w.next != MAP_FAILED)
		rc = run(&w, tallies, e);
	else
		rc = fail(e, "No memory for a grid of %zu cells.", p->count);
	if (w.next != MAP_FAILED)
		munmap(w.next, sizeof(*w.next));
	free(w.children);
	free(w.tallies);
	return rc;
}
