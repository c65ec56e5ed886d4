/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as one page of HTML. docs/COMPARING.md says what else stands beside it. */
#ifndef PINSCALE_REPORT_H
#define PINSCALE_REPORT_H

#include "comparison.h"
#include "comparison_graphs.h"
#include "include/error.h"

/*
 * Writes DIRECTORY/report.html: one file, which needs no network and no script. The
 * graphs are DIRECTORY/NAME.svg, the first of them the one that decides. noise: an A/A
 * comparison, or NULL; command: what made this one. 0 or -1.
 */
int report_write(const struct comparison *c, const struct comparison_graph *graphs,
		 size_t graph_count, const struct comparison *noise, const char *directory,
		 const char *command, struct error *e);

#endif
