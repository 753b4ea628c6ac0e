// The grid: a plain table, which scrolls smoothly at 128 tokens by 49 layers, can be
// searched, copied and read aloud. One of its cells is in the order of the Tab key;
// the arrow keys move it.

const grid = {
  table: byId('grid'),
  cells: [], // row-major, as the arrays
  rowHeads: [], columnHeads: [],
  focus: [0, 0], // of the Tab key: row -1 is the heads above, column -1 those at the left
};

function buildGrid() {
  const r = result();
  grid.cells = []; grid.rowHeads = []; grid.columnHeads = [];
  const place = (e, i, j) => { e.place = [i, j]; e.tabIndex = -1; return e; };
  const head = html('tr', {}, html('td', { class: 'corner' }, 'layer'));
  for (let p = 0; p < r.P; p++) {
    const th = place(html('th', { scope: 'col', class: r.isNew(p) ? 'new' : null, title: 'plot this column' }, html('span', { class: 'at' + (r.position(p) % 10 ? '' : ' tenth') }, String(r.position(p))), token(r.shown(r.token(p)))), -1, p);
    grid.columnHeads.push(th);
    head.append(th);
  }
  const body = html('tbody');
  for (let i = 0; i < r.R; i++) {
    const th = place(html('th', { scope: 'row', title: 'plot this row' }, r.label(i)), i, -1);
    const tr = html('tr', {}, th);
    grid.rowHeads.push(th);
    for (let p = 0; p < r.P; p++) {
      const id = r.best(i, p);
      const td = place(html('td', {}, token(r.shown(id))), i, p);
      td.hit = id === r.follower(p);
      grid.cells.push(td);
      tr.append(td);
    }
    body.append(tr);
  }
  const foot = html('tr', {}, html('th', { scope: 'row' }, 'text'));
  for (let p = 0; p < r.P; p++) {
    const id = r.follower(p);
    foot.append(html('td', {}, id === undefined ? '' : token(r.shown(id))));
  }
  grid.table.replaceChildren(html('thead', {}, head), body, html('tfoot', {}, foot));
  grid.focus = [0, 0];
}

const displayed = (i) => (state.last === 'top' ? result().R - 1 - i : i);

function orderRows() {
  const body = grid.table.tBodies[0];
  body.append(...grid.rowHeads.map((_, i) => grid.rowHeads[displayed(i)].parentNode));
}

// paint colours all cells and marks the pinned ones.
function paint() {
  const r = result(), list = measures(r, state.target);
  const m = list.find((x) => x.key === state.by) ?? list[0];
  const pins = new Map();
  state.pins.forEach((x, n) => {
    const at = x.r * r.P + x.p;
    if (!pins.has(at) || r.best(x.r, x.p) === x.id) pins.set(at, n);
  });
  grid.cells.forEach((td, n) => {
    const pin = pins.get(n);
    const name = 'q' + step(m.value(Math.floor(n / r.P), n % r.P)) + (td.hit ? ' hit' : '') + (pin === undefined ? '' : ' pin pin' + (pin % 8));
    if (td.className !== name) td.className = name;
    if (pin !== undefined) {
      td.dataset.pin = pin + 1;
      td.setAttribute('aria-selected', 'true');
    } else if (td.dataset.pin) {
      delete td.dataset.pin;
      td.removeAttribute('aria-selected');
    }
  });
  grid.rowHeads.forEach((th, i) => th.classList.toggle('chosen', state.line?.row === i));
  grid.columnHeads.forEach((th, p) => th.classList.toggle('chosen', state.line?.column === p));
  drawLegend(m);
}

function drawLegend(m) {
  const colours = html('div', { class: 'ramp' });
  const shades = m.key === 'agree' ? [0, steps] : Array.from({ length: steps + 1 }, (_, q) => q);
  colours.append(...shades.map((q) => html('i', { class: 'q' + q })));
  const ticks = html('div', { class: 'ticks' });
  for (const [at, text] of m.ticks) {
    const tick = html('span', {}, text);
    tick.style.left = 100 * (m.key === 'agree' ? .25 + at / 2 : at) + '%';
    ticks.append(tick);
  }
  const none = grid.cells.some((td) => td.classList.contains('qn'));
  byId('legend').replaceChildren(...[html('p', {}, m.legend), html('div', { class: 'scale' }, colours, ticks),
    none && html('p', { class: 'muted' }, html('i', { class: 'swatch qn' }), 'no value'),
    html('p', { class: 'muted' }, html('span', { class: 'hit-sign' }), 'the text’s own next token')].filter(Boolean));
}

