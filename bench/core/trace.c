// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* No writer makes larger blocks. */
#define MOST_BYTES (1u << 20)

/* A block, and how far it has been taken apart. */
struct payload {
	const uint8_t *at, *end;
	bool bad; /* it ended within an event */
};

static uint64_t get(struct payload *p)
{
	uint64_t number = 0;

	for (unsigned int shift = 0; p->at < p->end && shift < 64; shift += 7) {
		uint8_t byte = *p->at++;

		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	p->bad = true;
	return 0;
}

static uint64_t get_difference(struct payload *p, uint64_t *last)
{
	uint64_t n = get(p);

	*last += n >> 1 ^ -(n & 1);
	return *last;
}

struct reader {
	gzFile file;
	int (*take)(void *user, const struct trace_event *event, struct error *e);
	void *user;
	struct trace_info *info;
};

/* Gives an event on. 0; 1: the block is bad; -1. */
static int give(struct reader *r, const struct payload *p, const struct trace_event *event,
		struct error *e)
{
	if (p->bad)
		return 1;
	r->info->events++;
	return r->take(r->user, event, e);
}

/* A table of blocks: an event each. As give(). */
static int take_profile(struct reader *r, struct payload *p, struct trace_event *event,
			struct error *e)
{
	uint64_t entries = get(p), address = 0;
	int rc;

	event->operations = get(p);
	rc = p->bad;
	for (uint64_t i = 0; i < entries && !rc; i++) {
		event->address = get_difference(p, &address);
		event->instructions = get(p);
		event->executions = get(p);
		rc = give(r, p, event, e);
		event->operations = 0;
	}
	return rc;
}

/* All events of a block. As give(). */
static int take_block(struct reader *r, const struct trace_block *head, const uint8_t *bytes,
		      struct error *e)
{
	struct payload p = {.at = bytes, .end = bytes + head->bytes};
	uint64_t site = 0, address = 0;
	int rc = 0;

	while (p.at < p.end && !rc) {
		struct trace_event event = {.cpu = head->cpu, .kind = *p.at & 0xf};
		unsigned int flags = *p.at++ >> 4;

		switch (event.kind) {
		case TRACE_BEGIN:
			event.worker = get(&p);
			event.trial = get(&p);
			break;
		case TRACE_LOCKED:
		case TRACE_LOAD:
		case TRACE_STORE:
			event.gap = get(&p);
			event.site = get_difference(&p, &site);
			event.address = get_difference(&p, &address);
			break;
		case TRACE_OPERATION:
			event.disturbance = flags;
			event.gap = get(&p);
			event.operations = get(&p);
			break;
		case TRACE_PROFILE:
			rc = take_profile(r, &p, &event, e);
			continue;
		case TRACE_END:
			event.operations = get(&p);
			break;
		default:
			return 1;
		}
		rc = give(r, &p, &event, e);
	}
	return rc;
}

/* Reads exactly that much: 1, 0 at the end, -1 when the file ends within it. */
static int read_whole(struct reader *r, void *data, unsigned int bytes)
{
	int n = gzread(r->file, data, bytes), error;

	if (n > 0) {
		r->info->bytes += n;
		r->info->crc = crc32(r->info->crc, data, n);
	}
	if (n == (int)bytes)
		return 1;
	/* A compressed file may be cut off where nothing of it is left to be given. */
	gzerror(r->file, &error);
	return n == 0 && error == Z_OK ? 0 : -1;
}

static int read_header(struct reader *r, const char *path, struct error *e)
{
	struct trace_header *h = &r->info->header;

	if (read_whole(r, h, sizeof(*h)) != 1 || memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)))
		return fail(e, "%s is no trace of pinscale's plugin.", path);
	if (h->version != TRACE_VERSION)
		return fail(e,
			    "%s is a trace of version %u, and this pinscale reads version %u: use "
			    "the one that wrote it.",
			    path, h->version, TRACE_VERSION);
	return 0;
}

/* Reads on block by block, as long as they are good. 0 or -1. */
static int read_blocks(struct reader *r, uint8_t *bytes, struct error *e)
{
	struct trace_block head;
	int whole, rc = 0;

	while ((whole = read_whole(r, &head, sizeof(head))) == 1) {
		if (head.magic != TRACE_BLOCK_MAGIC || head.bytes > MOST_BYTES ||
		    head.cpu >= r->info->header.cpus || read_whole(r, bytes, head.bytes) != 1 ||
		    crc32(0, bytes, head.bytes) != head.crc) {
			r->info->truncated = true;
			return 0;
		}
		rc = take_block(r, &head, bytes, e);
		if (rc)
			break;
		r->info->blocks++;
	}
	r->info->truncated = whole < 0 || rc == 1;
	return rc < 0 ? -1 : 0;
}

int trace_read(const char *path,
	       int (*take)(void *user, const struct trace_event *event, struct error *e),
	       void *user, struct trace_info *info, struct error *e)
{
	struct reader r = {.file = gzopen(path, "rb"), .take = take, .user = user, .info = info};
	uint8_t *bytes = malloc(MOST_BYTES);
	int rc;

	*info = (struct trace_info){.crc = crc32(0, NULL, 0)};
	if (!r.file)
		rc = fail(e, "Opening %s: %s.", path, strerror(errno));
	else if (!bytes)
		rc = fail(e, "No memory to read %s.", path);
	else
		rc = read_header(&r, path, e);
	if (!rc)
		rc = read_blocks(&r, bytes, e);
	if (r.file)
		gzclose(r.file);
	free(bytes);
	return rc;
}
