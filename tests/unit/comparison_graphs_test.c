// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Graphs of a comparison: the numbers in them are those of the comparison, those that would be
 * empty say why, and whatever a run is called, a picture is valid XML without a script. The
 * runs here are made up.
 */
#include "testing.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/comparison_graphs.h"
#include "core/file.h"
#include "core/graph_page.h"
#include "core/graph_svg.h"
#include "core/scaling_laws.h"
#include "run_writer.h"

#define HOSTILE "<script>alert(1)</script>\\\"'\\\\n {/b} @x ]]> `touch harm` \\uffff#"

struct shape {
	const char *run_json, *variants[2], *execution, *more;
	const char *const *sharings;
	const unsigned int *workers;
	unsigned int boots; /* a side */
	double factor;	    /* of the second variant */
};

static const unsigned int some_workers[] = {1, 2, 4, 8, 16, 32, 0};
static const unsigned int two_workers[] = {1, 2, 0};
static const unsigned int one_number[] = {8, 0};
static const char *const private_and_shared[] = {"private", "shared", NULL};
static const char *const shared_only[] = {"shared", NULL};

/* The Universal Scalability Law, and a little noise that is the same every time. */
static double made_rate(const struct shape *s, unsigned int slot, unsigned int repetition,
			unsigned int workers, const char *sharing)
{
	double kappa = strcmp(sharing, "private") ? 0.002 : 0.0001, n = workers;
	double rate = 1e6 * n / (1 + 0.03 * (n - 1) + kappa * n * (n - 1));
	double noise = 1 + 0.002 * ((slot * 7 + repetition * 5 + workers * 3) % 11 - 5.0) / 5;

	return rate * noise * (variant_at(slot)[0] == 's' ? 1 : s->factor);
}

static void add_made_boot(const struct shape *s, unsigned int slot)
{
	bool base = variant_at(slot)[0] == 's';

	add_boot_with(slot + 1, s->variants[!base], slot, s->execution ? s->execution : "native",
		      "");
	for (unsigned int r = 0; r < 2; r++)
		for (const char *const *sharing = s->sharings; *sharing; sharing++)
			for (const unsigned int *w = s->workers; *w; w++)
				add_trial((struct made){.boot = slot + 1,
							.repetition = r,
							.rate = made_rate(s, slot, r, *w, *sharing),
							.sharing = *sharing,
							.workers = *w,
							.cpus = *w == 1 ? CPUS_UNKNOWN : CPUS_NEAR,
							.more = s->more});
	end_boot(slot + 1);
}

static void compare_made(const struct shape *s, struct run *r, struct comparison *c)
{
	const struct comparison_options options = {.margin = NAN};
	struct side sides[SIDES];
	struct error e = {""};

	begin_run("run", s->run_json ? s->run_json : AB);
	for (unsigned int slot = 0; slot < 2 * s->boots; slot++)
		add_made_boot(s, slot);
	read_run(r);
	if (sides_of_run(sides, r, NULL, &e) || comparison_make(c, sides, &options, &e))
		fail_msg("%s", e.text);
	assert_int_equal(mkdir("out", 0755), 0);
}

static const struct shape usual = {
	.variants = {"stock", "taillock"},
	.sharings = private_and_shared,
	.workers = some_workers,
	.boots = 4,
	.factor = 0.95,
};

static struct comparison_graph *graphs;
static size_t graph_count;

static void draw(const struct comparison *c)
{
	struct error e = {""};

	if (comparison_graphs_draw(c, "out", &graphs, &graph_count, &e))
		fail_msg("%s", e.text);
}

static const struct comparison_graph *graph(const char *name)
{
	for (size_t i = 0; i < graph_count; i++)
		if (!strcmp(graphs[i].name, name))
			return &graphs[i];
	fail_msg("there is no graph %s", name);
	return NULL;
}

static void assert_absent(const char *name, const char *why)
{
	assert_false(graph(name)->drawn);
	assert_contains(graph(name)->absent, why);
}

static void done(struct run *r, struct comparison *c)
{
	free(graphs);
	comparison_free(c);
	run_free(r);
}

