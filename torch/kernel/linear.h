// Drivers of the product: whole matrices, on the caller's threads.

// Calls f(i) for i = 0..n-1 on the caller's threads.
template <class F>
static void each(golens_parallel *par, int64_t n, F &&f) {
  auto task = [](void *of, int64_t i) { (*static_cast<std::remove_reference_t<F> *>(of))(i); };
  if (par) {
    par(n, task, &f);
  } else {
    for (int64_t i = 0; i < n; i++) f(i);
  }
}

static void pack(const golens_matrix *m, float *out, golens_parallel *par) {
  each(par, panels_of(m->n), [&](int64_t p) { pack_panel(*m, p, out + p * m->k * panel_width); });
}

// How many panels one task takes: about 40 tasks, so that threads end together.
static int64_t panels_a_task(int64_t panels) { return std::max<int64_t>(1, panels / 40); }

static int linear_lanes(const float *x, int64_t rows, int64_t ldx, const golens_matrix &m, const float *bias, float *y, int64_t ldy,
                        golens_parallel *par) {
  const int64_t share = 64;
  each(par, (m.n + share - 1) / share, [&](int64_t task) {
    int64_t from = task * share, to = std::min(m.n, from + share);
    int64_t i = 0;
    for (; i + 14 <= rows; i += 14) lanes_block<14>(x + i * ldx, ldx, m, from, to, bias, y + i * ldy, ldy);
    for (; i + 4 <= rows; i += 4) lanes_block<4>(x + i * ldx, ldx, m, from, to, bias, y + i * ldy, ldy);
    for (; i < rows; i++) lanes_block<1>(x + i * ldx, ldx, m, from, to, bias, y + i * ldy, ldy);
  });
  return 0;
}

static int linear(const float *x, int64_t rows, int64_t ldx, const golens_matrix *m, const float *bias, golens_order order, float *y,
                  int64_t ldy, golens_parallel *par) {
  if (order == GOLENS_LANES) return linear_lanes(x, rows, ldx, *m, bias, y, ldy, par);
  const int64_t k = m->k, blocks = (rows + Lanes::mr - 1) / Lanes::mr, panels = panels_of(m->n);
  thread_local golens::Scratch packed_rows;
  float *a = packed_rows.floats(blocks * Lanes::mr * k + 16);
  if (!a) return 1;
  each(rows > 64 ? par : nullptr, blocks, [&](int64_t b) {
    const float *at[Lanes::mr];
    int64_t count = std::min<int64_t>(Lanes::mr, rows - b * Lanes::mr);
    for (int64_t i = 0; i < count; i++) at[i] = x + (b * Lanes::mr + i) * ldx;
    pack_rows(at, count, k, a + b * Lanes::mr * k);
  });
  const int64_t share = panels_a_task(panels);
  std::atomic<int> failed{0};
  each(par, (panels + share - 1) / share, [&](int64_t task) {
    thread_local golens::Scratch room;
    float *panel = room.floats(k * panel_width + panel_width + rows * panel_width);
    if (!panel) {
      failed = 1;
      return;
    }
    float *bias_room = panel + k * panel_width, *edge = bias_room + panel_width;
    for (int64_t p = task * share; p < std::min(panels, (task + 1) * share); p++) {
      const Panel b = blocks == 1 ? panel_for_few(*m, p, panel) : panel_of(*m, p, panel);
      const float *bi = bias_of(bias, m->n, p, bias_room);
      const int64_t from = p * panel_width, n = std::min(panel_width, m->n - from);
      if (n == panel_width) {
        product_panel(a, rows, b, k, order, bi, y + from, ldy, Ahead(*m, p + 1));
        continue;
      }
      product_panel(a, rows, b, k, order, bi, edge, panel_width, Ahead(*m, p + 1));
      for (int64_t i = 0; i < rows; i++) std::memcpy(y + i * ldy + from, edge + i * panel_width, sizeof(float) * n);
    }
  });
  return failed;
}

static void dots(const float *x, int64_t count, int64_t ldx, const golens_matrix *m, const float *bias, golens_order order,
                 const int64_t *ids, float *y, golens_parallel *par) {
  const int64_t share = 256;
  each(par, (count + share - 1) / share, [&](int64_t task) {
    for (int64_t i = task * share; i < std::min(count, (task + 1) * share); i++)
      y[i] = dot(x + i * ldx, *m, ids[i], bias ? bias[ids[i]] : 0, bias != nullptr, order);
  });
}
