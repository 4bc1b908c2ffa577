// A followed log keeps at most as many lines as it says, and stands still while somebody has scrolled away from the newest.
(() => {
	const list = document.querySelector('[data-tail]');
	if (!list) return;
	const most = +list.dataset.tail;
	let height = list.scrollHeight;
	new MutationObserver(() => {
		const isAway = scrollY > list.offsetTop;
		while (list.children.length > most) list.lastElementChild.remove();
		const grown = list.scrollHeight - height;
		height = list.scrollHeight;
		if (isAway && grown > 0) scrollBy(0, grown);
	}).observe(list, { childList: true });
})();
