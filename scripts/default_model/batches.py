"""Which tokens a step sees: every window of the text once per pass."""

import numpy as np
import torch


class Windows:
    """Cuts a stream of tokens into windows of context + 1 tokens.

    Each pass shifts the cuts by a random number of tokens and shuffles the
    windows, both from the seed alone, so any window can be had at any time.
    """

    def __init__(self, stream, context, seed):
        self.stream, self.context, self.seed = stream, context, seed
        self.per_pass = (len(stream) - context - 1) // context
        self.passes = {}

    def _pass(self, number):
        if number not in self.passes:
            random = np.random.default_rng([self.seed, number])
            offset = int(random.integers(self.context))
            self.passes = {number: (offset, random.permutation(self.per_pass))}
        return self.passes[number]

    def get(self, first, count):
        """Returns windows first..first+count of the run as int64 (count, context+1)."""
        rows = []
        for i in range(first, first + count):
            offset, order = self._pass(i // self.per_pass)
            start = offset + int(order[i % self.per_pass]) * self.context
            rows.append(self.stream[start : start + self.context + 1])
        return torch.from_numpy(np.stack(rows).astype(np.int64))
