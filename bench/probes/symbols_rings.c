// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols_rings.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"
#define MOST "/proc/sys/kernel/perf_event_max_sample_rate"

/* A prime: not in step with the timer tick, nor with anything of round numbers. */
#define FREQUENCY 997

/* A sample takes 24 bytes, one with its chain some 300: 40 and 25 seconds of a CPU. */
#define ROOM (1 << 20)
#define ROOM_WITH_CHAINS (8 << 20)
#define LEAST_ROOM (1 << 16)

/* The kernel's records are no larger than this. */
#define LARGEST (1 << 16)

static unsigned int frequency(void)
{
	long long most = file_number(MOST);

	return most > 0 && most < FREQUENCY ? most : FREQUENCY;
}

static void describe(struct perf_event_attr *a, const struct rings *r)
{
	bool cycles = !strcmp(r->event, "cycles");

	*a = (struct perf_event_attr){
		.size = sizeof(*a),
		.type = cycles ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
		.config = cycles ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = r->frequency,
		.sample_type =
			PERF_SAMPLE_IP | PERF_SAMPLE_TID | (r->chains ? PERF_SAMPLE_CALLCHAIN : 0),
		.precise_ip = r->precise,
		.exclude_callchain_user = 1,
		.task = 1, /* who is whose child */
		.disabled = 1,
	};
}

