// The page's tools, and its start.

function warn(text) {
  byId('warnings').append(html('li', {}, text));
  byId('warnings').hidden = false;
}

// options fills a list of choices.
function options(select, list, chosen) {
  select.replaceChildren(...list.map(([value, text]) => html('option', { value }, text)));
  select.value = String(chosen);
}

function drawHead() {
  const r = result();
  byId('title').textContent = r.d.title;
  byId('prompt').replaceChildren(html('bdi', {}, r.d.shown), ...(r.d.written ? [html('bdi', { class: 'new' }, r.d.written.shown)] : []));
  byId('manner').hidden = !r.d.written;
  byId('manner').textContent = r.d.written ? r.d.written.manner + '.' : '';
  byId('warnings').replaceChildren();
  byId('warnings').hidden = true;
  for (const w of r.d.warnings ?? []) warn(visible(w));
  byId('target-tool').hidden = r.words.length < 2;
  options(byId('target'), r.words.map((id, n) => [n, r.shown(id)]), state.target);
  const facts = Object.entries(r.d.manifest).filter(([, v]) => v !== '' && v !== null);
  byId('manifest').replaceChildren(...facts.flatMap(([k, v]) => [html('dt', {}, visible(k)), html('dd', {}, visible(Array.isArray(v) ? v.join(', ') : v))]));
}

function drawTools() {
  const r = result();
  options(byId('by'), measures(r, state.target).map((m) => [m.key, m.name]), state.by);
  for (const id of ['last', 'size', 'scale', 'target', 'which']) byId(id).value = String(state[id]);
}

for (const id of ['by', 'last', 'size', 'scale']) byId(id).addEventListener('change', (e) => update({ [id]: e.target.value }));
byId('target').addEventListener('change', (e) => update({ target: Number(e.target.value) }));
byId('which').addEventListener('change', (e) => {
  const which = Number(e.target.value), kept = measures(resultAt(which), 0).some((m) => m.key === state.by);
  update({ which, target: 0, by: kept ? state.by : 'prob', cell: null, pins: [], line: null });
});
byId('tools').addEventListener('submit', (e) => e.preventDefault());

watchers.unshift((changed) => {
  if (changed.has('which') || changed.has('target')) drawHead();
  if (['which', 'target', 'by', 'last', 'size', 'scale'].some((k) => changed.has(k))) drawTools();
});

byId('which-tool').hidden = page.results.length < 2;
options(byId('which'), page.results.map((d, i) => [i, clip(d.name ? visible(d.name) : d.shown, 320, 14, 'sans') || String(i + 1)]), 0);

const fromAddress = () => update(fromFragment(location.hash.slice(1)));
addEventListener('hashchange', fromAddress);
fromAddress();
