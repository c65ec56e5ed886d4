// SPDX-License-Identifier: GPL-3.0-or-later
/* The claims of the mail of 23 August 2011, each with what this run has to say of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "mail.h"
#include "report_parts.h"

#define CLAIMS 5

/* What is said of a claim. */
enum answer { NO_EVIDENCE, OPEN, HOLDS, FAILS };

/* Rows of the comparison, taken together. */
struct rows {
	size_t n, of_verdict;
	enum verdict verdict; /* the worst */
	double least, most;   /* ratios */
};

/* How often a side takes the compound lock: at the point where it does most. */
struct lock {
	bool known;
	size_t points; /* where it is taken */
	const struct comparison_pair *pair;
	double times;
};

static void begin_answer(FILE *out, enum answer a)
{
	static const char *const words[] = {[NO_EVIDENCE] = "NOT IN THIS RUN",
					    [OPEN] = "OPEN",
					    [HOLDS] = "TRUE",
					    [FAILS] = "NOT SO"};
	static const char *const classes[] = {
		[NO_EVIDENCE] = "nothing", [OPEN] = "open", [HOLDS] = "true", [FAILS] = "false"};

	html(out, "<p><strong class=\"claim %s\">%s</strong> ", classes[a], words[a]);
}

/* --- by counts: what mail_print() says ------------------------------------------------ */

/* The lines of a paragraph as one. */
static void unwrap(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\n' || (*from == ' ' && to > text && to[-1] == ' '))
			*to = ' ';
		else
			*to = *from;
		if (*to != ' ' || (to > text && to[-1] != ' '))
			to++;
	}
	*to = '\0';
}

/* The answer to claim n in the text of mail_print(): after the quotation. It is cut out of it. */
static char *cut_answer(char *text, unsigned int n)
{
	char head[16], next[16], *answer, *end;

	snprintf(head, sizeof(head), "\n%u. \"", n);
	snprintf(next, sizeof(next), "\n%u. \"", n + 1);
	answer = strstr(text, head);
	answer = answer ? strstr(answer + strlen(head), "\"\n") : NULL;
	if (!answer)
		return NULL;
	answer += strlen("\"\n");
	end = strstr(answer, n == CLAIMS ? "\n\n" : next);
	answer = end ? strndup(answer, end - answer) : strdup(answer);
	if (answer)
		unwrap(answer);
	return answer;
}

static void write_counted(FILE *out, const char *answer)
{
	enum answer a = !strncmp(answer, "TRUE", 4)	? HOLDS
			: !strncmp(answer, "NOT SO", 6) ? FAILS
							: NO_EVIDENCE;
	const char *rest = answer + (a == HOLDS ? 4 : a == FAILS ? 6 : 0);

	begin_answer(out, a);
	html(out, "%s</p>\n", rest + strspn(rest, ".,: "));
}

/* The text of mail_print(), to be freed, or NULL when the counts are not those it needs. */
static char *mail_text(const struct report *r)
{
	char *text = NULL;
	struct error e;
	size_t size;
	FILE *out;
	int rc;

	if (!r->c->counted)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	rc = mail_print(r->c->count_sides[BASE].run, r->c->sides[BASE].run, out, &e);
	fclose(out);
	if (!rc)
		return text;
	free(text);
	return NULL;
}

/* --- by times and by the lock's own counter ---------------------------------------------- */

static bool has_lock(const struct side *s)
{
	return json_object_get(json_array_get(s->run->probes, s->variant), "tailref");
}

static struct lock lock_of(const struct comparison *c, int s)
{
	const struct side *side = &c->sides[s];
	struct lock lock = {.known = has_lock(side)};

	for (size_t i = 0; i < c->pair_count; i++) {
		double low, high;

		if (!run_per_operation(side->run, side->variant, c->pairs[i].points[s], "tailref",
				       "acquisitions", &low, &high))
			continue;
		lock.points += high > 0;
		if (high > lock.times) {
			lock.times = high;
			lock.pair = &c->pairs[i];
		}
	}
	return lock;
}

/* Those with one worker, or those with several. */
static struct rows rows_of(const struct comparison *c, bool several)
{
	struct rows rows = {.verdict = VERDICT_NONE, .least = NAN, .most = NAN};

	for (size_t i = 0; i < c->count; i++) {
		enum verdict v = c->family[i].verdict;

		if ((c->rows[i].workers > 1) != several || v == VERDICT_NONE)
			continue;
		rows.verdict = rows.n ? verdict_worse(rows.verdict, v) : v;
		rows.least = fmin(rows.least, c->rows[i].ratio.value);
		rows.most = fmax(rows.most, c->rows[i].ratio.value);
		rows.n++;
	}
	for (size_t i = 0; i < c->count; i++)
		rows.of_verdict +=
			(c->rows[i].workers > 1) == several && c->family[i].verdict == rows.verdict;
	return rows;
}

static void write_rows(const struct report *r, const struct rows *rows, const char *of)
{
	html(r->out, "%s: %s at %zu of %zu rows, %.3f to %.3f of %s. ", of,
	     verdict_name(rows->verdict), rows->of_verdict, rows->n, rows->least, rows->most,
	     r->c->sides[BASE].name);
}

static void write_lock(const struct report *r, const struct lock *lock, int s)
{
	const struct side *side = &r->c->sides[s];
	struct estimate taken;
	char share[32];

	if (!lock->known || !lock->pair) {
		html(r->out,
		     lock->known ? "%s never takes the lock. "
				 : "%s has no such lock that is counted. ",
		     side->name);
		return;
	}
	taken = run_share(side->run, side->variant, lock->pair->points[s], "tailref", "contended",
			  "acquisitions");
	html(r->out,
	     "%s takes the lock at %zu of %zu points, most at %s, %s: %g times an operation, of which "
	     "%s found it taken%s. ",
	     side->name, lock->points, r->c->pair_count, lock->pair->panel->title,
	     lock->pair->line->label, lock->times, format_share(taken.value, share, sizeof(share)),
	     side->run->emulated ? " (which depends on timing, and was emulated)" : "");
}

