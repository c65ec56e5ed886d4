// SPDX-License-Identifier: GPL-3.0-or-later
#include "layout.h"

/* Bytes that a slot takes up: whole base pages. */
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

	if (first_slot(p) + size > p->page)
		return 0;
	return p->subpage == SUBPAGE_HEAD ? 1 : (p->page - first_slot(p)) / size;
}

/* Slots of the page that are one worker's own, when they share it. */
static unsigned int slots_a_worker(const struct point *p)
{
	return slots_a_page(p) / (p->sharing == SHARING_SHARED ? p->workers : 1);
}

const char *layout_unsupported(const struct point *p)
{
	if (!point_huge(p)) {
		if (p->sharing == SHARING_SHARED)
			return "sharing shared: a base page has no subpages to share it by; use same";
		return NULL;
	}
	if (!slots_a_page(p))
		return "block: does not fit into the huge page behind its head; use a smaller block "
		       "or subpage head";
	if (p->subpage == SUBPAGE_HEAD && p->sharing == SHARING_SHARED && p->workers > 1)
		return "sharing shared: a huge page has one head, not one a worker; use same";
	if (!slots_a_worker(p))
		return "sharing shared: the huge page has fewer blocks than there are workers; use a "
		       "smaller block or fewer workers";
	return NULL;
}

unsigned int layout_pages(const struct point *p)
{
	unsigned int owners = p->sharing == SHARING_PRIVATE ? p->workers : 1;

	return point_huge(p) ? owners : owners * p->depth * point_subpages(p);
}

size_t layout_offset(const struct point *p, unsigned int worker, unsigned int slot)
{
	unsigned int own;

	if (!point_huge(p)) {
		if (p->sharing == SHARING_PRIVATE)
			slot += worker * p->depth;
		return slot * slot_size(p);
	}
	/* More operations in flight than places: they go round. */
	own = slots_a_worker(p);
	slot %= own;
	if (p->sharing == SHARING_PRIVATE)
		return worker * p->page + first_slot(p) + slot * slot_size(p);
	if (p->sharing == SHARING_SHARED)
		slot += worker * own;
	return first_slot(p) + slot * slot_size(p);
}
