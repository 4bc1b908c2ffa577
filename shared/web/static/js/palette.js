// The palette: `/` or Ctrl+K, one request per 150 ms, Enter goes, Ctrl+Enter in a new tab, Esc returns.
(() => {
  let dialog, box, hits, timer, from;
  const build = label => {
    dialog = document.createElement('dialog');
    dialog.className = 'ops-palette';
    dialog.setAttribute('aria-label', label);
    box = document.createElement('input');
    box.className = 'form-control';
    for (const [name, value] of [['role', 'combobox'], ['aria-expanded', 'true'], ['aria-controls', 'palette-hits'], ['aria-label', label], ['autocomplete', 'off']]) box.setAttribute(name, value);
    hits = document.createElement('div');
    hits.id = 'palette-hits';
    hits.setAttribute('role', 'listbox');
    hits.setAttribute('aria-label', label);
    dialog.append(box, hits);
    document.body.append(dialog);
    box.addEventListener('input', event => { if (!event.isComposing) later(); });
    box.addEventListener('compositionend', later);
    dialog.addEventListener('close', () => from?.focus());
    dialog.addEventListener('keydown', keys);
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(look, 150); };
  const rows = () => [...hits.querySelectorAll('[role=option]')];
  const mark = index => rows().forEach((row, at) => {
    row.setAttribute('aria-selected', at === index);
    if (at === index) { box.setAttribute('aria-activedescendant', row.id); row.scrollIntoView({ block: 'nearest' }); }
  });
  const look = async () => {
    const answer = await fetch('/find?q=' + encodeURIComponent(box.value), { headers: { 'x-palette': '1' } }).catch(() => null);
    if (!answer?.ok) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const group of parsed.querySelectorAll('section')) group.setAttribute('role', 'group');
    for (const list of parsed.querySelectorAll('ul')) list.setAttribute('role', 'presentation');
    for (const row of parsed.querySelectorAll('li')) row.setAttribute('role', 'option');
    for (const link of parsed.querySelectorAll('a')) link.tabIndex = -1;
    hits.replaceChildren(...parsed.body.children);
    mark(0);
  };
  const keys = event => {
    if (event.isComposing) return;
    const list = rows(), at = list.findIndex(row => row.getAttribute('aria-selected') === 'true');
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      mark((at + (event.key === 'ArrowDown' ? 1 : -1) + list.length) % list.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const url = list[at]?.querySelector('a')?.href;
      if (!url) return;
      if (event.ctrlKey || event.metaKey) window.open(url, '_blank', 'noopener'); else location.href = url;
    }
  };
  window.ops.palette = () => {
    const opener = document.querySelector('[data-palette]');
    if (!opener) return;
    if (!dialog) build(opener.getAttribute('aria-label'));
    if (dialog.open) return;
    from = document.activeElement;
    box.value = '';
    dialog.showModal();
    box.focus();
    look();
  };
  document.addEventListener('click', event => {
    if (event.target.closest('[data-palette]') && !event.ctrlKey) { event.preventDefault(); window.ops.palette(); }
  });
})();
