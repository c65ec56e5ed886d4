/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces made by hand, and traces as text: what tests of them have in common. */
#ifndef PINSCALE_TRACE_WRITER_H
#define PINSCALE_TRACE_WRITER_H

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/trace.h"
#include "testing.h"

/* A trace in memory. Events go to the block, which trace_block() ends. */
struct trace_writer {
	uint8_t file[1 << 16], block[1 << 15];
	size_t size, used;
	uint64_t site, address;
};

static inline void trace_bytes(struct trace_writer *w, const void *data, size_t bytes)
{
	assert_true(w->size + bytes <= sizeof(w->file));
	memcpy(w->file + w->size, data, bytes);
	w->size += bytes;
}

static inline void trace_header(struct trace_writer *w, uint32_t how_many, uint32_t skip_operations,
				uint32_t flags)
{
	struct trace_header h = {.version = TRACE_VERSION,
				 .cpus = how_many,
				 .skip = skip_operations,
				 .flags = flags};

	*w = (struct trace_writer){0};
	memcpy(h.magic, TRACE_MAGIC, sizeof(h.magic));
	trace_bytes(w, &h, sizeof(h));
}

static inline void trace_byte(struct trace_writer *w, uint8_t byte)
{
	assert_true(w->used < sizeof(w->block));
	w->block[w->used++] = byte;
}

static inline void trace_number(struct trace_writer *w, uint64_t number)
{
	while (number >= 0x80) {
		trace_byte(w, (number & 0x7f) | 0x80);
		number >>= 7;
	}
	trace_byte(w, number);
}

static inline void trace_difference(struct trace_writer *w, uint64_t *last, uint64_t value)
{
	uint64_t difference = value - *last;

	trace_number(w, difference >> 63 ? ~difference * 2 + 1 : difference * 2);
	*last = value;
}

static inline void trace_begin(struct trace_writer *w, uint32_t worker, uint32_t trial_number)
{
	trace_byte(w, TRACE_BEGIN);
	trace_number(w, worker);
	trace_number(w, trial_number);
}

static inline void trace_access(struct trace_writer *w, enum trace_kind kind, uint64_t gap,
				uint64_t site, uint64_t address)
{
	trace_byte(w, kind);
	trace_number(w, gap);
	trace_difference(w, &w->site, site);
	trace_difference(w, &w->address, address);
}

static inline void trace_operation(struct trace_writer *w, unsigned int disturbance, uint64_t gap,
				   uint64_t operations)
{
	trace_byte(w, TRACE_OPERATION | disturbance << 4);
	trace_number(w, gap);
	trace_number(w, operations);
}

static inline void trace_end(struct trace_writer *w, uint64_t operations)
{
	trace_byte(w, TRACE_END);
	trace_number(w, operations);
}

/* entries: address, instructions, executions of each. */
static inline void trace_profile(struct trace_writer *w, uint64_t operations,
				 const uint64_t (*entries)[3], size_t count)
{
	uint64_t address = 0;

	trace_byte(w, TRACE_PROFILE);
	trace_number(w, count);
	trace_number(w, operations);
	for (size_t i = 0; i < count; i++) {
		trace_difference(w, &address, entries[i][0]);
		trace_number(w, entries[i][1]);
		trace_number(w, entries[i][2]);
	}
}

/* Ends the block: its events are those of the CPU. */
static inline void trace_block(struct trace_writer *w, uint32_t cpu)
{
	struct trace_block head = {.magic = TRACE_BLOCK_MAGIC,
				   .cpu = cpu,
				   .bytes = w->used,
				   .crc = crc32(0, w->block, w->used)};

	trace_bytes(w, &head, sizeof(head));
	trace_bytes(w, w->block, w->used);
	w->used = 0;
	w->site = w->address = 0;
}

static inline void put_bytes(const char *path, const void *data, size_t bytes)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, bytes, f), bytes);
	assert_int_equal(fclose(f), 0);
}

static inline void trace_save(const struct trace_writer *w, const char *path)
{
	put_bytes(path, w->file, w->size);
}

/* Events as text, a line each. What does not fit is counted only. */
struct trace_text {
	char text[1 << 16];
	size_t used;
	uint64_t events;
};

static inline int trace_to_text(void *user, const struct trace_event *event, struct error *e)
{
	struct trace_text *t = user;
	char *at = t->text + t->used, line[192] = "";
	size_t room = sizeof(line);

	(void)e;
	switch (event->kind) {
	case TRACE_BEGIN:
		snprintf(line, room, "%u begin worker %u trial %u\n", event->cpu, event->worker,
			 event->trial);
		break;
	case TRACE_LOCKED:
	case TRACE_LOAD:
	case TRACE_STORE:
		snprintf(line, room, "%u %s after %llu at %llx on %llx\n", event->cpu,
			 event->kind == TRACE_LOCKED ? "locked"
			 : event->kind == TRACE_LOAD ? "load"
						     : "store",
			 (unsigned long long)event->gap, (unsigned long long)event->site,
			 (unsigned long long)event->address);
		break;
	case TRACE_OPERATION:
		snprintf(line, room, "%u operation after %llu ended %llu disturbed %u\n",
			 event->cpu, (unsigned long long)event->gap,
			 (unsigned long long)event->operations, event->disturbance);
		break;
	case TRACE_PROFILE:
		snprintf(line, room, "%u profile %llu: %llx of %llu ran %llu\n", event->cpu,
			 (unsigned long long)event->operations, (unsigned long long)event->address,
			 (unsigned long long)event->instructions,
			 (unsigned long long)event->executions);
		break;
	case TRACE_END:
		snprintf(line, room, "%u end %llu\n", event->cpu,
			 (unsigned long long)event->operations);
		break;
	}
	t->events++;
	if (t->used + strlen(line) < sizeof(t->text))
		t->used += strlen(strcpy(at, line));
	return 0;
}

/* Reads a trace that is one, to the end of what is good of it. */
static inline void trace_text_of(const char *path, struct trace_text *t, struct trace_info *info)
{
	struct error e = {""};

	t->used = t->events = 0;
	t->text[0] = '\0';
	if (trace_read(path, trace_to_text, t, info, &e))
		fail_msg("%s", e.text);
	assert_int_equal(info->events, t->events);
}

#endif
