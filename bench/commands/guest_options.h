/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of commands that boot kernels in guests: which kernels, and what guests are like. */
#ifndef PINSCALE_GUEST_OPTIONS_H
#define PINSCALE_GUEST_OPTIONS_H

#include <argp.h>
#include <jansson.h>

#define MOST_VARIANTS 8

struct guest_options {

	const char *names[MOST_VARIANTS];   /* of the variants */
	const char *kernels[MOST_VARIANTS]; /* their bzImages */
	unsigned int variants;
	const char *initramfs, *memory;
	unsigned int nodes, timeout;
};

#define GUEST_OPTIONS_PRESET .memory = "2G", .nodes = 1, .timeout = 600

/* To be a child of the command's parser, with a struct guest_options as its input. */
extern const struct argp guest_options_argp;

/* The variants' names. A new reference. */
json_t *guest_options_variants(const struct guest_options *o);

#endif
