// SPDX-License-Identifier: GPL-3.0-or-later
/* What probes saw that watched trials of their own, and what each can see at all. */
#include <string.h>

#include "format.h"
#include "probed.h"
#include "report_parts.h"

/* Entries of a probe's details that the page has. */
#define SHOWN 5

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- the table of who sees what, from the boot's record ----------------------------- */

static void write_reason(FILE *out, const json_t *probe, const json_t *view)
{
	if (*text_of(view, "why"))
		html(out, "<li><b>%s</b>, %s: %s</li>\n", text_of(probe, "probe"),
		     text_of(view, "mechanism"), text_of(view, "why"));
}

static void write_views(FILE *out, const json_t *views)
{
	json_t *mechanism, *probe, *view;
	size_t i, k;

	html(out, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Probe</th>");
	json_array_foreach (json_object_get(views, "mechanisms"), i, mechanism)
		html(out, "<th scope=\"col\">%s</th>", json_string_value(mechanism));
	html(out, "</tr></thead><tbody>\n");
	json_array_foreach (json_object_get(views, "probes"), i, probe) {
		html(out, "<tr><th scope=\"row\">%s</th>", text_of(probe, "probe"));
		json_array_foreach (json_object_get(probe, "views"), k, view)
			html(out, "<td>%s</td>", text_of(view, "sight"));
		html(out, "</tr>\n");
	}
	html(out, "</tbody></table></div>\n<details><summary>Why not better</summary><ul>\n");
	json_array_foreach (json_object_get(views, "probes"), i, probe)
		json_array_foreach (json_object_get(probe, "views"), k, view)
			write_reason(out, probe, view);
	html(out, "</ul></details>\n");
}

/* --- what they saw --------------------------------------------------------------- */

static void write_details(FILE *out, const struct probed *p)
{
	json_t *list, *entry;
	const char *name;
	char text[512];
	size_t i;

	html(out, "<ul>");
	json_object_foreach ((json_t *)p->details, name, list) {
		json_array_foreach (list, i, entry) {
			if (i == SHOWN)
				break;
			probed_entry(name, entry, text, sizeof(text));
			html(out, "<li>%s</li>", text);
		}
	}
	html(out, "</ul>");
}

static void write_probed(const struct report *r, const struct run *run, const struct panels *panels,
			 const struct probed *p)
{
	char text[256], cost[64];
	const char *label, *title = probed_title(panels, p->point, &label), *name;
	json_t *value;

	html(r->out, "<tr><th scope=\"row\">%s<br><small>%s, %u workers</small></th><td>%s</td>",
	     title, label, run_workers(&run->points[p->point]), run->variants[p->variant]);
	html(r->out, "<td>%s<br><small>cost %s</small></td><td>", p->probe,
	     format_ratio(&p->cost, cost, sizeof(cost)));
	json_object_foreach (p->values, name, value) {
		probed_value(p, name, text, sizeof(text));
		html(r->out, "%s<br>", text);
	}
	probed_blind(p->probe, text, sizeof(text));
	if (*text)
		html(r->out, "<small>blind to %s: a zero says nothing of these</small>", text);
	html(r->out, "</td><td>");
	write_details(r->out, p);
	html(r->out, "</td></tr>\n");
}

static void write_run(const struct report *r, const struct run *run)
{
	struct error e = {0};
	struct probed *list;
	struct panels panels;
	size_t count;

	if (panels_of(&panels, run, &e))
		return;
	if (!probed_of(run, &panels, &list, &count, &e)) {
		if (count)
			html(r->out,
			     "<p>Each watched trials of its own; <i>cost</i> is the rate while it "
			     "watched over that of the same round while it did not. No rate "
			     "elsewhere on this page is of a watched trial.</p>\n<div class=\"scroll "
			     "tall\" tabindex=\"0\" role=\"region\" aria-label=\"What probes "
			     "saw\"><table><thead><tr><th scope=\"col\">Point</th><th "
			     "scope=\"col\">Kernel</th><th scope=\"col\">Probe</th><th "
			     "scope=\"col\">Saw</th><th scope=\"col\">Most of "
			     "it</th></tr></thead><tbody>\n");
		for (size_t i = 0; i < count; i++)
			write_probed(r, run, &panels, &list[i]);
		html(r->out, count ? "</tbody></table></div>\n"
				   : "<p>No probe that costs time watched a trial of this run "
				     "(<code>probes = contention symbols folio-wait</code> in the "
				     "sweep).</p>\n");
		probed_free(list, count);
	}
	panels_free(&panels);
}

void report_probes(const struct report *r)
{
	const struct run *base = r->c->sides[BASE].run, *new = r->c->sides[NEW].run;
	const struct run_boot *boot = side_boot(&r->c->sides[BASE]);
	const json_t *views = boot ? json_object_get(boot->record, "probes") : NULL;

	write_run(r, base);
	if (new != base)
		write_run(r, new);
	if (!json_is_object(views))
		return;
	html(r->out,
	     "<p>What each can see of what workers can be in each other&rsquo;s way by, on the "
	     "base&rsquo;s machine:</p>\n");
	write_views(r->out, views);
}
