// Pictures of the view: the grid as it is coloured, its legend, and the curves.

const sizes = {
  text: { w: 76, h: 24, font: 12, head: 34 },
  small: { w: 46, h: 17, font: 9, head: 26 },
  map: { w: 14, h: 14, font: 0, head: 0 },
};

// drawing returns the view as one SVG element, whose colours are literal.
function drawing() {
  const r = result(), m = measures(r, state.target).find((x) => x.key === state.by) ?? measures(r, state.target)[0];
  const z = sizes[state.size], dark = darkness.matches, margin = 16, left = 44, gap = z.w > 20 ? 2 : 1;
  const gridWidth = left + r.P * (z.w + gap), width = Math.max(520, gridWidth) + 2 * margin;
  const out = svg('svg', { xmlns: svgNamespace, width, viewBox: `0 0 ${width} 0` });
  const text = (s, at) => svg('text', { 'font-family': 'var(--sans)', 'font-size': 12, fill: 'var(--ink)', ...at }, s);
  const word = (s, x, y, w, font, more) => font && text(clip(s, w - 8, font), { x: x + w / 2, y, 'text-anchor': 'middle', 'font-family': 'var(--mono)', 'font-size': font, ...more });
  out.append(svg('title', {}, r.d.title), svg('rect', { width: '100%', height: '100%', fill: 'var(--ground)' }));
  let y = margin + 14;
  out.append(text(clip(r.d.title, width - 2 * margin, 17, 'serif'), { x: margin, y, 'font-size': 17, 'font-family': 'var(--serif)', 'font-weight': 600 }));
  y += 20;
  out.append(text(clip(r.d.shown + (r.d.written?.shown ?? ''), width - 2 * margin, 12), { x: margin, y, 'font-family': 'var(--mono)', fill: 'var(--muted)' }));
  y = legendPicture(out, m, margin, y + 14, text, dark) + 14;

  const x0 = margin + left;
  if (z.head) {
    for (let p = 0; p < r.P; p++) {
      const x = x0 + p * (z.w + gap);
      out.append(text(String(r.position(p)), { x: x + z.w / 2, y: y + 9, 'text-anchor': 'middle', 'font-size': 9, fill: 'var(--muted)' }),
        word(r.shown(r.token(p)), x, y + z.head - 10, z.w, z.font, { fill: r.isNew(p) ? 'var(--accent)' : 'var(--ink)' }));
    }
    y += z.head;
  }
  for (let line = 0; line < r.R; line++, y += z.h + gap) {
    const i = displayed(line);
    out.append(text(r.label(i), { x: x0 - 8, y: y + z.h / 2 + 4, 'text-anchor': 'end', 'font-size': Math.min(11, z.h - 3), fill: 'var(--muted)' }));
    for (let p = 0; p < r.P; p++) {
      const x = x0 + p * (z.w + gap), q = step(m.value(i, p)), ground = colourOf(q === 'n' ? q : Number(q), dark), id = r.best(i, p);
      out.append(svg('rect', { x, y, width: z.w, height: z.h, fill: ground }));
      if (z.font) out.append(word(r.shown(id), x, y + z.h / 2 + z.font * .36, z.w, z.font, { fill: ink(ground) }));
      if (z.font && id === r.follower(p)) out.append(svg('rect', { x: x + 6, y: y + z.h - 3, width: z.w - 12, height: 1.5, fill: ink(ground) }));
      const n = state.pins.findIndex((pin) => pin.r === i && pin.p === p);
      if (n < 0) continue;
      out.append(svg('rect', { x, y, width: z.w, height: z.h, fill: 'none', stroke: pinColour(n), 'stroke-width': 2.5 }));
      if (z.font) out.append(svg('rect', { x: x + z.w - 11, y, width: 11, height: 11, fill: pinColour(n) }), text(String(n + 1), { x: x + z.w - 5.5, y: y + 9, 'text-anchor': 'middle', 'font-size': 8, 'font-weight': 700, fill: 'var(--panel)' }));
    }
  }
  if (z.head) {
    out.append(text('text', { x: x0 - 8, y: y + z.h / 2 + 4, 'text-anchor': 'end', 'font-size': Math.min(11, z.h - 3), fill: 'var(--muted)' }));
    for (let p = 0; p < r.P; p++) {
      const id = r.follower(p);
      if (id !== undefined) out.append(word(r.shown(id), x0 + p * (z.w + gap), y + z.h / 2 + z.font * .36, z.w, z.font, { fill: 'var(--muted)' }));
    }
    y += z.h;
  }
  y = curvesPicture(out, r, margin, y + 24, Math.min(width - 2 * margin, 900), text);
  const f = r.d.manifest;
  out.append(text(visible(['golens ' + f.golens, f.model, f.lens + ' lens', 'libtorch ' + f.libtorch].join(' · ')), { x: margin, y: y + 10, 'font-size': 10, fill: 'var(--muted)' }));
  y += margin + 10;
  out.setAttribute('height', y);
  out.setAttribute('viewBox', `0 0 ${width} ${y}`);
  return { out, width, height: y };
}

