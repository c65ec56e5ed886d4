/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PINSCALE_GRAPH_SVG_H
#define PINSCALE_GRAPH_SVG_H

#include "include/error.h"

/*
 * Makes of gnuplot's SVG one that can be put into a page of HTML beside others: ids that
 * no other graph has (they begin with name), no document type, text that is valid XML
 * whatever is in it, fonts that every reader has, and a title and caption for who cannot see
 * it. 0 or -1.
 */
int svg_tidy(const char *path, const char *name, const char *title, const char *caption,
	     struct error *e);

/* Text as it may stand in XML and HTML, between tags and in attributes. */
void svg_escape(FILE *f, const char *text);

#endif
