/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Most of a trial's line is of no use to who wants its figures, and parsing it takes
 * most of the time that reading a large run takes: so it is cut out before.
 */
#ifndef PINSCALE_RECORD_CUT_H
#define PINSCALE_RECORD_CUT_H

#include <stddef.h>

/*
 * Writes the line of a trial to out, which has room for as much, with nothing but the keys that
 * figures are made of, and in "workers" nothing but "operations". Returns the
 * length. Only what is plain JSON, as pinscale writes it, is cut out; for any other line, and for
 * what is no trial, 0 is returned: it has to be parsed as it is. So a line that was cut is
 * valid JSON if and only if it was before.
 */
size_t record_cut(const char *line, size_t length, char *out);

#endif