// legendPicture draws the scale at y and returns where it ends.
function legendPicture(out, m, x, y, text, dark) {
  const width = 260, shades = m.key === 'agree' ? [0, steps] : Array.from({ length: steps + 1 }, (_, q) => q);
  out.append(text(m.legend, { x, y: y + 10, 'font-size': 11 }));
  shades.forEach((q, k) => out.append(svg('rect', { x: x + (k * width) / shades.length, y: y + 16, width: width / shades.length + .5, height: 9, fill: colourOf(q, dark) })));
  for (const [at, t] of m.ticks) {
    out.append(text(t, { x: x + width * (m.key === 'agree' ? .25 + at / 2 : at), y: y + 36, 'text-anchor': at === 0 && m.key !== 'agree' ? 'start' : 'middle', 'font-size': 9, fill: 'var(--muted)' }));
  }
  out.append(svg('rect', { x: x + width + 36, y: y + 19, width: 14, height: 2, fill: 'var(--ink)' }), text('the text’s own next token', { x: x + width + 56, y: y + 24, 'font-size': 11, fill: 'var(--muted)' }));
  return y + 40;
}

// curvesPicture draws what is plotted below the grid and returns where it ends.
function curvesPicture(out, r, x, y, width, text) {
  const put = (drawing, at, height) => {
    drawing.setAttribute('x', at);
    drawing.setAttribute('y', y);
    out.append(drawing);
    return height;
  };
  if (state.pins.length) {
    const { series, chart: drawing } = pinChart(r, width, 260);
    out.append(text(state.scale === 'log' ? 'log-probability by layer, in nats' : 'probability by layer', { x, y, 'font-size': 11 }));
    y += put(drawing, x, 264) + 8;
    for (const s of series) {
      out.append(text(`${s.badge}  `, { x, y: y + 8, fill: s.colour, 'font-weight': 700 }),
        text(clip(s.name + (s.whole ? '' : `: only where among the ${r.K} likeliest`), width - 24, 12), { x: x + 22, y: y + 8, 'font-family': 'var(--mono)' }));
      y += 18;
    }
    y += 12;
  }
  if (state.line) {
    const { x: names, series } = lineSeries(r);
    out.append(text(lineTitle(r), { x, y: y + 6, 'font-weight': 600 }));
    y += 26;
    for (const s of series) {
      out.append(text(s.name, { x, y, 'font-size': 11 }));
      y += put(chart({ width, height: 150, x: names, y: s.axis, label: s.name, series: [{ ...s, colour: 'var(--accent)', dots: () => (names.length <= 40 ? 'full' : null) }] }), x, 150) + 16;
    }
  }
  return y;
}

// source returns an SVG element as a document that stands alone.
function source(element) {
  const style = getComputedStyle(document.documentElement);
  const plain = new XMLSerializer().serializeToString(element)
    .replace(/var\((--[a-z0-9]+)\)/g, (_, name) => style.getPropertyValue(name).trim().replaceAll('"', '&quot;'));
  return '<?xml version="1.0" encoding="UTF-8"?>\n' + plain + '\n';
}

// photograph draws an SVG document as PNG, twice as large as it says where a
// browser's canvas allows that.
async function photograph({ out, width, height }) {
  const scale = Math.min(2, 16000 / width, 16000 / height, Math.sqrt(100e6 / (width * height)));
  const address = URL.createObjectURL(new Blob([source(out)], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('the picture is too large for this browser'))), 'image/png'));
  } finally {
    URL.revokeObjectURL(address);
  }
}
