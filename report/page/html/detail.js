// The cell under the pointer or in focus: its candidates and its numbers.

function showDetail(cell) {
  const r = result(), box = byId('detail');
  if (!cell) {
    box.replaceChildren(html('p', { class: 'muted' }, 'Point at a cell, or move to it with the arrow keys.'));
    return;
  }
  const [i, p] = cell;
  const head = html('h2', {}, r.label(i), ' ', html('small', { class: 'muted' }, r.point(i)));
  const where = html('p', { class: 'where' }, `position ${r.position(p)}, after `, token(r.shown(r.token(p))), html('span', { class: 'muted' }, ' ' + r.token(p)));
  box.replaceChildren(head, where, factsOf(r, i, p), candidates(r, i, p), ...targetsOf(r, i, p));
}

function factsOf(r, i, p) {
  const facts = html('dl', { class: 'numbers-of' });
  const add = (name, value) => facts.append(html('div', {}, html('dt', {}, name), html('dd', {}, value)));
  if (r.a.entropy) add('entropy', nats(r.of('entropy', i, p)));
  if (r.a.kl) add('KL', nats(r.of('kl', i, p)));
  if (r.a.agree) add('agrees', r.of('agree', i, p) ? 'yes' : 'no');
  return facts;
}

// candidates lists the cell's tokens; each is a button that pins it.
function candidates(r, i, p) {
  const body = html('tbody');
  for (const [k, c] of r.top(i, p).entries()) {
    const n = pinned(p, c.id), shown = r.shown(c.id);
    const pin = html('button', { type: 'button', class: 'follow' + (n < 0 ? '' : ' pin' + (n % 8)), 'aria-pressed': n >= 0, title: `pin ${shown}` },
      token(shown), c.id === r.follower(p) ? html('span', { class: 'hit-sign', title: 'the text’s own next token' }) : null);
    pin.addEventListener('click', () => {
      togglePin(i, p, c.id);
      showDetail([i, p]);
      byId('detail').querySelectorAll('.follow')[k].focus();
    });
    const bar = html('i', { class: 'bar' });
    bar.style.width = 100 * Math.min(1, Math.max(0, c.prob || 0)) + '%';
    body.append(html('tr', {},
      html('th', { scope: 'row' }, pin),
      html('td', { class: 'prob' }, html('span', { class: 'track' }, bar), html('span', {}, percent(c.prob))),
      html('td', { class: 'id' }, String(c.id)),
      html('td', { class: 'hex' }, r.hex(c.id))));
  }
  return html('div', { class: 'candidates' }, html('table', {},
    html('thead', {}, html('tr', {}, ...['token', 'probability', 'id', 'bytes'].map((t) => html('th', { scope: 'col' }, t)))), body));
}

function targetsOf(r, i, p) {
  const list = r.targets(i, p);
  if (!list.length) return [];
  const rows = list.map((t) => html('tr', {}, html('th', { scope: 'row' }, token(r.shown(t.id))),
    html('td', {}, whole(t.rank) + (t.ties ? '=' : '')), html('td', {}, nats(t.logprob)), html('td', {}, percent(t.prob))));
  return [html('table', { class: 'targets' },
    html('caption', {}, r.next ? 'the text’s own next token' : 'targets'),
    html('thead', {}, html('tr', {}, ...['', 'rank', 'log-prob.', 'probability'].map((t) => html('th', { scope: 'col' }, t)))), html('tbody', {}, ...rows))];
}

// describe says a cell in one sentence.
function describe([i, p]) {
  const r = result(), c = r.top(i, p)[0];
  let s = `${r.label(i)}, position ${r.position(p)}, after ${r.shown(r.token(p))}: ${r.shown(c.id)}, ${percent(c.prob)}`;
  if (r.a.entropy) s += `; entropy ${nats(r.of('entropy', i, p))}`;
  if (r.a.kl) s += `; KL ${nats(r.of('kl', i, p))}`;
  if (c.id === r.follower(p)) s += '; the text’s own next token';
  const n = pinned(p, c.id);
  return n < 0 ? s : s + `; pinned as ${n + 1}`;
}

watchers.push((changed) => {
  if (changed.has('which') || changed.has('cell') || changed.has('pins')) showDetail(state.cell);
  if ((changed.has('cell') || changed.has('pins')) && state.cell) say(describe(state.cell));
});
