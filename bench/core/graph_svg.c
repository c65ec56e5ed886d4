// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph_svg.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

#define FONTS "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"

/*
 * Writes a character of text as XML can have it; bytes of UTF-8 as they are, but for U+FFFE and
 * U+FFFF, and control characters. Returns how many bytes it was.
 */
static unsigned int put_character(FILE *f, const char *text)
{
	if (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3)) {
		fputc('?', f);
		return 3;
	}
	if (*text == '<')
		fputs("&lt;", f);
	else if (*text == '>')
		fputs("&gt;", f);
	else if (iscntrl((unsigned char)*text) && *text != '\n' && *text != '\t')
		fputc('?', f);
	else
		fputc(*text, f);
	return 1;
}

void svg_escape(FILE *f, const char *text)
{
	while (*text) {
		if (*text == '&')
			fputs("&amp;", f);
		else if (*text == '"')
			fputs("&quot;", f);
		if (*text == '&' || *text == '"')
			text++;
		else
			text += put_character(f, text);
	}
}

/* Where an SVG is rewritten from and to. */
struct rewriting {
	const char *at, *name;
	FILE *out;
};

static bool skip(struct rewriting *r, const char *text)
{
	bool found = !strncmp(r->at, text, strlen(text));

	if (found)
		r->at += strlen(text);
	return found;
}

/* A reference to an id, or the id itself: the name comes before it. */
static void rename_value(struct rewriting *r, const char *begin)
{
	fprintf(r->out, "%s%s-", begin, r->name);
}

/*
 * What is the same in all groups, or is said once in the head: it would double the size. Of the
 * font's name, gnuplot's way to say that it is bold is kept.
 */
static bool skip_usual(struct rewriting *r)
{
	size_t length;

	if (skip(r, " stroke-linecap=\"butt\"") || skip(r, " stroke-linejoin=\"miter\""))
		return true;
	if (!skip(r, " font-family=\""))
		return false;
	length = strcspn(r->at, "\">");
	if (memmem(r->at, length, ":Bold", strlen(":Bold")))
		fputs(" font-weight=\"bold\"", r->out);
	r->at += length;
	r->at += *r->at == '"';
	return true;
}

/* gnuplot numbers its groups anew in each area; nothing refers to them. */
static bool skip_group_id(struct rewriting *r)
{
	if (!skip(r, "<g id=\""))
		return false;
	r->at += strcspn(r->at, "\">");
	r->at += *r->at == '"';
	fputs("<g", r->out);
	return true;
}

/* One tag, up to its end. Only gnuplot writes what is in a tag. */
static void rewrite_tag(struct rewriting *r)
{
	if (!skip_group_id(r))
		fputc(*r->at++, r->out);
	while (*r->at && *r->at != '>') {
		if (skip_usual(r))
			continue;
		if (skip(r, " id='"))
			rename_value(r, " id='");
		else if (skip(r, "href='#"))
			rename_value(r, "href='#");
		else if (skip(r, "url(#"))
			rename_value(r, "url(#");
		else
			fputc(*r->at++, r->out);
	}
	if (*r->at)
		fputc(*r->at++, r->out);
}

/* A group with nothing in it, of which gnuplot makes many. */
static bool skip_empty_group(struct rewriting *r)
{
	const char *end = strncmp(r->at, "<g ", 3) ? NULL : strchr(r->at, '>');

	if (!end)
		return false;
	end += 1 + strspn(end + 1, " \t\n");
	if (strncmp(end, "</g>\n", 5))
		return false;
	r->at = end + 5;
	return true;
}

/* Passes over an element that has nothing but text in it. */
static bool skip_element(struct rewriting *r, const char *begin, const char *end)
{
	const char *found = strncmp(r->at, begin, strlen(begin)) ? NULL : strstr(r->at, end);

	if (found)
		r->at = found + strlen(end);
	return found;
}

/* The first titles are gnuplot's of the whole, others are of groups, and show up under a mouse. */
static void rewrite(struct rewriting *r, const char *title, const char *caption)
{
	while (*r->at) {
		if (skip_empty_group(r) || skip_element(r, "<title>", "</title>") ||
		    skip_element(r, "<!DOCTYPE", ">"))
			continue;
		if (skip_element(r, "<desc>", "</desc>")) {
			fputs("<title>", r->out);
			svg_escape(r->out, title);
			fputs("</title>\n<desc>", r->out);
			svg_escape(r->out, caption);
			fputs("</desc>", r->out);
		} else if (skip(r, "<svg ")) {
			fputs("<svg role=\"img\" font-family=\"" FONTS "\" ", r->out);
			rewrite_tag(r);
		} else if (*r->at == '<') {
			rewrite_tag(r);
		} else {
			/* gnuplot escapes less: "]]>" would be no XML. */
			r->at += put_character(r->out, r->at);
		}
	}
}

int svg_tidy(const char *path, const char *name, const char *title, const char *caption,
	     struct error *e)
{
	char *text = file_read(path, e);
	struct rewriting r = {.at = text, .name = name};
	int rc;

	if (!text)
		return -1;
	r.out = fopen(path, "we");
	if (r.out)
		rewrite(&r, title, caption);
	rc = r.out ? fclose(r.out) : -1;
	free(text);
	return rc ? fail(e, "Writing %s: %s.", path, strerror(errno)) : 0;
}
