// What the cells can be coloured by, and the colours.

// measures returns the measures that a result has. Of each: value is where a cell
// lies on the scale from 0 to 1 (NaN for nowhere), text is its number for people,
// ticks are [place, text] along the scale.
function measures(r, target) {
  const out = [];
  const add = (key, name, legend, ticks, value, text) => out.push({ key, name, legend, ticks, value, text });
  const fifths = [0, .25, .5, .75, 1].map((v) => [v, String(v)]);
  const clamp = (v) => Math.min(1, Math.max(0, v));
  const linear = (key, name, legend, array, of = (i, j) => r.of(key, i, j)) => {
    const ticks = roundTicks(array.reduce((m, v) => (Number.isFinite(v) && v > m ? v : m), 0)), top = ticks.at(-1);
    add(key, name, legend, ticks.map((v) => [v / top, String(v)]), (i, j) => clamp(of(i, j) / top), (i, j) => nats(of(i, j)));
  };
  if (r.a.top_probs) {
    const p = (i, j) => r.a.top_probs[(i * r.P + j) * r.K];
    add('prob', 'probability', 'probability of the likeliest token', fifths, (i, j) => clamp(p(i, j)), (i, j) => percent(p(i, j)));
  }
  if (r.a.entropy) linear('entropy', 'entropy', 'entropy in nats', r.a.entropy);
  if (r.a.kl) linear('kl', 'KL to the output', 'KL divergence to the model’s output in nats', r.a.kl);
  if (r.a.agree) {
    add('agree', 'agreement', 'agrees with the model’s output', [[0, 'no'], [1, 'yes']],
      (i, j) => Number(r.of('agree', i, j)), (i, j) => (r.of('agree', i, j) ? 'yes' : 'no'));
  }
  const legend = (s) => (s.unit ? `${s.title} in ${s.unit}` : s.title);
  for (const s of r.cellStats) linear(s.name, s.title, legend(s), r.a[s.name]);
  if (r.a.target_prob) targetMeasures(r, target, add, fifths, clamp);
  for (const s of r.targetStats) {
    const value = (i, j) => r.target(i, j, target)?.[s.name] ?? NaN;
    linear(s.name, s.title, legend(s), r.a[s.name], value);
  }
  return out;
}

function targetMeasures(r, target, add, fifths, clamp) {
  const name = r.next ? 'the next token' : r.shown(r.words[target]);
  const get = (i, j, what) => r.target(i, j, target)?.[what] ?? NaN;
  const text = (form, what) => (i, j) => (Number.isNaN(get(i, j, what)) ? '' : form(get(i, j, what)));
  add('target-prob', 'target: probability', 'probability of ' + name, fifths, (i, j) => clamp(get(i, j, 'prob')), text(percent, 'prob'));
  // Below −20 all are alike: the rows in which a target is out of the question would
  // take the colours of those in which it comes up.
  const low = r.a.target_logprob.reduce((m, v) => (Number.isFinite(v) && -v > m ? -v : m), 0);
  const logs = roundTicks(Math.min(low, 20)), depth = logs.at(-1);
  const logTicks = logs.map((v) => [1 - v / depth, (v === depth && low > depth ? '≤ ' : '') + (v ? '−' + v : '0')]).reverse();
  add('target-logprob', 'target: log-probability', 'log-probability of ' + name + ' in nats', logTicks,
    (i, j) => clamp(1 + get(i, j, 'logprob') / depth), text(nats, 'logprob'));
  let decades = 1;
  for (const k of r.a.target_rank) while (k > 10 ** decades) decades++;
  const rank = (d) => (d < 4 ? String(10 ** d) : 10 ** (d % 3) + ['', 'k', 'M', 'G'][Math.floor(d / 3)]);
  const ranks = Array.from({ length: decades + 1 }, (_, d) => [1 - d / decades, rank(d)]).reverse();
  add('target-rank', 'target: rank', 'rank of ' + name, ranks,
    (i, j) => clamp(1 - Math.log10(get(i, j, 'rank') || NaN) / decades), text(whole, 'rank'));
}

// A colour has a class, q0 to q64 or qn for unknown, so that a change of theme or
// the printer needs no program: the style sheet has each twice. In the dark the map
// is turned round, such that what is weak is near the ground in both.
const steps = page.ramp.length - 1;
const step = (v) => (Number.isNaN(v) ? 'n' : String(Math.round(v * steps)));

// ink returns black or white, whichever is read better on a colour.
function ink(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const x = parseInt(colour.slice(i, i + 2), 16) / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.25 ? '#ffffff' : '#000000';
}

const unknownColours = { light: page.unknown, dark: '#3a3e46' };
const darkness = matchMedia('(prefers-color-scheme: dark)');

// colourOf returns the ground of a step in the light or the dark.
function colourOf(q, dark) {
  if (q === 'n') return unknownColours[dark ? 'dark' : 'light'];
  return page.ramp[dark ? steps - q : q];
}

(function writeColours() {
  const sheet = document.styleSheets[0];
  const rule = (q, dark) => `.q${q} { background: ${colourOf(q, dark)}; color: ${ink(colourOf(q, dark))}; }`;
  const all = ['n', ...page.ramp.keys()];
  sheet.insertRule(`@media (prefers-color-scheme: dark) { ${all.map((q) => rule(q, true)).join(' ')} }`, sheet.cssRules.length);
  sheet.insertRule(`@media print, (prefers-color-scheme: light) { ${all.map((q) => rule(q, false)).join(' ')} }`, sheet.cssRules.length);
})();
