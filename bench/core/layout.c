// SPDX-License-Identifier: GPL-3.0-or-later
#include "layout.h"

#include <stdint.h>

/* Bytes that a slot, the place of one operation in flight, takes up: whole base pages. */
static size_t slot_size(const struct point *p)
{
	return (size_t)point_subpages(p) * BASE_PAGE;
}

/* Where the first slot of a huge page begins. */
static size_t first_slot(const struct point *p)
{
	return p->subpage == SUBPAGE_TAIL ? BASE_PAGE : 0;
}

/* Slots that a huge page has room for: there is but one head. */
static unsigned int slots_a_page(const struct point *p)
{
	size_t size = slot_size(p);

	if (first_slot(p) + size > p->page.bytes)
		return 0;
	return p->subpage == SUBPAGE_HEAD ? 1 : (p->page.bytes - first_slot(p)) / size;
}

/* Workers that have a part each of one huge page. */
static unsigned int sharers(const struct point *p)
{
	switch (p->sharing) {
	case SHARING_SHARED:
		return p->workers;
	case SHARING_GROUP:
		return p->sharing_number < p->workers ? p->sharing_number : p->workers;
	default:
		return 1;
	}
}

/* Slots of the page that are one worker's own, when they share it. */
static unsigned int slots_a_worker(const struct point *p)
{
	return slots_a_page(p) / sharers(p);
}

/* Base pages that a worker with pages of its own has. */
static unsigned int base_pages_a_worker(const struct point *p)
{
	return p->depth * point_subpages(p);
}

const char *layout_unsupported(const struct point *p)
{
	if (!point_huge(p)) {
		if (p->sharing == SHARING_SHARED || p->sharing == SHARING_GROUP)
			return "sharing: a base page has no subpages to share it by; use same, "
			       "pool:P or private";
		return NULL;
	}
	if (!slots_a_page(p))
		return "block: does not fit into the huge page behind its head; use a smaller block "
		       "or subpage head";
	if (p->subpage == SUBPAGE_HEAD && sharers(p) > 1)
		return "sharing: a huge page has one head, not one a worker; use same";
	if (!slots_a_worker(p))
		return "sharing: the huge page has fewer blocks than there are workers on it; use a "
		       "smaller block or fewer workers";
	return NULL;
}

unsigned int layout_pages(const struct point *p)
{
	switch (p->sharing) {
	case SHARING_PRIVATE:
		return point_huge(p) ? p->workers : p->workers * base_pages_a_worker(p);
	case SHARING_GROUP:
		return (p->workers + p->sharing_number - 1) / p->sharing_number;
	case SHARING_POOL:
		return point_huge(p) ? p->sharing_number : p->sharing_number * point_subpages(p);
	default:
		return point_huge(p) ? 1 : base_pages_a_worker(p);
	}
}

void layout_worker_pages(const struct point *p, unsigned int worker, unsigned int *first,
			 unsigned int *count)
{
	*first = 0;
	*count = layout_pages(p);
	if (p->sharing == SHARING_PRIVATE) {
		*count /= p->workers;
		*first = worker * *count;
	} else if (p->sharing == SHARING_GROUP) {
		*count = 1;
		*first = worker / p->sharing_number;
	}
}

unsigned int layout_owner(const struct point *p, unsigned int page)
{
	switch (p->sharing) {
	case SHARING_PRIVATE:
		return page / (layout_pages(p) / p->workers);
	case SHARING_GROUP:
		return page * p->sharing_number;
	case SHARING_POOL:
		return page % p->workers;
	default:
		return 0;
	}
}

unsigned int layout_steps(const struct point *p)
{
	unsigned int steps = p->random || p->sharing == SHARING_POOL ? 1024 : 256;

	while (steps < 2 * p->depth)
		steps *= 2;
	return steps;
}

/* splitmix64, by Sebastiano Vigna, of worker, step and what it is for: the same in every trial. */
static uint64_t scramble(unsigned int worker, unsigned int step, unsigned int purpose)
{
	uint64_t x = ((uint64_t)purpose << 56) + ((uint64_t)worker << 32) + step;

	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

size_t layout_offset(const struct point *p, unsigned int worker, unsigned int step)
{
	unsigned int slot = step % p->depth, first, count, own;
	uint64_t random = scramble(worker, step, 1);

	if (p->sharing == SHARING_POOL) {
		size_t page = random % p->sharing_number;

		if (!point_huge(p))
			return page * slot_size(p);
		return page * p->page.bytes + first_slot(p) +
		       (random >> 32) % slots_a_page(p) * slot_size(p);
	}
	layout_worker_pages(p, worker, &first, &count);
	if (!point_huge(p))
		return (size_t)first * BASE_PAGE + slot * slot_size(p);
	/* More operations in flight than places: they go round. */
	own = slots_a_worker(p);
	slot %= own;
	slot += worker % sharers(p) * own;
	return first * p->page.bytes + first_slot(p) + slot * slot_size(p);
}

size_t layout_block(const struct point *p, unsigned int worker, unsigned int step, size_t blocks)
{
	return (p->random ? scramble(worker, step, 2) : step) % blocks;
}
