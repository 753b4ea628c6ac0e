// What the reader sees, and its place in the address.

// state.cell, the ends of state.line and the pins are counted as the arrays are; the
// address has the numbers that a reader knows: a row's state and a token's position.
const state = {
  which: 0, // of the results
  by: page.by, target: page.target, last: page.last_on_top ? 'top' : 'bottom', size: 'text',
  cell: null, // [row, column] in focus
  pins: [], // { r, p, id }: a token at a column, pinned in a row
  line: null, // { row } or { column } that is plotted
  scale: 'log',
};
const result = () => resultAt(state.which);
const maxPins = 12;

const watchers = [];
// update changes the state and tells all parts which of it has changed.
function update(changes) {
  Object.assign(state, changes);
  for (const w of watchers) w(new Set(Object.keys(changes)));
  keepAddress();
}

const choices = { by: null, last: ['bottom', 'top'], size: ['text', 'small', 'map'], scale: ['log', 'prob'] };
const initial = { ...state };

function toFragment() {
  const r = result(), out = new URLSearchParams();
  if (state.which) out.set('prompt', state.which);
  for (const key of Object.keys(choices)) if (state[key] !== initial[key]) out.set(key, state[key]);
  if (state.target !== initial.target) out.set('target', state.target);
  const row = (i) => r.d.layers[i].row;
  if (state.cell) out.set('cell', row(state.cell[0]) + '.' + r.position(state.cell[1]));
  for (const { r: i, p, id } of state.pins) out.append('pin', [row(i), r.position(p), id].join('.'));
  if (state.line?.row !== undefined) out.set('row', row(state.line.row));
  if (state.line?.column !== undefined) out.set('column', r.position(state.line.column));
  return out.toString();
}

// fromFragment returns the changes that a fragment asks for. What does not fit the
// data is passed over: an address may come from another file.
function fromFragment(text) {
  const asked = new URLSearchParams(text), number = (s) => (/^\d{1,9}$/.test(s ?? '') ? Number(s) : -1);
  const which = asked.has('prompt') ? number(asked.get('prompt')) : 0;
  const out = { ...initial, pins: [], which: page.results[which] ? which : 0 };
  const r = resultAt(out.which);
  const target = number(asked.get('target'));
  if (target >= 0 && target < r.words.length) out.target = target;
  for (const [key, values] of Object.entries({ ...choices, by: measures(r, out.target).map((m) => m.key) })) {
    if (values.includes(asked.get(key))) out[key] = asked.get(key);
  }
  const row = (s) => r.d.layers.findIndex((l) => l.row === number(s)), column = (s) => r.a.positions.indexOf(number(s));
  const [ci, cp] = (asked.get('cell') ?? '').split('.');
  if (row(ci) >= 0 && column(cp) >= 0) out.cell = [row(ci), column(cp)];
  for (const pin of asked.getAll('pin').slice(0, maxPins)) {
    const [i, p, id] = pin.split('.');
    if (row(i) < 0 || column(p) < 0 || number(id) < 0) continue;
    if (!out.pins.some((x) => x.p === column(p) && x.id === number(id))) out.pins.push({ r: row(i), p: column(p), id: number(id) });
  }
  if (row(asked.get('row')) >= 0) out.line = { row: row(asked.get('row')) };
  if (column(asked.get('column')) >= 0) out.line = { column: column(asked.get('column')) };
  return out;
}

// keepAddress writes the state to the address once it has come to rest: browsers
// limit how often.
let addressTimer = 0;
function keepAddress() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    const fragment = '#' + toFragment();
    if (location.hash === fragment || (fragment === '#' && !location.hash)) return;
    try {
      history.replaceState(null, '', fragment);
    } catch { /* a frame without an address of its own */ }
  }, 200);
}

// pinned returns the number of a pin, -1 where there is none.
const pinned = (p, id) => state.pins.findIndex((x) => x.p === p && x.id === id);

// togglePin pins a token, or lets it go.
function togglePin(r, p, id) {
  const n = pinned(p, id);
  if (n >= 0) update({ pins: state.pins.toSpliced(n, 1) });
  else if (state.pins.length < maxPins) update({ pins: [...state.pins, { r, p, id }] });
  else say(`No more than ${maxPins} tokens can be pinned. Let one go first.`);
}

// say tells a reader who does not see the page.
function say(text) { byId('live').textContent = text; }

// toggleLine plots a row or column, or closes it.
function toggleLine(line) {
  const same = state.line && state.line.row === line.row && state.line.column === line.column;
  update({ line: same ? null : line });
}
