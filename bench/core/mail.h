/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The five claims of the mail of 23 August 2011 ("Re: [PATCH] thp: tail page refcounting
 * fix"), each with what was measured. docs/FINDINGS.md quotes them.
 */
#ifndef PINSCALE_MAIL_H
#define PINSCALE_MAIL_H

#include <stdio.h>

#include "run.h"

/*
 * counts: a run of counts of the variants stock, taillock, taillock-thponly,
 * taillock+noextra and stock+noextra or noextra, as far as there; times: a run by time of them, for
 * acquisitions and how often the lock is found taken, or NULL. 0, or -1 with the error
 * set: what is needed for any answer is not there.
 */
int mail_print(const struct run *counts, const struct run *times, FILE *out, struct error *e);

#endif