static char *read_graph(const char *name, const char *suffix)
{
	struct error e = {""};
	char path[256], *text;

	snprintf(path, sizeof(path), "out/%s.%s", name, suffix);
	text = file_read(path, &e);
	if (!text)
		fail_msg("%s", e.text);
	return text;
}

/* Where the numbers below that heading begin. */
static const char *below(const char *text, const char *heading)
{
	const char *found = strstr(text, heading);

	if (!found)
		fail_msg("there is no '%s'", heading);
	return strchr(found, '\n') + 1;
}

/* The next line's numbers; "-" is NAN. How many. */
static unsigned int numbers_of(const char **text, double *numbers, unsigned int most)
{
	const char *line = *text, *end = strchr(line, '\n');
	unsigned int n = 0;

	*text = end + 1;
	while (n < most && line < end) {
		char *next;

		numbers[n] = strtod(line, &next);
		if (next == line && *line == '-')
			numbers[n] = NAN, next++;
		if (next == line)
			break;
		n++;
		line = next + (*next == '\t');
	}
	return n;
}

static void assert_near(double wanted, double is)
{
	if (isnan(wanted) && isnan(is))
		return;
	if (!(fabs(is - wanted) <= 1e-6 * fabs(wanted)))
		fail_msg("%.9g, not %.9g", is, wanted);
}

/* --- numbers ----------------------------------------------------------------------------- */

static void the_forest_has_every_row(void **state)
{
	struct comparison c;
	const char *at;
	struct run r;
	char *text;

	(void)state;
	compare_made(&usual, &r, &c);
	draw(&c);
	assert_string_equal(graphs[0].name, "forest");
	assert_int_equal(c.count, 12);
	text = read_graph("forest", "tsv");
	at = below(text, "# rows:");
	for (size_t i = 0; i < c.count; i++) {
		double n[7];

		assert_int_equal(numbers_of(&at, n, 7), 7);
		assert_near(c.rows[i].ratio.value, n[1]);
		assert_near(c.rows[i].ratio.low, n[2]);
		assert_near(c.rows[i].ratio.high, n[3]);
		assert_int_equal((int)n[4], c.family[i].verdict);
		assert_int_equal((int)n[5], c.rows[i].workers);
		assert_int_equal((int)n[6], c.rows[i].stratum);
	}
	assert_contains(text,
			"'regression: pread 4k, zram, 2m tail shared, 32 workers, CPUs near'");
	assert_contains(text, "geometric mean of all rows");
	free(text);
	done(&r, &c);
}

/* The row of a line with so many workers. */
static const struct comparison_row *row_at(const struct comparison *c, const char *label,
					   unsigned int workers)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->rows[i].line->label, label) && c->rows[i].workers == workers)
			return &c->rows[i];
	fail_msg("no row %s, %u", label, workers);
	return NULL;
}

/* The estimate below a heading at so many workers. */
static struct estimate drawn_at(const char *name, const char *heading, unsigned int workers)
{
	char *text = read_graph(name, "tsv");
	const char *at = below(text, heading);
	double n[4];

	while (numbers_of(&at, n, 4) == 4)
		if (n[0] == workers) {
			free(text);
			return (struct estimate){1, n[1], n[2], n[3]};
		}
	fail_msg("%s has nothing at %u workers", name, workers);
	return (struct estimate){0};
}

static void lines_have_the_figures_of_both_sides(void **state)
{
	const struct comparison_row *row, *one, *private;
	struct comparison c;
	struct estimate e;
	struct run r;

	(void)state;
	compare_made(&usual, &r, &c);
	draw(&c);
	row = row_at(&c, "2m tail shared", 16);
	one = row_at(&c, "2m tail shared", 1);
	private = row_at(&c, "2m tail private", 16);
	e = drawn_at("throughput", "2m tail shared, taillock, CPUs near:", 16);
	assert_near(row->rates[NEW].value, e.value);
	assert_near(row->rates[NEW].low, e.low);
	e = drawn_at("throughput", "2m tail shared, stock, CPUs near:", 1);
	assert_near(one->rates[BASE].value, e.value);
	e = drawn_at("ratio", "2m tail shared, new / base, CPUs near:", 16);
	assert_near(row->ratio.value, e.value);
	assert_near(row->ratio.high, e.high);
	e = drawn_at("sharing", "2m tail shared, stock, CPUs near:", 16);
	assert_near(row->rates[BASE].value / private->rates[BASE].value, e.value);
	/* Rates of boots are paired, and all boots have both: the ratio of geometric means. */
	e = drawn_at("efficiency", "2m tail shared, taillock, CPUs near:", 16);
	assert_near(row->rates[NEW].value / 16 / one->rates[NEW].value, e.value);
	assert_true(e.low < e.value && e.value < e.high);
	done(&r, &c);
}

