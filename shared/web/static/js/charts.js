// ECharts draws the numbers of a table in the page, so that all readings agree; again for another width or theme.
// <div data-chart="columns|waterfall" data-table="id">; head cells, and rows that are totals: data-fill="ac|py|pl|fc"; cells: data-value.
(() => {
	const { all, byId } = ops;
	const { format } = new Intl.NumberFormat(document.documentElement.lang, { notation: 'compact', maximumSignificantDigits: 4 });
	const brief = value => format(value).replace('-', '−');
	const draw = place => {
		const chart = echarts.init(place);
		const dot = place.parentElement.appendChild(document.createElement('i'));
		const ink = name => { dot.className = 'ops-ink-' + name; return getComputedStyle(dot).color; };
		const table = byId(place.dataset.table), rows = all('tbody tr', table);
		const series = all('thead th + th', table).map((head, at) => ({
			name: head.textContent,
			fill: head.dataset.fill,
			data: rows.map(line => +line.cells[at + 1].dataset.value),
		}));
		const fill = {
			py: { color: ink('py'), borderColor: ink('line') },
			pl: { color: '#0000', borderColor: ink('text'), borderWidth: 1.5 },
			fc: { color: ink('soft'), borderColor: ink('ac'), decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.785, color: ink('ac') } },
		};
		const style = name => fill[name] || { color: ink(name) };
		const columns = () => series.map(it => ({ ...it, type: 'bar', itemStyle: style(it.fill), barGap: '-20%', barMaxWidth: 28 }));
		const waterfall = () => {
			let level, base = [], [{ name, data: steps }] = series;
			// Close steps: only totals carry numbers.
			const data = steps.map((value, at) => {
				const total = rows[at].dataset.fill;
				base.push(total ? 0 : Math.min(level, level + value));
				level = total ? value : level + value;
				return { value: Math.abs(value), itemStyle: style(total || (value < 0 ? 'bad' : 'good')), label: { formatter: total || each >= 44 ? brief(value) : ' ' } };
			});
			const bar = { type: 'bar', stack: 'w', barMaxWidth: 40 };
			return [{ ...bar, data: base, itemStyle: { opacity: 0 } }, { ...bar, name, data, label: { show: true, position: 'top', ...text }, labelLayout: { hideOverlap: true } }];
		};
		const text = style('text');
		const axis = { axisLine: { lineStyle: style('line') }, nameTextStyle: text, splitLine: { lineStyle: style('soft') } };
		const each = place.clientWidth / rows.length;
		chart.resize();
		chart.setOption({
			animation: false,
			aria: { enabled: true },
			tooltip: { trigger: 'axis', renderMode: 'richText' },
			grid: { left: 8, right: 8, top: 32, bottom: 8 },
			legend: { show: !!series[1], top: 0, right: 0, textStyle: text },
			xAxis: { ...axis, data: rows.map(line => line.cells[0].textContent), axisLabel: { ...text, interval: 0, ...each < 60 ? { rotate: 45 } : { width: each - 20, overflow: 'break' } } },
			yAxis: { ...axis, axisLabel: { ...text, formatter: brief }, name: table.dataset.unit },
			series: series[1] ? columns() : waterfall(),
		});
		dot.remove();
	};
	const again = () => all('[data-chart]').map(draw);
	new ResizeObserver(again).observe(document.body);
	matchMedia('(prefers-color-scheme:dark)').onchange = again;
})();
