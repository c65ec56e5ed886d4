// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loads of the kernel's that found their line modified in another CPU's cache (HITM),
 * by line: Intel's load latency, AMD's IBS. The whole system's. The machine this was
 * written on has no PMU: what comes after opening the event was run there with cpu-clock
 * in its place, and never yet on a PMU.
 */
#include <errno.h>
#include <jansson.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/file.h"
#include "include/probe.h"

#define DEVICES "/sys/bus/event_source/devices/"
#define RING (1 << 20) /* bytes of a CPU's samples: 25,000 of them */
#define RATE 4000      /* samples a second and CPU */
#define LATENCY 30     /* cycles: loads that take less come from a near cache */
#define SHOWN 20
#define LINE 64
/* Where the kernel's struct pages are, if they are not put at random. */
#define VMEMMAP 0xffffea0000000000
#define VMEMMAP_END 0xffffeb0000000000

enum { SAMPLES, HITM, LOST };

/* What to open: type and configuration of perf_event_open(). */
struct source {
	uint32_t type;
	uint64_t config, config1;
	bool leader; /* Intel since Alder Lake: an event of no use must lead the group */
	uint64_t leader_config;
};

struct watch {
	int fd, leader;
	struct perf_event_mmap_page *ring;
};

struct lines {
	uint64_t *addresses;
	size_t count, room;
};

/* As PERF_SAMPLE_IP, _TID, _ADDR and _DATA_SRC have it. */
struct sample {
	struct perf_event_header header;
	uint64_t ip;
	uint32_t process, task;
	uint64_t address;
	union perf_mem_data_src source;
};

static struct watch *watches;
static long cpus;

/* "event=0xcd,umask=0x1,ldlat=3" of an event by name; false: there is none. */
static bool read_event(const char *device, const char *name, uint64_t *config)
{
	char path[300], line[128];
	unsigned int event, umask;

	snprintf(path, sizeof(path), DEVICES "%s/events/%s", device, name);
	file_line(path, line, sizeof(line));
	if (sscanf(line, "event=%x,umask=%x", &event, &umask) != 2)
		return false;
	*config = event | umask << 8;
	return true;
}

static uint32_t read_type(const char *device)
{
	char path[300];

	snprintf(path, sizeof(path), DEVICES "%s/type", device);
	return file_number(path);
}

static bool find_source(struct source *s)
{
	static const char *const intel[] = {"cpu", "cpu_core"};

	for (size_t i = 0; i < sizeof(intel) / sizeof(intel[0]); i++) {
		memset(s, 0, sizeof(*s));
		if (!read_event(intel[i], "mem-loads", &s->config))
			continue;
		s->type = read_type(intel[i]);
		s->config1 = LATENCY;
		s->leader = read_event(intel[i], "mem-loads-aux", &s->leader_config);
		return true;
	}
	memset(s, 0, sizeof(*s));
	s->type = read_type("ibs_op");
	s->config = 1 << 19; /* cnt_ctl: counts operations, not cycles */
	return !access(DEVICES "ibs_op/type", R_OK);
}

static int open_event(const struct perf_event_attr *a, long cpu, int leader)
{
	return syscall(SYS_perf_event_open, a, -1, cpu, leader, PERF_FLAG_FD_CLOEXEC);
}

static int open_leader(const struct source *s, long cpu)
{
	struct perf_event_attr a = {
		.size = sizeof(a), .type = s->type, .config = s->leader_config, .disabled = 1};

	return open_event(&a, cpu, -1);
}

/* The event on a CPU, not yet counting. 0, or -1 with errno set. */
static int open_watch(const struct source *s, long cpu, struct watch *w)
{
	struct perf_event_attr a = {
		.size = sizeof(a),
		.type = s->type,
		.config = s->config,
		.config1 = s->config1,
		.freq = 1,
		.sample_freq = RATE,
		.sample_type =
			PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_ADDR | PERF_SAMPLE_DATA_SRC,
		.precise_ip = 2,
		.disabled = !s->leader,
	};

	w->leader = s->leader ? open_leader(s, cpu) : -1;
	if (s->leader && w->leader < 0)
		return -1;
	w->fd = open_event(&a, cpu, w->leader);
	/* A CPU that is off has no events, and no samples. */
	return w->fd < 0 && errno != ENODEV ? -1 : 0;
}

static void close_watch(struct watch *w)
{
	if (w->ring)
		munmap(w->ring, sysconf(_SC_PAGESIZE) + RING);
	if (w->fd >= 0)
		close(w->fd);
	if (w->leader >= 0)
		close(w->leader);
	*w = (struct watch){.fd = -1, .leader = -1};
}

