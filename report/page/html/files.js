// The data as files: CSV and JSON, in golens's own formats and without rounding.

// csvOf returns a result as CSV: a line for every cell and candidate, for every cell
// and target, and for whole targets.
function csvOf(r) {
  const escaped = (id) => { const t = r.d.pieces[id]; return t ? t.e ?? t.t : ''; };
  const quoted = (s) => (/^ |[",\r\n]/.test(s) ? '"' + s.replaceAll('"', '""') + '"' : s);
  const escapedName = (s) => visible(s.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t'));
  const number = (v) => (v === undefined ? '' : exact(v));
  const lines = [page.columns.join(',')];
  const add = (values) => lines.push(page.columns.map((c) => quoted(values[c] ?? '')).join(','));
  for (let i = 0; i < r.R; i++) {
    const row = { name: escapedName(r.d.name), row: String(r.d.layers[i].row), point: escapedName(r.d.layers[i].point), label: escapedName(r.d.layers[i].label) };
    const cell = (p) => {
      const agree = r.of('agree', i, p);
      return { ...Object.fromEntries(r.cellStats.map((s) => [s.name, number(r.of(s.name, i, p))])), entropy: number(r.of('entropy', i, p)), logsumexp: number(r.of('logsumexp', i, p)), kl: number(r.of('kl', i, p)), agree: agree === undefined ? '' : String(agree) };
    };
    const at = (position) => ({ position: String(position), token_id: String(r.a.ids[position]), token: escaped(r.a.ids[position]) });
    for (let p = 0; p < r.P; p++) {
      r.top(i, p).forEach((c, k) => add({ ...row, ...at(r.position(p)), ...cell(p), kind: 'top', rank: String(k + 1),
        id: String(c.id), piece: escaped(c.id), logit: number(c.logit), prob: number(c.prob) }));
    }
    for (const [q, position] of (r.next ? r.a.positions : [...r.wordsAt.keys()]).entries()) {
      const p = r.a.positions.indexOf(position), known = p >= 0 ? cell(p) : {};
      for (const t of r.targetsAt(i, q)) {
        add({ ...row, ...at(position), ...known, ...Object.fromEntries(r.targetStats.map((s) => [s.name, number(t[s.name])])), kind: 'target', rank: String(t.rank), ties: String(t.ties),
          id: String(t.id), piece: escaped(t.id), prob: number(t.prob), logprob: number(t.logprob) });
      }
    }
    const { joint_ids: ids, joint_lengths: lengths, joint_token_logprob: each, joint_logprob: all } = r.a, last = r.a.ids.length - 1;
    for (let w = 0, from = 0; w < (lengths?.length ?? 0); from += lengths[w++]) {
      for (let k = from; k < from + lengths[w]; k++) {
        const before = k > from ? ids[k - 1] : r.a.ids[last];
        add({ ...row, position: String(last + k - from), token_id: String(before), token: escaped(before), kind: 'joint_token',
          id: String(ids[k]), piece: escaped(ids[k]), logprob: number(each[i * ids.length + k]) });
      }
      add({ ...row, ...at(last), kind: 'joint', piece: escapedName(r.d.joint.words[w]), logprob: number(all[i * lengths.length + w]) });
    }
  }
  return lines.join('\n') + '\n';
}

// jsonOf returns a result as JSON on one line, all that the page has of it.
function jsonOf(r) {
  const d = r.d, parts = [];
  const add = (name, text) => parts.push(JSON.stringify(name) + ':' + text);
  const piece = (id) => { const t = d.pieces[id] ?? { t: '' }; return { text: t.t, ...(t.b ? { bytes: t.b } : {}) }; };
  for (const [name, value] of [['format', page.format], ['name', d.name], ['prompt', d.prompt], ['prompt_bytes', d.prompt_bytes], ['manifest', d.manifest],
    ['warnings', d.warnings ?? []], ['tokens', r.a.ids.map((id) => ({ id, ...piece(id) }))], ['layers', d.layers], ['targets', d.targets], ['joint', d.joint]]) {
    if (value !== undefined) add(name, JSON.stringify(value));
  }
  if (d.written) add('generation', d.written.json);
  for (const { name, shape } of d.arrays) add(name, nested(r.a[name], shape, 0, r.a[name] instanceof Float32Array));
  add('pieces', JSON.stringify(Object.fromEntries(Object.keys(d.pieces).filter((id) => !d.pieces[id].p).map((id) => [id, piece(id)]))));
  return '{' + parts.join(',') + '}\n';
}

// nested writes the part of an array that begins at start as lists in lists.
function nested(values, shape, start, float) {
  const [n, ...rest] = shape;
  if (!rest.length) {
    const item = (v) => (!float ? String(v) : Number.isFinite(v) ? exact(v) : `"${exact(v)}"`);
    return '[' + Array.from(values.slice(start, start + n), item).join(',') + ']';
  }
  const stride = rest.reduce((a, b) => a * b, 1);
  return '[' + Array.from({ length: n }, (_, i) => nested(values, rest, start + i * stride, float)).join(',') + ']';
}

// save gives the reader a file.
function save(content, type, extension) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const name = (result().d.name || 'lens').replace(/[^\p{L}\p{N}_-]+/gu, '-').slice(0, 60) || 'lens';
  const link = html('a', { href: address, download: `${name}.${extension}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
byId('save-svg').addEventListener('click', () => save(source(drawing().out), 'image/svg+xml', 'svg'));
byId('save-png').addEventListener('click', async () => {
  try {
    save(await photograph(drawing()), 'image/png', 'png');
  } catch (error) {
    warn(`No PNG could be made: ${error.message}. SVG has no such limit.`);
  }
});
byId('save-csv').addEventListener('click', () => save(csvOf(result()), 'text/csv', 'csv'));
byId('save-json').addEventListener('click', () => save(jsonOf(result()), 'application/json', 'json'));
