#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The report in a browser: Chromium, without a window. It loads without a complaint, its links, tables and
# filters work, its numbers are those of compare.json, it fits 1280 and 400 pixels, and
# text stands out from what is behind it. The pictures stay in build/screenshots/, to be looked at.

load ../e2e/common

reference=$top/results/reference
pictures=$top/build/screenshots

setup() {
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
		skip "there is no Chromium; apt-get install --no-install-recommends chromium"
	out=$BATS_TEST_TMPDIR/out
	mkdir -p "$out" "$pictures"
}

# make_report RUN...
make_report() {
	run --separate-stderr "$pinscale" compare "$@" -o "$out"
	((status != 2)) || fail "it could not be compared"
}

# chromium ARGUMENT...: what it prints; its complaints go to $BATS_TEST_TMPDIR/said.
chromium() {
	timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
		--user-data-dir="$BATS_TEST_TMPDIR/profile" --enable-logging=stderr --v=0 "$@" \
		2>"$BATS_TEST_TMPDIR/said"
}

# What a page said on the console: errors, what its policy forbade, what it could not fetch.
complaints() {
	grep -a CONSOLE "$BATS_TEST_TMPDIR/said" || true
}

# A copy of the report in which a script looks at everything, as one that reads it would. It
# writes a line a fault, and what it saw. It may do so since the policy is left out.
make_probe() {
	{
		grep -v 'http-equiv="Content-Security-Policy"' "$out/report.html" | sed 's|</body>||; s|</html>||'
		echo '<script>const wanted ='
		sed 's|</|<\\/|g' "$out/compare.json"
		cat <<-'END'
		;
		const faults = [], said = [];
		const check = (good, what) => { if (!good) faults.push(what); };
		const shown = e => e.getClientRects().length > 0;

		// Numbers: every one of the JSON is in the row of its point, to the last digit.
		let numbers = 0;
		const compare = (part, key, value) => {
			if (value === null || typeof value === 'string' || typeof value === 'boolean')
				return;
			if (typeof value === 'object') {
				for (const [name, inner] of Object.entries(value))
					compare(part, `${key}.${name}`, inner);
				return;
			}
			const cell = part.querySelector(`[data-field="${key}"]`);
			check(cell && Number(cell.dataset.value) === value,
				`${part.id} ${key} is ${cell?.dataset.value}, not ${value}`);
			numbers++;
		};
		wanted.points.forEach((point, i) => {
			const row = document.getElementById(`row-${i}`);
			for (const key of ['ratio', 'equivalence', 'within_boots', 'base', 'new', 'n', 'p', 'adjusted', 'workers'])
				compare(row, key, point[key]);
			if (point.further)
				compare(row, 'further', point.further);
			check(row.querySelector('[data-field=verdict]').dataset.value === point.verdict, `verdict of row ${i}`);
		});
		wanted.counts?.operations.forEach((operation, i) => {
			const row = document.getElementById(`count-${i}`);
			for (const key of ['base_locked', 'new_locked', 'base_shared', 'new_shared'])
				compare(row, key, operation[key]);
		});
		const answer = document.getElementById('answer');
		compare(answer, 'overall', wanted.overall);
		compare(answer, 'margin', wanted.margin);
		check(answer.querySelector('[data-field=verdict]').dataset.value === wanted.verdict, 'verdict over all');
		check(answer.querySelector('[data-field=sentence]').textContent === wanted.sentence, 'sentence');
		said.push(`${numbers} numbers`);

		// The first screen.
		const seen = ['h1', '.sentence .verdict', '.overall', `${innerWidth < 600 ? '.narrow li' : '.shows figure svg'}, .decisive tbody tr`];
		if (wanted.warnings.length)
			seen.push('.warnings li');
		for (const selector of seen) {
			const box = answer.querySelector(selector)?.getBoundingClientRect();
			check(box && box.height && box.top + Math.min(box.height / 2, 200) < innerHeight, `${selector} is not on the first screen`);
		}

		// Nothing is wider than the page; what is scrolls in a box of its own.
		check(document.documentElement.scrollWidth <= innerWidth,
			`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);

		// Text stands out: 4.5 to 1, or 3 to 1 where it is large (WCAG 2.1, 1.4.3).
		const channel = x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
		const light = c => 0.2126 * channel(c[0] / 255) + 0.7152 * channel(c[1] / 255) + 0.0722 * channel(c[2] / 255);
		const colour = text => text.match(/[\d.]+/g).map(Number);
		const behind = e => {
			for (; e; e = e.parentElement) {
				const c = colour(getComputedStyle(e).backgroundColor);
				if (c.length < 4 || c[3] > 0)
					return c;
			}
			return [255, 255, 255];
		};
		let texts = 0;
		for (const e of document.querySelectorAll('body *')) {
			if (e.closest('svg, script, style') || !shown(e) ||
			    ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
				continue;
			const style = getComputedStyle(e), size = parseFloat(style.fontSize);
			const pair = [light(colour(style.color)), light(behind(e))].sort((a, b) => b - a);
			const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
			const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
			check(ratio >= (large ? 3 : 4.5), `"${e.textContent.slice(0, 30)}" has a contrast of ${ratio.toFixed(2)}`);
			check(size >= 11, `"${e.textContent.slice(0, 30)}" is ${size} px high`);
			texts++;
		}
		said.push(`${texts} texts`);

		// Tables: each head sorts, one way and the other, and loses no row.
		for (const table of document.querySelectorAll('table.sortable')) {
			const before = table.tBodies[0].rows.length;
			const buttons = [...table.querySelectorAll('thead button')];
			check(buttons.length > 4, 'heads that sort');
			for (const button of buttons) {
				button.click();
				const way = button.closest('th').getAttribute('aria-sort');
				const first = table.tBodies[0].rows[0];
				button.click();
				check(way === 'ascending' && button.closest('th').getAttribute('aria-sort') === 'descending',
					`${button.textContent} says how it is sorted`);
				check(table.tBodies[0].rows.length === before, `${button.textContent} loses rows`);
				said.push(`sorted by ${button.textContent.trim()}`);
			}
		}
		const ratios = () => [...document.querySelectorAll('.points tbody [data-field="ratio.value"]')].map(e => Number(e.dataset.value));
		const head = [...document.querySelectorAll('.points thead button')].find(b => b.textContent.includes(' / '));
		head.click();
		let list = ratios();
		check(list.every((x, i) => !i || list[i - 1] <= x), 'rows ascend by ratio');
		head.click();
		list = ratios();
		check(list.every((x, i) => !i || list[i - 1] >= x), 'rows descend by ratio');

		// Filters hide rows of their verdict and show them again.
		for (const box of document.querySelectorAll('.filter:not([hidden]) input')) {
			const rows = () => [...document.querySelectorAll(`tr[data-verdict=${box.value}]`)].filter(shown).length;
			const before = rows();
			box.click();
			check(before > 0 && rows() === 0, `${box.value} is hidden`);
			box.click();
			check(rows() === before, `${box.value} is shown again`);
			said.push(`filtered ${box.value}`);
		}

		// Links: each goes to something that is seen, folded or not. A browser follows 200 in a row.
		let links = 0;
		for (const a of document.querySelectorAll('a')) {
			const id = a.getAttribute('href').slice(1);
			const follow = shown(a) && (links < 100 || !a.matches('.row'));
			if (follow)
				a.click();
			check(document.getElementById(id) && (!follow || location.hash === `#${id}`), `the link to ${id}`);
			check(document.getElementById(id) && shown(document.getElementById(id)), `${id} is not seen`);
			links++;
		}
		said.push(`${links} links`, `height ${document.documentElement.scrollHeight}`);
		const report = document.createElement('pre');
		report.id = 'probe';
		report.textContent = `\nprobe: ${said.join('; ')}\n${faults.map(f => `FAULT: ${f}`).join('\n')}\n`;
		document.body.append(report);
		</script></body></html>
		END
	} >"$out/probe.html"
}

