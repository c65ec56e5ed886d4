// SPDX-License-Identifier: GPL-3.0-or-later
#include "record_lines.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record_cut.h"

#define MOST_THREADS 8
#define CHUNKS_A_THREAD 2

/* Bytes of chunks that are not yet taken. Parsed, a line may need 80 times the room that it has. */
#define MOST_UNDERWAY RECORD_LINE_MOST

enum chunk_state { TAKEN, READ, PARSED };

/* A piece of the file, of whole lines. */
struct chunk {
	char *text;
	size_t length, room;
	void **digests; /* of its lines that have one */
	size_t count, digests_room;
	unsigned int torn;
	bool no_memory;
	enum chunk_state state;
};

/* Chunk n of the file is in chunks[n % chunk_count], and thread n % threads parses it. */
struct lines {
	FILE *f;
	const struct record_use *use;
	struct chunk chunks[MOST_THREADS * CHUNKS_A_THREAD];
	unsigned int chunk_count;
	unsigned int oldest, underway; /* chunks that are not yet taken: which, and how many */
	size_t underway_bytes;
	char *rest; /* what is read and in no chunk */
	size_t rest_length, rest_room;
	unsigned int torn;
	bool no_memory;
	int error; /* errno of reading the file, or 0 */
	pthread_t thread[MOST_THREADS];
	unsigned int threads;
	pthread_mutex_t mutex; /* of the chunks' state, and over */
	pthread_cond_t changed;
	bool over; /* no chunk will follow */
};

/* --- parsing: in any thread ----------------------------------------------------- */

static bool make_room(void **list, size_t *room, size_t wanted, size_t size)
{
	size_t larger = *room ? *room : 64;
	void *longer;

	if (wanted <= *room)
		return true;
	while (larger < wanted)
		larger *= 2;
	longer = reallocarray(*list, larger, size);
	if (!longer)
		return false;
	*list = longer;
	*room = larger;
	return true;
}

static void add_digest(struct chunk *c, void *digest)
{
	if (make_room((void **)&c->digests, &c->digests_room, c->count + 1, sizeof(*c->digests)))
		c->digests[c->count++] = digest;
	else
		c->no_memory = true;
}

/* scratch has room for the line, or is NULL when it is not to be cut. */
static void parse_line(struct chunk *c, const struct record_use *use, const char *line,
		       size_t length, char *scratch)
{
	size_t cut = scratch ? record_cut(line, length, scratch) : 0;
	json_t *record = NULL;
	void *digest;

	if (length <= RECORD_LINE_MOST)
		record = json_loadb(cut ? scratch : line, cut ? cut : length, 0, NULL);
	if (!json_is_object(record)) {
		c->torn += *line != '\n'; /* an empty line ended a torn one */
	} else if (use->digest) {
		digest = use->digest(use->user, record);
		if (digest)
			add_digest(c, digest);
	} else {
		use->take_record(use->user, record);
	}
	json_decref(record);
}

static void parse_chunk(struct chunk *c, const struct record_use *use)
{
	const char *end = c->text + c->length, *next;
	char *scratch = use->cut ? malloc(c->length) : NULL;

	for (const char *line = c->text; line < end; line = next) {
		const char *newline = memchr(line, '\n', end - line);

		next = newline ? newline + 1 : end;
		parse_line(c, use, line, next - line, scratch);
	}
	free(scratch);
}

struct job {
	struct lines *l;
	unsigned int first;
};

/* Waits until the chunk is in that state; false: there will be no more. */
static bool await(struct lines *l, const struct chunk *c, enum chunk_state state)
{
	while (c->state != state && !l->over)
		pthread_cond_wait(&l->changed, &l->mutex);
	return c->state == state;
}

static void *parse_chunks(void *argument)
{
	struct lines *l = ((struct job *)argument)->l;
	unsigned int n = ((struct job *)argument)->first;

	free(argument);
	pthread_mutex_lock(&l->mutex);
	/* The number of threads is known when all have been started. */
	while (await(l, &l->chunks[n], READ)) {
		pthread_mutex_unlock(&l->mutex);
		parse_chunk(&l->chunks[n], l->use);
		pthread_mutex_lock(&l->mutex);
		l->chunks[n].state = PARSED;
		pthread_cond_broadcast(&l->changed);
		n = (n + l->threads) % l->chunk_count;
	}
	pthread_mutex_unlock(&l->mutex);
	return NULL;
}

/* --- reading and handing over: in the thread that called -------------------------- */

/* Reads more behind what is there. false: there is no more, or no memory. */
static bool read_more(struct lines *l)
{
	size_t n;

	if (!make_room((void **)&l->rest, &l->rest_room, l->rest_length + RECORD_CHUNK, 1)) {
		l->no_memory = true;
		return false;
	}
	n = fread(l->rest + l->rest_length, 1, RECORD_CHUNK, l->f);
	l->rest_length += n;
	if (ferror(l->f))
		l->error = errno;
	return n > 0;
}

/* Passes over a line of which rest holds the beginning, because it is too long. */
static void skip_line(struct lines *l)
{
	char *newline = NULL;

	l->torn++;
	while (!newline) {
		l->rest_length = 0;
		if (!read_more(l))
			return;
		newline = memchr(l->rest, '\n', l->rest_length);
	}
	l->rest_length -= newline + 1 - l->rest;
	memmove(l->rest, newline + 1, l->rest_length);
}

