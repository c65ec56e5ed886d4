// SPDX-License-Identifier: GPL-3.0-or-later
#include "report_svg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "html.h"

/* The shapes and text that drawings are made of. */
static const char *const known[] = {
	"svg",	    "g",       "path",	      "rect",		"circle",
	"ellipse",  "line",    "polyline",    "polygon",	"text",
	"tspan",    "defs",    "use",	      "symbol",		"marker",
	"clipPath", "mask",    "pattern",     "stop",		"linearGradient",
	"filter",   "feFlood", "feComposite", "radialGradient",
};

/* Elements that are left out with all that is in them. */
static const char *const silent[] = {"title", "desc", "metadata"};

/* Attributes that are left out: names and classes are the page's affair. */
static const char *const dropped[] = {"class", "xmlns",	    "xmlns:xlink", "version",
				      "role",  "xml:space", "baseProfile"};

/* Of the whole drawing: it is as wide as the page has room. */
static const char *const sizes[] = {"width", "height"};

struct drawing {
	FILE *out;
	const char *prefix, *label;
	const char *at;
	unsigned int depth;
	struct error *e;
};

/* A piece of the text. */
struct span {
	const char *start;
	int length;
};

static bool is(struct span s, const char *name)
{
	return (size_t)s.length == strlen(name) && !strncmp(s.start, name, s.length);
}

static bool is_one_of(struct span s, const char *const names[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(s, names[i]))
			return true;
	return false;
}

#define IS_ONE_OF(s, names) is_one_of(s, names, sizeof(names) / sizeof((names)[0]))

static bool has(struct span s, const char *part)
{
	size_t n = strlen(part);

	for (int i = 0; i + (int)n <= s.length; i++)
		if (!strncasecmp(s.start + i, part, n))
			return true;
	return false;
}

static struct span name_at(const char *at)
{
	return (struct span){at, strcspn(at, " \t\r\n/>=<\"'")};
}

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

static int refuse(struct drawing *d, const char *what, struct span s)
{
	return fail(d->e, "it has %s '%.*s'", what, s.length > 60 ? 60 : s.length, s.start);
}

/* "#x" as "#prefix-x". -1: it refers to something else. */
static int write_reference(struct drawing *d, struct span s)
{
	if (s.length < 2 || *s.start != '#' || memchr(s.start, ')', s.length))
		return -1;
	fprintf(d->out, "#%s-%.*s", d->prefix, s.length - 1, s.start + 1);
	return 0;
}

/* "url(#x)", with quotes or without. */
static int write_url(struct drawing *d, struct span s)
{
	struct span inner = {s.start + strlen("url("), s.length - (int)strlen("url()")};

	if (strncmp(s.start, "url(", 4) || s.start[s.length - 1] != ')')
		return -1;
	if (inner.length > 2 && *inner.start == '\'') {
		inner.start++;
		inner.length -= 2;
	}
	fputs("url(", d->out);
	if (write_reference(d, inner))
		return -1;
	fputc(')', d->out);
	return 0;
}

/* A value that neither has nor is a reference; quotes are those of the page. */
static void write_plain(struct drawing *d, struct span s)
{
	for (int i = 0; i < s.length; i++)
		if (s.start[i] == '"')
			fputs("&quot;", d->out);
		else
			fputc(s.start[i], d->out);
}

/* The whole drawing becomes no wider than it was made. */
static void write_size(struct drawing *d, struct span name, struct span value)
{
	if (is(name, "width") && value.length < 8)
		fprintf(d->out, " style=\"max-width: %dpx\"", atoi(value.start));
}

static int write_attribute(struct drawing *d, struct span name, struct span value)
{
	bool reference = is(name, "href") || is(name, "xlink:href");
	int rc = 0;

	if (!strncasecmp(name.start, "on", 2) || memchr(value.start, '<', value.length))
		return refuse(d, "the attribute", name);
	if (IS_ONE_OF(name, dropped) || !strncasecmp(name.start, "aria", 4))
		return 0;
	if (!d->depth && IS_ONE_OF(name, sizes)) {
		write_size(d, name, value);
		return 0;
	}
	fprintf(d->out, " %.*s=\"", reference ? 4 : name.length, reference ? "href" : name.start);
	if (is(name, "id"))
		fprintf(d->out, "%s-%.*s", d->prefix, value.length, value.start);
	else if (reference)
		rc = write_reference(d, value);
	else if (has(value, "url(") || has(value, "@import"))
		rc = write_url(d, value);
	else
		write_plain(d, value);
	fputc('"', d->out);
	return rc ? refuse(d, "a reference out of it,", value) : 0;
}

/* Attributes up to the end of the tag. */
static int write_attributes(struct drawing *d)
{
	for (;;) {
		struct span name, value;
		const char *end;

		d->at = skip_space(d->at);
		if (*d->at == '>' || *d->at == '/')
			return 0;
		name = name_at(d->at);
		d->at = skip_space(name.start + name.length);
		if (!name.length || *d->at != '=')
			return refuse(d, "an attribute without a value,", name);
		d->at = skip_space(d->at + 1);
		end = *d->at == '"' || *d->at == '\'' ? strchr(d->at + 1, *d->at) : NULL;
		if (!end)
			return refuse(d, "an attribute without quotes,", name);
		value = (struct span){d->at + 1, end - d->at - 1};
		d->at = end + 1;
		if (write_attribute(d, name, value))
			return -1;
	}
}

/* Past what begins there and ends with that text. */
static int skip_to(struct drawing *d, const char *end)
{
	const char *found = strstr(d->at, end);

	if (!found)
		return fail(d->e, "it ends in the middle");
	d->at = found + strlen(end);
	return 0;
}

static int skip_element(struct drawing *d, struct span name)
{
	char end[32];

	snprintf(end, sizeof(end), "</%.*s>", name.length, name.start);
	return skip_to(d, end);
}

static int write_end(struct drawing *d)
{
	struct span name = name_at(d->at + 2);

	if (!IS_ONE_OF(name, known) || !d->depth)
		return refuse(d, "the end of", name);
	fprintf(d->out, "</%.*s>", name.length, name.start);
	d->depth--;
	return skip_to(d, ">");
}

/* A tag that begins there. */
static int write_tag(struct drawing *d)
{
	struct span name = name_at(d->at + 1);

	if (!strncmp(d->at, "<!--", 4))
		return skip_to(d, "-->");
	if (d->at[1] == '/')
		return write_end(d);
	if (IS_ONE_OF(name, silent))
		return skip_element(d, name);
	if (!IS_ONE_OF(name, known) || (d->depth != 0) == is(name, "svg"))
		return refuse(d, "the element", name);
	fprintf(d->out, "<%.*s", name.length, name.start);
	if (!d->depth)
		html(d->out, " role=\"img\" aria-label=\"%s\"", d->label);
	d->at = name.start + name.length;
	if (write_attributes(d))
		return -1;
	if (*d->at == '/')
		fputc('/', d->out);
	else
		d->depth++;
	fputc('>', d->out);
	return skip_to(d, ">");
}

int svg_write(FILE *out, const char *svg, const char *prefix, const char *label, struct error *e)
{
	struct drawing d = {.out = out, .prefix = prefix, .label = label, .e = e};

	d.at = strstr(svg, "<svg");
	if (!d.at)
		return fail(e, "it is no SVG");
	do {
		size_t plain = strcspn(d.at, "<");

		fwrite(d.at, 1, plain, out);
		d.at += plain;
		if (!*d.at)
			return fail(e, "it ends in the middle");
		if (write_tag(&d))
			return -1;
	} while (d.depth);
	return 0;
}
