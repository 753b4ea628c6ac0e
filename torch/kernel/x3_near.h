// What is kept of logits that are near: |near - float32's| is below a margin.

// Words of a part of the vocabulary that may be among the largest. As many as are wanted
// certainly have logits no smaller than `floor`; words whose logits may be as large stay.
struct Near {
  static constexpr int floats = 2;  // a value and its margin
  float *value, *margins;
  int32_t *id;
  int32_t count, wanted, room;
  float floor;
  float margin = 0;   // of the tile at hand
  bool lost = false;  // there was no room, or no margin

  Near() = default;
  Near(float *v, int32_t *i, int32_t n, int32_t want, int32_t space, float least)
      : value(v), margins(v + space), id(i), count(n), wanted(want), room(space), floor(least) {}

  float limit() const { return lost ? INFINITY : floor - margin; }
  void begin(float least) { floor = least - margin; }

  void add(float v, int32_t i) {
    if (count == room) shrink();
    if (count == room) lost = true;
    if (lost || !(v > limit())) return;
    value[count] = v, margins[count] = margin;
    id[count++] = i;
  }

  void shrink() {
    if (count < wanted) return;
    std::vector<float> least(count);
    for (int32_t i = 0; i < count; i++) least[i] = value[i] - margins[i];
    std::nth_element(least.begin(), least.begin() + wanted - 1, least.end(), std::greater<float>());
    floor = std::max(floor, least[wanted - 1]);
    int32_t kept = 0;
    for (int32_t i = 0; i < count; i++)
      if (value[i] + margins[i] >= floor) value[kept] = value[i], margins[kept] = margins[i], id[kept++] = id[i];
    count = kept;
  }

  float reached(int64_t top) {
    shrink();
    return lost || wanted < top || count < top ? -INFINITY : floor;
  }
};

// Words on either side of each target: how many are certainly above, and which may be.
class Around {
 public:
  explicit Around(int64_t targets) : above_(new int64_t[targets]()), last_(targets, -1) {}

  void add_above(int64_t target, int64_t n) { above_[target] += n; }
  void add_near(int64_t target, int32_t id) {
    chain_.push_back({id, last_[target]});
    last_[target] = int32_t(chain_.size()) - 1;
  }
  int64_t above(int64_t target) const { return above_[target]; }
  template <class F>
  void each_near(int64_t target, F &&f) const {
    for (int32_t i = last_[target]; i >= 0; i = chain_[i].before) f(chain_[i].id);
  }

 private:
  struct Link {
    int32_t id, before;
  };
  std::unique_ptr<int64_t[]> above_;
  std::vector<int32_t> last_;
  std::vector<Link> chain_;
};

// The logits that all rows at a position have where the final row is largest: KL's
// largest terms are there.
class Besides {
 public:
  Besides(int64_t positions, int64_t rows) : rows_(rows), last_(positions, -1) {}

  // Begins with the final row's own, row 0, of a tile from word v on: its candidates that
  // are no smaller than `least`.
  void open(int64_t position, const Near &final, float least, int64_t v, const float *logits) {
    opened_ = words_.size();
    for (int32_t i = final.count - 1; i >= 0 && final.id[i] >= v; i--) {
      if (final.value[i] < least) continue;
      words_.push_back({final.id[i], last_[position]});
      last_[position] = int32_t(words_.size()) - 1;
    }
    values_.resize(words_.size() * rows_);
    add(0, v, logits);
  }
  // Adds another row's in the same tile.
  void add(int64_t row, int64_t v, const float *logits) {
    for (size_t i = opened_; i < words_.size(); i++) values_[i * rows_ + row] = logits[words_[i].id - v];
  }
  // The logits of all rows for a word, or NULL.
  const float *of(int64_t position, int64_t id) const {
    for (int32_t i = last_[position]; i >= 0; i = words_[i].before)
      if (words_[i].id == id) return &values_[i * rows_];
    return nullptr;
  }

 private:
  struct Word {
    int32_t id, before;
  };
  int64_t rows_;
  size_t opened_ = 0;
  std::vector<int32_t> last_;
  std::vector<Word> words_;
  std::vector<float> values_;  // [words,rows]
};