function element([i, j]) {
  if (i < 0) return grid.columnHeads[j];
  return j < 0 ? grid.rowHeads[i] : grid.cells[i * result().P + j];
}

// focusOn moves the Tab key's place, and the focus with it where asked.
function focusOn(at, really) {
  element(grid.focus).tabIndex = -1;
  grid.focus = at;
  const e = element(at);
  e.tabIndex = 0;
  if (!really) return;
  e.focus({ preventScroll: true });
  reveal(e);
}

// reveal scrolls the table such that a cell does not lie below the fixed heads.
function reveal(e) {
  const box = byId('scroll'), b = box.getBoundingClientRect(), c = e.getBoundingClientRect();
  const left = b.left + grid.rowHeads[0].offsetWidth, top = b.top + grid.columnHeads[0].offsetHeight, foot = grid.table.tFoot.offsetHeight;
  if (e.place[1] >= 0) box.scrollLeft += c.left < left ? c.left - left : Math.max(0, Math.min(c.right - b.right + 16, c.left - left));
  if (e.place[0] >= 0) box.scrollTop += c.top < top ? c.top - top : Math.max(0, Math.min(c.bottom - b.bottom + foot + 16, c.top - top));
}

// moved returns where a key leads from the focus, or null.
function moved(key, control) {
  const { R, P } = result(), [i, j] = grid.focus;
  const line = i < 0 ? -1 : displayed(i); // as shown, counted from above
  const row = (n) => (n < 0 ? -1 : displayed(Math.min(R - 1, n)));
  switch (key) {
    case 'ArrowLeft': return [i, Math.max(i < 0 ? 0 : -1, j - 1)];
    case 'ArrowRight': return [i, Math.min(P - 1, j + 1)];
    case 'ArrowUp': return [row(Math.max(j < 0 ? 0 : -1, line - 1)), j];
    case 'ArrowDown': return [row(line + 1), j];
    case 'PageUp': return [row(Math.max(0, line - 10)), j];
    case 'PageDown': return [row(line + 10), j];
    case 'Home': return [control ? row(0) : i, 0];
    case 'End': return [control ? row(R - 1) : i, P - 1];
  }
  return null;
}

// act does what a click or Enter on a place means.
function act([i, j]) {
  if (i < 0) toggleLine({ column: j });
  else if (j < 0) toggleLine({ row: i });
  else togglePin(i, j, result().best(i, j));
}

const placeOf = (event) => event.target.closest?.('[tabindex]')?.place;

grid.table.addEventListener('keydown', (event) => {
  if (event.altKey || event.metaKey) return;
  const to = moved(event.key, event.ctrlKey), [i, j] = grid.focus;
  if (to) focusOn(to, true);
  else if (event.ctrlKey) return;
  else if (event.key === 'Enter' || event.key === ' ') act(grid.focus);
  else if (event.key === 'c' && j >= 0) toggleLine({ column: j });
  else if (event.key === 'r' && i >= 0) toggleLine({ row: i });
  else return;
  event.preventDefault();
});
grid.table.addEventListener('focusin', (event) => {
  const at = placeOf(event);
  if (!at) return;
  focusOn(at, false);
  if (at[0] >= 0 && at[1] >= 0) update({ cell: at });
});
// A finger cannot hover: its first touch of a cell shows it, and the next one pins.
let touched = null;
grid.table.addEventListener('pointerdown', (event) => {
  const at = placeOf(event);
  touched = event.pointerType === 'touch' && at && String(at) !== String(state.cell) && at[0] >= 0 && at[1] >= 0 ? at : null;
});
grid.table.addEventListener('click', (event) => {
  const at = placeOf(event);
  if (at && String(touched) !== String(at)) act(at);
  touched = null;
});
grid.table.addEventListener('pointerover', (event) => {
  const at = placeOf(event);
  if (event.pointerType !== 'touch' && at && at[0] >= 0 && at[1] >= 0) showDetail(at);
});
grid.table.addEventListener('pointerleave', () => showDetail(state.cell));

watchers.push((changed) => {
  if (changed.has('which')) buildGrid();
  if (changed.has('which') || changed.has('last')) orderRows();
  if (changed.has('size')) grid.table.className = state.size;
  if (['which', 'by', 'target', 'pins', 'line'].some((k) => changed.has(k))) paint();
  if (changed.has('which')) {
    focusOn(state.cell ?? [displayed(0), 0], false);
    if (state.cell) reveal(element(state.cell));
  }
});
