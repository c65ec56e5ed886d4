// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which memory an operation gets: that private, shared and same mean what the
 * comparison rests on (a huge page a worker, a subpage a worker, the very same
 * subpage), that head and tail are what they say, and that nothing lies
 * outside the pool or under two workers.
 */
#include "testing.h"

#include <stdbool.h>

#include "core/layout.h"

#define HUGE_PAGE (2ul << 20)

static const size_t blocks[] = {4096, 8192, 12288, 65536, 1 << 20};
static const unsigned int worker_counts[] = {1, 2, 3, 7, 64};
static const unsigned int depths[] = {1, 2, 3, 32};

static struct point huge(enum sharing sharing, enum subpage subpage, size_t block,
			 unsigned int depth, unsigned int workers)
{
	return (struct point){
		.page = {PAGE_HUGETLB, HUGE_PAGE},
		.sharing = sharing,
		.subpage = subpage,
		.block = block,
		.depth = depth,
		.workers = workers,
	};
}

static struct point base(enum sharing sharing, size_t block, unsigned int depth,
			 unsigned int workers)
{
	struct point p = huge(sharing, SUBPAGE_NONE, block, depth, workers);

	p.page = (struct page){PAGE_BASE, BASE_PAGE};
	return p;
}

static bool overlap(size_t a, size_t b, size_t block)
{
	return a < b + block && b < a + block;
}

/* Calls check for every supported point of that sharing, on huge pages and on base pages. */
static void each_point(enum sharing sharing, void (*check)(const struct point *p))
{
	unsigned int checked = 0;

	for (size_t b = 0; b < COUNT(blocks); b++)
		for (size_t w = 0; w < COUNT(worker_counts); w++)
			for (size_t d = 0; d < COUNT(depths); d++)
				for (int s = SUBPAGE_NONE; s <= SUBPAGE_TAIL; s++) {
					struct point p = huge(sharing, s, blocks[b], depths[d],
							      worker_counts[w]);

					if (s == SUBPAGE_NONE)
						p.page = (struct page){PAGE_BASE, BASE_PAGE};
					if (layout_unsupported(&p))
						continue;
					check(&p);
					checked++;
				}
	assert_in_range(checked, 20, 1000);
}

static void check_inside_and_aligned(const struct point *p)
{
	size_t pool = layout_pages(p) * p->page.bytes;

	for (unsigned int w = 0; w < p->workers; w++)
		for (unsigned int s = 0; s < p->depth; s++) {
			size_t offset = layout_offset(p, w, s);

			assert_true(offset + p->block <= pool);
			assert_int_equal(offset % BASE_PAGE, 0);
			if (p->subpage == SUBPAGE_HEAD)
				assert_int_equal(offset % p->page.bytes, 0);
			if (p->subpage == SUBPAGE_TAIL)
				assert_int_not_equal(offset % p->page.bytes, 0);
			/* An operation never touches two huge pages. */
			if (point_huge(p))
				assert_int_equal(offset / p->page.bytes,
						 (offset + p->block - 1) / p->page.bytes);
		}
}

static void slots_are_inside_the_pool_on_head_or_tail(void **state)
{
	(void)state;
	each_point(SHARING_PRIVATE, check_inside_and_aligned);
	each_point(SHARING_SHARED, check_inside_and_aligned);
	each_point(SHARING_SAME, check_inside_and_aligned);
}

static void check_apart(const struct point *p)
{
	for (unsigned int v = 0; v < p->workers; v++)
		for (unsigned int w = v + 1; w < p->workers; w++)
			for (unsigned int s = 0; s < p->depth; s++)
				for (unsigned int t = 0; t < p->depth; t++)
					assert_false(overlap(layout_offset(p, v, s),
							     layout_offset(p, w, t), p->block));
}

static void workers_are_apart_in_private_and_shared(void **state)
{
	(void)state;
	each_point(SHARING_PRIVATE, check_apart);
	each_point(SHARING_SHARED, check_apart);
}

