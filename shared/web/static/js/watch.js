// The live stream of a page: says when it is silent or paused, starts it again, underlines what changed.
(() => {
  const silent = 45000;
  const stream = document.querySelector('[data-live]');
  if (!stream) return;
  const { notice, words } = window.ops;
  let heard = Date.now(), connection;
  const again = () => { heard = Date.now(); connection?.reader?.cancel(); };
  for (const name of ['htmx:sse:after:connection', 'htmx:sse:after:message']) {
    stream.addEventListener(name, event => {
      connection = event.detail.connection;
      heard = Date.now();
      notice('stopped');
    });
  }
  stream.addEventListener('paused', () => {
    heard = Infinity;
    notice('stopped');
    notice('paused', words.paused, words.resume, () => location.reload());
  });
  setInterval(() => {
    if (document.hidden || Date.now() - heard < silent) return;
    notice('stopped', words.stopped, words.again, again);
    again();
  }, 5000);
  document.addEventListener('visibilitychange', () => { if (heard !== Infinity) heard = Date.now(); });

  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const changes = new MutationObserver(records => {
    for (const record of records) {
      const cell = (record.target.nodeType === 3 ? record.target.parentElement : record.target)?.closest('td, th, .ops-figure-value');
      if (!cell) continue;
      cell.classList.add('ops-changed');
      setTimeout(() => cell.classList.remove('ops-changed'), 2000);
    }
  });
  for (const place of window.ops.all('[data-watch]')) changes.observe(place, { subtree: true, characterData: true });
})();
