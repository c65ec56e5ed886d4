// SPDX-License-Identifier: GPL-3.0-or-later
/* The report: its head, its sections in order, and what they share. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "include/version.h"
#include "report_parts.h"

#define STYLE PINSCALE_TOP "/plot/report.css"
#define SCRIPT PINSCALE_TOP "/plot/report.js"

/*
 * Nothing is fetched, and no script is run but ours, which this is the digest of: should
 * something slip through as markup, the browser does not do what it says.
 * tests/e2e/report_html.bats says the digest when the script was changed.
 */
#define POLICY                                                           \
	"default-src 'none'; style-src 'unsafe-inline'; img-src data:; " \
	"base-uri 'none'; form-action 'none'; script-src 'sha256-" DIGEST "'"
#define DIGEST "DnyX9ZwkiRikQYluzG4SAWHtQlfKaaRGw2s5BDmvcuE="

static const struct {
	const char *id, *title;
	void (*write)(const struct report *r);
} sections[] = {
	{"claims", "The claims of the mail of 2011", report_claims},
	{"counts", "Counts", report_counts},
	{"points", "Points", report_points},
	{"graphs", "Graphs", report_graphs},
	{"scaling", "Laws of scaling", report_scaling},
	{"probes", "What workers waited for", report_probes},
	{"noise", "Noise floor", report_noise},
	{"left-out", "What was left out", report_left_out},
	{"method", "Method", report_method},
	{"environments", "Environments", report_environments},
	{"reproduce", "How to reproduce", report_reproduce},
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* --- what sections share ---------------------------------------------------------- */

void report_section(FILE *out, const char *id, const char *title)
{
	html(out,
	     "\n<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n",
	     id, id, id, title);
}

const char *verdict_class(enum verdict v)
{
	return v == VERDICT_NONE ? "none" : verdict_name(v);
}

void report_verdict(FILE *out, enum verdict v, const char *words)
{
	html(out, "<span class=\"verdict %s\">%s</span>", verdict_class(v), words);
}

enum verdict count_as_verdict(enum count_verdict v)
{
	static const enum verdict verdicts[] = {
		[COUNT_EQUIVALENT] = VERDICT_EQUIVALENT,
		[COUNT_IMPROVEMENT] = VERDICT_IMPROVEMENT,
		[COUNT_INCONCLUSIVE] = VERDICT_INCONCLUSIVE,
		[COUNT_REGRESSION] = VERDICT_REGRESSION,
	};

	return verdicts[v];
}

void report_dropped(FILE *out, const struct comparison_dropped *d)
{
	html(out, "%u of %u trials", d->failed + d->foreign + d->moved, d->trials);
}

const struct run_boot *side_boot(const struct side *s)
{
	return run_first_boot(s->run, s->variant);
}

bool same_boots(const struct comparison *c)
{
	const struct side *base = &c->sides[BASE], *new = &c->sides[NEW];

	return base->run == new->run && base->variant == new->variant;
}

/* --- the page ---------------------------------------------------------------------- */

static int write_head(const struct report *r, const char *style)
{
	const struct side *sides = r->c->sides;

	html(r->out,
	     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	     "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
	     "<meta name=\"generator\" content=\"pinscale %s\">\n"
	     "<link rel=\"icon\" href=\"data:,\">\n<title>%s: %s against %s</title>\n<style>\n",
	     POLICY, PINSCALE_VERSION, verdict_name(r->c->verdict), sides[NEW].name,
	     sides[BASE].name);
	fputs(style, r->out);
	html(r->out, "</style>\n</head>\n<body>\n");
	return 0;
}

static void write_contents(const struct report *r)
{
	html(r->out, "\n<nav aria-label=\"Contents\"><ol>\n");
	for (size_t i = 0; i < SECTIONS; i++)
		if (sections[i].write != report_counts || r->c->counted)
			html(r->out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
			     sections[i].title);
	html(r->out, "</ol></nav>\n");
}

static void write_page(const struct report *r, const char *style, const char *script)
{
	write_head(r, style);
	report_answer(r);
	write_contents(r);
	html(r->out, "\n<main>\n");
	for (size_t i = 0; i < SECTIONS; i++) {
		if (sections[i].write == report_counts && !r->c->counted)
			continue;
		report_section(r->out, sections[i].id, sections[i].title);
		sections[i].write(r);
		html(r->out, "</section>\n");
	}
	html(r->out,
	     "</main>\n\n<footer><p>Made by pinscale %s. The numbers are those of compare.json "
	     "beside this page.</p></footer>\n<script>",
	     PINSCALE_VERSION);
	fputs(script, r->out);
	html(r->out, "</script>\n</body>\n</html>\n");
}

int report_write(const struct comparison *c, const struct comparison_graph *graphs,
		 size_t graph_count, const struct comparison *noise, const char *directory,
		 const char *command, struct error *e)
{
	struct report r = {NULL, c, noise, graphs, graph_count, directory, command};
	char *style = file_read(STYLE, e), *script = style ? file_read(SCRIPT, e) : NULL;
	char path[4200], *page = NULL;
	size_t size;
	int rc = -1;

	if (script)
		r.out = open_memstream(&page, &size);
	if (r.out) {
		write_page(&r, style, script);
		snprintf(path, sizeof(path), "%s/report.html", directory);
		rc = fclose(r.out) ? fail(e, "No memory for the report.")
				   : file_replace(path, page, e);
	} else if (script) {
		fail(e, "No memory for the report.");
	}
	free(page);
	free(style);
	free(script);
	return rc;
}
