/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a boot is like: everything that a figure may depend on, for boots/n.json. */
#ifndef PINSCALE_ENVIRONMENT_H
#define PINSCALE_ENVIRONMENT_H

#include <jansson.h>

#include "include/target.h"

/* "native", "virtualised", or "emulated" when the CPU is QEMU's TCG. */
const char *environment_execution(void);

/* This boot's id, /proc/sys/kernel/random/boot_id. */
const char *environment_boot_id(void);

/* The record but for boot, slot and targets. A new reference. */
json_t *environment_json(const char *variant);

/* The record of a target that is set up: what it is, and its device's queue. A new reference. */
json_t *environment_target_json(const struct target_run *t);

#endif
