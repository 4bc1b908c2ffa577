// ECharts reads its numbers from the table in the page, so that screen, print, reader and chart agree.
// <div data-chart="columns|waterfall" data-table="id">; head cells: data-fill="ac|py|pl|fc"; cells: data-value.
(() => {
	const { all } = ops;
	const { format: brief } = new Intl.NumberFormat(document.documentElement.lang, { notation: 'compact', maximumSignificantDigits: 4 });
	for (const place of all('[data-chart]')) {
		const probe = place.parentElement.appendChild(document.createElement('i'));
		const ink = name => { probe.className = 'ops-ink-' + name; return getComputedStyle(probe).color; };
		const table = document.getElementById(place.dataset.table), lines = all('tbody tr', table);
		const series = all('thead th', table).slice(1).map((head, at) => ({
			name: head.textContent,
			fill: head.dataset.fill,
			values: lines.map(line => +line.cells[at + 1].dataset.value),
		}));
		const fill = {
			py: { color: ink('py'), borderColor: ink('line') },
			pl: { color: '#0000', borderColor: ink('text'), borderWidth: 1.5 },
			fc: { color: ink('soft'), borderColor: ink('ac'), decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.785, color: ink('ac') } },
		};
		const style = name => fill[name] || { color: ink(name) };
		const columns = () => series.map(one => ({ type: 'bar', name: one.name, data: one.values, itemStyle: style(one.fill), barGap: '-20%', barMaxWidth: 28 }));
		const waterfall = () => {
			const [{ name, values }] = series, base = [];
			let level = 0;
			const data = values.map((value, at) => {
				const total = !at || at === values.length - 1;
				base.push(total ? 0 : Math.min(level, level + value));
				level = total ? value : level + value;
				return { value: Math.abs(value), itemStyle: style(total ? (at ? 'ac' : 'pl') : value < 0 ? 'bad' : 'good') };
			});
			const label = { show: true, position: 'top', ...text, formatter: item => brief(values[item.dataIndex]) };
			const bar = { type: 'bar', stack: 'w', barMaxWidth: 40 };
			return [{ ...bar, data: base, itemStyle: { color: '#0000' } }, { ...bar, name, data, label, labelLayout: { hideOverlap: true } }];
		};
		const text = { color: ink('text') };
		const axis = { axisLabel: text, axisLine: { lineStyle: { color: ink('line') } }, nameTextStyle: text, splitLine: { lineStyle: { color: ink('soft') } } };
		const isColumns = series.length > 1;
		const chart = echarts.init(place);
		chart.setOption({
			animation: false,
			aria: { enabled: true },
			tooltip: { trigger: 'axis', renderMode: 'richText' },
			grid: { left: 8, right: 8, top: 32, bottom: 8 },
			legend: { show: isColumns, top: 0, textStyle: text },
			xAxis: { ...axis, data: lines.map(line => line.cells[0].textContent), axisLabel: { ...text, rotate: (place.clientWidth < 60 * lines.length) * 45 } },
			yAxis: { ...axis, axisLabel: { ...text, formatter: brief }, name: table.dataset.unit },
			series: isColumns ? columns() : waterfall(),
		});
		probe.remove();
		new ResizeObserver(() => chart.resize()).observe(place);
	}
})();