/* Reads until rest has a whole line. How long its whole lines are; at the end of the file, all. */
static size_t read_lines(struct lines *l)
{
	const char *newline = NULL;
	size_t seen = 0;

	while (!newline) {
		if (l->rest_length > seen)
			newline = memrchr(l->rest + seen, '\n', l->rest_length - seen);
		seen = l->rest_length;
		if (newline)
			break;
		if (l->rest_length > RECORD_LINE_MOST) {
			skip_line(l);
			seen = 0;
		} else if (!read_more(l)) {
			return l->no_memory ? 0 : l->rest_length;
		}
	}
	return newline + 1 - l->rest;
}

static void set_state(struct lines *l, struct chunk *c, enum chunk_state state)
{
	pthread_mutex_lock(&l->mutex);
	c->state = state;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
}

static void free_chunk(struct chunk *c)
{
	free(c->digests);
	free(c->text);
	c->digests = NULL;
	c->text = NULL;
	c->digests_room = c->room = 0;
}

/* The digests of the oldest chunk, when it has been parsed. */
static void hand_over(struct lines *l)
{
	struct chunk *c = &l->chunks[l->oldest];

	pthread_mutex_lock(&l->mutex);
	await(l, c, PARSED);
	pthread_mutex_unlock(&l->mutex);
	for (size_t i = 0; i < c->count; i++)
		l->use->take(l->use->user, c->digests[i]);
	l->torn += c->torn;
	l->no_memory |= c->no_memory;
	l->underway_bytes -= c->length;
	l->underway--;
	l->oldest = (l->oldest + 1) % l->chunk_count;
	c->count = c->torn = 0;
	/* As large as chunks never are, where lines are as they should be. */
	if (c->length > 2 * RECORD_CHUNK)
		free_chunk(c);
	set_state(l, c, TAKEN);
}

/* Makes a chunk of so much of the rest, and has it parsed. */
static bool submit(struct lines *l, size_t length)
{
	struct chunk *c = &l->chunks[(l->oldest + l->underway) % l->chunk_count];
	size_t left = l->rest_length - length;
	struct chunk old;

	if (!make_room((void **)&c->text, &c->room, left + 1, 1))
		return false;
	memcpy(c->text, l->rest + length, left);
	old = *c;
	c->text = l->rest;
	c->room = l->rest_room;
	c->length = length;
	l->rest = old.text;
	l->rest_room = old.room;
	l->rest_length = left;
	l->underway++;
	l->underway_bytes += length;
	if (!l->threads)
		parse_chunk(c, l->use);
	set_state(l, c, l->threads ? READ : PARSED);
	return true;
}

static unsigned int count_cpus(void)
{
	cpu_set_t set;

	/* It fails where there are more than 1024. */
	return sched_getaffinity(0, sizeof(set), &set) ? sysconf(_SC_NPROCESSORS_ONLN)
						       : CPU_COUNT(&set);
}

/* As many as there are CPUs. If there can be none, the calling thread parses. */
static void start_threads(struct lines *l)
{
	unsigned int wanted = count_cpus(), n = 0;
	sigset_t all, before;

	/* Signals are for the thread that called. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	json_object_seed(0);
	wanted = wanted < MOST_THREADS ? wanted : MOST_THREADS;
	pthread_mutex_lock(&l->mutex);
	while (n < wanted) {
		struct job *job = malloc(sizeof(*job));

		if (job)
			*job = (struct job){l, n};
		if (!job || pthread_create(&l->thread[n], NULL, parse_chunks, job)) {
			free(job);
			break;
		}
		n++;
	}
	l->threads = n;
	l->chunk_count = n ? n * CHUNKS_A_THREAD : 1;
	pthread_mutex_unlock(&l->mutex);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void end_threads(struct lines *l)
{
	pthread_mutex_lock(&l->mutex);
	l->over = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
	for (unsigned int i = 0; i < l->threads; i++)
		pthread_join(l->thread[i], NULL);
}

/* Room for a chunk of that length: one that is free, and not too much is underway. */
static void wait_for_room(struct lines *l, size_t length)
{
	while (l->underway &&
	       (l->underway == l->chunk_count || l->underway_bytes + length > MOST_UNDERWAY))
		hand_over(l);
}

static void read_all(struct lines *l)
{
	bool first = true;
	size_t length;

	while ((length = read_lines(l))) {
		/* A small journal is read sooner than threads begin. */
		if (first && l->use->digest && !feof(l->f))
			start_threads(l);
		first = false;
		wait_for_room(l, length);
		if (!submit(l, length)) {
			l->no_memory = true;
			break;
		}
	}
	while (l->underway)
		hand_over(l);
	end_threads(l);
}

int record_lines_read(FILE *f, const char *name, const struct record_use *use, struct error *e)
{
	struct lines l = {
		.f = f,
		.use = use,
		.chunk_count = 1,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};

	read_all(&l);
	for (unsigned int i = 0; i < l.chunk_count; i++)
		free_chunk(&l.chunks[i]);
	free(l.rest);
	if (l.error)
		return fail(e, "Reading %s: %s.", name, strerror(l.error));
	if (l.no_memory)
		return fail(e, "No memory to read %s.", name);
	return l.torn < INT_MAX ? l.torn : INT_MAX;
}
