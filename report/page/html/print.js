// For the printer the grid is cut into bands, as wide as a sheet of paper takes.

const bandColumns = 10;

function buildBands() {
  const r = result(), bands = [];
  const list = measures(r, state.target), m = list.find((x) => x.key === state.by) ?? list[0];
  for (let from = 0; from < r.P; from += bandColumns) {
    const columns = Array.from({ length: Math.min(bandColumns, r.P - from) }, (_, k) => from + k);
    const rest = r.P > bandColumns ? bandColumns - columns.length : 0; // all bands have equal columns
    const row = (head, cells) => html('tr', {}, html('th', {}, head), ...cells, rest ? html('td', { colspan: rest }) : null);
    const body = html('tbody');
    for (let line = 0; line < r.R; line++) {
      const i = displayed(line);
      body.append(row(r.label(i), columns.map((p) => html('td', { class: 'q' + step(m.value(i, p)) + (r.best(i, p) === r.follower(p) ? ' hit' : '') }, token(r.shown(r.best(i, p)))))));
    }
    const head = html('thead', {}, row('', columns.map((p) => html('th', {}, html('span', { class: 'at' }, String(r.position(p))), token(r.shown(r.token(p)))))));
    const foot = html('tfoot', {}, row('text', columns.map((p) => html('td', {}, r.follower(p) === undefined ? '' : token(r.shown(r.follower(p)))))));
    bands.push(html('table', { class: 'band' }, head, body, foot));
  }
  const f = r.d.manifest, legend = byId('legend').cloneNode(true);
  legend.id = 'print-legend';
  byId('print').replaceChildren(legend, ...bands,
    html('p', { class: 'made' }, visible(['golens ' + f.golens, f.model, f.lens + ' lens at ' + f.at, ...(f.interventions ?? []), ...(r.d.written ? [r.d.written.manner] : []), 'libtorch ' + f.libtorch].join(' · '))));
}

addEventListener('beforeprint', buildBands);
addEventListener('afterprint', () => byId('print').replaceChildren());
