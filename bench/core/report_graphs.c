// SPDX-License-Identifier: GPL-3.0-or-later
/* Graphs in the page. */
#include <stdlib.h>

#include "file.h"
#include "report_parts.h"
#include "report_svg.h"

static void write_absent(FILE *out, const struct comparison_graph *graph, const char *why)
{
	html(out, "<p class=\"absent\" id=\"graph-%s\"><b>%s</b> is not drawn: %s.</p>\n",
	     graph->name, graph->title, why);
}

/* The drawing as a part of the page, to be freed; NULL with the error set. */
static char *drawing_of(const struct report *r, const struct comparison_graph *graph,
			struct error *e)
{
	char path[4200], *svg, *text = NULL;
	size_t size;
	FILE *out;
	int rc;

	snprintf(path, sizeof(path), "%s/%s.svg", r->directory, graph->name);
	svg = file_read(path, e);
	if (!svg)
		return NULL;
	out = open_memstream(&text, &size);
	rc = out ? svg_write(out, svg, graph->name, graph->title, e)
		 : fail(e, "There was no memory for it.");
	if (out)
		fclose(out);
	free(svg);
	if (!rc)
		return text;
	free(text);
	return NULL;
}

void report_figure(const struct report *r, const struct comparison_graph *graph)
{
	struct error e;
	char *drawing = graph->drawn ? drawing_of(r, graph, &e) : NULL;

	if (!drawing) {
		write_absent(r->out, graph, graph->drawn ? e.text : graph->absent);
		return;
	}
	html(r->out,
	     "<figure id=\"graph-%s\">\n<div class=\"drawing\" tabindex=\"0\" role=\"region\" "
	     "aria-label=\"%s\">",
	     graph->name, graph->title);
	fputs(drawing, r->out);
	html(r->out, "</div>\n<figcaption>%s</figcaption>\n</figure>\n", graph->caption);
	free(drawing);
}

void report_graphs(const struct report *r)
{
	size_t first = report_by_counts(r) ? 0 : 1;

	if (!r->graph_count) {
		html(r->out, "<p>None was drawn.</p>\n");
		return;
	}
	html(r->out, "<p>");
	if (first)
		html(r->out, "The first, <a href=\"#graph-%s\">%s</a>, is above. ",
		     r->graphs[0].name, r->graphs[0].title);
	html(r->out,
	     "Beside this page each is there as SVG and PNG, with the numbers in it as TSV.</p>\n"
	     "<div class=\"graphs\">\n");
	for (size_t i = first; i < r->graph_count; i++)
		if (r->graphs[i].drawn)
			report_figure(r, &r->graphs[i]);
	html(r->out, "</div>\n");
	for (size_t i = first; i < r->graph_count; i++)
		if (!r->graphs[i].drawn)
			report_figure(r, &r->graphs[i]);
}