static void probes_are_drawn_where_they_recorded(void **state)
{
	static const char *const more =
		",\"workers\":[{\"operations\":90},{\"operations\":110}],"
		"\"probes\":{\"tailref\":{\"acquisitions\":5000,\"contended\":500}}";
	struct shape s = usual;
	struct comparison c;
	struct run r;
	char *text;

	(void)state;
	s.more = more;
	compare_made(&s, &r, &c);
	draw(&c);
	assert_true(graph("contention")->drawn);
	assert_near(10, drawn_at("contention", "# of these, found taken", 8).value);
	assert_near(0.9, drawn_at("fairness", "2m tail shared, stock", 8).value);
	/* The same for every number of workers: told, not drawn. */
	text = read_graph("contention", "tsv");
	assert_contains(text, "acquisitions an operation: stock 5, taillock 5'");
	free(text);
	done(&r, &c);
}

/* --- what is not drawn ---------------------------------------------------------------------- */

static void what_would_be_empty_says_why(void **state)
{
	struct shape s = usual;
	struct comparison c;
	struct run r;

	(void)state;
	s.workers = two_workers;
	s.sharings = shared_only;
	compare_made(&s, &r, &c);
	draw(&c);
	assert_int_equal(graph_count, 9);
	assert_absent("scaling", "no scaling law: 2 numbers of workers, 5 are needed");
	assert_absent("sharing", "do not have both private pages and others");
	assert_absent("contention", "no probe recorded any");
	assert_absent("latency", "latency = yes");
	assert_absent("fairness", "no trial had more than one worker");
	for (size_t i = 0; i < graph_count; i++) {
		char path[256];

		snprintf(path, sizeof(path), "out/%s.svg", graphs[i].name);
		assert_int_equal(file_line(path, (char[8]){""}, 8)[0] != '\0', graphs[i].drawn);
		assert_int_equal(*graphs[i].absent == '\0', graphs[i].drawn);
	}
	done(&r, &c);
}

static void with_one_number_of_workers_there_are_rows(void **state)
{
	struct shape s = usual;
	struct comparison c;
	struct run r;
	char *text;

	(void)state;
	s.workers = one_number;
	compare_made(&s, &r, &c);
	draw(&c);
	assert_absent("ratio", "one number of workers");
	assert_absent("efficiency", "nothing was measured with one worker");
	assert_absent("scaling", "1 number of workers, 5 are needed");
	text = read_graph("throughput", "tsv");
	assert_contains(text, "# operations/s, taillock: y, value, low, high, workers, row");
	free(text);
	done(&r, &c);
}

static void sharing_compared_is_not_drawn_twice(void **state)
{
	const struct comparison_options options = {.margin = NAN};
	struct side sides[SIDES];
	struct error e = {""};
	struct comparison c;
	struct run r;

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 6; i++)
		add_round(1, i, 1000 + i, 900 - i, CPUS_NEAR);
	read_run(&r);
	assert_int_equal(sides_of_run(sides, &r, NULL, &e), 0);
	assert_int_equal(comparison_make(&c, sides, &options, &e), 0);
	assert_int_equal(mkdir("out", 0755), 0);
	draw(&c);
	assert_true(graph("forest")->drawn);
	assert_absent("sharing", "the comparison itself is of it");
	done(&r, &c);
}

static void emulated_rates_are_labelled(void **state)
{
	struct shape s = usual;
	struct comparison c;
	struct run r;

	(void)state;
	s.execution = "emulated";
	compare_made(&s, &r, &c);
	draw(&c);
	assert_absent("scaling", "the CPUs were emulated");
	for (size_t i = 0; i < graph_count; i++) {
		char *text;

		if (!graphs[i].drawn)
			continue;
		assert_contains(graphs[i].title, "(emulated)");
		assert_contains(graphs[i].caption, "emulated");
		text = read_graph(graphs[i].name, "svg");
		assert_contains(text, ">EMULATED CPUs: times and rates here are no facts");
		free(text);
	}
	done(&r, &c);
}

