// SPDX-License-Identifier: GPL-3.0-or-later
// The report reads well without: this sorts tables, hides rows, and unfolds what is linked to.
(() => {
	'use strict';

	const keyOf = cell => {
		const part = cell.querySelector('[data-value]');

		return cell.dataset.order ?? cell.dataset.value ?? part?.dataset.value ?? cell.textContent;
	};

	// Numbers before text, and what is not known last, whichever way.
	const compare = (a, b, way) => {
		if (a === '' || b === '')
			return (a === '') - (b === '');
		const x = Number(a), y = Number(b);
		return way * (Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y);
	};

	const sort = (table, head, column) => {
		const way = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
		const body = table.tBodies[0];
		const rows = [...body.rows].map(row => [keyOf(row.cells[column]), row]);

		rows.sort((a, b) => compare(a[0], b[0], way));
		body.append(...rows.map(pair => pair[1]));
		for (const other of table.tHead.rows[0].cells)
			other.removeAttribute('aria-sort');
		head.setAttribute('aria-sort', way > 0 ? 'ascending' : 'descending');
	};

	for (const table of document.querySelectorAll('table.sortable')) {
		[...table.tHead.rows[0].cells].forEach((head, column) => {
			if (head.getAttribute('aria-hidden'))
				return;
			const button = document.createElement('button');
			const arrow = document.createElement('span');

			button.type = 'button';
			button.append(...head.childNodes);
			arrow.className = 'arrow';
			button.insertBefore(arrow, button.querySelector('small'));
			head.append(button);
			button.addEventListener('click', () => sort(table, head, column));
		});
	}

	for (const filter of document.querySelectorAll('.filter')) {
		const rows = [...document.getElementById(filter.dataset.for).tBodies[0].rows];
		const boxes = [...filter.querySelectorAll('input')];
		const apply = () => {
			const shown = new Set(boxes.filter(box => box.checked).map(box => box.value));

			rows.forEach(row => { row.hidden = !shown.has(row.dataset.verdict); });
			filter.querySelector('output').textContent =
				`${rows.filter(row => !row.hidden).length} of ${rows.length} rows`;
		};

		filter.hidden = boxes.length < 2;
		filter.addEventListener('change', apply);
		apply();
	}

	const unfold = () => {
		const id = decodeURIComponent(location.hash.slice(1));
		const target = id && document.getElementById(id);

		for (let at = target; at; at = at.parentElement)
			if (at.tagName === 'DETAILS')
				at.open = true;
		if (target)
			target.hidden = false;
	};

	addEventListener('hashchange', unfold);
	unfold();

	const folded = [];
	addEventListener('beforeprint', () => {
		for (const details of document.querySelectorAll('details:not([open])')) {
			details.open = true;
			folded.push(details);
		}
	});
	addEventListener('afterprint', () => {
		for (const details of folded.splice(0))
			details.open = false;
	});
})();