# probe WIDTH: sets found.
probe() {
	chromium --window-size="$1",800 --dump-dom "file://$out/probe.html" >"$BATS_TEST_TMPDIR/dom"
	found=$(sed -n '/^probe: /p; /^FAULT: /p' "$BATS_TEST_TMPDIR/dom")
	[[ $found == probe:* ]] || fail "the probe did not come to its end: $(complaints)"
	assert_nothing "$(grep FAULT <<<"$found" | head -20)" "at $1 pixels"
	[[ $found =~ ([0-9]+)\ numbers ]] && ((BASH_REMATCH[1] > 50)) || fail "few numbers were compared: $found"
	[[ $found =~ ([0-9]+)\ links ]] && ((BASH_REMATCH[1] > 10)) || fail "few links: $found"
}

# picture NAME WIDTH: the first screen, and the whole page.
picture() {
	local height

	chromium --window-size="$2",800 --screenshot="$pictures/$1-$2.png" "file://$out/report.html" >/dev/null
	assert_nothing "$(complaints)" "the page complains"
	height=$(grep -o 'height [0-9]*' <<<"$found" | cut -d ' ' -f 2)
	chromium --window-size="$2",$((height + 200)) --screenshot="$pictures/$1-$2-whole.png" \
		"file://$out/report.html" >/dev/null
	(($(stat -c %s "$pictures/$1-$2.png") > 20000)) || fail "$pictures/$1-$2.png is empty"
}

look_at() {
	make_probe
	probe 400
	picture "$1" 400
	probe 1280
	picture "$1" 1280
}

@test "two sides of one kernel" {
	make_report "$reference/sharing" --aa "$reference/sharing"
	look_at sharing
}

@test "two emulated kernels, by the lock's own counter" {
	make_report "$reference/stock-taillock"
	look_at stock-taillock
}

@test "two emulated kernels, counted, and the mail" {
	make_report "$reference/mail:stock" "$reference/mail:taillock"
	look_at mail
}

@test "names that are markup, in every place that a journal has for them" {
	cp -r "$reference/sharing" "$BATS_TEST_TMPDIR/run"
	sed -i 's|"target":"zram"|"target":"</td><script>document.title=1</script><img src=x onerror=alert(1)>\\"\\u202e"|' \
		"$BATS_TEST_TMPDIR/run/trials.jsonl"
	sed -i 's|"model": "AMD EPYC"|"model": "</pre><svg onload=alert(1)>"|' "$BATS_TEST_TMPDIR/run/boots/1.json"
	make_report "$BATS_TEST_TMPDIR/run"
	look_at enemy
}

@test "two hundred points, natively" {
	"${CC:-cc}" -O2 -o "$BATS_TEST_TMPDIR/make_run" "$top/tests/nightly/make_run.c" -lm
	"$BATS_TEST_TMPDIR/make_run" "$BATS_TEST_TMPDIR/run" 200 8 3 2
	make_report "$BATS_TEST_TMPDIR/run" --margin 1%
	look_at large
}

@test "a script that is not the page's is not run, and that is noticed" {
	make_report "$reference/sharing"
	sed -i 's|</body>|<script>document.title = "run"</script></body>|' "$out/report.html"
	chromium --dump-dom "file://$out/report.html" >"$BATS_TEST_TMPDIR/dom"
	complaints | grep -q 'Content Security Policy' || fail "nothing was said of it"
	! grep -q '<title>run</title>' "$BATS_TEST_TMPDIR/dom" || fail "it was run"
}
