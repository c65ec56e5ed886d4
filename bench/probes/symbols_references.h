/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions that take references to pages, give them back, or lock pages. */
#ifndef PINSCALE_SYMBOLS_REFERENCES_H
#define PINSCALE_SYMBOLS_REFERENCES_H

#include <jansson.h>

#include "include/error.h"

/* Of a file like configs/probes/symbols.ini: name -> "take", "give" or "lock". A new reference, or
 * NULL with the error set. */
json_t *references_read(const char *path, struct error *e);

#endif
