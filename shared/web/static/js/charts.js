// ECharts reads its numbers from the table in the page, so that screen, print, reader and chart agree.
// <div data-chart="columns|waterfall" data-table="id">; head cells: data-fill="ac|py|pl|fc"; cells: data-value.
(() => {
	const { all } = window.ops;
	for (const place of all('[data-chart]')) {
		const probe = place.parentElement.appendChild(document.createElement('i'));
		const ink = name => { probe.className = 'ops-ink-' + name; return getComputedStyle(probe).color; };
		const table = document.getElementById(place.dataset.table), lines = all('tbody tr', table);
		const series = all('thead th', table).slice(1).map((head, at) => ({
			name: head.textContent.trim(),
			fill: head.dataset.fill || 'ac',
			cells: lines.map(line => line.cells[at + 1]),
			values: lines.map(line => { const { value } = line.cells[at + 1].dataset; return value ? +value : null; }),
		}));
		const fill = {
			py: { color: ink('py'), borderColor: ink('line') },
			pl: { color: 'transparent', borderColor: ink('text'), borderWidth: 1.5 },
			fc: { color: ink('soft'), borderColor: ink('ac'), decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.785, color: ink('ac') } },
		};
		const style = name => fill[name] || { color: ink(name) };
		const columns = () => series.map(one => ({ type: 'bar', name: one.name, data: one.values, itemStyle: style(one.fill), barGap: '-20%', barMaxWidth: 28 }));
		const waterfall = () => {
			const [{ name, values, cells }] = series, last = values.length - 1, base = [];
			let level = 0;
			const data = values.map((value, at) => {
				const total = !at || at === last;
				base.push(total ? 0 : Math.min(level, level + value));
				level = total ? value : level + value;
				return { value: Math.abs(value), itemStyle: style(total ? (at ? 'ac' : 'pl') : value < 0 ? 'bad' : 'good') };
			});
			const label = { show: true, position: 'top', color: ink('text'), formatter: item => isNarrow ? brief.format(values[item.dataIndex]) : cells[item.dataIndex].textContent.trim() };
			return [{ type: 'bar', stack: 'w', data: base, itemStyle: { color: 'transparent' }, silent: true }, { type: 'bar', stack: 'w', name, data, label, labelLayout: { hideOverlap: true }, barMaxWidth: 40 }];
		};
		const axis = { axisLabel: { color: ink('text') }, axisLine: { lineStyle: { color: ink('line') } }, nameTextStyle: { color: ink('muted') }, splitLine: { lineStyle: { color: ink('soft') } } };
		const isNarrow = place.clientWidth < 500;
		const brief = new Intl.NumberFormat(document.documentElement.lang, { notation: 'compact' });
		const isColumns = place.dataset.chart === 'columns';
		const chart = window.echarts.init(place);
		chart.setOption({
			animation: false,
			aria: { enabled: true },
			tooltip: { trigger: 'axis', renderMode: 'richText' },
			grid: { left: 8, right: 8, top: 32, bottom: 8 },
			legend: { show: isColumns, top: 0, textStyle: { color: ink('text') } },
			xAxis: { ...axis, type: "category", data: lines.map(line => line.cells[0].textContent.trim()), axisLabel: { ...axis.axisLabel, rotate: isNarrow && lines.length > 5 ? 45 : 0 }, splitLine: { show: false } },
			yAxis: { ...axis, axisLabel: { ...axis.axisLabel, formatter: value => brief.format(value) }, type: 'value', name: table.dataset.unit },
			series: isColumns ? columns() : waterfall(),
		});
		probe.remove();
		new ResizeObserver(() => chart.resize()).observe(place);
	}
})();