/* An event on one CPU, of all tasks. The descriptor, or -1 with errno set. */
static int open_event(const struct rings *r, int cpu)
{
	struct perf_event_attr a;

	describe(&a, r);
	return syscall(SYS_perf_event_open, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* The best event that there is: cycles where there is a PMU, as exact as it can. */
static int choose_event(struct rings *r)
{
	r->frequency = frequency();
	for (int precise = 2; precise >= -1; precise--) {
		int fd;

		r->event = precise < 0 ? "cpu-clock" : "cycles";
		r->precise = precise < 0 ? 0 : precise;
		fd = open_event(r, 0);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		/* Whoever may not is told so; the next kind would not be granted either. */
		if (errno == EACCES || errno == EPERM || errno == ENOSYS)
			return -1;
	}
	return -1;
}

const char *rings_unsupported(void)
{
	static char text[256];
	struct rings r = {0};
	int why;

	if (!choose_event(&r))
		return NULL;
	why = errno;
	if (why == ENOSYS)
		return "symbols: this kernel has no perf events; it wants CONFIG_PERF_EVENTS";
	if (why != EACCES && why != EPERM) {
		snprintf(text, sizeof(text), "symbols: perf_event_open of cpu-clock on CPU 0: %s",
			 strerror(why));
		return text;
	}
	snprintf(text, sizeof(text),
		 "symbols: perf_event_open of all tasks on CPU 0: %s; run as root, or set %s, "
		 "which is %lld, to -1 or 0",
		 strerror(why), PARANOID, file_number(PARANOID));
	return text;
}

static int map_ring(struct rings *r, struct ring *ring)
{
	size_t page = sysconf(_SC_PAGESIZE);

	ring->memory = mmap(NULL, page + r->size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->memory != MAP_FAILED)
		return 0;
	ring->memory = NULL;
	return -1;
}

static int open_ring(struct rings *r, int cpu, struct error *e)
{
	struct ring *ring = &r->ring[r->count];

	ring->fd = open_event(r, cpu);
	if (ring->fd < 0 && errno == ENODEV)
		return 0; /* offline */
	if (ring->fd < 0)
		return fail(e, "symbols: perf_event_open of %s on CPU %d: %s", r->event, cpu,
			    strerror(errno));
	r->count++;
	if (!map_ring(r, ring))
		return 0;
	return fail(
		e,
		"symbols: mapping %zu KiB for the samples of CPU %d: %s; it takes root, or more "
		"in /proc/sys/kernel/perf_event_mlock_kb",
		r->size >> 10, cpu, strerror(errno));
}

static int open_all(struct rings *r, struct error *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	r->ring = calloc(cpus, sizeof(*r->ring));
	if (!r->ring)
		return fail(e, "symbols: no memory for the rings of %ld CPUs", cpus);
	for (long cpu = 0; cpu < cpus; cpu++)
		if (open_ring(r, cpu, e)) {
			rings_close(r);
			return -1;
		}
	return 0;
}

int rings_open(struct rings *r, bool chains, struct error *e)
{
	*r = (struct rings){.chains = chains};
	if (choose_event(r))
		return fail(e, "%s", rings_unsupported() ?: "symbols: perf_event_open failed once");
	/* Smaller ones where there is no memory for these: what is lost is counted. */
	for (r->size = chains ? ROOM_WITH_CHAINS : ROOM; open_all(r, e); r->size /= 2) {
		if (r->size > LEAST_ROOM)
			continue;
		/* CPUs of two kinds may not all have cycles by that name; all have a clock. */
		if (strcmp(r->event, "cycles"))
			return -1;
		r->event = "cpu-clock";
		r->precise = 0;
		r->size = 2 * (chains ? ROOM_WITH_CHAINS : ROOM);
	}
	return 0;
}

int rings_start(struct rings *r, struct error *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (ioctl(r->ring[i].fd, PERF_EVENT_IOC_ENABLE, 0))
			return fail(e, "symbols: switching the samples on: %s", strerror(errno));
	return 0;
}

void rings_stop(struct rings *r)
{
	for (size_t i = 0; i < r->count; i++)
		ioctl(r->ring[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

static uint64_t head_of(const struct ring *ring)
{
	const struct perf_event_mmap_page *page = ring->memory;

	return __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
}

static uint64_t tail_of(const struct ring *ring)
{
	return ((const struct perf_event_mmap_page *)ring->memory)->data_tail;
}

/* Lets the kernel write over all that is there. */
static void empty(struct ring *ring)
{
	struct perf_event_mmap_page *page = ring->memory;

	__atomic_store_n(&page->data_tail, head_of(ring), __ATOMIC_RELEASE);
}

/* Copies what may lie about the end of the ring. */
static void copy_out(const struct rings *r, const struct ring *ring, uint64_t at, void *out,
		     size_t length)
{
	const char *data = (const char *)ring->memory + sysconf(_SC_PAGESIZE);
	size_t from = at & (r->size - 1), first = r->size - from;

	if (first > length)
		first = length;
	memcpy(out, data + from, first);
	memcpy((char *)out + first, data, length - first);
}

/* The entries of a chain that are addresses: others say whose those that follow are. */
static size_t addresses_only(uint64_t *chain, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (chain[i] < (uint64_t)PERF_CONTEXT_MAX)
			chain[kept++] = chain[i];
	return kept;
}

static void tell_sample(const struct rings *r, uint64_t *words, size_t count, uint16_t misc,
			const struct ring_reader *reader)
{
	struct sample s = {
		.address = words[0],
		.pid = (pid_t)words[1], /* the thread is in the upper half */
		.kernel = (misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL,
	};

	if (r->chains && count > 2 && words[2] <= count - 3) {
		s.chain = words + 3;
		s.depth = addresses_only(words + 3, words[2]);
	}
	reader->sample(reader->user, &s);
}

/* pid, parent, thread, its parent: 32 bits each. Threads are of one process with theirs. */
static void tell_parent(const uint32_t *ids, const struct ring_reader *reader)
{
	if (ids[0] != ids[1])
		reader->parent(reader->user, ids[0], ids[1]);
}

static void tell(const struct rings *r, const struct perf_event_header *h, uint64_t *words,
		 const struct ring_reader *reader)
{
	size_t count = (h->size - sizeof(*h)) / sizeof(*words);

	if (h->type == PERF_RECORD_SAMPLE && reader->sample && count >= 2)
		tell_sample(r, words, count, h->misc, reader);
	else if ((h->type == PERF_RECORD_FORK || h->type == PERF_RECORD_EXIT) && reader->parent)
		tell_parent((const uint32_t *)words, reader);
	else if (h->type == PERF_RECORD_THROTTLE && reader->throttled)
		reader->throttled(reader->user);
}

/* The record at a place in a ring; its header in *h and the rest in words. False at the end. */
static bool next_record(const struct rings *r, const struct ring *ring, uint64_t *at,
			struct perf_event_header *h, uint64_t *words)
{
	uint64_t head = head_of(ring);

	if (head - *at < sizeof(*h) || head == *at)
		return false;
	copy_out(r, ring, *at, h, sizeof(*h));
	if (h->size < sizeof(*h) || h->size > head - *at)
		return false;
	copy_out(r, ring, *at + sizeof(*h), words, h->size - sizeof(*h));
	*at += h->size;
	return true;
}

void rings_read(const struct rings *r, const struct ring_reader *reader)
{
	static uint64_t words[LARGEST / sizeof(uint64_t)];
	struct perf_event_header h;

	for (size_t i = 0; i < r->count; i++) {
		uint64_t at = tail_of(&r->ring[i]);

		while (next_record(r, &r->ring[i], &at, &h, words))
			tell(r, &h, words, reader);
	}
}

/* Was there no room for another record? */
static bool is_full(const struct rings *r, const struct ring *ring)
{
	return head_of(ring) - tail_of(ring) + 4096 > r->size;
}

static uint64_t lost_of(const struct rings *r, const struct ring *ring)
{
	static uint64_t words[LARGEST / sizeof(uint64_t)];
	uint64_t at = tail_of(ring), lost = 0;
	struct perf_event_header h;

	while (next_record(r, ring, &at, &h, words))
		if (h.type == PERF_RECORD_LOST)
			lost += words[1];
	return lost;
}

/*
 * The kernel tells of what it had no room for when it writes the next record: a full ring
 * is emptied and goes on for a moment.
 */
uint64_t rings_lost(struct rings *r)
{
	const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
	uint64_t lost = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct ring *ring = &r->ring[i];
		bool full = is_full(r, ring);

		lost += lost_of(r, ring);
		empty(ring);
		if (!full)
			continue;
		ioctl(ring->fd, PERF_EVENT_IOC_ENABLE, 0);
		nanosleep(&moment, NULL);
		ioctl(ring->fd, PERF_EVENT_IOC_DISABLE, 0);
		lost += lost_of(r, ring);
		empty(ring);
	}
	return lost;
}

void rings_close(struct rings *r)
{
	size_t page = sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < r->count; i++) {
		if (r->ring[i].memory)
			munmap(r->ring[i].memory, page + r->size);
		close(r->ring[i].fd);
	}
	free(r->ring);
	r->ring = NULL;
	r->count = 0;
}
