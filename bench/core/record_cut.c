// SPDX-License-Identifier: GPL-3.0-or-later
#include "record_cut.h"

#include <stdbool.h>
#include <string.h>

/* What is cut out may be nested so deep. */
#define MOST_DEPTH 8

/* So many digits fit into 64 bits; and no number of so many overflows with an exponent of two. */
#define MOST_DIGITS 18
#define MOST_EXPONENT 2

/* A trial's line begins so. */
#define TRIAL "{\"type\":\"trial\""
#define OPERATIONS "\"operations\":"

/* What figures are made of. */
static const char *const keys[] = {"boot",
				   "order",
				   "repetition",
				   "point",
				   "failed",
				   "operations_per_s",
				   "slice_median_per_s",
				   "total_operations",
				   "covariates",
				   "latency_ns",
				   "probes",
				   "problems"};

/* The line while it is copied. Functions that read return false where it is not plain. */
struct cut {
	const char *at, *end;
	char *out;
};

/* A piece of the line. */
struct piece {
	const char *text;
	size_t length;
};

static bool is_next(const struct cut *c, char wanted)
{
	return c->at < c->end && *c->at == wanted;
}

static bool take(struct cut *c, char wanted)
{
	bool there = is_next(c, wanted);

	c->at += there;
	return there;
}

static void skip_blanks(struct cut *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n'))
		c->at++;
}

static void copy(struct cut *c, const char *text, size_t length)
{
	memcpy(c->out, text, length);
	c->out += length;
}

/* --- what is cut out: it has to be valid, and jansson must have taken it ------- */

static unsigned int skip_digits(struct cut *c)
{
	const char *from = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	return c->at - from < MOST_DIGITS ? c->at - from : MOST_DIGITS + 1;
}

static bool skip_number(struct cut *c)
{
	const char *first;
	unsigned int digits;

	take(c, '-');
	first = c->at;
	digits = skip_digits(c);
	if (!digits || digits > MOST_DIGITS || (*first == '0' && digits > 1))
		return false;
	if (take(c, '.') && !skip_digits(c))
		return false;
	if (!take(c, 'e') && !take(c, 'E'))
		return true;
	if (!take(c, '-'))
		take(c, '+');
	digits = skip_digits(c);
	return digits && digits <= MOST_EXPONENT;
}

static bool skip_word(struct cut *c, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length))
		return false;
	c->at += length;
	return true;
}

/* A string of ASCII without a backslash; sets what is between the quotes. */
static bool skip_string(struct cut *c, struct piece *text)
{
	if (!take(c, '"'))
		return false;
	text->text = c->at;
	while (c->at < c->end && *c->at >= ' ' && *c->at < 0x7f && *c->at != '"' && *c->at != '\\')
		c->at++;
	text->length = c->at - text->text;
	return take(c, '"');
}

static bool is_text(const struct piece *p, const char *text)
{
	return p->length == strlen(text) && !memcmp(p->text, text, p->length);
}

/* "key": and what blanks there are. */
static bool skip_key(struct cut *c, struct piece *key)
{
	skip_blanks(c);
	if (!skip_string(c, key))
		return false;
	skip_blanks(c);
	if (!take(c, ':'))
		return false;
	skip_blanks(c);
	return true;
}

/* After a value of a list that ends so: is there another? *more says. */
static bool skip_comma(struct cut *c, char end, bool *more)
{
	skip_blanks(c);
	*more = take(c, ',');
	return *more || take(c, end);
}

static bool skip_value(struct cut *c, unsigned int depth)
{
	char end = is_next(c, '{') ? '}' : ']';
	bool more = true;
	struct piece text;

	if (is_next(c, '"'))
		return skip_string(c, &text);
	if (!take(c, '{') && !take(c, '['))
		return skip_word(c, "null") || skip_word(c, "true") || skip_word(c, "false") ||
		       skip_number(c);
	skip_blanks(c);
	if (take(c, end))
		return true;
	while (more) {
		skip_blanks(c);
		if ((end == '}' && !skip_key(c, &text)) || depth == MOST_DEPTH ||
		    !skip_value(c, depth + 1) || !skip_comma(c, end, &more))
			return false;
	}
	return true;
}

/* --- what stays: jansson will look at it -------------------------------------- */

static bool copy_string(struct cut *c)
{
	const char *from = c->at++;

	while (c->at < c->end && *c->at != '"')
		c->at += 1 + (*c->at == '\\');
	if (c->at >= c->end)
		return false;
	copy(c, from, ++c->at - from);
	return true;
}

/* Up to the comma or the bracket that ends it. */
static bool copy_value(struct cut *c)
{
	unsigned int depth = 0;

	while (c->at < c->end) {
		if (*c->at == '"') {
			if (!copy_string(c))
				return false;
			continue;
		}
		if (!depth && (*c->at == ',' || *c->at == '}' || *c->at == ']'))
			return true;
		depth += *c->at == '{' || *c->at == '[';
		depth -= *c->at == '}' || *c->at == ']';
		*c->out++ = *c->at++;
	}
	return false;
}

/* A worker, of which "operations" alone is copied. */
static bool copy_worker(struct cut *c)
{
	bool more = true, any = false;

	skip_blanks(c);
	if (!take(c, '{'))
		return false;
	*c->out++ = '{';
	while (more) {
		const char *from;
		struct piece key;

		if (!skip_key(c, &key))
			return false;
		from = c->at;
		if (!skip_value(c, 0))
			return false;
		if (is_text(&key, "operations")) {
			if (any)
				*c->out++ = ',';
			copy(c, OPERATIONS, strlen(OPERATIONS));
			copy(c, from, c->at - from);
			any = true;
		}
		if (!skip_comma(c, '}', &more))
			return false;
	}
	*c->out++ = '}';
	return true;
}

static bool copy_workers(struct cut *c)
{
	bool more = true;

	if (!take(c, '['))
		return false;
	*c->out++ = '[';
	while (more) {
		if (!copy_worker(c) || !skip_comma(c, ']', &more))
			return false;
		*c->out++ = more ? ',' : ']';
	}
	return true;
}

static bool is_wanted(const struct piece *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (is_text(key, keys[i]))
			return true;
	return false;
}

/* A further key of the record and its value, if it is wanted. */
static bool copy_pair(struct cut *c)
{
	const char *from = c->at;
	struct piece key;
	bool workers;

	/* By a second type it may be no trial after all. */
	if (!skip_key(c, &key) || is_text(&key, "type"))
		return false;
	workers = is_text(&key, "workers");
	if (!workers && !is_wanted(&key))
		return skip_value(c, 0);
	*c->out++ = ',';
	copy(c, from, c->at - from);
	return workers ? copy_workers(c) : copy_value(c);
}

size_t record_cut(const char *line, size_t length, char *out)
{
	struct cut c = {line, line + length, out};
	bool more = true;

	if (length < strlen(TRIAL) || memcmp(line, TRIAL, strlen(TRIAL)))
		return 0;
	copy(&c, TRIAL, strlen(TRIAL));
	c.at += strlen(TRIAL);
	while (more) {
		if (!skip_comma(&c, '}', &more) || (more && !copy_pair(&c)))
			return 0;
	}
	*c.out++ = '}';
	/* What stands behind it makes it no record. */
	copy(&c, c.at, c.end - c.at);
	return c.out - out;
}
