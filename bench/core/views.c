// SPDX-License-Identifier: GPL-3.0-or-later
#include "views.h"

static const char *const names[MECHANISMS] = {
	[MECHANISM_BIT_LOCK] = "bit lock",     [MECHANISM_ATOMIC] = "atomic",
	[MECHANISM_FOLIO_LOCK] = "folio lock", [MECHANISM_SPIN] = "spinlock",
	[MECHANISM_SLEEPING] = "mutex, rwsem",
};

const char *mechanism_name(enum mechanism m)
{
	return names[m];
}

const char *view_of(const struct probe *p, enum mechanism m, const char **why)
{
	static const char *const words[] = {
		[SIGHT_BLIND] = "blind", [SIGHT_PARTLY] = "partly", [SIGHT_SEES] = "sees"};
	const struct view *v = &p->views[m];
	const char *reason = p->unsupported();

	*why = v->why;
	/* Where it could run, it would be blind as well. */
	if (v->sight == SIGHT_BLIND || !reason)
		return words[v->sight];
	*why = reason;
	return "cannot run here";
}

static json_t *views_of(const struct probe *p)
{
	json_t *views = json_array();

	for (int m = 0; m < MECHANISMS; m++) {
		const char *why, *sight = view_of(p, m, &why);

		json_array_append_new(views, json_pack("{s:s, s:s, s:s?}", "mechanism", names[m],
						       "sight", sight, "why", why));
	}
	return views;
}

json_t *views_json(void)
{
	json_t *mechanisms = json_array(), *probes = json_array();

	for (int m = 0; m < MECHANISMS; m++)
		json_array_append_new(mechanisms, json_string(names[m]));
	for_each_plugin (probe, p)
		json_array_append_new(probes, json_pack("{s:s, s:s?, s:o}", "probe", (*p)->name,
							"unsupported", (*p)->unsupported(), "views",
							views_of(*p)));
	return json_pack("{s:o, s:o}", "mechanisms", mechanisms, "probes", probes);
}
