// SPDX-License-Identifier: GPL-3.0-or-later
#include "lock_stat_read.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "lock_stat version "
#define COLUMNS 32

struct reader {
	struct lock_stat *s;
	int contentions, wait_us, acquisitions; /* which column; -1: not known yet */
	unsigned int columns;
	unsigned int number;   /* of the line */
	unsigned int dividers; /* lines of '-' since the last row of a class */
	struct error *e;
};

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* The headings are words, after the two of "class name". */
static int read_headings(struct reader *r, char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	r->contentions = r->wait_us = r->acquisitions = -1;
	strtok_r(NULL, " ", &rest); /* "name" */
	for (r->columns = 0; (word = strtok_r(NULL, " ", &rest)); r->columns++) {
		if (!strcmp(word, "contentions"))
			r->contentions = r->columns;
		else if (!strcmp(word, "waittime-total"))
			r->wait_us = r->columns;
		else if (!strcmp(word, "acquisitions"))
			r->acquisitions = r->columns;
	}
	if (r->contentions >= 0 && r->wait_us >= 0 && r->acquisitions >= 0 && r->columns <= COLUMNS)
		return 0;
	return fail(r->e,
		    "lock-stat: line %u of /proc/lock_stat: of the columns contentions, "
		    "waittime-total and acquisitions one is missing; this kernel writes it in a "
		    "way that is not known here.",
		    r->number);
}

/* A number from 0 up, and nothing else up to the blank or the end. */
static bool read_number(char **at, double *value)
{
	char *end;

	*at += strspn(*at, " ");
	if (!isdigit(**at))
		return false;
	errno = 0;
	*value = strtod(*at, &end);
	if ((*end && *end != ' ') || errno || !isfinite(*value) || *value > 1e18)
		return false;
	*at = end;
	return true;
}

/* The colon that ends the name of a class; there may be others in it. NULL: no row. */
static char *name_end(char *line)
{
	char *colon = strrchr(line, ':');

	for (; colon && colon > line; colon--)
		if (colon[0] == ':' && colon[1] == ' ' &&
		    isdigit(colon[1 + strspn(colon + 1, " ")]))
			return colon;
	return NULL;
}

static struct lock_class *add_class(struct reader *r, const char *name)
{
	struct lock_stat *s = r->s;
	struct lock_class *more = s->classes;

	/* Room doubles whenever it is used up. */
	if (!(s->count & (s->count - 1)))
		more = reallocarray(s->classes, s->count ? 2 * s->count : 1, sizeof(*more));
	if (!more) {
		fail(r->e, "lock-stat: no memory for %zu classes.", s->count + 1);
		return NULL;
	}
	s->classes = more;
	memset(&more[s->count], 0, sizeof(*more));
	snprintf(more[s->count].name, sizeof(more->name), "%s", name);
	return &more[s->count++];
}

/* The row to read of a class follows that to write. */
static struct lock_class *class_of(struct reader *r, const char *name, enum lock_way way)
{
	struct lock_class *last = r->s->count ? &r->s->classes[r->s->count - 1] : NULL;

	if (last && way == LOCK_READ && !last->use[LOCK_READ].there && !last->count &&
	    !strncmp(last->name, name, sizeof(last->name) - 1))
		return last;
	return add_class(r, name);
}

/* Cuts "-W" or "-R" off the name. */
static enum lock_way cut_way(char *name)
{
	size_t n = strlen(name);
	enum lock_way way = LOCK_WRITE;

	if (n > 2 && name[n - 2] == '-' && (name[n - 1] == 'W' || name[n - 1] == 'R')) {
		way = name[n - 1] == 'R' ? LOCK_READ : LOCK_WRITE;
		name[n - 2] = '\0';
	}
	return way;
}

/* "   name-W:   46   84   0.26   939.10 ..." */
static int read_row(struct reader *r, char *name, char *colon)
{
	char *at = colon + 1;
	double values[COLUMNS];
	struct lock_class *c;
	enum lock_way way;

	if (!r->columns)
		return fail(r->e,
			    "lock-stat: line %u of /proc/lock_stat: numbers before their headings.",
			    r->number);
	for (unsigned int i = 0; i < r->columns; i++)
		if (!read_number(&at, &values[i]))
			return fail(r->e,
				    "lock-stat: line %u of /proc/lock_stat: of %u numbers that "
				    "number %u is missing or none.",
				    r->number, r->columns, i + 1);
	if (at[strspn(at, " ")])
		return fail(r->e,
			    "lock-stat: line %u of /proc/lock_stat: more than the %u numbers that "
			    "have headings.",
			    r->number, r->columns);
	*colon = '\0';
	way = cut_way(name);
	c = class_of(r, name, way);
	if (!c)
		return -1;
	c->use[way] = (struct lock_use){.there = true,
					.contentions = values[r->contentions],
					.acquisitions = values[r->acquisitions],
					.wait_us = values[r->wait_us]};
	r->dividers = 0;
	return 0;
}

