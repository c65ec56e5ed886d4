// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale list: what there is, and whether it works here. */
#include <argp.h>
#include <string.h>

#include "commands/command.h"
#include "include/buffer.h"
#include "include/probe.h"
#include "include/target.h"
#include "include/workload.h"

static const char doc[] =
	"Names workloads, targets, buffers and probes: which work here, and if not, why and what to do.\v"
	"Examples:\n"
	"  pinscale list\n"
	"  sudo pinscale list          (root sees what only root can use)";

static const struct argp argp = {NULL, NULL, NULL, doc, NULL, NULL, NULL};

static void line(const char *name, const char *summary, const char *reason)
{
	printf("  %-17s %s %s\n", name, reason ? "no " : "yes", summary);
	if (reason)
		printf("  %-17s     %s\n", "", reason);
}

static int list_run(int argc, char **argv)
{
	static const struct page pages[] = {
		{PAGE_BASE, BASE_PAGE}, {PAGE_TRANSPARENT, 2 << 20}, {PAGE_HUGETLB, 2 << 20}};

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	puts("workloads");
	for_each_plugin (workload, w)
		line((*w)->name, (*w)->summary, (*w)->unsupported ? (*w)->unsupported(NULL) : NULL);
	puts("targets");
	for_each_plugin (target, t)
		line((*t)->name, (*t)->summary, (*t)->foreign ? NULL : (*t)->unsupported(""));
	puts("buffers");
	for_each_plugin (buffer, b) {
		const char *reason = NULL;

		/* It works if it has pages of some size. */
		for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
			reason = (*b)->unsupported(&pages[i]);
			if (!reason)
				break;
		}
		line((*b)->name, (*b)->summary, reason);
	}
	puts("probes");
	for_each_plugin (probe, p)
		line((*p)->name, (*p)->summary, (*p)->unsupported());
	return STATUS_GOOD;
}

static const struct command list_command = {
	.name = "list",
	.summary = "workloads, targets, buffers, probes: which work here",
	.run = list_run,
};
REGISTER_COMMAND(list_command);