static void many_graphs_are_capped(void **state)
{
	static const char *const sharings[] = {
		"pool:1",  "pool:2",  "pool:3",	 "pool:4",  "pool:5",  "pool:6",  "pool:7",
		"pool:8",  "pool:9",  "pool:10", "pool:11", "pool:12", "pool:13", "pool:14",
		"pool:15", "pool:16", "pool:17", "pool:18", "pool:19", "pool:20", "pool:21",
		"pool:22", "pool:23", "pool:24", "pool:25", "pool:26", "pool:27", NULL};
	struct shape s = usual;
	struct comparison c;
	struct run r;

	(void)state;
	s.sharings = sharings;
	s.workers = (const unsigned int[]){1, 64, 448, 0};
	compare_made(&s, &r, &c);
	draw(&c);
	assert_contains(graph("throughput")->caption, "Of 27 kinds of buffers the 24 with the "
						      "largest differences are drawn; the other 3");
	done(&r, &c);
}

/* --- laws of scaling -------------------------------------------------------------------------- */

static void laws_are_fitted_to_each_side(void **state)
{
	struct scaling_sample *samples;
	struct scaling_law *laws;
	struct estimate band[2];
	struct error e = {""};
	struct comparison c;
	size_t count;
	struct run r;
	long n;

	(void)state;
	compare_made(&usual, &r, &c);
	assert_int_equal(scaling_laws_of(&c, &laws, &count, &e), 0);
	assert_int_equal(count, 2 * SIDES * SCALING_MODELS);
	for (size_t i = 0; i < count; i++) {
		const struct scaling_law *law = &laws[i];

		assert_true(law->fitted);
		assert_int_equal(law->stratum, STRATUM_NEAR);
		if (law->model != SCALING_USL)
			continue;
		assert_float_equal(law->fit.sigma.value, 0.03, 0.002);
		assert_float_equal(law->fit.lambda.value, law->side == BASE ? 1e6 : 0.95e6, 5e3);
		n = scaling_law_samples(&c, law, &samples);
		assert_int_equal(n, 6 * 4 * 2);
		assert_int_equal(scaling_band(&law->fit, samples, n, (double[]){1, 32}, band, 2),
				 0);
		free(samples);
		for (int k = 0; k < 2; k++) {
			assert_near(scaling_rate(&law->fit, k ? 32 : 1), band[k].value);
			assert_true(band[k].low < band[k].value && band[k].value < band[k].high);
			assert_true(band[k].high / band[k].low < 1.01);
		}
	}
	free(laws);
	draw(&c);
	assert_true(graph("scaling")->drawn);
	assert_contains(graph("scaling")->caption, "a curve is no measurement");
	assert_contains(graph("scaling")->caption, "within these boots");
	done(&r, &c);
}

/* --- pictures -----------------------------------------------------------------------------------
 */

/* Is it well-formed: every tag closed in its order, and nothing but text between them? */
static const char *malformed(const char *text)
{
	const char *open[64];
	size_t lengths[64], depth = 0;

	while ((text = strpbrk(text, "<>")) != NULL) {
		const char *name = text + 1, *end = strchr(text, '>');
		size_t length = strcspn(name, " \n\t/>");

		if (*text == '>' || !end)
			return text;
		text = end + 1;
		if (*name == '?' || end[-1] == '/')
			continue;
		if (*name != '/') {
			if (depth == 64)
				return name;
			open[depth] = name;
			lengths[depth++] = length;
			continue;
		}
		name++;
		length = end - name;
		if (!depth-- || lengths[depth] != length || strncmp(open[depth], name, length))
			return name;
	}
	return depth ? "a tag is not closed" : NULL;
}

/* Adds the ids in a text to a list; fails when one is there twice. */
static void collect_ids(const char *text, json_t *ids)
{
	while ((text = strstr(text, " id=")) != NULL) {
		char id[128];

		text += strlen(" id=") + 1;
		snprintf(id, sizeof(id), "%.*s", (int)strcspn(text, "'\""), text);
		if (json_object_get(ids, id))
			fail_msg("the id %s is there twice", id);
		json_object_set_new(ids, id, json_true());
	}
}

