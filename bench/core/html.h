/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing HTML: what came from a file or a kernel can be no markup. */
#ifndef PINSCALE_HTML_H
#define PINSCALE_HTML_H

#include <stdio.h>

#include "analysis/statistics.h"

/*
 * fprintf() whose format is markup, and whose %s are text, escaped for elements and
 * for attributes in double quotes. NULL is the empty text. Known are %s, %c, %d, %u, %zu,
 * %lld and %llu, and %e, %f and %g, with flags, width and precision in digits.
 */
__attribute__((format(printf, 2, 3))) void html(FILE *out, const char *format, ...);

/*
 * Text, escaped. A control character other than tab and newline, one that turns the
 * direction of writing, and a byte that is no UTF-8, each become U+FFFD.
 */
void html_text(FILE *out, const char *text);

/*
 * A number as it is shown, in an element that has its key in compare.json and all of
 * its digits, for scripts and tests; without digits when it is not known (NAN or infinite).
 */
void html_number(FILE *out, const char *key, double value, const char *shown);

/* "ratio [low, high]" as three such numbers under key.value, key.low and key.high; "-" for none. */
void html_ratio(FILE *out, const char *key, const struct estimate *e);

#endif
