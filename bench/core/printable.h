/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A journal may come from anywhere, and its texts go to a terminal, to gnuplot and
 * into reports. Each control character in them, and each that turns the direction of
 * writing, becomes a question mark.
 */
#ifndef PINSCALE_PRINTABLE_H
#define PINSCALE_PRINTABLE_H

#include <jansson.h>

/* A text longer than so many bytes is cut, and ends with three dots. */
#define PRINTABLE_MOST 4096

/* Makes the text printable where it stands, and UTF-8 too. */
void printable_text(char *text);

/* A copy in which every text and key is printable: a new reference, or NULL without memory. */
json_t *printable_json(const json_t *value);

#endif
