// SPDX-License-Identifier: GPL-3.0-or-later
#include "format.h"

#include <math.h>
#include <stdio.h>

const char *format_rate(double rate, char *text, size_t size)
{
	static const char units[] = " kMGT";
	int unit = 0;

	if (!(rate >= 0)) {
		snprintf(text, size, "-");
		return text;
	}
	while (rate >= 999.5 && units[unit + 1]) {
		rate /= 1000;
		unit++;
	}
	snprintf(text, size, "%.*f%.*s",
		 rate < 9.995	? 2
		 : rate < 99.95 ? 1
				: 0,
		 rate, !!unit, &units[unit]);
	return text;
}

const char *format_ratio(const struct estimate *e, char *text, size_t size)
{
	if (isnan(e->value))
		snprintf(text, size, "-");
	else if (isnan(e->low))
		snprintf(text, size, "%.3f", e->value);
	else
		snprintf(text, size, "%.3f [%.3f, %.3f]", e->value, e->low, e->high);
	return text;
}

const char *format_count(double low, double high, char *text, size_t size)
{
	if (low == high)
		snprintf(text, size, "%g", low);
	else
		snprintf(text, size, "%.4g to %.4g", low, high);
	return text;
}

const char *format_share(double share, char *text, size_t size)
{
	if (isnan(share))
		snprintf(text, size, "-");
	else if (share == 0)
		snprintf(text, size, "0");
	else
		snprintf(text, size, "%.*f%%", share < 0.0001 ? 4 : 2, 100 * share);
	return text;
}

const char *format_stratum(enum stratum stratum)
{
	static const char *const names[] = {
		[STRATUM_NONE] = "-",
		[STRATUM_NEAR] = "near",
		[STRATUM_FAR] = "far",
		[STRATUM_MOVED] = "moved",
	};

	return names[stratum];
}
