// SPDX-License-Identifier: GPL-3.0-or-later
/* The report as a page: whole, harmless whatever is in a journal, and with compare's numbers. */
#include "testing.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/comparison_output.h"
#include "core/file.h"
#include "core/report.h"

#define REFERENCE PINSCALE_TOP "/results/reference/"

/* A run that is read, compared and reported. */
struct subject {
	struct run run, noise_run;
	struct comparison c, noise;
	bool has_noise;
	json_t *json;
	char *page;
};

static void put_drawings(void)
{
	put_file("forest.svg", "<?xml version=\"1.0\"?><svg viewBox=\"0 0 2 2\" width=\"2\"><g "
			       "id=\"a\"><use href=\"#a\"/></g></svg>");
	put_file("lines.svg", "<svg viewBox=\"0 0 2 2\"><g id=\"a\"/></svg>");
	put_file("evil.svg", "<svg onload=\"alert(1)\"/>");
}

static const struct comparison_graph graphs[] = {
	{.name = "forest", .title = "New over base", .caption = "All & <every> row", .drawn = true},
	{.name = "lines", .title = "Throughput", .caption = "x", .drawn = true},
	{.name = "evil", .title = "Evil", .caption = "x", .drawn = true},
	{.name = "lost", .title = "Lost", .caption = "x", .drawn = true},
	{.name = "latency", .title = "Latencies", .absent = "none were <recorded>"},
};

static void compare(struct comparison *c, struct run *run, const char *directory,
		    const char *between)
{
	const struct comparison_options options = {.margin = NAN};
	struct side sides[SIDES];
	struct error e;

	if (run_read(run, directory, &e) || sides_of_run(sides, run, between, &e) ||
	    comparison_make(c, sides, &options, &e))
		fail_msg("%s: %s", directory, e.text);
}

/* noise: a run, or NULL. The page is in the working directory too. */
static void report(struct subject *s, const char *directory, const char *noise, const char *between)
{
	struct error e;

	*s = (struct subject){.has_noise = noise};
	put_drawings();
	compare(&s->c, &s->run, directory, between);
	if (noise)
		compare(&s->noise, &s->noise_run, noise, between);
	if (report_write(&s->c, graphs, COUNT(graphs), noise ? &s->noise : NULL, ".",
			 "pinscale compare <x> & 'y'", &e))
		fail_msg("%s", e.text);
	s->page = file_read("report.html", &e);
	assert_non_null(s->page);
	s->json = comparison_json(&s->c, noise ? &s->noise : NULL);
	assert_non_null(s->json);
}

static void done(struct subject *s)
{
	json_decref(s->json);
	free(s->page);
	comparison_free(&s->c);
	run_free(&s->run);
	if (s->has_noise) {
		comparison_free(&s->noise);
		run_free(&s->noise_run);
	}
}

/* --- a page that is whole ------------------------------------------------------------- */

#define MOST_DEPTH 64

struct reader {
	const char *at;
	char open[MOST_DEPTH][24];
	unsigned int depth;
	unsigned int heading; /* level of the last */
	unsigned int h1;
	json_t *ids, *references;
};

