// SPDX-License-Identifier: GPL-3.0-or-later
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/html.h"
#include "core/report_svg.h"

/* What is written to a stream that is kept in memory. */
struct page {
	char *text;
	size_t size;
	FILE *out;
};

static void begin(struct page *p)
{
	p->out = open_memstream(&p->text, &p->size);
	assert_non_null(p->out);
}

static void assert_page(struct page *p, const char *wanted)
{
	fclose(p->out);
	assert_string_equal(p->text, wanted);
	free(p->text);
}

static void markup_is_escaped(void **state)
{
	struct page p;

	(void)state;
	begin(&p);
	html(p.out, "<p title=\"%s\">%s%c</p>", "\" onload='x'", "<script>&amp;", '<');
	assert_page(&p, "<p title=\"&quot; onload=&#39;x&#39;\">&lt;script&gt;&amp;amp;&lt;</p>");
}

static void text_is_made_harmless(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"", ""},
		{"a\tb\nc", "a\tb\nc"},
		{"\x1b[2J\a\r\x7f", "\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"Zürich ≠ 日本 🙂", "Zürich ≠ 日本 🙂"},
		{"\xc2\x85", "\xef\xbf\xbd"}, /* C1 */
		{"\xe2\x80\xae"
		 "evil",
		 "\xef\xbf\xbd"
		 "evil"}, /* turns the writing */
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"}, /* '<', overlong */
		{"\xe0\x80\xbc", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut off */
		{"\xe2<", "\xef\xbf\xbd&lt;"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page p;

		begin(&p);
		html_text(p.out, cases[i].text);
		assert_page(&p, cases[i].wanted);
	}
}

static void nothing_is_no_text(void **state)
{
	struct page p;
	const char *nothing = NULL;

	(void)state;
	begin(&p);
	html_text(p.out, nothing);
	assert_page(&p, "");
}

static void numbers_are_as_printf_has_them(void **state)
{
	struct page p;

	(void)state;
	begin(&p);
	html(p.out, "%d %u %zu %lld %llu %+.3f %g%% %5.1f %.17g %e", -3, 7u, (size_t)9,
	     -1234567890123LL, 18446744073709551615ULL, 1.5, 2.0, 3.14159, 0.1, 1e300);
	assert_page(&p, "-3 7 9 -1234567890123 18446744073709551615 +1.500 2%   3.1 "
			"0.10000000000000001 1.000000e+300");
}

static void numbers_keep_their_digits(void **state)
{
	const struct estimate known = {3, 0.5, 0.1, 0.75}, unsure = {1, 0.5, NAN, NAN},
			      unknown = {0, NAN, NAN, NAN};
	struct page p;

	(void)state;
	begin(&p);
	html_number(p.out, "p", 1e-9, "<1e-8");
	assert_page(&p,
		    "<span data-field=\"p\" data-value=\"1.0000000000000001e-09\">&lt;1e-8</span>");
	begin(&p);
	html_ratio(p.out, "ratio", &known);
	assert_page(&p, "<span data-field=\"ratio.value\" data-value=\"0.5\">0.500</span> "
			"<span class=\"interval\">[<span data-field=\"ratio.low\" "
			"data-value=\"0.10000000000000001\">0.100</span>, <span "
			"data-field=\"ratio.high\" data-value=\"0.75\">0.750</span>]</span>");
	begin(&p);
	html_ratio(p.out, "ratio", &unsure);
	assert_page(&p, "<span data-field=\"ratio.value\" data-value=\"0.5\">0.500</span>");
	begin(&p);
	html_ratio(p.out, "ratio", &unknown);
	assert_page(&p, "<span data-field=\"ratio.value\" data-value=\"\">-</span>");
}

/* --- drawings ------------------------------------------------------------------------ */

static void a_drawing_becomes_part_of_a_page(void **state)
{
	static const char svg[] =
		"<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<svg width='9' height=\"8\" viewBox='0 0 9 8' "
		"xmlns=\"http://www.w3.org/2000/svg\"><title>Gnuplot</title><!-- <script> -->"
		"<defs><rect id='dot' width='1'/></defs><g class=\"x\" style=\"fill:none\" "
		"clip-path=\"url(#dot)\" mask=\"url('#dot')\"><use xlink:href='#dot' title='a\"b'/>"
		"<text>a &lt; b</text></g></svg>\n";
	struct error e;
	struct page p;

	(void)state;
	begin(&p);
	assert_int_equal(svg_write(p.out, svg, "forest", "New \"over\" base", &e), 0);
	assert_page(
		&p,
		"<svg role=\"img\" aria-label=\"New &quot;over&quot; base\" style=\"max-width: 9px\" viewBox=\"0 0 9 8\">"
		"<defs><rect id=\"forest-dot\" width=\"1\"/></defs><g style=\"fill:none\" "
		"clip-path=\"url(#forest-dot)\" mask=\"url(#forest-dot)\"><use "
		"href=\"#forest-dot\" title=\"a&quot;b\"/><text>a &lt; b</text></g></svg>");
}

static void what_is_no_drawing_is_refused(void **state)
{
	static const struct {
		const char *svg, *why;
	} cases[] = {
		{"", "it is no SVG"},
		{"<html>", "it is no SVG"},
		{"<svg><script>x</script></svg>", "the element 'script'"},
		{"<svg><SCRIPT>x</SCRIPT></svg>", "the element 'SCRIPT'"},
		{"<svg><style>x</style></svg>", "the element 'style'"},
		{"<svg><foreignObject/></svg>", "the element 'foreignObject'"},
		{"<svg><image href=\"a.png\"/></svg>", "the element 'image'"},
		{"<svg><a href=\"#x\">x</a></svg>", "the element 'a'"},
		{"<svg><animate/></svg>", "the element 'animate'"},
		{"<svg><svg/></svg>", "the element 'svg'"},
		{"<svg onload=\"x\"/>", "the attribute 'onload'"},
		{"<svg><g OnClick='x'/></svg>", "the attribute 'OnClick'"},
		{"<svg><use href=\"http://x/y\"/></svg>", "a reference out of it, 'http://x/y'"},
		{"<svg><use xlink:href='data:,'/></svg>", "a reference out of it"},
		{"<svg><use href='javascript:x'/></svg>", "a reference out of it"},
		{"<svg><g style='fill:url(//x)'/></svg>", "a reference out of it"},
		{"<svg><g fill='url(x.svg#y)'/></svg>", "a reference out of it"},
		{"<svg><g style='@import \"x\"'/></svg>", "a reference out of it"},
		{"<svg><g id=x/></svg>", "an attribute without quotes"},
		{"<svg><g id/></svg>", "an attribute without a value"},
		{"<svg><g id='a<b'/></svg>", "the attribute 'id'"},
		{"<svg><![CDATA[<script>]]></svg>", "the element '![CDATA['"},
		{"<svg><?x?></svg>", "the element '?x?'"},
		{"<svg><g", "an attribute without a value"},
		{"<svg><g>", "it ends in the middle"},
		{"<svg>text", "it ends in the middle"},
		{"<svg><title>", "it ends in the middle"},
		{"<svg/></svg", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error e = {""};
		struct page p;
		int rc;

		begin(&p);
		rc = svg_write(p.out, cases[i].svg, "x", "x", &e);
		fclose(p.out);
		free(p.text);
		if (!cases[i].why && rc)
			fail_msg("%s: %s", cases[i].svg, e.text);
		if (cases[i].why && !rc)
			fail_msg("%s is let through", cases[i].svg);
		if (cases[i].why)
			assert_contains(e.text, cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_escaped),
		cmocka_unit_test(text_is_made_harmless),
		cmocka_unit_test(nothing_is_no_text),
		cmocka_unit_test(numbers_are_as_printf_has_them),
		cmocka_unit_test(numbers_keep_their_digits),
		cmocka_unit_test(a_drawing_becomes_part_of_a_page),
		cmocka_unit_test(what_is_no_drawing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
