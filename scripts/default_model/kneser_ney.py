"""Interpolated Kneser-Ney n-gram models, the yardstick for the trained model.

For a context h and a word w, with c the counts of the highest order:

    P(w|h) = max(c(h,w) - D, 0) / c(h) + D t(h) / c(h) * P(w|h')

where t(h) is the number of different words after h, h' is h without its first
word, and D = n1 / (n1 + 2 n2) with n1, n2 the number of n-grams seen once and
twice. The lower orders count in how many different left contexts an n-gram
was seen, not how often, and the lowest falls back on 1/V. Where h was never
seen, P(w|h) = P(w|h').
"""

import numpy as np


class Table:
    """Counts under sorted integer keys; what is not in it counts 0."""

    def __init__(self, keys, counts):
        self.keys, self.counts = keys, counts

    @classmethod
    def of(cls, values):
        return cls(*np.unique(values, return_counts=True))

    def get(self, keys):
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.counts[at], 0)

    def without_last(self, base):
        """Returns, by key // base, the sum of the counts and the number of keys."""
        keys, first, kinds = np.unique(self.keys // base, return_index=True, return_counts=True)
        return Table(keys, np.add.reduceat(self.counts, first)), Table(keys, kinds)


class Level:
    """One order: discounted counts of n-grams (context, word)."""

    def __init__(self, table, base):
        ones, twos = np.sum(table.counts == 1), np.sum(table.counts == 2)
        self.base, self.table = base, table
        self.discount = ones / (ones + 2 * twos) if ones else 0.5
        self.total, self.kinds = table.without_last(base)

    def mix(self, context, word, lower):
        """Returns P(word|context), given the lower order's probabilities."""
        count = self.table.get(context * self.base + word)
        total, kinds = self.total.get(context), self.kinds.get(context)
        seen = np.maximum(total, 1)
        own = np.maximum(count - self.discount, 0) / seen
        return np.where(total > 0, own + self.discount * kinds / seen * lower, lower)


class KneserNey:
    """A model of the given order (1, 2 or 3) of a stream of token ids."""

    def __init__(self, stream, order, vocabulary):
        ids = stream.astype(np.int64)
        self.order, self.vocabulary = order, vocabulary
        key = ids[order - 1 :].copy()
        for back in range(1, order):
            key += ids[order - 1 - back : len(ids) - back] * vocabulary**back
        table = Table.of(key)
        self.levels = [Level(table, vocabulary)]
        for n in range(order - 1, 0, -1):
            # Each distinct n+1-gram is one left context of its last n words.
            table = Table.of(table.keys % vocabulary**n)
            self.levels.append(Level(table, vocabulary))

    def probability(self, before, word):
        """Returns P(word) after the tokens before, whose last axis holds the
        order - 1 preceding ids, nearest last."""
        word = word.astype(np.int64)
        p = np.full(word.shape, 1 / self.vocabulary)
        for n, level in enumerate(reversed(self.levels)):
            context = np.zeros(word.shape, dtype=np.int64)
            for i in range(n):
                context = context * self.vocabulary + before[..., before.shape[-1] - n + i]
            p = level.mix(context, word, p)
        return p

    def score(self, stream, places):
        """Returns -log P (nats) of stream[places], each after the tokens before it."""
        ids = stream.astype(np.int64)
        back = np.arange(-(self.order - 1), 0)
        return -np.log(self.probability(ids[places[:, None] + back], ids[places]))