static bool is_void(const char *name)
{
	static const char *const names[] = {"meta", "link", "br", "input"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void take_heading(struct reader *r, const char *name)
{
	unsigned int level;

	if (name[0] != 'h' || !isdigit((unsigned char)name[1]) || name[2])
		return;
	level = name[1] - '0';
	r->h1 += level == 1;
	if (level > r->heading + 1)
		fail_msg("a heading of level %u comes after one of level %u", level, r->heading);
	r->heading = level;
}

/* An attribute's value in quotes; where it ends. */
static const char *take_attribute(struct reader *r, const char *name, const char *value)
{
	const char *end = strchr(value, '"');
	char *text;

	assert_non_null(end);
	text = strndup(value, end - value);
	if (!strncasecmp(name, "on", 2))
		fail_msg("an attribute %.20s", name);
	if (!strncmp(name, "id=", 3) && json_object_get(r->ids, text))
		fail_msg("the id %s is there twice", text);
	if (!strncmp(name, "id=", 3))
		json_object_set_new(r->ids, text, json_true());
	if (!strncmp(name, "href=", 5) && strcmp(text, "data:,")) {
		if (*text != '#')
			fail_msg("a reference out of the page: %s", text);
		json_array_append_new(r->references, json_string(text + 1));
	}
	if (!strncmp(name, "src=", 4))
		fail_msg("something is fetched: %s", text);
	free(text);
	return end + 1;
}

/* Attributes of a tag; where it ends. */
static const char *take_attributes(struct reader *r, const char *at)
{
	while (*at && *at != '>') {
		size_t n = strcspn(at, " \n=>");

		if (at[n] == '=') {
			assert_int_equal(at[n + 1], '"');
			at = take_attribute(r, at, at + n + 2);
		} else {
			at += n ? n : 1;
		}
	}
	assert_int_equal(*at, '>');
	return at;
}

static void take_tag(struct reader *r)
{
	bool closing = r->at[1] == '/';
	const char *start = r->at + 1 + closing, *end;
	char name[24], after[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, " \n/>"), start);
	if (closing) {
		if (!r->depth || strcmp(r->open[r->depth - 1], name))
			fail_msg("</%s> ends <%s>", name, r->depth ? r->open[r->depth - 1] : "");
		r->depth--;
		r->at = strchr(start, '>') + 1;
		return;
	}
	take_heading(r, name);
	end = take_attributes(r, start + strlen(name));
	r->at = end + 1;
	if (end[-1] == '/' || is_void(name) || *name == '!')
		return;
	assert_true(r->depth < MOST_DEPTH);
	strcpy(r->open[r->depth++], name);
	snprintf(after, sizeof(after), "</%s>", name);
	/* What is in these is no markup. */
	if (!strcmp(name, "script") || !strcmp(name, "style"))
		r->at = strstr(r->at, after);
	assert_non_null(r->at);
}

static void assert_whole(const char *page)
{
	struct reader r = {.at = page, .ids = json_object(), .references = json_array()};
	json_t *reference;
	size_t i;

	while ((r.at = strchr(r.at, '<')))
		take_tag(&r);
	assert_int_equal(r.depth, 0);
	assert_int_equal(r.h1, 1);
	assert_true(json_array_size(r.references) > 10);
	json_array_foreach (r.references, i, reference)
		if (!json_object_get(r.ids, json_string_value(reference)))
			fail_msg("nothing has the id %s", json_string_value(reference));
	json_decref(r.ids);
	json_decref(r.references);
}

/* --- numbers ------------------------------------------------------------------------------ */

/* The element with that id, up to its end. To be freed. */
static char *element(const char *page, const char *id, const char *end)
{
	char text[64];
	const char *start;

	snprintf(text, sizeof(text), " id=\"%s\"", id);
	start = strstr(page, text);
	if (!start)
		fail_msg("nothing has the id %s", id);
	return strndup(start, strstr(start, end) - start);
}

/* The digits of a field, or NULL. */
static const char *digits(const char *part, const char *key)
{
	char text[128];
	const char *found;

	snprintf(text, sizeof(text), "data-field=\"%s\" data-value=\"", key);
	found = strstr(part, text);
	return found ? found + strlen(text) : NULL;
}

/* A number of the JSON is that of the page to the last digit; null is there without digits, or not.
 */
static void check_number(const char *part, const char *key, const json_t *wanted)
{
	const char *value = digits(part, key);

	if (!json_is_number(wanted)) {
		assert_true(!value || *value == '"');
		return;
	}
	if (!value)
		fail_msg("%s is not in '%.2000s'", key, part);
	if (strtod(value, NULL) != json_number_value(wanted))
		fail_msg("%s is %.20s, not %.17g", key, value, json_number_value(wanted));
}

static void check_estimate(const char *part, const char *key, const json_t *wanted,
			   const char *middle)
{
	const char *const names[] = {middle, "low", "high"};
	char name[64];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(name, sizeof(name), "%s.%s", key, names[i]);
		check_number(part, name, json_object_get(wanted, names[i]));
	}
}

static void check_row(const char *page, const json_t *point, size_t i)
{
	const char *verdict = json_string_value(json_object_get(point, "verdict"));
	char id[32], *row;

	snprintf(id, sizeof(id), "row-%zu", i);
	row = element(page, id, "</tr>");
	check_estimate(row, "ratio", json_object_get(point, "ratio"), "value");
	check_estimate(row, "base", json_object_get(point, "base"), "rate");
	check_estimate(row, "new", json_object_get(point, "new"), "rate");
	check_number(row, "base.trials", json_object_get(json_object_get(point, "base"), "trials"));
	check_number(row, "new.trials", json_object_get(json_object_get(point, "new"), "trials"));
	check_estimate(row, "within_boots", json_object_get(point, "within_boots"), "value");
	check_number(row, "equivalence.low",
		     json_object_get(json_object_get(point, "equivalence"), "low"));
	check_number(row, "equivalence.high",
		     json_object_get(json_object_get(point, "equivalence"), "high"));
	check_number(row, "workers", json_object_get(point, "workers"));
	check_number(row, "n", json_object_get(point, "n"));
	check_number(row, "p", json_object_get(point, "p"));
	check_number(row, "adjusted", json_object_get(point, "adjusted"));
	if (json_integer_value(json_object_get(point, "further")))
		check_number(row, "further", json_object_get(point, "further"));
	assert_memory_equal(digits(row, "verdict"), verdict, strlen(verdict));
	free(row);
}

