// SPDX-License-Identifier: GPL-3.0-or-later
#include "variants.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

/* A name goes into the guest's command: letters, digits and a little more. */
void variants_add(struct variants *v, char *arg, struct argp_state *state)
{
	char *equals = strchr(arg, '=');

	if (!equals || equals == arg)
		argp_error(state, "--variant wants NAME=FILE, not '%s'", arg);
	if (v->count == MOST_VARIANTS)
		argp_error(state, "more than %d variants", MOST_VARIANTS);
	*equals = '\0';
	for (const char *c = arg; *c; c++)
		if (!isalnum((unsigned char)*c) && (c == arg || !strchr("._+-", *c)))
			argp_error(state,
				   "the variant's name '%s' has other characters than letters, "
				   "digits, '.', '_', '+' and '-'",
				   arg);
	for (unsigned int i = 0; i < v->count; i++)
		if (!strcmp(v->names[i], arg))
			argp_error(state, "the variant '%s' is given twice", arg);
	if (access(equals + 1, R_OK))
		argp_error(state, "there is no kernel '%s'; 'kernels/build.sh %s' builds one",
			   equals + 1, arg);
	v->names[v->count] = arg;
	v->kernels[v->count++] = equals + 1;
}

json_t *variants_json(const struct variants *v)
{
	json_t *names = json_array();

	for (unsigned int i = 0; i < v->count; i++)
		json_array_append_new(names, json_string(v->names[i]));
	return names;
}
