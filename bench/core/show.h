/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run as tables of text: a table a panel, a row a kind of buffer and number of workers. */
#ifndef PINSCALE_SHOW_H
#define PINSCALE_SHOW_H

#include <stdio.h>

#include "panel.h"
#include "run.h"

/* Which kernels, on what. */
void show_header(const struct run *r, FILE *out);

/* The tables, and what near and far mean in them. */
void show_panels(const struct run *r, const struct panels *panels, FILE *out);

#endif
