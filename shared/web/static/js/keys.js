// Keys: / and Ctrl+K, ?, g + letter, j k Enter, f, n and other data-key letters, Ctrl+Enter, Esc.
(() => {
  let goes = 0;
  const typing = target => target.closest?.('input, textarea, select, [contenteditable], dialog');
  const row = step => {
    const rows = window.ops.all('[data-rows] tbody tr');
    const next = rows[Math.min(Math.max(rows.findIndex(one => one.matches('.is-current')) + step, 0), rows.length - 1)];
    rows.forEach(one => one.classList.toggle('is-current', one === next));
    (next?.querySelector('a') || next)?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  };
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.defaultPrevented) return;
    const { key, code, target } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      if (key === 'k') { event.preventDefault(); window.ops.palette(); }
      if (key === 'Enter' && !target.closest('dialog')) {
        const save = (target.closest('form') || document).querySelector('[data-save]') || document.querySelector('[data-save]');
        if (save) { event.preventDefault(); save.form.requestSubmit(save); }
      }
      return;
    }
    if (key === 'Escape') {
      for (const drop of window.ops.all('details.ops-drop[open]')) { drop.open = false; drop.querySelector('summary').focus(); }
    }
    if (event.altKey || typing(target)) return;
    if (key === '/' || (code === 'Slash' && !event.shiftKey)) { event.preventDefault(); return window.ops.palette(); }
    if (document.body.dataset.keys !== 'on') return;
    const stop = found => { if (found) event.preventDefault(); return found; };
    if (Date.now() - goes < 1500) {
      goes = 0;
      const entry = stop(document.querySelector(`[data-go="${CSS.escape(key)}"]`));
      if (entry) location.href = entry.href;
    } else if (key === 'g') goes = Date.now();
    else if (key === '?') location.href = '/keys';
    else if (key === 'j' || key === 'k') row(key === 'j' ? 1 : -1);
    else if (key === 'f') stop(document.querySelector('.ops-filters input:not([type=hidden]), .ops-filters select'))?.focus();
    else if (/^[a-z0-9[\]]$/.test(key)) {
      const found = stop(document.querySelector(`[data-key="${CSS.escape(key)}"]`));
      if (found?.matches('input, textarea')) found.focus(); else found?.click();
    }
  });
})();
