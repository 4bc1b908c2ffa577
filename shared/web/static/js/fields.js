// The calendar beside a date, and one list box for typeahead fields and the palette.
(() => {
	const { on, all, byId } = ops, changed = box => box.dispatchEvent(new Event('change', { bubbles: true }));
	// Arrow keys and Enter on the rows of a list while the focus stays in its text box.
	const rows = list => all('[role=option]', list);
	const mark = (box, list, index) => rows(list).forEach((row, at) => {
		row.ariaSelected = at === index;
		if (at !== index) return;
		box.setAttribute('aria-activedescendant', row.id);
		row.scrollIntoView({ block: 'nearest' });
	});
	const listen = (box, list, url, take) => {
		let timer;
		const look = async () => {
			const answer = await fetch(url(), { headers: { 'HX-Request': 'true' } }).catch(() => null);
			if (!answer?.ok) return;
			list.innerHTML = await answer.text();
			list.hidden = false;
			box.ariaExpanded = true;
			mark(box, list, 0);
		};
		const later = () => { clearTimeout(timer); timer = setTimeout(look, 200); };
		on('input', event => { if (!event.isComposing) later(); }, box);
		on('compositionend', later, box);
		on('keydown', event => {
			const found = rows(list), at = found.findIndex(row => row.ariaSelected === 'true'), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
			if (event.isComposing || list.hidden || !found.length) return;
			if (step) mark(box, list, (at + step + found.length) % found.length);
			else if (event.key === 'Enter' && found[at]) take(found[at], event);
			else return;
			event.preventDefault();
		}, box);
		on('mousedown', event => {
			const row = event.target.closest('[role=option]');
			if (row) { event.preventDefault(); take(row, event); }
		}, list);
		return look;
	};

	const setUp = pick => {
		pick.ready = 1;
		const [box, value, list] = ['[role=combobox]', '[data-pick-value]', '[role=listbox]'].map(part => pick.querySelector(part));
		const close = () => { list.hidden = true; box.ariaExpanded = false; };
		on('input', () => { value.value = ''; }, box);
		on('blur', close, box);
		on('keydown', event => { if (event.key === 'Escape') close(); }, box);
		listen(box, list, () => pick.dataset.pick + encodeURIComponent(box.value), row => {
			if (row.dataset.url) { location = row.dataset.url; return; }
			value.value = row.dataset.value;
			box.value = row.firstChild.textContent.trim();
			close();
			changed(value);
		});
	};
	const prepare = ({ target }) => {
		const pick = target.closest('[data-pick]');
		if (pick && !pick.ready) setUp(pick);
	};
	on('focusin', prepare);
	prepare({ target: document.activeElement });
	on('change', ({ target }) => {
		const box = byId(target.dataset.calendar);
		if (!box) return;
		box.value = target.value;
		changed(box);
	});

	let from, look;
	ops.palette = () => {
		const dialog = byId('palette');
		if (!dialog || dialog.open) return;
		const [box, hits] = dialog.children;
		look ||= listen(box, hits, () => '/find?q=' + encodeURIComponent(box.value), ({ dataset: { url } }, event) => {
			if (event.ctrlKey || event.metaKey) open(url, '_blank', 'noopener'); else location = url;
		});
		dialog.onclose = () => from.focus();
		from = document.activeElement;
		box.value = '';
		dialog.showModal();
		look();
	};
})();
