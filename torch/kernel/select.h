// What is read of logits that are at hand: the largest, and where targets stand among
// them. Nothing is computed, so there is only one answer to the bit.

static void select_row(const golens_selection &s, int64_t row) {
  constexpr int64_t tile = 4096;  // stays in the nearest cache from the first look to the last
  const float *x = s.x + (s.at ? s.at[row] : row) * s.ld;
  const int64_t *targets = s.targets + row * s.count;
  std::vector<golens::Standing> standing(s.count);
  const int64_t room = s.top + std::max<int64_t>(32, s.top / 2);
  std::vector<float> values(room);
  std::vector<int32_t> ids(room);
  Best best(values.data(), ids.data(), 0, int32_t(s.top), int32_t(room), -INFINITY);
  bool numbers = true;
  for (int64_t v = 0; v < s.n; v += tile) {
    const int64_t n = std::min(tile, s.n - v);
    numbers = numbers && all_numbers(x + v, n);
    if (numbers) scan(x + v, n, v, best);
    for (int64_t k = 0; k < s.count; k++)
      if (targets[k] >= 0) count(x + v, n, x[targets[k]], standing[k].rank, standing[k].ties);
  }
  for (int64_t k = 0; k < s.count; k++) {
    const int64_t to = row * s.count + k;
    if (targets[k] < 0) {
      s.rank[to] = s.ties[to] = 0;
      continue;
    }
    standing[k].end(x[targets[k]], s.n);
    s.rank[to] = standing[k].rank, s.ties[to] = standing[k].ties;
  }
  best.shrink();
  if (!numbers || best.count < s.top) {  // with NaN, or with minus infinity among the largest
    ids = golens::largest(std::vector<float>(x, x + s.n), s.top);
    for (int64_t k = 0; k < s.top; k++) values[k] = x[ids[k]];
  }
  for (int64_t k = 0; k < s.top; k++) s.top_ids[row * s.top + k] = ids[k], s.top_logits[row * s.top + k] = values[k];
}

static int select(const golens_selection *s, golens_parallel *par) {
  std::atomic<int> failed{0};
  each(par, s->rows, [&](int64_t row) {
    try {
      select_row(*s, row);
    } catch (const std::bad_alloc &) {
      failed = 1;
    }
  });
  return failed;
}
