// The results, as they were measured, from the JSON in the page.

const page = JSON.parse(document.getElementById('data').textContent);

// bytesOf returns the bytes of a base64 text.
function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// floatsOf returns the numbers of little-endian float32.
function floatsOf(bytes) {
  const view = new DataView(bytes.buffer);
  const out = new Float32Array(bytes.length / 4);
  for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(4 * i, true);
  return out;
}

// visible returns s with what cannot be seen, or would turn the text around it, as
// escapes. Tokens come with their own form; this is for names.
function visible(s) {
  return String(s).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => {
    const n = c.codePointAt(0).toString(16);
    return n.length < 3 ? '\\x' + n.padStart(2, '0') : n.length < 5 ? '\\u' + n.padStart(4, '0') : '\\U' + n.padStart(8, '0');
  });
}

// A Result is one prompt's lens. R rows, P positions and K candidates; rows and
// positions are counted as the arrays have them, from 0.
class Result {
  constructor(d) {
    this.d = d;
    this.a = {};
    for (const { name, int, float, bool } of d.arrays) {
      if (float !== undefined) this.a[name] = floatsOf(bytesOf(float));
      else if (bool !== undefined) this.a[name] = Array.from(bool, (c) => c === '1');
      else this.a[name] = int ?? [];
    }
    [this.R, this.P, this.K] = d.arrays.find((x) => x.name === 'top_ids').shape;
    this.label = (r) => visible(d.layers[r].label);
    this.point = (r) => visible(d.layers[r].point);
    const t = d.targets;
    this.next = !!t && t.next;
    this.cellStats = (d.stats ?? []).filter((s) => !s.targets);
    this.targetStats = (d.stats ?? []).filter((s) => s.targets);
    this.words = t && !t.next ? this.a.target_ids : [];
    this.wordsAt = new Map((this.a.target_positions ?? []).map((p, q) => [p, q]));
  }

  // position returns where in the prompt column p is.
  position(p) { return this.a.positions[p]; }

  // token returns the id of the prompt's token at column p.
  token(p) { return this.a.ids[this.position(p)]; }

  // follower returns the id that follows column p in the text, or undefined. Of a
  // text that the model wrote, the last token has no column.
  follower(p) { return (this.a.sequence ?? this.a.ids)[this.position(p) + 1]; }

  // isNew says whether the model wrote the token at column p.
  isNew(p) { return this.d.written !== undefined && this.position(p) >= this.d.written.prompt; }

  best(r, p) { return this.a.top_ids[(r * this.P + p) * this.K]; }

  // top returns the candidates of a cell, the likeliest first.
  top(r, p) {
    const at = (r * this.P + p) * this.K, out = [];
    for (let k = at; k < at + this.K; k++) {
      out.push({ id: this.a.top_ids[k], logit: this.a.top_logits?.[k], prob: this.a.top_probs?.[k] });
    }
    return out;
  }

  // of returns the value of an array [R,P] at a cell.
  of(name, r, p) { return this.a[name]?.[r * this.P + p]; }

  // shown returns a token for people.
  shown(id) {
    const t = this.d.pieces[id];
    return !t || t.u ? '#' + id : t.s ?? t.t;
  }

  // hex returns the bytes of a token, or '' where they are not known.
  hex(id) {
    const t = this.d.pieces[id];
    if (!t || t.u) return '';
    return Array.from(t.b ? bytesOf(t.b) : new TextEncoder().encode(t.t), (b) => b.toString(16).padStart(2, '0')).join(' ');
  }

  // targets returns what row r says of the targets of column p: the text's next
  // token, or every word where words were looked for there.
  targets(r, p) {
    const q = this.next ? p : this.wordsAt.get(this.position(p));
    return q === undefined ? [] : this.targetsAt(r, q);
  }

  // targetsAt is targets of the q-th position at which they were looked for.
  targetsAt(r, q) {
    const a = this.a, at = (n, id) => ({ id, logprob: a.target_logprob[n], prob: a.target_prob[n], rank: a.target_rank[n], ties: a.target_ties?.[n] ?? 0,
      ...Object.fromEntries(this.targetStats.map((s) => [s.name, a[s.name][n]])) });
    if (this.next) return a.target_ids[q] < 0 ? [] : [at(r * this.P + q, a.target_ids[q])];
    return Array.from(this.words, (id, n) => at((r * this.wordsAt.size + q) * this.words.length + n, id));
  }

  // target returns one of them: the next token, or the word of that number.
  target(r, p, n) { return this.targets(r, p)[this.next ? 0 : n]; }

  // track returns the log-probability of a token at column p in every row, NaN
  // where it is not known, and whether it is known in all.
  track(p, id) {
    const rows = Array.from({ length: this.R }, (_, r) => r);
    const M = this.a.track_ids ? this.a.track_ids.length / this.P : 0;
    for (let m = 0; m < M; m++) {
      if (this.a.track_ids[p * M + m] === id) return { whole: true, values: rows.map((r) => this.a.track_logprob[(r * this.P + p) * M + m]) };
    }
    const n = this.targets(0, p).findIndex((t) => t.id === id);
    if (n >= 0) return { whole: true, values: rows.map((r) => this.targets(r, p)[n].logprob) };
    return { whole: false, values: rows.map((r) => Math.log(this.top(r, p).find((c) => c.id === id)?.prob ?? NaN)) };
  }
}

// resultAt returns a result, which is read when it is first asked for.
const opened = [];
const resultAt = (i) => (opened[i] ??= new Result(page.results[i]));
