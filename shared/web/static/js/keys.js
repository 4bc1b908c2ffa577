// Keys: / and Ctrl+K, ?, g + letter, j k Enter, f, data-key letters such as n, Ctrl+Enter, Esc.
(() => {
	const { all, on, palette, letters } = ops;
	let went = 0;
	const row = step => {
		const rows = all('[data-rows] tbody tr');
		const next = rows.at(Math.max(rows.findIndex(one => one.matches('.is-current')) + step, 0)) || rows.at(-1);
		for (const one of rows) one.classList.toggle('is-current', one === next);
		next?.querySelector('a')?.focus();
	};
	on('keydown', event => {
		const { key, code, target } = event, find = selector => {
			const found = document.querySelector(selector);
			if (found) event.preventDefault();
			return found;
		};
		if (event.isComposing || event.defaultPrevented || event.altKey) return;
		if (event.ctrlKey || event.metaKey) {
			if (key === 'k') { event.preventDefault(); palette(); }
			if (key === 'Enter' && !target.closest('dialog')) {
				const save = target.closest('form')?.querySelector('[data-save]') || find('[data-save]');
				if (save) { event.preventDefault(); save.form.requestSubmit(save); }
			}
			return;
		}
		if (key === 'Escape') for (const drop of all('.ops-drop[open]')) { drop.open = false; drop.firstChild.focus(); }
		if (target.closest('input, textarea, select, [contenteditable], dialog')) return;
		if (key === '/' || (code === 'Slash' && !event.shiftKey && key !== '?')) { event.preventDefault(); return palette(); }
		if (!letters) return;
		if (Date.now() - went < 1500) {
			went = 0;
			find(`[data-go="${CSS.escape(key)}"]`)?.click();
		} else if (key === 'g') went = Date.now();
		else if (key === '?') location = '/keys';
		else if (key === 'j') row(1);
		else if (key === 'k') row(-1);
		else if (key === 'f') find('.ops-filters :is(input:not([type=hidden]), select)')?.focus();
		else if (/^[a-z0-9[\]]$/.test(key)) {
			const found = find(`[data-key="${CSS.escape(key)}"]`);
			found?.[found.matches('input, textarea') ? 'focus' : 'click']();
		}
	});
})();
