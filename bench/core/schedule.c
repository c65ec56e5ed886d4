// SPDX-License-Identifier: GPL-3.0-or-later
#include "schedule.h"

#include <stdlib.h>

struct slot *schedule(unsigned int variants, unsigned int boots)
{
	struct slot *order = calloc((size_t)variants * boots, sizeof(*order));

	for (unsigned int boot = 0; order && boot < boots; boot++) {
		unsigned int block = boot / 2;

		for (unsigned int i = 0; i < variants; i++) {
			unsigned int turn = boot % 2 ? variants - 1 - i : i;

			order[boot * variants + i] = (struct slot){
				.variant = (turn + block) % variants,
				.block = block + 1,
			};
		}
	}
	return order;
}
