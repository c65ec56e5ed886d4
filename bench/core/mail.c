// SPDX-License-Identifier: GPL-3.0-or-later
#include "mail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "count_diff.h"
#include "counts.h"
#include "format.h"

/* The operation that the mail is about: O_DIRECT through fs/direct-io.c into subpages of one page.
 */
struct question {
	const char *workload;
	const char *sharing;
	unsigned int workers;
};

/* What a variant does in it. NAN: it was not counted. */
struct answer {
	double locked, instructions;
	double head;	     /* accesses to the head's line */
	double count;	     /* of these, to _refcount */
	double flags;	     /* to flags */
	double tails;	     /* to lines of tails */
	double shared;	     /* to lines that several workers share */
	double tails_shared; /* to shared lines of tails */
};

static int find_variant(const struct run *r, const char *name)
{
	for (unsigned int v = 0; r && v < r->variant_count; v++)
		if (!strcmp(r->variants[v], name))
			return v;
	return -1;
}

static bool is_axis(const struct run_point *p, const char *axis, const char *value)
{
	char text[160];

	return !strcmp(run_axis(p, axis, text, sizeof(text)), value);
}

/* The point of a question: 4k of tails of a huge page of 2 MiB over ext2; or -1. */
static int find_point(const struct run *r, const struct question *q)
{
	for (unsigned int i = 0; r && i < r->point_count; i++) {
		const struct run_point *p = &r->points[i];

		if (is_axis(p, "workload", q->workload) && is_axis(p, "target", "ext2") &&
		    is_axis(p, "page", "2m") && is_axis(p, "subpage", "tail") &&
		    is_axis(p, "sharing", q->sharing) && is_axis(p, "block", "4k") &&
		    run_workers(p) == q->workers)
			return i;
	}
	return -1;
}

static struct answer ask(const struct run *r, const char *variant, const struct question *q)
{
	struct answer a = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	int v = find_variant(r, variant), point = find_point(r, q);
	struct count_row *rows;
	struct counts c;
	double kernel, user;
	size_t n;

	if (v < 0 || point < 0)
		return a;
	c = counts_of(r, v, point);
	rows = counts_rows(&c, &n);
	if (c.operations)
		a = (struct answer){
			.locked = counts_locked(&c),
			.instructions = counts_instructions(&c, &kernel, &user),
			.shared = counts_shared(&c),
		};
	for (size_t i = 0; i < n && c.operations; i++) {
		const struct count_row *row = &rows[i];

		if (strcmp(row->kind, "locked"))
			continue;
		if (!strcmp(row->on, "head page")) {
			a.head += row->each;
			a.count += strcmp(row->field, "_refcount") ? 0 : row->each;
			a.flags += strcmp(row->field, "flags") ? 0 : row->each;
		} else if (strstr(row->on, "tail page")) {
			a.tails += row->each;
			a.tails_shared += row->shared;
		}
	}
	free(rows);
	return a;
}

/* Acquisitions of the lock an operation, as text; "-" where nobody counted. */
static const char *acquisitions(const struct run *times, const char *variant,
				const struct question *q, char *text, size_t size)
{
	int v = find_variant(times, variant), point = find_point(times, q);
	double low, high;

	if (v < 0 || point < 0 ||
	    !run_per_operation(times, v, point, "tailref", "acquisitions", &low, &high)) {
		snprintf(text, size, "-");
		return text;
	}
	return format_count(low, high, text, size);
}

static const char *found_taken(const struct run *times, const char *variant,
			       const struct question *q, char *text, size_t size)
{
	int v = find_variant(times, variant), point = find_point(times, q);
	struct estimate e = {.value = NAN};

	if (v >= 0 && point >= 0)
		e = run_share(times, v, point, "tailref", "contended", "acquisitions");
	return format_share(e.value, text, size);
}

/* Is the claim borne out? */
static const char *verdict(bool holds)
{
	return holds ? "TRUE" : "NOT SO";
}

static const struct question alone = {"pread", "shared", 1};
static const struct question together = {"pread", "shared", 2};
static const struct question writes = {"pwrite", "shared", 2};
static const struct question apart = {"pwrite", "private", 2};
static const struct question same = {"pread", "same", 2};

static void lock_is_no_issue(const struct run *counts, const struct run *times, FILE *out)
{
	struct answer stock = ask(counts, "stock", &alone), lock = ask(counts, "taillock", &alone);
	char a[32], b[32], c[32], d[32];

	fprintf(out,
		"1. \"there is no scalability issue in the spinlock of __get_page_tail\"\n"
		"   %s. A read of 4k through fs/direct-io.c takes it %s times. Workers that share a "
		"huge page work %.1f times on\n   the one line that they share, the head's, where "
		"stock does %.1f times: where that line is the limit, %.0f%%\n   of stock's operations "
		"are left. Two workers find the lock taken %s of the time (reads) and %s (writes); with a page "
		"each %s.\n",
		verdict(lock.head <= stock.head + COUNT_TOLERANCE),
		acquisitions(times, "taillock", &together, a, sizeof(a)), lock.head, stock.head,
		100 * stock.head / lock.head,
		found_taken(times, "taillock", &together, b, sizeof(b)),
		found_taken(times, "taillock", &writes, c, sizeof(c)),
		found_taken(times, "taillock", &apart, d, sizeof(d)));
}

