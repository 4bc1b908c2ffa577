// Fields that help while typing: parsed money, calendar, typeahead. What counts is decided by the server.
(() => {
  const plain = text => text.normalize('NFKC').replace(/[,\s¥元]/g, '').replace('\u2212', '-');
  const shown = text => {
    const found = /^(-?)(\d*)(?:\.(\d*))?([万亿]?)$/.exec(plain(text));
    if (!found || !(found[2] || found[3])) return '';
    const zeros = { 万: 4, 亿: 8 }[found[4]] || 0;
    const part = (found[3] || '').padEnd(zeros + 2, '0');
    if (part.slice(zeros + 2).replace(/0/g, '')) return '';
    const whole = (found[2] + part.slice(0, zeros)).replace(/^0+(?=\d)/, '') || '0';
    return found[1].replace('-', '\u2212') + whole.replace(/\B(?=(\d{3})+$)/g, ',') + '.' + part.slice(zeros, zeros + 2);
  };
  document.addEventListener('input', event => {
    const box = event.target;
    if (box.matches('[data-money]')) {
      const text = shown(box.value);
      box.closest('.ops-field').querySelector('[data-parsed]').textContent = text && text !== box.value ? '= ' + text + ' ' : '';
    }
    if (box.matches('[data-calendar]') && box.value) {
      const date = document.getElementById(box.dataset.calendar);
      date.value = box.value;
      date.dispatchEvent(new Event('change', { bubbles: true }));
    }
    const pick = box.closest('[data-pick]');
    if (pick && box.matches('[role=combobox]') && !event.isComposing) look(pick, box);
  });
  document.addEventListener('compositionend', event => {
    const pick = event.target.closest?.('[data-pick]');
    if (pick) look(pick, event.target);
  });

  const look = (pick, box) => {
    pick.querySelector('[data-pick-value]').value = '';
    clearTimeout(pick.timer);
    pick.timer = setTimeout(async () => {
      const url = new URL(pick.dataset.pick, location.href);
      url.searchParams.set('q', box.value);
      const answer = await fetch(url, { headers: { 'HX-Request': 'true' } }).catch(() => null);
      if (!answer?.ok) return;
      const list = pick.querySelector('[role=listbox]');
      const parsed = new DOMParser().parseFromString('<ul>' + await answer.text() + '</ul>', 'text/html');
      list.replaceChildren(...parsed.querySelectorAll('li'));
      open(box, list, true);
      mark(box, list, 0);
    }, 200);
  };
  const open = (box, list, yes) => { list.hidden = !yes; box.setAttribute('aria-expanded', yes); };
  const options = list => [...list.querySelectorAll('[role=option]')];
  const mark = (box, list, index) => {
    const rows = options(list);
    rows.forEach((row, at) => row.setAttribute('aria-selected', at === index));
    if (rows[index]) box.setAttribute('aria-activedescendant', rows[index].id); else box.removeAttribute('aria-activedescendant');
  };
  const take = (pick, row) => {
    if (row.dataset.url) { location.href = row.dataset.url; return; }
    const box = pick.querySelector('[role=combobox]'), value = pick.querySelector('[data-pick-value]');
    value.value = row.dataset.value;
    box.value = row.dataset.text || row.firstChild.textContent.trim();
    open(box, pick.querySelector('[role=listbox]'), false);
    value.dispatchEvent(new Event('change', { bubbles: true }));
  };
  document.addEventListener('keydown', event => {
    const pick = event.target.closest?.('[data-pick]');
    if (!pick || !event.target.matches('[role=combobox]') || event.isComposing) return;
    const list = pick.querySelector('[role=listbox]'), rows = options(list);
    if (list.hidden || !rows.length) return;
    const at = rows.findIndex(row => row.getAttribute('aria-selected') === 'true');
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      mark(event.target, list, (at + (event.key === 'ArrowDown' ? 1 : -1) + rows.length) % rows.length);
    } else if (event.key === 'Enter' && rows[at]) {
      event.preventDefault();
      take(pick, rows[at]);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      open(event.target, list, false);
    }
  });
  document.addEventListener('mousedown', event => {
    const row = event.target.closest?.('[data-pick] [role=option]');
    if (row) { event.preventDefault(); take(row.closest('[data-pick]'), row); }
  });
  document.addEventListener('focusout', event => {
    const pick = event.target.closest?.('[data-pick]');
    if (pick) open(pick.querySelector('[role=combobox]'), pick.querySelector('[role=listbox]'), false);
  });
})();
