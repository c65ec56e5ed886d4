// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest_options.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "commands/sweep_options.h"

enum { KEY_VARIANT = 512, KEY_INITRAMFS, KEY_NODES, KEY_MEMORY, KEY_TIMEOUT };

static const struct argp_option option_table[] = {
	{"variant", KEY_VARIANT, "NAME=FILE", 0,
	 "A kernel; again for another, the first is what the others are compared with", 0},
	{"initramfs", KEY_INITRAMFS, "FILE", 0, "The guests' archive, by vm/initramfs.sh", 0},
	{"nodes", KEY_NODES, "N", 0, "NUMA nodes of a guest (1)", 0},
	{"memory", KEY_MEMORY, "SIZE", 0, "Memory of a guest (2G)", 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "A guest that takes longer is ended (600)", 0},
	{0},
};

/* A name goes into the guest's command: letters, digits and a little more. */
static void add_variant(struct guest_options *o, char *arg, struct argp_state *state)
{
	char *equals = strchr(arg, '=');

	if (!equals || equals == arg)
		argp_error(state, "--variant wants NAME=FILE, not '%s'", arg);
	if (o->variants == MOST_VARIANTS)
		argp_error(state, "more than %d variants", MOST_VARIANTS);
	*equals = '\0';
	for (const char *c = arg; *c; c++)
		if (!isalnum((unsigned char)*c) && (c == arg || !strchr("._+-", *c)))
			argp_error(state,
				   "the variant's name '%s' has other characters than letters, "
				   "digits, '.', '_', '+' and '-'",
				   arg);
	for (unsigned int i = 0; i < o->variants; i++)
		if (!strcmp(o->names[i], arg))
			argp_error(state, "the variant '%s' is given twice", arg);
	if (access(equals + 1, R_OK))
		argp_error(state, "there is no kernel '%s'; 'kernels/build.sh %s' builds one",
			   equals + 1, arg);
	o->names[o->variants] = arg;
	o->kernels[o->variants++] = equals + 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct guest_options *o = state->input;

	switch (key) {
	case KEY_VARIANT:
		add_variant(o, arg, state);
		return 0;
	case KEY_INITRAMFS:
		o->initramfs = arg;
		return 0;
	case KEY_NODES:
		o->nodes = parse_number(arg, 1, 64, state);
		return 0;
	case KEY_MEMORY:
		o->memory = arg;
		return 0;
	case KEY_TIMEOUT:
		o->timeout = parse_number(arg, 1, 86400, state);
		return 0;
	case ARGP_KEY_END:
		if (!o->variants)
			argp_error(state, "a kernel is needed: --variant NAME=FILE");
		if (!o->initramfs || access(o->initramfs, R_OK))
			argp_error(state, "--initramfs FILE is needed; vm/initramfs.sh makes one");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp guest_options_argp = {option_table, parse, NULL, NULL, NULL, NULL, NULL};

json_t *guest_options_variants(const struct guest_options *o)
{
	json_t *names = json_array();

	for (unsigned int i = 0; i < o->variants; i++)
		json_array_append_new(names, json_string(o->names[i]));
	return names;
}
