// How many need help, in the title of the window, also while another window is in front.
(() => {
	const place = document.getElementById('problems');
	if (!place) return;
	const words = document.title.replace(/^\(\d+\) /, '');
	const show = () => { document.title = (+place.dataset.count ? `(${place.dataset.count}) ` : '') + words; };
	new MutationObserver(show).observe(place, { attributes: true, attributeFilter: ['data-count'] });
})();
