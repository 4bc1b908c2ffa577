// The board of opportunities: a card is dragged to another column or place, or moved with Alt and an arrow key; the menu of the card does the same.
(() => {
  const form = document.getElementById('deal-move');
  if (!form || !window.Sortable) return;
  const send = (card, stage, before) => {
    form.action = `/opportunities/${card.dataset.deal}/move?from=board`;
    form.elements.stage.value = stage;
    form.elements.before.value = before;
    form.requestSubmit();
  };
  for (const lane of document.querySelectorAll('[data-stage]')) {
    window.Sortable.create(lane, {
      group: 'deals', draggable: '[data-deal]', filter: 'a, button, summary', preventOnFilter: false, animation: 0, delayOnTouchOnly: true, delay: 200,
      onEnd: ({ item, from, to, oldIndex, newIndex }) => {
        if (from !== to || oldIndex !== newIndex) send(item, to.dataset.stage, item.nextElementSibling?.dataset.deal || '');
      },
    });
  }
  document.addEventListener('keydown', event => {
    const side = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }[event.key];
    const button = event.altKey && side && event.target.closest?.('[data-deal]')?.querySelector(`[data-side=${side}]`);
    if (!button) return;
    event.preventDefault();
    button.form.requestSubmit();
  });
})();
