/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one argument of commands that read a run: its directory. */
#ifndef PINSCALE_RUN_ARGUMENT_H
#define PINSCALE_RUN_ARGUMENT_H

#include <argp.h>

/* A parser for argp; its input is a const char * that is NULL before. */
error_t run_argument(int key, char *arg, struct argp_state *state);

#endif
