// SPDX-License-Identifier: GPL-3.0-or-later
#include "html.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What stands for a character that is none, or does harm. */
#define REPLACEMENT "\xef\xbf\xbd"

/* A conversion of a format: "%+.3f". */
struct conversion {
	char text[16];
	unsigned int longs; /* of the modifier */
	bool size;	    /* it is z */
	char kind;
};

/*
 * Decodes the character of UTF-8 that begins there. Its length, or 0 when none does:
 * overlong forms, surrogates and what is beyond Unicode are none.
 */
static unsigned int decode(const unsigned char *c, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned int length = *c < 0x80			? 1
			      : *c >= 0xc0 && *c < 0xe0 ? 2
			      : *c >= 0xe0 && *c < 0xf0 ? 3
			      : *c >= 0xf0 && *c < 0xf8 ? 4
							: 0;

	*code = length > 1 ? *c & (0x7f >> length) : *c;
	for (unsigned int i = 1; i < length; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (c[i] & 0x3f);
	}
	if (*code < least[length] || (*code >= 0xd800 && *code < 0xe000) || *code > 0x10ffff)
		return 0;
	return length;
}

/* C0, DEL, C1, ends of lines of their own, and what turns the writing. */
static bool is_harmful(uint32_t c)
{
	return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x200e ||
	       c == 0x200f || c == 0x061c || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static const char *entity(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

void html_text(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	uint32_t code;

	while (c && *c) {
		unsigned int length = decode(c, &code);
		const char *name = length ? entity(code) : NULL;

		if (name)
			fputs(name, out);
		else if (!length || is_harmful(code))
			fputs(REPLACEMENT, out);
		else
			fwrite(c, 1, length, out);
		c += length ? length : 1;
	}
}

/* Reads the conversion at format, which begins with '%'. Where it ends. */
static const char *read_conversion(const char *format, struct conversion *c)
{
	size_t n = strspn(format + 1, "-+ #0123456789.") + 1;
	const char *start = format;

	*c = (struct conversion){0};
	format += n;
	while (*format == 'l' || *format == 'z') {
		c->longs += *format == 'l';
		c->size |= *format++ == 'z';
	}
	c->kind = *format;
	/* Whole numbers are all printed as the longest. */
	snprintf(c->text, sizeof(c->text), "%.*s%s%c", (int)(n < 10 ? n : 10), start,
		 strchr("diu", c->kind) ? "ll" : "", c->kind);
	return *format ? format + 1 : format;
}

static long long signed_argument(const struct conversion *c, va_list *args)
{
	return c->longs > 1 ? va_arg(*args, long long)
	       : c->longs   ? va_arg(*args, long)
			    : va_arg(*args, int);
}

static unsigned long long unsigned_argument(const struct conversion *c, va_list *args)
{
	if (c->size)
		return va_arg(*args, size_t);
	return c->longs > 1 ? va_arg(*args, unsigned long long)
	       : c->longs   ? va_arg(*args, unsigned long)
			    : va_arg(*args, unsigned int);
}

static void put(FILE *out, const struct conversion *c, va_list *args)
{
	char letter[2] = "";

	switch (c->kind) {
	case 's':
		html_text(out, va_arg(*args, const char *));
		break;
	case 'c':
		letter[0] = va_arg(*args, int);
		html_text(out, letter);
		break;
	case 'd':
		fprintf(out, c->text, signed_argument(c, args));
		break;
	case 'u':
		fprintf(out, c->text, unsigned_argument(c, args));
		break;
	case 'e':
	case 'f':
	case 'g':
		fprintf(out, c->text, va_arg(*args, double));
		break;
	default:
		fputc('%', out);
	}
}

/* A va_list that is a parameter may be an array: so that its address is that of one. */
struct arguments {
	va_list list;
};

void html(FILE *out, const char *format, ...)
{
	struct arguments arguments;

	va_start(arguments.list, format);
	while (*format) {
		size_t plain = strcspn(format, "%");
		struct conversion c;

		fwrite(format, 1, plain, out);
		format += plain;
		if (!*format)
			break;
		format = read_conversion(format, &c);
		put(out, &c, &arguments.list);
	}
	va_end(arguments.list);
}

void html_number(FILE *out, const char *key, double value, const char *shown)
{
	if (isfinite(value))
		html(out, "<span data-field=\"%s\" data-value=\"%.17g\">%s</span>", key, value,
		     shown);
	else
		html(out, "<span data-field=\"%s\" data-value=\"\">%s</span>", key, shown);
}

static void part(FILE *out, const char *key, const char *of, double value)
{
	char name[64], shown[32] = "-";

	snprintf(name, sizeof(name), "%s.%s", key, of);
	if (isfinite(value))
		snprintf(shown, sizeof(shown), "%.3f", value);
	html_number(out, name, value, shown);
}

void html_ratio(FILE *out, const char *key, const struct estimate *e)
{
	part(out, key, "value", e->value);
	if (isnan(e->low) && isnan(e->high))
		return;
	html(out, " <span class=\"interval\">[");
	part(out, key, "low", e->low);
	html(out, ", ");
	part(out, key, "high", e->high);
	html(out, "]</span>");
}