/* A claim that rows of times answer: it holds where all are equivalent. */
static void write_times(const struct report *r, bool several)
{
	struct rows rows = rows_of(r->c, several);
	struct lock locks[SIDES] = {lock_of(r->c, BASE), lock_of(r->c, NEW)};

	begin_answer(r->out, rows.verdict == VERDICT_REGRESSION	  ? FAILS
			     : rows.verdict == VERDICT_EQUIVALENT ? HOLDS
								  : OPEN);
	if (rows.n)
		write_rows(r, &rows, several ? "With several workers" : "With one worker");
	if (several || !rows.n)
		for (int s = 0; s < SIDES; s++)
			write_lock(r, &locks[s], s);
	if (!rows.n)
		html(r->out, "What that costs takes real CPUs, or counts.");
	html(r->out, "</p>\n");
}

static bool lock_in_new_only(const struct comparison *c)
{
	return has_lock(&c->sides[NEW]) && !has_lock(&c->sides[BASE]);
}

static bool claim_no_issue(const struct report *r)
{
	if (!lock_in_new_only(r->c))
		return false;
	write_times(r, true);
	return true;
}

static bool claim_overhead(const struct report *r)
{
	if (!lock_in_new_only(r->c) || !rows_of(r->c, false).n)
		return false;
	write_times(r, false);
	return true;
}

/* Sharing against private pages on a kernel that counts no lock: what sharing costs without. */
static bool claim_same_scaling(const struct report *r)
{
	const struct side *base = &r->c->sides[BASE];
	struct rows rows = rows_of(r->c, true);

	if (strcmp(base->axis, "sharing") || strcmp(base->value, "private") || has_lock(base) ||
	    !rows.n)
		return false;
	begin_answer(r->out, OPEN);
	write_rows(
		r, &rows,
		"On a kernel in which no compound lock was seen, workers that share a huge page");
	html(r->out,
	     "So this is what sharing costs without the lock; what the lock adds takes a kernel "
	     "that has it (<code>./run.sh mail</code>).</p>\n");
	return true;
}

static bool claim_tails(const struct report *r)
{
	(void)r;
	return false;
}

static bool claim_without_get_page(const struct report *r)
{
	const struct side *base = &r->c->sides[BASE], *new = &r->c->sides[NEW];
	struct lock locks[SIDES] = {lock_of(r->c, BASE), lock_of(r->c, NEW)};

	if (*base->axis || strstr(base->name, "noextra") || !strstr(new->name, "noextra") ||
	    !locks[BASE].pair)
		return false;
	begin_answer(r->out, locks[NEW].times < locks[BASE].times ? HOLDS : OPEN);
	for (int s = 0; s < SIDES; s++)
		write_lock(r, &locks[s], s);
	html(r->out, "</p>\n");
	return true;
}

static const struct {
	const char *quote;
	const char *needs;
	bool (*by_times)(const struct report *r); /* true: something was said */
} claims[CLAIMS] = {
	{"there is no scalability issue in the spinlock of __get_page_tail",
	 "a kernel that has the lock (taillock) against one that has not (stock)", claim_no_issue},
	{"even if we were to ultraoptimize hugetlbfs the SMP locking scalability would remain "
	 "identical because the atomic_inc would be still needed on the “head” page which is the only "
	 "“shared” item",
	 "counts of stock and taillock, or private against shared pages", claim_same_scaling},
	{"the tail_page is so finegrined it can't be a scalability issue",
	 "counts of stock and taillock", claim_tails},
	{"the overhead AFIK is unmeasurable",
	 "counts of stock and taillock, or their times with one worker on real CPUs",
	 claim_overhead},
	{"stop doing that get_page there and relay only on the reference taken by get_user_pages [...] "
	 "also avoids all other locked ops of get_page, not just the compound_lock",
	 "taillock against taillock+noextra", claim_without_get_page},
};

static void write_claim(const struct report *r, unsigned int i, char *text)
{
	char *answer = text ? cut_answer(text, i + 1) : NULL;

	html(r->out, "<li id=\"claim-%u\"><blockquote><p>%s</p></blockquote>\n", i + 1,
	     claims[i].quote);
	if (answer) {
		write_counted(r->out, answer);
	} else if (!claims[i].by_times(r)) {
		begin_answer(r->out, NO_EVIDENCE);
		html(r->out, "It takes %s.</p>\n", claims[i].needs);
	}
	html(r->out, "</li>\n");
	free(answer);
}

void report_claims(const struct report *r)
{
	char *text = mail_text(r);

	html(r->out,
	     "<p>On 23 August 2011 Andrea Arcangeli asked linux-mm for a benchmark of the "
	     "compound lock that O_DIRECT on hugetlbfs would take, and said why he expected "
	     "nothing to be seen. docs/FINDINGS.md has the whole answer.</p>\n"
	     "<ol class=\"claims\">\n");
	for (unsigned int i = 0; i < CLAIMS; i++)
		write_claim(r, i, text);
	html(r->out, "</ol>\n");
	if (text)
		html(r->out,
		     "<p><small>By counts from emulated CPUs, which are facts, but for how often "
		     "the lock is found taken, which depends on timing there.</small></p>\n");
	free(text);
}
