// SPDX-License-Identifier: GPL-3.0-or-later
#include "progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "covariate.h"
#include "format.h"

#define PLAIN_PERIOD 20000000000ull /* ns between lines where there is no terminal */

static bool line_shown;

/* One on which a line can be written again. A serial console says it is dumb. */
static bool on_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
}

static void clear(void)
{
	if (line_shown)
		fputs("\r\033[K", stderr);
	line_shown = false;
}

void progress_start(struct progress *p, unsigned int total)
{
	*p = (struct progress){.total = total, .started = clock_ns()};
}

void progress_step(struct progress *p, const char *what)
{
	bool terminal = on_terminal();
	uint64_t now = clock_ns();
	char left[64] = "";

	if (!p->measured)
		p->started = now;
	else {
		double seconds = (now - p->started) * 1e-9 / p->measured * (p->total - p->at);

		snprintf(left, sizeof(left), ", about %d:%02d left", (int)seconds / 60,
			 (int)seconds % 60);
	}
	p->at++;
	p->measured++;
	if (terminal) {
		clear();
		fprintf(stderr, "%u of %u%s: %s", p->at, p->total, left, what);
		fflush(stderr);
		line_shown = true;
	} else if (!p->shown || now - p->shown > PLAIN_PERIOD) {
		fprintf(stderr, "pinscale: %u of %u%s: %s\n", p->at, p->total, left, what);
		p->shown = now;
	}
}

void progress_result(struct progress *p, double rate)
{
	char text[32];

	(void)p;
	if (line_shown)
		fprintf(stderr, ": %s/s", format_rate(rate, text, sizeof(text)));
}

void progress_skip(struct progress *p)
{
	p->at++;
}

void progress_end(void)
{
	clear();
}

void progress_say(const char *format, ...)
{
	va_list args;

	clear();
	fputs("pinscale: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
