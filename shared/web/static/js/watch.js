// The live stream of a page: says when it is silent or paused, starts it again, underlines what changed.
(() => {
	const { notice, words, all, on } = ops, stream = document.querySelector('[data-live]');
	if (!stream) return;
	const silent = +stream.dataset.live || 45e3;
	let heard = Date.now(), connection;
	const hear = event => { ({ connection } = event.detail); heard = Date.now(); notice('stopped'); };
	on('htmx:sse:after:connection', hear, stream);
	on('htmx:sse:after:message', hear, stream);
	on('paused', () => {
		heard = Infinity;
		notice('stopped');
		notice('paused', words.paused, words.resume, () => location.reload());
	}, stream);
	const again = () => { heard = Date.now(); connection?.reader?.cancel(); };
	setInterval(() => {
		if (document.hidden || Date.now() - heard < silent) return;
		notice('stopped', words.stopped, words.again, again);
		again();
	}, silent / 9);
	on('visibilitychange', () => { if (heard !== Infinity) heard = Date.now(); });

	if (matchMedia('(prefers-reduced-motion)').matches) return;
	const changes = new MutationObserver(records => {
		for (const { target } of records) {
			const { classList } = target.parentElement;
			classList.add('ops-changed');
			setTimeout(() => classList.remove('ops-changed'), 2000);
		}
	});
	for (const place of all('[data-watch]')) changes.observe(place, { subtree: true, characterData: true });
})();
