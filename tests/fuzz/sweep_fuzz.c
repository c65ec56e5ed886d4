// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Any text taken as a sweep: it is parsed or refused with a sentence, and its points can be put
 * in order. On a machine of 6 CPUs that hwloc makes up.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/axes.h"
#include "core/sweep.h"

#define NOBODY 65534

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return setenv("HWLOC_SYNTHETIC", "core:6 pu:1", 1);
}

/* Every point comes once. */
static void check_order(const struct sweep *s, unsigned int boot, unsigned int repetition)
{
	size_t *order = sweep_order(s, boot, repetition);
	char *seen = calloc(s->count, 1);

	for (size_t i = 0; i < s->count; i++) {
		if (order[i] >= s->count || seen[order[i]]++)
			abort();
	}
	free(seen);
	free(order);
}

static void check_names(const struct sweep *s)
{
	for (size_t i = 0; i < s->count; i++) {
		char name[256];

		point_name(&s->points[i], name, sizeof(name));
		json_decref(point_json(&s->points[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct error e = {0};
	struct sweep s;
	int rc;

	/* As root a target is looked for by running mke2fs and its like. */
	if (!getuid() && seteuid(NOBODY))
		abort();
	rc = sweep_parse(&s, "fuzz", text, NULL, &e);
	if (!getuid() && seteuid(0))
		abort();
	free(text);
	if (rc) {
		if (!*e.text)
			abort();
		return 0;
	}
	check_names(&s);
	check_order(&s, 1, 0);
	check_order(&s, 2, 1);
	sweep_free(&s);
	return 0;
}
