// SPDX-License-Identifier: GPL-3.0-or-later
/* What a run and its points are, without their figures. */
#include <limits.h>
#include <string.h>

#include "axes.h"
#include "run.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *run_axis(const struct run_point *p, const char *axis, char *text, size_t size)
{
	const json_t *value = json_object_get(p->axes, axis);
	json_int_t n = json_integer_value(value);

	text[0] = '\0';
	if (json_is_string(value))
		snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_integer(value) && n >= 0 && !strcmp(axis, "block"))
		size_format(n, text, size);
	else if (json_is_integer(value))
		snprintf(text, size, "%lld", (long long)n);
	return text;
}

unsigned int run_workers(const struct run_point *p)
{
	json_int_t n = json_integer_value(json_object_get(p->axes, "workers"));

	return n > 0 && n <= UINT_MAX ? n : 0;
}

bool run_compares_kernels(const struct run *r)
{
	const char *kind = text_of(r->json, "kind");

	return kind && !strcmp(kind, "ab");
}

const char *run_execution(const struct run *r)
{
	const char *execution = NULL;

	if (r->emulated)
		return "emulated";
	if (r->boot_count)
		execution = text_of(r->boots[0].record, "execution");
	return execution && !strcmp(execution, "native") ? "native" : "virtualised";
}

const struct run_boot *run_first_boot(const struct run *r, unsigned int variant)
{
	for (unsigned int b = 0; b < r->boot_count; b++)
		if (r->boots[b].variant == variant && r->boots[b].counts)
			return &r->boots[b];
	return NULL;
}
