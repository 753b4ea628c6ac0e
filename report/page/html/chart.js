// A line chart, for the page and for its pictures alike: colours are the style
// sheet's variables, which a picture resolves.

const pinColour = (n) => `var(--pin${n % 8})`;
// Beyond eight pins the colours come again, with dashes.
const pinDash = (n) => (n < 8 ? null : '5 3');

// chart returns an SVG element. x is a list of texts, one a point; y has low, high,
// ticks [value, text] and form, which writes a value. Of each series: values (NaN
// leaves a gap), colour, dash, name, badge (a number for its end), dots(i) ('full',
// 'open' or null) and mark, the index of a point to ring.
function chart({ width, height, x, y, series, label }) {
  const left = 12 + Math.max(...y.ticks.map(([, t]) => textWidth(t, 11, 'sans')));
  const right = series.some((s) => s.badge) ? 26 : 12, top = 10, bottom = 26;
  const n = x.length, w = width - left - right, h = height - top - bottom;
  const px = (i) => left + (n > 1 ? (i / (n - 1)) * w : w / 2), py = (v) => top + (1 - (v - y.low) / (y.high - y.low)) * h;
  const out = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, class: 'chart' });
  const text = (s, at) => svg('text', { 'font-size': 11, 'font-family': 'var(--sans)', fill: 'var(--muted)', ...at }, s);
  for (const [v, t] of y.ticks) {
    out.append(svg('line', { x1: left, x2: left + w, y1: py(v), y2: py(v), stroke: 'var(--line)' }),
      text(t, { x: left - 6, y: py(v) + 4, 'text-anchor': 'end' }));
  }
  const widest = Math.max(...x.map((t) => textWidth(clip(t, 60, 11, 'mono'), 11, 'mono'))) + 8;
  const every = Math.max(1, Math.ceil(widest / (w / Math.max(1, n - 1))));
  for (let i = 0; i < n; i += every) {
    const name = clip(x[i], 60, 11, 'mono'), half = textWidth(name, 11, 'mono') / 2;
    out.append(text(name, { x: Math.max(half, Math.min(width - half, px(i))), y: height - 8, 'text-anchor': 'middle', 'font-family': 'var(--mono)' }));
  }
  const ends = [];
  series.forEach((s, k) => out.append(...curve(s, k, px, py, y, x, ends)));
  badges(out, ends, top, top + h);
  return out;
}

// curve returns the elements of one series, and notes where its badge wants to be.
function curve(s, k, px, py, y, x, ends) {
  const parts = [], known = (i) => Number.isFinite(s.values[i]), inside = (v) => Math.min(y.high, Math.max(y.low, v));
  let path = '';
  for (let i = 0; i < s.values.length; i++) {
    if (known(i)) path += `${known(i - 1) ? 'L' : 'M'}${px(i).toFixed(1)} ${py(inside(s.values[i])).toFixed(1)}`;
  }
  parts.push(svg('path', { d: path, fill: 'none', stroke: s.colour, 'stroke-width': 1.75, 'stroke-linejoin': 'round', 'stroke-dasharray': s.dash }));
  for (let i = 0; i < s.values.length; i++) {
    if (!known(i)) continue;
    const kind = s.dots ? s.dots(i) : 'full', lone = !known(i - 1) && !known(i + 1);
    if (!kind && !lone) continue;
    const cx = px(i), cy = py(inside(s.values[i]));
    if (s.mark === i) parts.push(svg('circle', { cx, cy, r: 6, fill: 'none', stroke: s.colour }));
    parts.push(svg('circle', { cx, cy, r: 2.75, fill: kind === 'open' ? 'var(--panel)' : s.colour, stroke: s.colour, 'stroke-width': 1.5 },
      svg('title', {}, `${s.name}, ${x[i]}: ${y.form(s.values[i])}`)));
    ends[k] = s.badge ? { x: cx, y: cy, badge: s.badge, colour: s.colour } : null;
  }
  return parts;
}

// badges puts the numbers of the series at their ends, none over another.
function badges(out, ends, top, bottom) {
  const list = ends.filter(Boolean).sort((a, b) => a.y - b.y), gap = 13;
  list.forEach((e, i) => { e.at = Math.max(e.y, i ? list[i - 1].at + gap : top); });
  for (let i = list.length - 1, limit = bottom; i >= 0; i--, limit = list[i + 1].at - gap) list[i].at = Math.min(list[i].at, limit);
  const right = Math.max(...list.map((e) => e.x));
  for (const e of list) {
    out.append(svg('text', { x: right + 9, y: e.at + 4, 'font-size': 11, 'font-weight': 700, 'font-family': 'var(--sans)', fill: e.colour }, String(e.badge)));
  }
}

// logAxis and others return the y of chart for some values.
function logAxis(lists) {
  const low = lists.flat().reduce((m, v) => (Number.isFinite(v) && -v > m ? -v : m), 0), ticks = roundTicks(low || 1);
  return { low: -ticks.at(-1), high: 0, ticks: ticks.map((v) => [-v, v ? '−' + v : '0']), form: (v) => `${nats(v)} nats (${percent(Math.exp(v))})` };
}
const probAxis = () => ({ low: 0, high: 1, ticks: [0, .25, .5, .75, 1].map((v) => [v, String(v)]), form: percent });
function natsAxis(values) {
  const ticks = roundTicks(values.reduce((m, v) => (Number.isFinite(v) && v > m ? v : m), 0));
  return { low: 0, high: ticks.at(-1), ticks: ticks.map((v) => [v, String(v)]), form: (v) => nats(v) + ' nats' };
}

// numbersTable shows the values of curves as a table.
function numbersTable(into, corner, x, series, form) {
  const head = html('tr', {}, html('th', { scope: 'col' }, corner), ...series.map((s) => html('th', { scope: 'col' }, s.name)));
  const rows = x.map((t, i) => html('tr', {}, html('th', { scope: 'row' }, t), ...series.map((s) => html('td', {}, Number.isNaN(s.values[i]) ? '' : (s.form ?? form)(s.values[i])))));
  into.replaceChildren(html('table', {}, html('thead', {}, head), html('tbody', {}, ...rows)));
}
