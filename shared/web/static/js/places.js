// Small behaviours by data-*: focus, menus, selection, safe sending, drafts, slow and failed requests.
(() => {
	const { words: text, keys } = document.body.dataset;
	const words = JSON.parse(text || '{}');
	const all = (selector, root = document) => [...root.querySelectorAll(selector)];
	const byId = id => document.getElementById(id);
	const on = (name, act, place = document) => place.addEventListener(name, act);
	const make = (tag, values) => Object.assign(document.createElement(tag), values);
	const notice = (key, text, label, act) => {
		const old = byId('notice-' + key);
		if (!text) return old?.remove();
		if (old) return;
		const row = make('div', { id: 'notice-' + key, className: 'ops-notice ops-notice-warn container-xl', role: 'status', textContent: text + ' ' });
		if (label) row.append(make('button', { className: 'btn btn-sm', textContent: label, onclick: act }));
		byId('status-line')?.append(row);
	};
	window.ops = { words, all, byId, on, notice, letters: keys === 'on' };

	const draft = box => 'draft:' + box.dataset.draft;
	const ready = root => {
		root.querySelector('[data-focus]:not(.ops-pattern *)')?.focus();
		for (const box of all('[data-draft]', root)) box.value ||= sessionStorage.getItem(draft(box)) || '';
	};
	ready(document);
	on('htmx:after:swap', event => ready(event.detail.ctx?.target || document));
	on('input', ({ target }) => { if (target.dataset.draft) sessionStorage.setItem(draft(target), target.value); });

	on('click', event => {
		const { target } = event, at = name => target.closest(`[data-${name}]`);
		at('print') && print();
		// The browser's own way back keeps what was written into a form that was refused.
		const act = at('palette') && !event.ctrlKey ? ops.palette : at('back') && document.referrer && (() => history.back());
		if (act) { event.preventDefault(); act(); }
		for (const drop of all('.ops-drop')) drop.open &&= drop.contains(target);
	});

	on('change', ({ target }) => {
		const form = target.closest('[data-bulk]');
		if (!form) return;
		const boxes = all('[name=ids]', form), count = form.querySelector('[data-bulk-count]');
		if (target.matches('[data-all]')) for (const box of boxes) box.checked = target.checked;
		count.dataset.text ||= count.textContent;
		count.textContent = `${count.dataset.text} ${boxes.filter(box => box.checked).length}`;
	});

	// A second click on a form that is on its way does nothing; the server would answer it once anyway.
	on('submit', event => {
		const { target: form } = event;
		if (Date.now() - form.dataset.sent < 4e3) event.preventDefault();
		else if (form.method === 'post' && !form.matches('[hx-post]')) form.dataset.sent = Date.now();
	});
	on('pageshow', () => {
		for (const form of all('form')) delete form.dataset.sent;
		for (const box of all('details textarea')) box.closest('details').open ||= box.value > box.defaultValue;
	}, window);

	on('htmx:before:request', ({ detail: { ctx: { sourceElement: from } } }) => {
		from.ariaBusy = 'true';
		from.wait = setTimeout(() => notice('slow', words.slow), 5e3);
	});
	on('htmx:finally:request', ({ detail: { ctx: { sourceElement: from, request, response } } }) => {
		clearTimeout(from.wait);
		from.ariaBusy = null;
		notice('slow');
		if (request.method === 'GET' || !(response?.status < 400)) return;
		notice('failed');
		for (const box of from.closest('form') || []) {
			if (box.dataset.draft) sessionStorage.removeItem(draft(box));
			if (box.name === 'client_id') box.value = crypto.getRandomValues(new Uint32Array(4)).join('-');
		}
	});
	on('htmx:error', ({ detail: { ctx } }) => {
		const from = ctx?.sourceElement;
		if (from && ctx.request.method !== 'GET') notice('failed', words.failed, words.again, () => { notice('failed'); (from.form || from).requestSubmit?.(); });
	});
})();