static void check_own_pages(const struct point *p)
{
	if (!point_huge(p))
		return;
	assert_int_equal(layout_pages(p), p->workers);
	for (unsigned int w = 0; w < p->workers; w++)
		for (unsigned int s = 0; s < p->depth; s++)
			assert_int_equal(layout_offset(p, w, s) / p->page.bytes, w);
}

static void private_is_a_huge_page_a_worker(void **state)
{
	(void)state;
	each_point(SHARING_PRIVATE, check_own_pages);
}

static void check_one_page(const struct point *p)
{
	if (point_huge(p))
		assert_int_equal(layout_pages(p), 1);
}

static void shared_and_same_are_one_huge_page(void **state)
{
	(void)state;
	each_point(SHARING_SHARED, check_one_page);
	each_point(SHARING_SAME, check_one_page);
}

static void check_same_place(const struct point *p)
{
	for (unsigned int w = 1; w < p->workers; w++)
		for (unsigned int s = 0; s < p->depth; s++)
			assert_int_equal(layout_offset(p, w, s), layout_offset(p, 0, s));
}

static void same_is_the_same_place_for_all(void **state)
{
	(void)state;
	each_point(SHARING_SAME, check_same_place);
}

/* As long as there is room, operations of one worker in flight do not overlap. */
static void slots_of_a_worker_are_apart_while_there_is_room(void **state)
{
	const struct point points[] = {
		huge(SHARING_PRIVATE, SUBPAGE_TAIL, 4096, 511, 2),
		huge(SHARING_PRIVATE, SUBPAGE_TAIL, 65536, 31, 2),
		huge(SHARING_SHARED, SUBPAGE_TAIL, 4096, 73, 7),
		huge(SHARING_SAME, SUBPAGE_TAIL, 8192, 255, 2),
		base(SHARING_PRIVATE, 4096, 32, 3),
		base(SHARING_SAME, 65536, 8, 3),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		const struct point *p = &points[i];

		assert_null(layout_unsupported(p));
		for (unsigned int s = 0; s < p->depth; s++)
			for (unsigned int t = s + 1; t < p->depth; t++)
				assert_false(overlap(layout_offset(p, 1, s), layout_offset(p, 1, t),
						     p->block));
	}
}

static void base_pages_are_as_many_as_are_touched(void **state)
{
	struct point p = base(SHARING_PRIVATE, 4096, 1, 3);

	(void)state;
	assert_int_equal(layout_pages(&p), 3);
	p = base(SHARING_PRIVATE, 65536, 2, 3);
	assert_int_equal(layout_pages(&p), 3 * 2 * 16);
	p = base(SHARING_SAME, 65536, 2, 3);
	assert_int_equal(layout_pages(&p), 2 * 16);
}

/* K workers a huge page, apart; the next page is the next group's. */
static void groups_share_a_page(void **state)
{
	struct point p = huge(SHARING_GROUP, SUBPAGE_TAIL, 4096, 2, 7);

	(void)state;
	p.sharing_number = 3;
	assert_null(layout_unsupported(&p));
	assert_int_equal(layout_pages(&p), 3);
	for (unsigned int w = 0; w < p.workers; w++) {
		unsigned int first, count;

		layout_worker_pages(&p, w, &first, &count);
		assert_int_equal(first, w / 3);
		assert_int_equal(count, 1);
		assert_int_equal(layout_offset(&p, w, 0) / HUGE_PAGE, w / 3);
	}
	check_apart(&p);
	check_inside_and_aligned(&p);
	assert_int_equal(layout_owner(&p, 2), 6);
}

