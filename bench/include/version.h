/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PINSCALE_VERSION_H
#define PINSCALE_VERSION_H

#define PINSCALE_VERSION "0.1.0"

#endif
