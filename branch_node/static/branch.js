// A quick line, empty again once it is saved. Ordering a plan: drag, or Alt+Up and Alt+Down on a row; the server puts it in order, the buttons do the same.
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
  // The morph keeps what stands in a focused box; once the line is saved it must be empty for the next one.
  document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
    const form = ctx.sourceElement;
    if (!form.matches?.('[data-quick]') || !(ctx.response?.status < 400)) return;
    const box = form.querySelector('[name=line]');
    box.value = '';
    box.focus();
    form.querySelector('.ops-suggest')?.replaceChildren();
  });
  document.addEventListener('htmx:after:swap', bind);
  bind();
})();
