// Charts read their numbers from the table in the page, so that screen, print, reader and chart agree.
// <div data-chart="columns" data-table="id"></div>; head cells: data-fill="ac|py|pl|fc"; cells: data-value.
(() => {
  const places = window.ops.all('[data-chart]');
  if (!places.length || !window.echarts) return;
  const colour = (place, name) => {
    const probe = place.appendChild(document.createElement('i'));
    probe.className = 'ops-ink-' + name;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const read = table => {
    const heads = window.ops.all('thead th', table).slice(1);
    const rows = window.ops.all('tbody tr', table);
    return {
      unit: table.dataset.unit || '',
      names: rows.map(row => row.cells[0].textContent.trim()),
      series: heads.map((head, at) => ({
        name: head.textContent.trim(),
        fill: head.dataset.fill || 'ac',
        values: rows.map(row => { const text = row.cells[at + 1].dataset.value; return text ? Number(text) : null; }),
        shown: rows.map(row => row.cells[at + 1].textContent.trim()),
      })),
    };
  };
  const style = (fill, ink) => ({
    ac: { color: ink('ac') },
    py: { color: ink('py'), borderColor: ink('line') },
    pl: { color: 'transparent', borderColor: ink('text'), borderWidth: 1.5 },
    fc: { color: ink('soft'), borderColor: ink('ac'), decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -Math.PI / 4, color: ink('ac') } },
    good: { color: ink('good') },
    bad: { color: ink('bad') },
  })[fill];
  const columns = (data, ink) => data.series.map(one => ({
    type: 'bar', name: one.name, data: one.values, itemStyle: style(one.fill, ink), barGap: '-20%', barMaxWidth: 28,
  }));
  const waterfall = (data, ink) => {
    let level = 0;
    const [first] = data.series, last = first.values.length - 1, base = [], bars = [];
    first.values.forEach((value, at) => {
      const total = at === 0 || at === last;
      base.push(total ? 0 : Math.min(level, level + value));
      bars.push({ value: total ? value : Math.abs(value), itemStyle: style(total ? (at ? 'ac' : 'pl') : value < 0 ? 'bad' : 'good', ink) });
      level = total ? value : level + value;
    });
    return [
      { type: 'bar', stack: 'w', data: base, itemStyle: { color: 'transparent' }, silent: true },
      { type: 'bar', stack: 'w', name: first.name, data: bars, barMaxWidth: 40, label: { show: true, position: 'top', color: ink('text'), formatter: item => first.shown[item.dataIndex] } },
    ];
  };
  for (const place of places) {
    const data = read(document.getElementById(place.dataset.table));
    const ink = name => colour(place, name);
    const axis = { axisLabel: { color: ink('text') }, axisLine: { lineStyle: { color: ink('line') } } };
    const chart = window.echarts.init(place, null, { renderer: 'canvas' });
    chart.setOption({
      animation: false,
      aria: { enabled: true },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { trigger: 'axis', renderMode: 'richText' },
      grid: { left: 8, right: 8, top: 32, bottom: 8, containLabel: true },
      legend: place.dataset.chart === 'columns' ? { top: 0, textStyle: { color: ink('text') } } : undefined,
      xAxis: { type: 'category', data: data.names, ...axis },
      yAxis: { type: 'value', name: data.unit, nameTextStyle: { color: ink('muted') }, splitLine: { lineStyle: { color: ink('soft') } }, ...axis },
      series: place.dataset.chart === 'waterfall' ? waterfall(data, ink) : columns(data, ink),
    });
    new ResizeObserver(() => chart.resize()).observe(place);
  }
})();