static void scaling_is_the_same(const struct run *counts, FILE *out)
{
	struct answer stock = ask(counts, "stock", &alone), lock = ask(counts, "taillock", &alone);
	struct answer exempt = ask(counts, "taillock-thponly", &alone);

	fprintf(out,
		"2. \"even if we were to ultraoptimize hugetlbfs the SMP locking scalability would "
		"remain identical because the atomic_inc\n   would be still needed on the head page "
		"which is the only shared item\"\n"
		"   %s. Of stock's %.1f accesses to the head's line %.1f are to the count, %.1f to flags\n   (referenced, and the folio lock by "
		"which a read dirties the page); taillock has %.1f and %.1f.",
		verdict(stock.flags <= COUNT_TOLERANCE &&
			lock.head <= stock.head + COUNT_TOLERANCE),
		stock.head, stock.count, stock.flags, lock.count, lock.flags);
	if (isnan(exempt.head))
		fputs("\n", out);
	else
		fprintf(out,
			" With hugetlbfs exempt\n   (taillock-thponly) it is %.1f again, %.0f%% of "
			"taillock's.\n",
			exempt.head, 100 * exempt.head / lock.head);
}

static void tails_are_fine(const struct run *counts, FILE *out)
{
	struct answer lock = ask(counts, "taillock", &together);
	struct answer one = ask(counts, "taillock", &same);

	fprintf(out,
		"3. \"the tail_page is so finegrined it can't be a scalability issue\"\n"
		"   %s, as long as workers have subpages of their own: %.1f locked operations on "
		"tails' lines, %.1f of them on lines that\n   workers share",
		verdict(lock.tails_shared <= COUNT_TOLERANCE), lock.tails, lock.tails_shared);
	if (isnan(one.tails))
		fputs(".\n", out);
	else
		fprintf(out, "; on the very same subpage %.1f of %.1f.\n", one.tails_shared,
			one.tails);
}

static void overhead_is_unmeasurable(const struct run *counts, FILE *out)
{
	struct answer stock = ask(counts, "stock", &alone), lock = ask(counts, "taillock", &alone);

	fprintf(out,
		"4. \"the overhead AFIK is unmeasurable\"\n"
		"   %s. %.1f locked operations an I/O became %.1f, %.0f instructions %.0f (%+.1f%%), "
		"with one worker and nobody to contend.\n",
		verdict(lock.locked <= stock.locked + COUNT_TOLERANCE), stock.locked, lock.locked,
		stock.instructions, lock.instructions,
		100 * (lock.instructions / stock.instructions - 1));
}

static void direct_io_can_do_without(const struct run *counts, const struct run *times, FILE *out)
{
	struct answer lock = ask(counts, "taillock", &alone), stock = ask(counts, "stock", &alone);
	struct answer without = ask(counts, "taillock+noextra", &alone);
	struct answer today = ask(counts, "noextra", &alone);
	char a[32], b[32], c[32], d[32];

	fputs("5. \"to stop doing that get_page there and relay only on the reference taken by "
	      "get_user_pages ... also avoids all other locked\n   ops of get_page, not just the "
	      "compound_lock\"\n",
	      out);
	if (isnan(without.locked)) {
		fputs("   not measured: the variant taillock+noextra is not in this run\n", out);
		return;
	}
	fprintf(out,
		"   %s. With direct-io's own references gone the lock is taken %s a page instead of %s; "
		"%.1f locked operations instead of\n   %.1f, %.1f instead of %.1f on the head's line. "
		"Found taken: %s of acquisitions by writes, before %s.\n",
		verdict(without.locked < lock.locked - COUNT_TOLERANCE &&
			without.head < lock.head - COUNT_TOLERANCE),
		acquisitions(times, "taillock+noextra", &together, a, sizeof(a)),
		acquisitions(times, "taillock", &together, b, sizeof(b)), without.locked,
		lock.locked, without.head, lock.head,
		found_taken(times, "taillock+noextra", &writes, c, sizeof(c)),
		found_taken(times, "taillock", &writes, d, sizeof(d)));
	if (!isnan(today.locked))
		fprintf(out,
			"   Without the lock it still saves %.1f of %.1f, %.1f of %.1f on the head's "
			"line (stock against noextra).\n",
			stock.locked - today.locked, stock.locked, stock.head - today.head,
			stock.head);
}

int mail_print(const struct run *counts, const struct run *times, FILE *out, struct error *e)
{
	if (isnan(ask(counts, "stock", &alone).locked) ||
	    isnan(ask(counts, "taillock", &alone).locked))
		return fail(e,
			    "%s has no counts of stock and taillock for pread 4k over ext2 into a "
			    "shared 2m page, by one worker: './run.sh mail' makes them.",
			    counts->directory);
	fputs("The mail of 2011-08-23 (Andrea Arcangeli, \"Re: [PATCH] thp: tail page refcounting "
	      "fix\") says, and these kernels say:\n\n",
	      out);
	lock_is_no_issue(counts, times, out);
	scaling_is_the_same(counts, out);
	tails_are_fine(counts, out);
	overhead_is_unmeasurable(counts, out);
	direct_io_can_do_without(counts, times, out);
	fputs("\nAll by counts from emulated CPUs (facts), but for how often the lock is found taken, "
	      "which depends on timing there: a\nfigure without a verdict. docs/FINDINGS.md says what "
	      "real hardware showed two years after the mail: a loss of 20 to 45%.\n",
	      out);
	return 0;
}
