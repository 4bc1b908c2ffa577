// The curves of a node: columns of JSON drawn by uPlot, the newest sample added from the live stream.
(() => {
	const place = document.querySelector('[data-series]'), uPlot = window.uPlot;
	if (!place || !uPlot) return;
	const words = JSON.parse(place.dataset.words), span = +place.dataset.seconds, sync = uPlot.sync('node');
	const compare = document.getElementById('compare'), charts = new Map();
	const ink = name => { const probe = place.appendChild(document.createElement('i')); probe.className = 'ops-ink-' + name; const { color } = getComputedStyle(probe); probe.remove(); return color; };
	const soft = colour => colour.replace('rgb(', 'rgba(').replace(')', ', .18)');
	const size = value => value == null ? '—' : value >= 1e9 ? (value / 1e9).toFixed(1) + ' G' : value >= 1e6 ? (value / 1e6).toFixed(1) + ' M' : value >= 1e3 ? (value / 1e3).toFixed(1) + ' k' : String(+value.toPrecision(3));
	const percent = value => value == null ? '—' : (value * 100).toFixed(1) + '%';
	const { zone } = place.dataset, { lang } = document.documentElement;
	const clock = seconds => new Date(seconds * 1e3).toLocaleTimeString(lang, { hour12: false, timeZone: zone });
	const date = seconds => new Date(seconds * 1e3).toLocaleDateString(lang, { month: '2-digit', day: '2-digit', timeZone: zone });
	const ask = extra => fetch(place.dataset.series + extra, { headers: { accept: 'application/json' } }).then(answer => answer.ok ? answer.json() : Promise.reject(answer.status));
	const times = data => Array.from({ length: data.count }, (_, at) => data.first + at * data.step);
	const tones = ['ac', 'good', 'bad', 'muted', 'py', 'line'], dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 3], [10, 4]];

	function columnsOf(chart, data, before) {
		const columns = [times(data)], series = [{ label: words.time, value: (_, at) => at == null ? '—' : clock(at) }], bands = [];
		const show = chart.share ? percent : size, value = (_, number) => show(number);
		chart.curves.forEach((curve, at) => {
			const stroke = ink(tones[at % tones.length]);
			columns.push(curve.mean);
			series.push({ label: curve.label, stroke, width: 1.5, dash: dashes[at % dashes.length], value, spanGaps: false, points: { show: false } });
			if (!curve.low) return;
			columns.push(curve.high, curve.low);
			const edge = () => ({ label: '', class: 'ops-edge', stroke: 'transparent', points: { show: false }, value: () => '' });
			series.push(edge(), edge());
			bands.push({ series: [columns.length - 2, columns.length - 1], fill: soft(ink('ac')) });
		});
		if (data.late.length) {
			const late = new Set(data.late);
			columns.push(chart.curves[0].mean.map((number, at) => late.has(at) ? number : null));
			series.push({ label: words.late, stroke: 'transparent', points: { show: true, size: 5, fill: 'transparent', stroke: ink('muted') }, value });
		}
		before?.curves.forEach(curve => {
			columns.push(curve.mean);
			series.push({ label: curve.label + ' ' + words.yesterday, stroke: ink('py'), width: 1, dash: [3, 3], value, points: { show: false } });
		});
		return { columns, series, bands, show };
	}
	function draw(figure, chart, data, before) {
		const box = figure.querySelector('.ops-curve'), known = chart.curves.some(curve => curve.mean.some(value => value != null));
		charts.get(chart.key)?.plot.destroy();
		charts.delete(chart.key);
		box.textContent = known ? '' : words.none;
		if (!known) return;
		const { columns, series, bands, show } = columnsOf(chart, data, before);
		const axis = { stroke: ink('text'), grid: { stroke: ink('soft'), width: 1 }, ticks: { stroke: ink('soft'), width: 1 } };
		const plot = new uPlot({
			width: box.clientWidth || 320, height: 170, series, bands, tzDate: at => uPlot.tzDate(new Date(at * 1e3), zone),
			cursor: { sync: { key: sync.key }, drag: { x: false, y: false } },
			legend: { live: true, markers: { width: 2 } }, padding: [12, 16, 0, 0],
			hooks: { drawClear: [plot => behind(plot, data)] },
			scales: { y: { range: (_, low, high) => chart.share ? [0, Math.max(1, high || 0)] : [0, Math.max(high || 0, chart.key == 'service_cpu' ? 1e-3 : 4) * 1.05] } },
			axes: [{ ...axis, values: (_, marks, _space, _gap, step) => marks.map(mark => step >= 86400 ? date(mark) : clock(mark).slice(0, step < 60 ? 8 : 5)) }, { ...axis, size: 72, values: (_, marks) => marks.map(show) }],
		}, columns, box);
		charts.set(chart.key, { plot, chart, show });
		table(figure, chart, columns[0], show);
	}
	function behind(plot, { bands = [], marks = [] }) {
		const { ctx, bbox } = plot, place = at => Math.min(Math.max(plot.valToPos(at, 'x', true), bbox.left), bbox.left + bbox.width);
		ctx.save();
		ctx.fillStyle = soft(ink('bad'));
		for (const [from, to] of bands) { const left = place(from); ctx.fillRect(left, bbox.top, Math.max(place(to ?? 1e11) - left, 2), bbox.height); }
		ctx.strokeStyle = ink('muted');
		ctx.setLineDash([4, 4]);
		for (const [at] of marks) { if (at < plot.scales.x.min) continue; ctx.beginPath(); ctx.moveTo(place(at), bbox.top); ctx.lineTo(place(at), bbox.top + bbox.height); ctx.stroke(); }
		ctx.restore();
	}
	function legend({ bands = [], marks = [] }) {
		const line = document.getElementById('behind'), texts = [...marks.map(([at, what]) => [at, '┆', what]), ...bands.map(([at, , what]) => [at, '▒', what])];
		line.textContent = texts.sort((one, other) => other[0] - one[0]).slice(0, 6).map(([at, sign, what]) => sign + ' ' + clock(at).slice(0, 5) + ' ' + what).join(' · ');
	}
	function table(figure, chart, at, show) {
		const details = figure.querySelector('details');
		details.ontoggle = () => {
			if (!details.open) return;
			const rows = at.map((second, place) => [clock(second), ...chart.curves.map(curve => show(curve.mean[place]))]).filter(row => row.slice(1).some(cell => cell !== '—')).slice(-30).reverse();
			const head = [words.time, ...chart.curves.map(curve => curve.label)], element = document.createElement('table');
			element.className = 'table ops-table';
			for (const [line, cells] of [head, ...rows].entries()) {
				const row = (line ? element.tBodies[0] || element.createTBody() : element.createTHead()).insertRow();
				for (const text of cells) row.appendChild(Object.assign(document.createElement(line ? 'td' : 'th'), { textContent: text, className: 'ops-number' }));
			}
			details.querySelector('.ops-curve-table').replaceChildren(element);
		};
	}
	async function load() {
		const [data, before] = await Promise.all([ask(''), compare.checked ? ask('&compare=yesterday') : null]);
		legend(data);
		for (const chart of data.charts) {
			const figure = document.getElementById('chart-' + chart.key);
			if (figure) draw(figure, chart, data, before?.charts.find(one => one.key === chart.key));
		}
	}
	function add(sample) {
		for (const [key, { plot, chart }] of charts) {
			const values = sample.charts[key], columns = plot.data.map(column => column.slice());
			if (!values || compare.checked || sample.at <= columns[0][columns[0].length - 1]) continue;
			let at = 1;
			columns[0].push(sample.at);
			chart.curves.forEach((curve, number) => {
				const value = values[number] ?? null;
				columns[at++].push(value);
				if (curve.low) { columns[at++].push(value); columns[at++].push(value); }
			});
			while (at < columns.length) columns[at++].push(null);
			while (columns[0][0] < sample.at - span) columns.forEach(column => column.shift());
			plot.setData(columns);
		}
	}
	compare.addEventListener('change', load);
	matchMedia('(prefers-color-scheme:dark)').onchange = load;
	document.getElementById('node-live')?.addEventListener('s', event => add(JSON.parse(event.detail?.data ?? event.data)));
	new ResizeObserver(() => { for (const { plot } of charts.values()) { const { clientWidth: width } = plot.root.parentElement; if (width && width !== plot.width) plot.setSize({ width, height: 170 }); } }).observe(place);
	if (span > 3600) setInterval(load, 60000);
	load();
})();