/* Every subpage but the heads of all pages of a pool is used, by every worker, in its own order. */
static void pool_is_used_at_random_by_all(void **state)
{
	struct point p = huge(SHARING_POOL, SUBPAGE_TAIL, 4096, 1, 2);
	unsigned int used[4] = {0}, differ = 0, steps;

	(void)state;
	p.sharing_number = 4;
	assert_null(layout_unsupported(&p));
	assert_int_equal(layout_pages(&p), 4);
	check_inside_and_aligned(&p);
	steps = layout_steps(&p);
	assert_true(steps >= 1024 && !(steps & (steps - 1)));
	for (unsigned int i = 0; i < steps; i++) {
		used[layout_offset(&p, 1, i) / HUGE_PAGE]++;
		differ += layout_offset(&p, 0, i) != layout_offset(&p, 1, i);
		assert_int_not_equal(layout_offset(&p, 1, i) % HUGE_PAGE, 0);
	}
	/* A quarter each, within some six standard deviations. */
	for (size_t i = 0; i < COUNT(used); i++)
		assert_in_range(used[i], steps / 4 - 90, steps / 4 + 90);
	assert_true(differ > steps * 9 / 10);
}

static void random_blocks_are_inside_and_spread(void **state)
{
	struct point p = base(SHARING_PRIVATE, 4096, 1, 1);
	bool seen[64] = {false};
	unsigned int distinct = 0;

	(void)state;
	for (unsigned int i = 0; i < 256; i++)
		assert_int_equal(layout_block(&p, 0, i, 64), i % 64);
	p.random = true;
	for (unsigned int i = 0; i < layout_steps(&p); i++) {
		size_t block = layout_block(&p, 0, i, 64);

		assert_in_range(block, 0, 63);
		distinct += !seen[block];
		seen[block] = true;
	}
	assert_int_equal(distinct, 64);
}

static void steps_outnumber_what_is_in_flight(void **state)
{
	struct point p = base(SHARING_PRIVATE, 4096, 3000, 1);

	(void)state;
	assert_int_equal(layout_steps(&p), 8192);
	p.depth = 1;
	assert_int_equal(layout_steps(&p), 256);
}

static void assert_unsupported(struct point p, const char *axis, const char *advice)
{
	const char *reason = layout_unsupported(&p);

	assert_non_null(reason);
	assert_contains(reason, axis);
	assert_contains(reason, advice);
}

static void impossible_points_say_why(void **state)
{
	struct point p;

	(void)state;
	assert_unsupported(base(SHARING_SHARED, 4096, 1, 2), "base page", "use same");
	assert_unsupported(huge(SHARING_SHARED, SUBPAGE_HEAD, 4096, 1, 2), "one head", "use same");
	assert_unsupported(huge(SHARING_PRIVATE, SUBPAGE_TAIL, HUGE_PAGE, 1, 1), "block",
			   "smaller block");
	assert_unsupported(huge(SHARING_SHARED, SUBPAGE_TAIL, 1 << 20, 1, 2), "fewer blocks",
			   "fewer workers");
	/* 511 tails: as many workers have one of their own. */
	p = huge(SHARING_SHARED, SUBPAGE_TAIL, 4096, 1, 511);
	assert_null(layout_unsupported(&p));
	p.workers = 512;
	assert_unsupported(p, "fewer blocks", "fewer workers");
	p.sharing = SHARING_SAME;
	assert_null(layout_unsupported(&p));
	p = huge(SHARING_SHARED, SUBPAGE_HEAD, 4096, 1, 1);
	assert_null(layout_unsupported(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_inside_the_pool_on_head_or_tail),
		cmocka_unit_test(workers_are_apart_in_private_and_shared),
		cmocka_unit_test(private_is_a_huge_page_a_worker),
		cmocka_unit_test(shared_and_same_are_one_huge_page),
		cmocka_unit_test(same_is_the_same_place_for_all),
		cmocka_unit_test(slots_of_a_worker_are_apart_while_there_is_room),
		cmocka_unit_test(base_pages_are_as_many_as_are_touched),
		cmocka_unit_test(groups_share_a_page),
		cmocka_unit_test(pool_is_used_at_random_by_all),
		cmocka_unit_test(random_blocks_are_inside_and_spread),
		cmocka_unit_test(steps_outnumber_what_is_in_flight),
		cmocka_unit_test(impossible_points_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
