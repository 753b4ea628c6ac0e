// The curves: pinned tokens through the layers, and a row's or column's numbers.

// pinSeries returns the pins as series of log-probabilities or probabilities.
function pinSeries(r) {
  return state.pins.map((pin, n) => {
    const t = r.track(pin.p, pin.id);
    return {
      pin, whole: t.whole, badge: n + 1, colour: pinColour(n), dash: pinDash(n), mark: pin.r,
      name: `${r.shown(pin.id)} after ${r.shown(r.token(pin.p))} (${r.position(pin.p)})`,
      values: state.scale === 'log' ? t.values : t.values.map(Math.exp),
      dots: (i) => (r.best(i, pin.p) === pin.id ? 'full' : 'open'),
    };
  });
}

const layerNames = (r) => Array.from({ length: r.R }, (_, i) => r.label(i));

function pinChart(r, width, height) {
  const series = pinSeries(r);
  const y = state.scale === 'log' ? logAxis(series.map((s) => s.values)) : probAxis();
  const label = `${state.scale === 'log' ? 'Log-probability in nats' : 'Probability'} by layer of ${series.map((s) => s.name).join('; ')}`;
  return { series, y, chart: chart({ width, height, x: layerNames(r), y, series, label }) };
}

function drawPins() {
  const r = result(), none = state.pins.length === 0;
  byId('pins-none').hidden = !none;
  for (const id of ['pins-chart', 'pins', 'pins-numbers', 'unpin']) byId(id).hidden = none;
  byId('pins-note').hidden = true;
  byId('pins').replaceChildren();
  if (none) return;
  const { series, y, chart: drawing } = pinChart(r, widthOf('pins-chart'), 260);
  byId('pins-chart').replaceChildren(drawing);
  byId('pins').append(...series.map((s) => pinItem(r, s)));
  const partial = series.filter((s) => !s.whole).length;
  byId('pins-note').hidden = !partial;
  byId('pins-note').textContent = `Of ${partial === series.length ? 'these tokens' : 'some of these tokens'} (marked *) this file knows the probability only in rows where they are among the ${r.K} likeliest; elsewhere there is a gap. Pages written with a larger --track follow more.`;
  numbersTable(byId('pins-numbers').lastElementChild, 'layer', layerNames(r), series, (v) => (state.scale === 'log' ? nats(v) : y.form(v)));
}

function pinItem(r, s) {
  const go = html('button', { type: 'button', class: 'go', title: 'go to the cell' }, token(r.shown(s.pin.id)), s.whole ? '' : '*',
    html('span', { class: 'muted' }, ' after '), token(r.shown(r.token(s.pin.p))), html('span', { class: 'muted' }, ` ${r.position(s.pin.p)}, in ${r.label(s.pin.r)}`));
  go.addEventListener('click', () => focusOn([s.pin.r, s.pin.p], true));
  const away = html('button', { type: 'button', class: 'away', 'aria-label': 'let go of ' + s.name }, '×');
  away.addEventListener('click', () => {
    togglePin(s.pin.r, s.pin.p, s.pin.id);
    (byId('pins').querySelectorAll('.away')[Math.min(s.badge, state.pins.length) - 1] ?? element(grid.focus)).focus();
  });
  return html('li', {}, html('span', { class: 'badge pin' + ((s.badge - 1) % 8) }, String(s.badge)), go, away);
}

// lineSeries returns the numbers of the row or column that is plotted.
function lineSeries(r) {
  const { row, column } = state.line, byRow = row !== undefined;
  const n = byRow ? r.P : r.R, cell = (i) => (byRow ? [row, i] : [i, column]);
  const values = (f) => Array.from({ length: n }, (_, i) => f(...cell(i)));
  const out = [];
  const add = (name, list, axis, form) => out.push({ name, values: list, axis, form });
  if (r.a.top_probs) add('probability of the likeliest', values((i, j) => r.top(i, j)[0].prob), probAxis(), percent);
  const wide = (name, key) => { if (r.a[key]) { const v = values((i, j) => r.of(key, i, j)); add(name, v, natsAxis(v), nats); } };
  wide('entropy in nats', 'entropy');
  wide('KL to the output in nats', 'kl');
  if (r.a.target_logprob) {
    const v = values((i, j) => r.target(i, j, state.target)?.logprob ?? NaN);
    const name = 'log-probability of ' + (r.next ? 'the next token' : r.shown(r.words[state.target]));
    if (v.some(Number.isFinite)) add(name, v, logAxis([v]), nats);
  }
  return { x: values((i, j) => (byRow ? r.shown(r.token(j)) : r.label(i))), series: out, byRow };
}

function lineTitle(r) {
  const { row, column } = state.line;
  return row !== undefined ? `Row ${r.label(row)}` : `Position ${r.position(column)}, after ${r.shown(r.token(column))}`;
}

function drawLine() {
  const r = result();
  byId('line-part').hidden = !state.line;
  if (!state.line) return;
  byId('line-head').textContent = lineTitle(r);
  const { x, series, byRow } = lineSeries(r), box = byId('line-charts');
  box.replaceChildren(...series.map(() => html('figure')));
  const width = box.firstElementChild?.clientWidth || 320;
  series.forEach((s, k) => box.children[k].replaceChildren(html('figcaption', {}, s.name),
    chart({ width, height: 170, x, y: s.axis, label: s.name, series: [{ ...s, colour: 'var(--accent)', dots: () => (x.length <= 40 ? 'full' : null) }] })));
  numbersTable(byId('line-numbers').lastElementChild, byRow ? 'position' : 'layer', x.map((t, i) => (byRow ? `${r.position(i)} ${t}` : t)), series);
}

const widthOf = (id) => Math.max(260, byId(id).clientWidth || byId(id).parentNode.clientWidth);

// A button that goes away with what it closes leaves the focus to the grid.
const back = () => element(grid.focus).focus({ preventScroll: true });
byId('unpin').addEventListener('click', () => { update({ pins: [] }); back(); });
byId('line-close').addEventListener('click', () => { update({ line: null }); back(); });
document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && state.line) update({ line: null }); });
let lastWidth = 0;
new ResizeObserver(() => {
  const width = byId('pins-part').clientWidth;
  if (width === lastWidth) return;
  lastWidth = width;
  drawPins();
  drawLine();
}).observe(byId('pins-part'));

watchers.push((changed) => {
  if (['which', 'pins', 'scale'].some((k) => changed.has(k))) drawPins();
  if (['which', 'line', 'target'].some((k) => changed.has(k))) drawLine();
});
