// Numbers as text: without loss for files, short for people.

// exact returns a float32 as golens's own files have it: in the fewest digits that
// read back to it, with a ".0" behind whole numbers.
function exact(x) {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? 'Infinity' : '-Infinity';
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  let text;
  for (let digits = 1; digits <= 17; digits++) {
    text = rounded(x, digits);
    if (Math.fround(Number(text)) === x) break;
  }
  const [, sign, mantissa, exponent] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(text);
  const digits = mantissa.replace('.', ''), e = Number(exponent);
  if (e < -4 || e >= 21) {
    const tail = digits.length > 1 ? '.' + digits.slice(1) : '';
    return sign + digits[0] + tail + 'e' + (e < 0 ? '-' : '+') + String(Math.abs(e)).padStart(2, '0');
  }
  if (e < 0) return sign + '0.' + '0'.repeat(-e - 1) + digits;
  if (digits.length <= e + 1) return sign + digits + '0'.repeat(e + 1 - digits.length) + '.0';
  return sign + digits.slice(0, e + 1) + '.' + digits.slice(e + 1);
}

// rounded returns x in so many digits, a half to the even digit: toExponential
// takes the larger.
function rounded(x, digits) {
  const text = x.toExponential(digits - 1), all = x.toExponential(60).replace(/^-?(\d)\.(\d+)e.*$/, '$1$2');
  if (!/^50*$/.test(all.slice(digits)) || !/[13579]e/.test(text)) return text;
  return text.replace(/\de/, (end) => Number(end[0]) - 1 + 'e');
}

const minus = (text) => text.replace('-', '−');

// nats returns a value to two decimals, or three figures where it is large.
function nats(v) {
  if (v === undefined || Number.isNaN(v)) return 'NaN';
  if (!Number.isFinite(v)) return v > 0 ? '∞' : '−∞';
  return minus(Math.abs(v) < 99.95 ? v.toFixed(2) : v.toPrecision(4));
}

// percent returns a probability with the figures that matter.
function percent(p) {
  if (p === undefined || Number.isNaN(p)) return 'NaN';
  const v = 100 * p;
  if (v >= 9.995) return v.toFixed(1) + '\u2009%';
  if (v >= 0.0995 || v === 0) return v.toFixed(2) + '\u2009%';
  return minus(v.toExponential(1)) + '\u2009%';
}

const whole = (n) => n.toLocaleString('en');

// roundTicks returns round numbers from 0 to one that is at least largest.
function roundTicks(largest) {
  if (!(largest > 0)) largest = 1;
  let step = 10 ** (Math.floor(Math.log10(largest)) - 1);
  step *= [2, 2.5, 5, 10, 20].find((f) => largest / (step * f) <= 5) ?? 20;
  const n = Math.ceil(largest / step - 1e-9);
  return Array.from({ length: n + 1 }, (_, i) => Number((i * step).toPrecision(4)));
}
