// SPDX-License-Identifier: GPL-3.0-or-later
/* What the boots of both sides were, key by key, with what differs first. */
#include <stdlib.h>
#include <string.h>

#include "report_parts.h"

/* A key of the boots' records: "kernel.config.CONFIG_KASAN". */
struct entry {
	char *key;
	const json_t *values[SIDES];
};

struct entries {
	struct entry *list;
	json_t *index; /* of each key */
	size_t count, room;
	size_t more; /* keys that are not shown */
};

/* More keys than any machine has are those of a file that is no record of ours. */
#define MOST_KEYS 20000

/* What every boot, or every kernel, has of its own: that it differs says nothing. */
static const char *const own[] = {
	"boot",		  "boot_id",	     "slot",
	"started",	  "variant",	     "kernel.release",
	"kernel.version", "kernel.build_id", "kernel.config.CONFIG_TAILLOCK"};
static const char *const own_parts[] = {"memory.", "topology.nodes"};

static bool is_own(const char *key)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(own[i], key))
			return true;
	for (size_t i = 0; i < sizeof(own_parts) / sizeof(own_parts[0]); i++)
		if (!strncmp(own_parts[i], key, strlen(own_parts[i])))
			return true;
	return false;
}

/* The entry of that key, made if need be; NULL when there are too many, or no memory. */
static struct entry *entry_of(struct entries *all, const char *key)
{
	const json_t *known = json_object_get(all->index, key);
	struct entry *larger;

	if (known)
		return &all->list[json_integer_value(known)];
	if (all->count == MOST_KEYS)
		return NULL;
	if (all->count == all->room) {
		larger = reallocarray(all->list, 2 * all->room + 64, sizeof(*larger));
		if (!larger)
			return NULL;
		all->list = larger;
		all->room = 2 * all->room + 64;
	}
	larger = &all->list[all->count];
	*larger = (struct entry){.key = strdup(key)};
	if (!larger->key || json_object_set_new(all->index, key, json_integer(all->count))) {
		free(larger->key);
		return NULL;
	}
	all->count++;
	return larger;
}

/* All values below that one, with their keys joined by dots. */
static void flatten(struct entries *all, const char *key, const json_t *value, int side)
{
	const char *name;
	struct entry *e;
	json_t *part;
	char *longer;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach ((json_t *)value, name, part) {
			if (asprintf(&longer, "%s%s%s", key, *key ? "." : "", name) < 0)
				continue;
			flatten(all, longer, part, side);
			free(longer);
		}
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, part) {
			if (asprintf(&longer, "%s[%zu]", key, i) < 0)
				continue;
			flatten(all, longer, part, side);
			free(longer);
		}
	} else {
		e = entry_of(all, key);
		if (e)
			e->values[side] = value;
		all->more += !e;
	}
}

static bool differs(const struct entry *e)
{
	const json_t *a = e->values[BASE], *b = e->values[NEW];

	return !a || !b || !json_equal(a, b);
}

static void write_value(FILE *out, const json_t *value)
{
	char *text;

	if (!value) {
		html(out, "<td class=\"absent\">not there</td>");
		return;
	}
	text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
	html(out, "<td>%s</td>", text ? text : json_string_value(value));
	free(text);
}

static void write_entry(FILE *out, const struct entry *e, const char *class, const char *sign,
			bool both)
{
	html(out, "<tr class=\"%s\"><th scope=\"row\">%s%s</th>", class, sign, e->key);
	write_value(out, e->values[BASE]);
	if (both)
		write_value(out, e->values[NEW]);
	html(out, "</tr>\n");
}

static void begin_table(const struct report *r, bool both)
{
	const struct side *sides = r->c->sides;

	html(r->out,
	     "<div class=\"scroll\"><table class=\"environment\"><thead><tr><th "
	     "scope=\"col\">Key</th><th scope=\"col\">%s</th>",
	     both ? sides[BASE].name : "both sides");
	if (both)
		html(r->out, "<th scope=\"col\">%s</th>", sides[NEW].name);
	html(r->out, "</tr></thead><tbody>\n");
}

static size_t count_entries(const struct entries *all, bool differing, bool owned)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++)
		n += differs(&all->list[i]) == differing &&
		     (!differing || is_own(all->list[i].key) == owned);
	return n;
}

static void write_differing(const struct report *r, const struct entries *all)
{
	size_t real = count_entries(all, true, false), owned = count_entries(all, true, true);

	html(r->out, "<p>%zu key%s %s%s; %zu more are each boot's or kernel's own.</p>\n", real,
	     real == 1 ? "" : "s", real == 1 ? "differs" : "differ", real ? ", marked ≠" : "",
	     owned);
	if (!real && !owned)
		return;
	begin_table(r, true);
	for (size_t i = 0; i < all->count; i++)
		if (differs(&all->list[i]) && !is_own(all->list[i].key))
			write_entry(r->out, &all->list[i], "differs", "≠ ", true);
	for (size_t i = 0; i < all->count; i++)
		if (differs(&all->list[i]) && is_own(all->list[i].key))
			write_entry(r->out, &all->list[i], "own", "", true);
	html(r->out, "</tbody></table></div>\n");
}

static void write_same(const struct report *r, const struct entries *all, bool both)
{
	size_t n = count_entries(all, false, false);

	html(r->out, "<details><summary>%zu keys%s</summary>\n", n, both ? " are the same" : "");
	begin_table(r, false);
	for (size_t i = 0; i < all->count; i++)
		if (!differs(&all->list[i]))
			write_entry(r->out, &all->list[i], "same", "", false);
	html(r->out, "</tbody></table></div>\n</details>\n");
}

static void write_boots(const struct report *r, const struct run_boot *boots[SIDES], bool both)
{
	html(r->out, "<p>As recorded before the first trial of the first boot of ");
	for (int s = 0; s < (both ? SIDES : 1); s++)
		html(r->out, "%s%s (<code>%s/boots/%u.json</code>)", s ? " and of " : "",
		     both ? r->c->sides[s].name : "both sides", r->c->sides[s].run->directory,
		     boots[s]->number);
	html(r->out, ".%s</p>\n", both ? "" : " The sides are of the same boots: nothing differs.");
}

void report_environments(const struct report *r)
{
	const struct run_boot *boots[SIDES] = {side_boot(&r->c->sides[BASE]),
					       side_boot(&r->c->sides[NEW])};
	bool both = !same_boots(r->c);
	struct entries all = {.index = json_object()};

	if (!boots[BASE] || !boots[NEW]) {
		html(r->out, "<p>A side has no boot that counts.</p>\n");
		json_decref(all.index);
		return;
	}
	for (int s = 0; s < SIDES; s++)
		flatten(&all, "", boots[s]->record, s);
	write_boots(r, boots, both);
	if (both)
		write_differing(r, &all);
	write_same(r, &all, both);
	if (all.more)
		html(r->out, "<p>%zu values more are not shown.</p>\n", all.more);
	for (size_t i = 0; i < all.count; i++)
		free(all.list[i].key);
	free(all.list);
	json_decref(all.index);
}
