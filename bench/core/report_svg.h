/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A drawing of gnuplot's made part of a page. */
#ifndef PINSCALE_REPORT_SVG_H
#define PINSCALE_REPORT_SVG_H

#include <stdio.h>

#include "include/error.h"

/*
 * Writes the SVG without prolog, title and sizes, with label for those who do not see it
 * and prefix before every id. Only shapes and text are let through. -1 with the
 * error set when there is anything else: an element that is none of these, an attribute
 * that begins with "on", or a reference out of the drawing. Part of it is written then.
 */
int svg_write(FILE *out, const char *svg, const char *prefix, const char *label, struct error *e);

#endif