/* "   name   96   [<ffffffff811502a7>] symbol+0x57/0x280" */
static int read_point(struct reader *r, char *line, char *address)
{
	struct lock_class *c = r->s->count ? &r->s->classes[r->s->count - 1] : NULL;
	char *symbol = strstr(address, ">] "), *number = address;
	struct lock_point *p;
	double count;

	while (number > line && number[-1] == ' ')
		number--;
	while (number > line && isdigit(number[-1]))
		number--;
	if (!c || !symbol || !read_number(&number, &count))
		return fail(r->e,
			    "lock-stat: line %u of /proc/lock_stat: a place in the code, "
			    "without a class, its name or its count.",
			    r->number);
	if (c->count == LOCK_STAT_POINTS)
		return 0;
	p = &c->points[c->count++];
	snprintf(p->symbol, sizeof(p->symbol), "%s", symbol + 3);
	p->count = count;
	/* A line is before those that waited, and one before those that held it. */
	p->holder = r->dividers > 1;
	return 0;
}

/* A line of nothing but that. */
static bool is_ruled(const char *line, const char *with)
{
	size_t n = strspn(line, with);

	return n && !line[n];
}

static int read_line(struct reader *r, char *line)
{
	char *colon, *address;

	line += strspn(line, " ");
	if (!*line || is_ruled(line, "."))
		return 0;
	if (is_ruled(line, "-")) {
		r->dividers++;
		return 0;
	}
	if (begins(line, "*WARNING* lock debugging disabled")) {
		r->s->disabled = true;
		return 0;
	}
	if (begins(line, "class name "))
		return read_headings(r, line);
	address = strstr(line, " [<");
	if (address)
		return read_point(r, line, address);
	colon = name_end(line);
	if (colon)
		return read_row(r, line, colon);
	return fail(r->e, "lock-stat: line %u of /proc/lock_stat is not known: '%.80s'.", r->number,
		    line);
}

static int check_whole(const char *text, struct error *e)
{
	size_t n = strlen(text);
	int version = strcspn(begins(text, VERSION) ? text + strlen(VERSION) : "", " \n");

	if (!begins(text, VERSION))
		return fail(e, "lock-stat: /proc/lock_stat does not begin with '" VERSION "'.");
	if (version != 3 || !begins(text + strlen(VERSION), "0.4"))
		return fail(e,
			    "lock-stat: /proc/lock_stat is of version %.*s; only 0.4 can be "
			    "read.",
			    version > 20 ? 20 : version, text + strlen(VERSION));
	if (text[n - 1] != '\n')
		return fail(e, "lock-stat: /proc/lock_stat ends in the middle of a line.");
	return 0;
}

static int read_lines(struct reader *r, char *text)
{
	int rc = 0;

	/* The first is the version. */
	for (char *next, *line = text; line && !rc; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (++r->number > 1)
			rc = read_line(r, line);
	}
	if (!rc && !r->columns)
		rc = fail(r->e, "lock-stat: /proc/lock_stat has no headings of columns.");
	return rc;
}

int lock_stat_parse(const char *text, struct lock_stat *s, struct error *e)
{
	struct reader r = {.s = s, .e = e};
	char *copy;
	int rc;

	memset(s, 0, sizeof(*s));
	if (check_whole(text, e))
		return -1;
	copy = strdup(text);
	if (!copy)
		return fail(e, "lock-stat: no memory for the text of /proc/lock_stat.");
	rc = read_lines(&r, copy);
	free(copy);
	if (rc)
		lock_stat_free(s);
	return rc;
}

void lock_stat_free(struct lock_stat *s)
{
	free(s->classes);
	memset(s, 0, sizeof(*s));
}

struct lock_use lock_class_total(const struct lock_class *c)
{
	struct lock_use sum = {0};

	for (int way = 0; way < LOCK_WAYS; way++) {
		sum.there |= c->use[way].there;
		sum.contentions += c->use[way].contentions;
		sum.acquisitions += c->use[way].acquisitions;
		sum.wait_us += c->use[way].wait_us;
	}
	return sum;
}
