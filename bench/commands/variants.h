/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The option --variant NAME=FILE of commands that boot kernels. */
#ifndef PINSCALE_VARIANTS_H
#define PINSCALE_VARIANTS_H

#include <argp.h>
#include <jansson.h>

#define MOST_VARIANTS 8

struct variants {
	const char *names[MOST_VARIANTS];
	const char *kernels[MOST_VARIANTS]; /* bzImages */
	unsigned int count;
};

/* Takes an argument NAME=FILE, whose text is kept; ends the program when it is none. */
void variants_add(struct variants *v, char *arg, struct argp_state *state);

/* The names. A new reference. */
json_t *variants_json(const struct variants *v);

#endif