static void names_do_no_harm(void **state)
{
	struct shape s = usual;
	json_t *ids = json_object();
	struct comparison c;
	struct run r;

	(void)state;
	s.run_json = AB_OF("\"" HOSTILE "\", \"b" HOSTILE "\"", "");
	s.variants[0] = HOSTILE;
	s.variants[1] = "b" HOSTILE;
	compare_made(&s, &r, &c);
	draw(&c);
	for (size_t i = 0; i < graph_count; i++) {
		char *text;

		if (!graphs[i].drawn)
			continue;
		text = read_graph(graphs[i].name, "svg");
		if (malformed(text))
			fail_msg("%s.svg is no XML at %.60s", graphs[i].name, malformed(text));
		assert_null(strstr(text, "<script"));
		assert_null(strstr(text, "]]>"));
		assert_null(strstr(text, "\xef\xbf\xbf"));
		assert_contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;'''\\n {/b} @x ]]&gt; "
				      "`touch harm` ?#");
		collect_ids(text, ids);
		free(text);
	}
	assert_true(json_object_size(ids) > 100);
	assert_int_equal(file_line("harm", (char[8]){"x"}, 8)[0], '\0');
	json_decref(ids);
	done(&r, &c);
}

static void svg_is_made_fit_for_a_page(void **state)
{
	struct error e = {""};
	char *text;

	(void)state;
	put_file("a.svg",
		 "<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<svg width=\"3\">\n<title>G"
		 "</title><desc>by gnuplot</desc><g id=\"plot_1\" ><title>plot_1</title>"
		 "<path id='dot' d='M0'/><use xlink:href='#dot'/></g>\n"
		 "<g font-family=\"DejaVu Sans:Bold\" stroke-linecap=\"butt\">x > ]]> y</g>\n"
		 "<g fill=\"none\">\n</g>\n</svg>\n");
	assert_int_equal(svg_tidy("a.svg", "name", "A \"<t>\"", "a & b", &e), 0);
	text = file_read("a.svg", &e);
	assert_contains(text, "<title>A &quot;&lt;t&gt;&quot;</title>\n<desc>a &amp; b</desc>");
	assert_contains(text, "<path id='name-dot' d='M0'/><use xlink:href='#name-dot'/>");
	assert_contains(text, "<g font-weight=\"bold\">x &gt; ]]&gt; y</g>");
	assert_null(strstr(text, "plot_1"));
	assert_null(strstr(text, "DOCTYPE"));
	assert_null(strstr(text, "fill=\"none\""));
	assert_null(malformed(text));
	free(text);
}

static void long_text_is_cut_in_its_middle(void **state)
{
	char text[256] = "pread 4k, a device with a long name, depth 32";
	char wide[256] = "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97";

	(void)state;
	assert_string_equal(text_cut(text, 1000, TEXT_PLAIN),
			    "pread 4k, a device with a long name, depth 32");
	text_cut(text, 150, TEXT_PLAIN);
	assert_true(text_width(text, TEXT_PLAIN) <= 150);
	assert_int_equal(strncmp(text, "pread 4k", 8), 0);
	assert_string_equal(text + strlen(text) - 2, "32");
	assert_contains(text, "\xe2\x80\xa6");
	/* Never in the middle of a character. */
	assert_string_equal(text_cut(wide, 45, TEXT_PLAIN), "\xe6\xbc\xa2\xe5\xad\x97\xe2\x80\xa6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_forest_has_every_row),
		scratch_test(lines_have_the_figures_of_both_sides),
		scratch_test(probes_are_drawn_where_they_recorded),
		scratch_test(what_would_be_empty_says_why),
		scratch_test(with_one_number_of_workers_there_are_rows),
		scratch_test(sharing_compared_is_not_drawn_twice),
		scratch_test(emulated_rates_are_labelled),
		scratch_test(many_graphs_are_capped),
		scratch_test(laws_are_fitted_to_each_side),
		scratch_test(names_do_no_harm),
		scratch_test(svg_is_made_fit_for_a_page),
		scratch_test(long_text_is_cut_in_its_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
