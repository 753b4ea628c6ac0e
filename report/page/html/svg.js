// Elements, made one by one: text of a model never becomes markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

// fill gives an element its attributes, and texts and elements as children.
function fill(e, attributes, children) {
  for (const [k, v] of Object.entries(attributes)) if (v !== null && v !== undefined) e.setAttribute(k, v);
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(svgNamespace, tag), attributes, children);
const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const byId = (id) => document.getElementById(id);

// token returns a token as an element of its own, which its letters' direction
// does not leave.
const token = (shown) => html('bdi', { class: 'token' }, shown);

// textWidth returns the width of a text in pixels. Widths of one font are kept.
const textWidth = (() => {
  const pen = document.createElement('canvas').getContext('2d'), known = new Map();
  return (text, size, family = 'mono') => {
    const key = family + text;
    if (!known.has(key)) {
      pen.font = '100px ' + getComputedStyle(document.documentElement).getPropertyValue('--' + family);
      known.set(key, pen.measureText(text).width / 100);
    }
    return known.get(key) * size;
  };
})();

// clip returns a text cut to a width, with … at its end.
function clip(text, width, size, family) {
  if (textWidth(text, size, family) <= width) return text;
  const letters = Intl.Segmenter ? Array.from(new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text), (s) => s.segment) : Array.from(text);
  while (letters.length && textWidth(letters.join('') + '…', size, family) > width) letters.pop();
  return letters.length ? letters.join('') + '…' : '';
}