static const char *hitm_unsupported(void)
{
	static struct error e;
	struct source s;
	struct watch w = {.fd = -1, .leader = -1};
	int rc;

	if (!find_source(&s))
		return "hitm: this machine has no PMU that samples loads (" DEVICES
		       " has no cpu/events/mem-loads and no ibs_op): run it on the hardware itself, "
		       "Intel's or AMD's with IBS, or give the guest a PMU";
	rc = open_watch(&s, 0, &w);
	if (rc)
		fail(&e, "hitm: opening the PMU's event of loads: %s%s", strerror(errno),
		     errno == EACCES || errno == EPERM ? ". It needs root; run it with sudo" : "");
	close_watch(&w);
	return rc ? e.text : NULL;
}

static void close_all(void)
{
	for (long cpu = 0; cpu < cpus; cpu++)
		close_watch(&watches[cpu]);
	free(watches);
	watches = NULL;
}

static int start(struct watch *w, const struct source *s, long cpu, struct error *e)
{
	if (open_watch(s, cpu, w))
		return fail(e, "hitm: opening the PMU's event of loads on CPU %ld: %s.", cpu,
			    strerror(errno));
	if (w->fd < 0)
		return 0;
	w->ring = mmap(NULL, sysconf(_SC_PAGESIZE) + RING, PROT_READ | PROT_WRITE, MAP_SHARED,
		       w->fd, 0);
	if (w->ring == MAP_FAILED) {
		w->ring = NULL;
		return fail(e,
			    "hitm: %d bytes for the samples of CPU %ld: %s. Raise "
			    "/proc/sys/kernel/perf_event_mlock_kb.",
			    RING, cpu, strerror(errno));
	}
	ioctl(w->leader >= 0 ? w->leader : w->fd, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
	return 0;
}

static int hitm_begin(struct probe_run *r, struct error *e)
{
	struct source s;
	int rc;

	(void)r;
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	watches = calloc(cpus, sizeof(*watches));
	rc = watches ? 0 : fail(e, "hitm: no memory for %ld CPUs.", cpus);
	for (long cpu = 0; cpu < cpus && watches; cpu++)
		watches[cpu].fd = watches[cpu].leader = -1;
	if (!rc && !find_source(&s))
		rc = fail(e, "hitm: the PMU's event of loads has gone.");
	for (long cpu = 0; cpu < cpus && !rc; cpu++)
		rc = start(&watches[cpu], &s, cpu, e);
	if (rc && watches)
		close_all();
	return rc;
}

static int add_line(struct lines *l, uint64_t address)
{
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 1024;
		uint64_t *more = reallocarray(l->addresses, room, sizeof(*more));

		if (!more)
			return -1;
		l->addresses = more;
		l->room = room;
	}
	l->addresses[l->count++] = address;
	return 0;
}

static void take_sample(struct probe_run *r, const struct sample *s, struct lines *l)
{
	if ((s->header.misc & PERF_RECORD_MISC_CPUMODE_MASK) != PERF_RECORD_MISC_KERNEL)
		return;
	r->values[SAMPLES]++;
	if (!(s->source.mem_snoop & PERF_MEM_SNOOP_HITM))
		return;
	r->values[HITM]++;
	if (add_line(l, s->address))
		r->values[LOST]++;
}

/* Copies from the ring, which goes round. */
static void copy_out(const struct watch *w, uint64_t at, void *to, size_t size)
{
	const char *data = (const char *)w->ring + sysconf(_SC_PAGESIZE);
	size_t from = at % RING, first = size < RING - from ? size : RING - from;

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, size - first);
}

static void read_ring(struct probe_run *r, const struct watch *w, struct lines *l)
{
	uint64_t at = w->ring->data_tail;
	uint64_t end = __atomic_load_n(&w->ring->data_head, __ATOMIC_ACQUIRE);

	while (at < end) {
		struct sample s = {0};
		struct perf_event_header header;
		uint64_t lost[2];

		copy_out(w, at, &header, sizeof(header));
		if (header.size < sizeof(header))
			break;
		if (header.type == PERF_RECORD_SAMPLE && header.size >= sizeof(s)) {
			copy_out(w, at, &s, sizeof(s));
			take_sample(r, &s, l);
		} else if (header.type == PERF_RECORD_LOST) {
			copy_out(w, at + sizeof(header), lost, sizeof(lost));
			r->values[LOST] += lost[1];
		}
		at += header.size;
	}
	/* What finds no room is told with the next that does, and there is none: at least one. */
	if (end - w->ring->data_tail + sizeof(struct sample) > RING)
		r->values[LOST]++;
}

