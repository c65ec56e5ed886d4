// SPDX-License-Identifier: GPL-3.0-or-later
/* The commands that make these runs again, and where the raw data are. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "include/version.h"
#include "report_parts.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

void report_word(FILE *out, const char *word)
{
	const char *c = word;

	while (isalnum((unsigned char)*c) || (*c && strchr("_-+./,:=%@", *c)))
		c++;
	if (*word && !*c) {
		html(out, " %s", word);
		return;
	}
	html(out, " '");
	while (*word) {
		size_t length = strcspn(word, "'");
		char *piece = strndup(word, length);

		html(out, "%s%s", piece, word[length] ? "'\\''" : "");
		free(piece);
		word += length + (word[length] != 0);
	}
	html(out, "'");
}

/* Is every point there twice? */
static bool is_aa(const struct run *run)
{
	for (unsigned int i = 0; i < run->point_count; i++)
		if (json_object_get(run->points[i].axes, "copy"))
			return true;
	return false;
}

void report_config(FILE *out, const struct run *run)
{
	char config[300];

	snprintf(config, sizeof(config), "configs/%s.ini",
		 text_of(json_object_get(run->json, "sweep"), "name"));
	report_word(out, config);
}

static void write_overrides(FILE *out, const struct run *run)
{
	const json_t *list = json_object_get(json_object_get(run->json, "sweep"), "overrides");
	json_t *override;
	size_t i;

	json_array_foreach (list, i, override) {
		if (!json_is_string(override) || !strncmp(json_string_value(override), "copy=", 5))
			continue;
		html(out, " -s");
		report_word(out, json_string_value(override));
	}
}

static void write_ab(FILE *out, const struct run *run)
{
	const json_t *plan = json_object_get(run->json, "plan");
	const json_t *extension = json_object_get(plan, "extension");
	const char *second = run->variant_count > 1 ? run->variants[1] : "";
	bool aa = run->variant_count == 2 && strstr(second, "-again");

	html(out, "./run.sh ab%s", aa ? " --aa" : "");
	for (unsigned int v = 0; v < (aa ? 1 : run->variant_count); v++) {
		html(out, " --kernel");
		report_word(out, run->variants[v]);
	}
	html(out, " --boots %lld", (long long)json_integer_value(json_object_get(plan, "boots")));
	if (json_integer_value(extension))
		html(out, " --extension %lld", (long long)json_integer_value(extension));
	if (json_is_integer(json_object_get(plan, "cpus")))
		html(out, " --guest-cpus %lld",
		     (long long)json_integer_value(json_object_get(plan, "cpus")));
	report_config(out, run);
	html(out, " -o");
	report_word(out, run->directory);
	if (json_array_size(json_object_get(json_object_get(run->json, "sweep"), "overrides"))) {
		html(out, " --");
		write_overrides(out, run);
	}
}

static void write_command(FILE *out, const struct run *run)
{
	const json_t *overrides = json_object_get(json_object_get(run->json, "sweep"), "overrides");

	html(out, "<code>");
	if (!strcmp(text_of(run->json, "kind"), "ab")) {
		write_ab(out, run);
	} else if (json_array_size(overrides) > is_aa(run)) {
		html(out, "build/pinscale run");
		report_config(out, run);
		html(out, " -o");
		report_word(out, run->directory);
		write_overrides(out, run);
		html(out, "%s", is_aa(run) ? " --aa" : "");
	} else {
		html(out, "./run.sh sweep%s", is_aa(run) ? " --aa" : "");
		report_config(out, run);
		html(out, " -o");
		report_word(out, run->directory);
	}
	html(out, "</code>\n");
}

static void write_run(FILE *out, const struct run *run, const char *what)
{
	const json_t *sweep = json_object_get(run->json, "sweep");

	html(out, "<h3>%s</h3>\n<dl class=\"terms\">\n", what);
	html(out,
	     "<dt>Raw data</dt><dd><code>%s</code>: run.json (what was to be done), boots/*.json "
	     "(environments), trials.jsonl (every trial; all numbers here can be made of it "
	     "again, docs/JOURNAL.md)</dd>\n",
	     run->directory);
	html(out, "<dt>Begun</dt><dd>%s, by pinscale %s</dd>\n", text_of(run->json, "created"),
	     text_of(run->json, "pinscale"));
	html(out,
	     "<dt>Seed</dt><dd>%lld</dd>\n<dt>Trials</dt><dd>%u, of %u points in %u boot%s</dd>\n",
	     (long long)json_integer_value(json_object_get(run->json, "seed")), run->trial_count,
	     run->point_count, run->boot_count, run->boot_count == 1 ? "" : "s");
	html(out,
	     "</dl>\n<details><summary>The sweep, configs/%s.ini as it was</summary>\n<pre>%s"
	     "</pre></details>\n",
	     text_of(sweep, "name"), text_of(sweep, "text"));
}

void report_reproduce(const struct report *r)
{
	const struct run *base = r->c->sides[BASE].run, *new = r->c->sides[NEW].run;

	html(r->out,
	     "<p>From a clone, on the machine to be measured; the directory is to be one that "
	     "does not exist yet. This page again: the last command, on any machine that has "
	     "the run.</p>\n<pre class=\"commands\">");
	write_command(r->out, base);
	if (new != base)
		write_command(r->out, new);
	html(r->out, "<code>%s%s</code></pre>\n",
	     strncmp(r->command, "pinscale ", 9) ? "" : "build/", r->command);
	for (int s = 0; s < (new == base ? 1 : SIDES) && r->c->counted; s++)
		html(r->out, "<p>The counts%s%s are in <code>%s</code>.</p>\n",
		     new == base ? "" : " of ", new == base ? "" : r->c->sides[s].name,
		     r->c->count_sides[s].run->directory);
	write_run(r->out, base, new != base ? r->c->sides[BASE].name : "The run");
	if (new != base)
		write_run(r->out, new, r->c->sides[NEW].name);
	html(r->out,
	     "<p>Versions: pinscale %s made this page; kernels and machines are under <a "
	     "href=\"#environments\">Environments</a>.</p>\n",
	     PINSCALE_VERSION);
}