static void check_counts(const char *page, const json_t *counts)
{
	json_t *operation;
	size_t i;

	json_array_foreach (json_object_get(counts, "operations"), i, operation) {
		char id[32], *row;

		snprintf(id, sizeof(id), "count-%zu", i);
		row = element(page, id, "</tr>");
		check_number(row, "base_locked", json_object_get(operation, "base_locked"));
		check_number(row, "new_locked", json_object_get(operation, "new_locked"));
		check_number(row, "base_shared", json_object_get(operation, "base_shared"));
		check_number(row, "new_shared", json_object_get(operation, "new_shared"));
		free(row);
	}
}

static void assert_numbers(const struct subject *s)
{
	const json_t *points = json_object_get(s->json, "points");
	char *answer = element(s->page, "answer", "</header>");
	json_t *point;
	size_t i;

	check_estimate(answer, "overall", json_object_get(s->json, "overall"), "value");
	check_number(answer, "margin", json_object_get(s->json, "margin"));
	json_array_foreach (points, i, point)
		check_row(s->page, point, i);
	assert_int_equal(i, s->c.count);
	check_counts(s->page, json_object_get(s->json, "counts"));
	free(answer);
}

/* --- tests -------------------------------------------------------------------------------- */

static void a_comparison_within_one_kernel(void **state)
{
	struct subject s;

	(void)state;
	report(&s, REFERENCE "sharing", NULL, NULL);
	assert_whole(s.page);
	assert_numbers(&s);
	assert_contains(s.page, "<h1>Does <em>shared</em> hurt, against <em>private</em>?</h1>");
	assert_contains(s.page, "data-value=\"regression\">REGRESSION</strong>");
	assert_contains(s.page, "./run.sh sweep --aa configs/sharing.ini -o results/aa");
	assert_contains(s.page, "pinscale compare &lt;x&gt; &amp; &#39;y&#39;");
	assert_contains(s.page, "./run.sh sweep configs/sharing.ini");
	done(&s);
}

static void graphs_that_are_not_there_are_named(void **state)
{
	struct subject s;

	(void)state;
	report(&s, REFERENCE "sharing", NULL, NULL);
	assert_contains(s.page, "<use href=\"#forest-a\"/>");
	assert_contains(s.page, "All &amp; &lt;every&gt; row");
	assert_contains(s.page, "<b>Evil</b> is not drawn: it has the attribute &#39;onload&#39;");
	assert_contains(s.page, "<b>Lost</b> is not drawn: ");
	assert_contains(s.page, "<b>Latencies</b> is not drawn: none were &lt;recorded&gt;");
	assert_null(strstr(s.page, "alert(1)"));
	done(&s);
}

static void emulated_kernels(void **state)
{
	struct subject s;

	(void)state;
	report(&s, REFERENCE "stock-taillock", NULL, NULL);
	assert_whole(s.page);
	assert_numbers(&s);
	assert_contains(s.page, "The CPUs were emulated");
	assert_contains(s.page, "taillock takes the lock at 17 of 24 points");
	assert_null(strstr(s.page, "id=\"counts\""));
	done(&s);
}

static void counts_and_the_mail(void **state)
{
	struct subject s;
	char *claims;

	(void)state;
	report(&s, REFERENCE "mail", NULL, NULL);
	assert_whole(s.page);
	assert_numbers(&s);
	claims = element(s.page, "claims", "</section>");
	assert_contains(claims, "<strong class=\"claim false\">NOT SO</strong> A read of 4k");
	assert_contains(claims, "<strong class=\"claim true\">TRUE</strong> as long as workers");
	assert_contains(claims, "<strong class=\"claim true\">TRUE</strong> With direct-io");
	assert_null(strstr(claims, "NOT IN THIS RUN"));
	free(claims);
	done(&s);
}

