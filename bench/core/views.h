/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each probe sees of each mechanism that workers can be in each other's way by,
 * on this machine: a zero of a blind probe must never be read as "no contention".
 */
#ifndef PINSCALE_VIEWS_H
#define PINSCALE_VIEWS_H

#include <jansson.h>

#include "include/probe.h"

/* What a mechanism is called. */
const char *mechanism_name(enum mechanism m);

/*
 * "sees", "partly", "blind", or "cannot run here" of a probe that would see it elsewhere.
 * *why is the reason, NULL for "sees".
 */
const char *view_of(const struct probe *p, enum mechanism m, const char **why);

/*
 * {"mechanisms": [name ...], "probes": [{"probe": name, "unsupported": reason or null,
 * "views": [{"mechanism": name, "sight": word, "why": reason or null} ...]} ...]}
 */
json_t *views_json(void);

#endif
