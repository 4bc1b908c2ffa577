// Small behaviours of pages, by data-* attributes: focus, menus, toasts, selection, safe sending, drafts.
(() => {
  const words = JSON.parse(document.body?.dataset.words || '{}');
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  window.ops = {
    words, all,
    notice(key, text, label, act) {
      const line = document.getElementById('status-line');
      let row = document.getElementById('notice-' + key);
      if (!text) return row?.remove();
      if (!line || row) return;
      row = document.createElement('div');
      row.id = 'notice-' + key;
      row.className = 'ops-notice ops-notice-warn';
      row.setAttribute('role', 'status');
      const box = document.createElement('div');
      box.className = 'container-xl';
      box.textContent = text + ' ';
      if (label) {
        const button = document.createElement('button');
        button.className = 'btn btn-sm';
        button.textContent = label;
        button.addEventListener('click', act);
        box.append(button);
      }
      row.append(box);
      line.append(row);
    },
  };
  const ready = root => {
    (root.querySelector?.('[data-focus]:not(.ops-pattern *)') || root.querySelector?.('[data-autofocus]'))?.focus();
    for (const box of all('[data-draft]', root)) {
      const key = 'draft:' + box.dataset.draft;
      if (!box.value) box.value = sessionStorage.getItem(key) || '';
      box.addEventListener('input', () => sessionStorage.setItem(key, box.value));
    }
  };
  ready(document);

  document.addEventListener('click', event => {
    const opener = event.target.closest('[data-toggle]');
    if (opener) {
      event.preventDefault();
      const open = document.getElementById(opener.dataset.toggle).classList.toggle('is-open');
      opener.setAttribute('aria-expanded', open);
    }
    if (event.target.closest('[data-print]')) print();
    for (const drop of all('details.ops-drop[open]')) if (!drop.contains(event.target)) drop.open = false;
  });

  const toast = document.querySelector('#toast p');
  if (toast) {
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), 6000); };
    toast.addEventListener('mouseenter', () => clearTimeout(timer));
    toast.addEventListener('mouseleave', start);
    start();
  }

  document.addEventListener('change', event => {
    const form = event.target.closest('[data-bulk]');
    if (!form) return;
    const boxes = all('input[name=ids]', form);
    if (event.target.matches('[data-all]')) for (const box of boxes) box.checked = event.target.checked;
    const count = form.querySelector('[data-bulk-count]');
    count.dataset.text ||= count.textContent;
    count.textContent = count.dataset.text + ' ' + boxes.filter(box => box.checked).length;
  });

  // A second click on a form that is on its way does nothing; the server would answer it once anyway.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.dataset.sent && Date.now() - form.dataset.sent < 4000) return event.preventDefault();
    if (form.method === 'post' && !form.matches('[hx-post]')) form.dataset.sent = Date.now();
  });
  addEventListener('pageshow', () => all('form[data-sent]').forEach(form => delete form.dataset.sent));

  const freshId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
  };
  document.addEventListener('htmx:before:request', event => {
    const from = event.detail.ctx.sourceElement;
    from.busyTimers = [
      setTimeout(() => from.setAttribute('aria-busy', 'true'), 300),
      setTimeout(() => window.ops.notice('slow', words.slow), 5000),
    ];
  });
  document.addEventListener('htmx:finally:request', event => {
    const { ctx } = event.detail, from = ctx.sourceElement;
    from.busyTimers?.forEach(clearTimeout);
    from.removeAttribute('aria-busy');
    window.ops.notice('slow');
    if (ctx.request.method === 'GET' || !ctx.response || ctx.response.status >= 400) return;
    window.ops.notice('failed');
    const form = from.closest('form');
    for (const field of all('input[name=client_id]', form || document.createElement('i'))) field.value = freshId();
    for (const box of all('[data-draft]', form || document.createElement('i'))) {
      sessionStorage.removeItem('draft:' + box.dataset.draft);
    }
  });
  document.addEventListener('htmx:error', event => {
    const from = event.detail.ctx?.sourceElement;
    if (from && !from.matches('[data-live]')) {
      window.ops.notice('failed', words.failed, words.again, () => { window.ops.notice('failed'); (from.form || from).requestSubmit?.(); });
    }
  });
  document.addEventListener('htmx:after:swap', event => ready(event.detail.ctx?.target || document));
})();
