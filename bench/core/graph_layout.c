// SPDX-License-Identifier: GPL-3.0-or-later
/* How wide text is, where it is broken, and where tics are. */
#include <math.h>
#include <string.h>

#include "graph_page.h"

/* A character of DejaVu Sans, ems. Other fonts that readers have are narrower, or as wide. */
static double character_width(unsigned char c)
{
	if (c >= 0xe1)
		return 1; /* most writing that is not European */
	if (c > 0x7f)
		return 0.62;
	if (strchr("ijlI.,:;'!|", c))
		return 0.33;
	if (strchr(" ()[]frt/-", c))
		return 0.39;
	if (strchr("mwMW@%", c))
		return 0.93;
	return c >= 'A' && c <= 'Z' ? 0.68 : 0.62;
}

static double size_of(enum text_style style)
{
	return style == TEXT_TITLE  ? 11 * 4 / 3.0 * 1.1
	       : style == TEXT_BOLD ? 8.5 * 4 / 3.0 * 1.1
				    : 8.5 * 4 / 3.0;
}

/* Is it the first byte of a character? */
static bool begins(char c)
{
	return (c & 0xc0) != 0x80;
}

double text_width(const char *text, enum text_style style)
{
	double width = 0;

	for (; *text; text++)
		if (begins(*text))
			width += character_width(*text);
	return width * size_of(style);
}

/* The beginning and the end stay: what tells names apart may be at either. */
char *text_cut(char *text, double width, enum text_style style)
{
	static const char dots[] = "\xe2\x80\xa6";
	size_t head = 0, tail = strlen(text);
	double left = width - size_of(style);

	if (text_width(text, style) <= width || tail < 2 * strlen(dots))
		return text;
	/* Two characters of the head for one of the tail. */
	for (unsigned int n = 0; head < tail; n++) {
		size_t at = n % 3 < 2 ? head : tail - 1;

		while (!begins(text[at]))
			at--;
		left -= character_width(text[at]) * size_of(style);
		if (left < 0)
			break;
		if (n % 3 == 2)
			tail = at;
		else
			while (!begins(text[++head]))
				;
	}
	/* What is cut out has room for the dots, but where it is a single letter or two. */
	while (tail - head < strlen(dots))
		while (!begins(text[++tail]))
			;
	memcpy(text + head, dots, strlen(dots));
	memmove(text + head + strlen(dots), text + tail, strlen(text + tail) + 1);
	return text;
}

unsigned int page_wrapped(struct page *p, unsigned int x, unsigned int y, unsigned int width,
			  enum text_style style, const char *text)
{
	char line[512] = "";

	while (*text) {
		char longer[512];
		size_t word = strcspn(text, " ");

		snprintf(longer, sizeof(longer), "%s%s%.*s", line, *line ? " " : "", (int)word,
			 text);
		if (*line && text_width(longer, style) > width) {
			page_text(p, x, y, style, ALIGN_LEFT, "%s", line);
			y += 16;
			snprintf(longer, sizeof(longer), "%.*s", (int)word, text);
		}
		snprintf(line, sizeof(line), "%s", text_cut(longer, width, style));
		text += word;
		text += strspn(text, " ");
	}
	if (*line)
		page_text(p, x, y, style, ALIGN_LEFT, "%s", line);
	return y + 16;
}

/* The round step that divides a length into at most so many. */
static double round_step(double length, unsigned int most)
{
	double power = pow(10, floor(log10(length / most)));

	for (int i = 0; i < 5; i++) {
		static const double steps[] = {1, 2, 2.5, 5, 10};

		if (length / (steps[i] * power) <= most * (1 + 1e-9))
			return steps[i] * power;
	}
	return 10 * power;
}

static void tic(struct page *p, int scale, double value, const char *suffix)
{
	static const char units[] = " kMGT";
	double shown = fabs(value) < 1e-12 ? 0 : value;
	char label[32];
	int unit = 0;

	while (!*suffix && fabs(shown) >= 999.5 && units[unit + 1]) {
		shown /= 1000;
		unit++;
	}
	/* gnuplot takes a label for a format. */
	snprintf(label, sizeof(label), "%.5g%.*s%s", shown, !!unit, &units[unit],
		 *suffix == '%' ? "%%" : suffix);
	page_tic(p, scale, value, label);
}

static void linear_tics(struct page *p, int scale, const struct scale *s, unsigned int most,
			const char *suffix)
{
	double step = round_step(s->high - s->low, most);

	for (double n = ceil(s->low / step - 1e-9); n * step <= s->high * (1 + 1e-9); n++)
		tic(p, scale, n * step, suffix);
}

/* As many of each decade as there is room for, or whole decades. */
static void logarithmic_tics(struct page *p, int scale, const struct scale *s, unsigned int most,
			     const char *suffix)
{
	static const double in_decade[][6] = {{1, 1.5, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}};
	double decades = log10(s->high / s->low);
	unsigned int kind = 6 * decades <= most	  ? 0
			    : 3 * decades <= most ? 1
			    : 2 * decades <= most ? 2
						  : 3;
	unsigned int step = kind == 3 ? ceil(decades / most) : 1;

	for (int d = floor(log10(s->low)); d <= log10(s->high); d += step)
		for (int i = 0; i < 6 && in_decade[kind][i] > 0; i++) {
			double value = in_decade[kind][i] * pow(10, d);

			if (value >= s->low && value <= s->high)
				tic(p, scale, value, suffix);
		}
}

void page_tics(struct page *p, int scale, const struct scale *s, unsigned int most,
	       const char *suffix)
{
	if (!(s->high > s->low) || (s->logarithmic && !(s->low > 0)))
		return;
	if (s->logarithmic && s->high / s->low > 4)
		logarithmic_tics(p, scale, s, most, suffix);
	else
		linear_tics(p, scale, s, most, suffix);
}