static void noise_stands_beside(void **state)
{
	struct subject s;
	char *noise;

	(void)state;
	report(&s, REFERENCE "sharing", REFERENCE "sharing", NULL);
	assert_whole(s.page);
	noise = element(s.page, "noise", "</section>");
	check_estimate(noise, "noise_floor.overall",
		       json_object_get(json_object_get(s.json, "noise_floor"), "overall"), "value");
	free(noise);
	done(&s);
}

static void it_cannot_be_written(void **state)
{
	struct error e = {""};
	struct comparison c;
	struct run run;

	(void)state;
	compare(&c, &run, REFERENCE "sharing", NULL);
	assert_int_equal(report_write(&c, NULL, 0, NULL, "/none/such", "x", &e), -1);
	assert_contains(e.text, "/none/such/report.html");
	comparison_free(&c);
	run_free(&run);
}

/* --- a run by an enemy ---------------------------------------------------------------------- */

/* As it is in JSON; in a page none of it may be markup. */
#define EVIL "</code></td><script>alert(1)</script><img src=x onerror=y>\\\"' \\u001b[2J\\u202e&lt;"
#define POINT                                                     \
	"\"point\":{\"workload\":\"" EVIL "\",\"target\":\"" EVIL \
	"\",\"page\":\"2m\",\"sharing\":"                         \
	"\"private\",\"block\":4096,\"depth\":1,\"workers\":2}"

static void write_trials(FILE *f, unsigned int boot)
{
	for (unsigned int i = 0; i < 4; i++)
		fprintf(f,
			"{\"type\":\"trial\",\"boot\":%u,\"repetition\":%u," POINT
			",\"operations_per_s\":%u,\"slice_median_per_s\":1000,\"total_operations\":9,"
			"\"covariates\":{\"pingpong_ns\":[50,50],\"foreign_cpu\":%s},\"probes\":{},"
			"\"problems\":[]}\n",
			boot, i, 1000 + 7 * i + boot, i ? "0.01" : "0.5");
	fprintf(f, "{\"type\":\"boot-end\",\"boot\":%u,\"trials\":4}\n", boot);
}

static void write_enemy(const char *directory)
{
	char path[256];
	FILE *f;

	mkdir(directory, 0755);
	snprintf(path, sizeof(path), "%s/boots", directory);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/run.json", directory);
	put_file(path, "{\"schema\":1,\"pinscale\":\"" EVIL "\",\"created\":\"" EVIL
		       "\",\"kind\":\"ab\",\"sweep\":{\"name\":\"" EVIL "\",\"text\":\"" EVIL
		       "\\n</pre>\",\"overrides\":[\"" EVIL "\"]},\"seed\":1,\"repetitions\":4,"
		       "\"margin\":0.02,\"plan\":{\"variants\":[\"" EVIL "\",\"b\"],\"boots\":4}}");
	snprintf(path, sizeof(path), "%s/trials.jsonl", directory);
	f = fopen(path, "we");
	assert_non_null(f);
	for (unsigned int boot = 1; boot <= 8; boot++) {
		char text[4096];

		snprintf(text, sizeof(text),
			 "{\"schema\":1,\"boot\":%u,\"slot\":%u,\"variant\":\"%s\",\"execution\":"
			 "\"native\",\"kernel\":{\"release\":\"" EVIL "\",\"" EVIL "\":\"%u" EVIL
			 "\",\"config\":[[[\"" EVIL "\"]]]},\"cpu\":{\"model\":\"" EVIL "\"}}",
			 boot, boot - 1, boot % 2 ? EVIL : "b", boot);
		snprintf(path, sizeof(path), "%s/boots/%u.json", directory, boot);
		put_file(path, text);
		write_trials(f, boot);
	}
	fclose(f);
}

static void names_are_no_markup(void **state)
{
	struct subject s;

	(void)state;
	write_enemy("enemy");
	report(&s, "enemy", NULL, NULL);
	assert_whole(s.page);
	assert_numbers(&s);
	assert_null(strstr(s.page, "<script>alert"));
	assert_null(strstr(s.page, "<img"));
	assert_null(strchr(s.page, '\x1b'));
	assert_null(strstr(s.page, "\xe2\x80\xae"));
	assert_contains(s.page, "&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_contains(s.page, "Interference: others used the CPUs in 4 of 16 trials");
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_comparison_within_one_kernel),
		scratch_test(graphs_that_are_not_there_are_named),
		scratch_test(emulated_kernels),
		scratch_test(counts_and_the_mail),
		scratch_test(noise_stands_beside),
		scratch_test(it_cannot_be_written),
		scratch_test(names_are_no_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
