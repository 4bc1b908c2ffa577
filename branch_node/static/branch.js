// A quick line, empty again once it is saved; customers offered after @. Ordering a plan: drag, or Alt+Up and Alt+Down on a row; the server puts it in order, the buttons do the same.
(() => {
  const bind = () => {
    for (const list of document.querySelectorAll('[data-sortable]')) {
      if (list.dataset.bound || !window.Sortable) continue;
      list.dataset.bound = '1';
      window.Sortable.create(list, {
        filter: 'a, button, input, summary', preventOnFilter: false, animation: 0, delayOnTouchOnly: true, delay: 200,
        onEnd: ({ item, oldIndex, newIndex }) => {
          const form = item.querySelector('[data-move]')?.form;
          if (!form || oldIndex === newIndex) return;
          form.querySelector('[name=step]').disabled = true;
          const box = document.createElement('input');
          box.type = 'hidden';
          box.name = 'before';
          box.value = item.nextElementSibling?.id.replace('item-', '') || '';
          form.append(box);
          form.requestSubmit();
        },
      });
    }
  };
  document.addEventListener('keydown', event => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    const row = event.target.closest?.('[data-sortable] > li');
    const button = row?.querySelector(`[data-move=${event.key === 'ArrowUp' ? 'up' : 'down'}]`);
    if (!button) return;
    event.preventDefault();
    button.form.requestSubmit();
  });
  // Customers after @: arrows choose, Enter takes the chosen one into the line; without a choice Enter adds the line.
  const offer = box => document.getElementById(box.getAttribute('aria-controls'));
  const offered = list => [...list.querySelectorAll('[role=option]')];
  const close = box => { offer(box).replaceChildren(); offer(box).hidden = true; box.ariaExpanded = false; box.removeAttribute('aria-activedescendant'); };
  const take = (box, option) => {
    box.value = `${box.value.slice(0, box.value.search(/[@＠][^@＠]*$/))}@${option.dataset.name} `;
    close(box);
    box.focus();
    box.dispatchEvent(new Event('change', { bubbles: true }));
  };
  document.addEventListener('htmx:after:swap', () => {
    for (const box of document.querySelectorAll('[data-quick] [role=combobox]')) {
      const has = offered(offer(box)).length > 0 && /[@＠]/.test(box.value);
      offer(box).hidden = !has;
      box.ariaExpanded = has;
    }
  });
  document.addEventListener('keydown', event => {
    const box = event.target.closest?.('[data-quick] [role=combobox]');
    if (!box || event.isComposing || offer(box).hidden) return;
    const rows = offered(offer(box)), at = rows.findIndex(row => row.ariaSelected === 'true');
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !event.altKey) {
      const next = rows[(at + step + rows.length + (at < 0 && step < 0 ? 1 : 0)) % rows.length];
      for (const row of rows) row.ariaSelected = row === next;
      box.setAttribute('aria-activedescendant', next.id);
    } else if (event.key === 'Enter' && rows[at]) take(box, rows[at]);
    else if (event.key === 'Escape') close(box);
    else return;
    event.preventDefault();
  });
  document.addEventListener('mousedown', event => {
    const option = event.target.closest?.('.ops-suggest [role=option]');
    if (!option) return;
    event.preventDefault();
    take(option.closest('[data-quick]').querySelector('[role=combobox]'), option);
  });
  document.addEventListener('focusout', ({ target }) => { if (target.matches('[data-quick] [role=combobox]')) close(target); });
  // The morph keeps what stands in a focused box; once the line is saved it must be empty for the next one.
  document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
    const form = ctx.sourceElement;
    if (!form.matches?.('[data-quick]') || !(ctx.response?.status < 400)) return;
    const box = form.querySelector('[name=line]');
    box.value = '';
    box.focus();
    if (box.matches('[role=combobox]')) close(box);
  });
  // A value edited where it stands: the box takes the focus, Esc restores the value, and the focus stays at its place.
  let edited = '';
  document.addEventListener('htmx:before:request', ({ target }) => { edited = target.closest?.('[id^=field-]')?.id || edited; });
  document.addEventListener('keydown', event => {
    const form = event.key === 'Escape' && !event.isComposing && event.target.closest?.('[data-inline]');
    if (form) form.querySelector('[data-inline-cancel]').click();
  });
  document.addEventListener('htmx:after:swap', () => {
    const place = edited && document.getElementById(edited);
    if (!place || place.contains(document.activeElement)) return;
    const box = place.querySelector('.form-control, .form-select') || place.querySelector('a.ops-edit');
    box?.focus();
    box?.select?.();
    edited = '';
  });
  document.addEventListener('htmx:after:swap', bind);
  bind();
})();