static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A field of struct page, which is a line by itself, on x86-64; NULL: another. */
static const char *page_field(unsigned int offset)
{
	if (offset < 8)
		return "flags";
	if (offset >= 48 && offset < 52)
		return "_mapcount";
	return offset >= 52 && offset < 56 ? "_refcount" : NULL;
}

/* Are struct pages where they are without randomisation? Then no variable says where. */
static bool pages_known(void)
{
	struct error ignored;
	char *text = file_read("/proc/kallsyms", &ignored);
	bool known = text && !strstr(text, " vmemmap_base\n") &&
		     !strstr(text, " __pgtable_l5_enabled\n");

	free(text);
	return known;
}

static json_t *line_json(const uint64_t *addresses, size_t count, bool pages)
{
	uint64_t line = addresses[0] / LINE * LINE;
	json_t *fields = json_object(), *object;
	char text[32];

	for (size_t i = 0; i < count; i++) {
		unsigned int offset = addresses[i] - line;
		const char *name =
			pages && line >= VMEMMAP && line < VMEMMAP_END ? page_field(offset) : NULL;

		snprintf(text, sizeof(text), "+%u", offset);
		name = name ? name : text;
		json_object_set_new(
			fields, name,
			json_integer(1 + json_integer_value(json_object_get(fields, name))));
	}
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)line);
	object = json_pack("{s:s, s:I, s:o}", "line", text, "hitm", (json_int_t)count, "fields",
			   fields);
	return object;
}

/* Keeps the lines with the most: list is ordered, the most first. */
static void keep(json_t *list, json_t *line)
{
	json_int_t n = json_integer_value(json_object_get(line, "hitm"));
	size_t i = 0;

	while (i < json_array_size(list) &&
	       json_integer_value(json_object_get(json_array_get(list, i), "hitm")) >= n)
		i++;
	json_array_insert_new(list, i, line);
	if (json_array_size(list) > SHOWN)
		json_array_remove(list, SHOWN);
}

/* {"lines": [{"line": "0x...", "hitm": 7, "fields": {"_refcount": 7}} ...]} */
static int write_details(struct probe_run *r, struct lines *l, struct error *e)
{
	json_t *list = json_array(), *details = json_pack("{s:o}", "lines", list);
	bool pages = pages_known();
	char *text;
	int rc = 0;

	if (l->count)
		qsort(l->addresses, l->count, sizeof(*l->addresses), by_address);
	for (size_t i = 0, n; i < l->count; i += n) {
		for (n = 1;
		     i + n < l->count && l->addresses[i + n] / LINE == l->addresses[i] / LINE; n++)
			;
		keep(list, line_json(l->addresses + i, n, pages));
	}
	text = json_dumps(details, JSON_COMPACT);
	if (!text || (r->details && strlen(text) >= r->room))
		rc = fail(e, "hitm: no memory for %zu lines.", json_array_size(list));
	else if (r->details)
		strcpy(r->details, text);
	free(text);
	json_decref(details);
	return rc;
}

static int hitm_end(struct probe_run *r, struct error *e)
{
	struct lines lines = {0};
	int rc;

	memset(r->values, 0, sizeof(r->values));
	for (long cpu = 0; cpu < cpus; cpu++)
		if (watches[cpu].fd >= 0)
			ioctl(watches[cpu].fd, PERF_EVENT_IOC_DISABLE, 0);
	for (long cpu = 0; cpu < cpus; cpu++)
		if (watches[cpu].ring)
			read_ring(r, &watches[cpu], &lines);
	rc = write_details(r, &lines, e);
	free(lines.addresses);
	close_all();
	return rc;
}

static const struct probe hitm_probe = {
	.name = "hitm",
	.summary = "loads that found their line modified in another CPU's cache",
	.values = {"samples", "hitm", "lost"},
	.apart = true,
	.views =
		{
			[MECHANISM_BIT_LOCK] = {SIGHT_SEES, NULL},
			[MECHANISM_ATOMIC] = {SIGHT_SEES, NULL},
			[MECHANISM_FOLIO_LOCK] = {SIGHT_SEES, NULL},
			[MECHANISM_SPIN] = {SIGHT_SEES, NULL},
			[MECHANISM_SLEEPING] = {SIGHT_PARTLY,
						"lines that are passed about are seen, the time "
						"asleep is not"},
		},
	.unsupported = hitm_unsupported,
	.begin = hitm_begin,
	.end = hitm_end,
};
REGISTER_PROBE(hitm_probe);
