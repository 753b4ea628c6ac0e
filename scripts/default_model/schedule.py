"""What the run is: its fixed numbers, and the learning rate at each step."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Plan:
    """A run. Steps and sizes count as in Plan's fields; rates are the peaks.

    The learning rate rises for `warm_up` steps, stays, and falls in a straight
    line to zero from `decay_from` on, which may be decided late: nothing
    before that step depends on it or on `steps`. A last phase, from `lens_from`
    on, begins again at a lower rate and falls to zero once more.
    """

    seed: int = 2026
    steps: int = 1740
    decay_from: int = 1148
    full_softmax_from: int = 1580  # before this step, the loss is over a shortlist
    lens_from: int = 1640  # from this step on, inner rows are trained too
    lens_share: float = 0.25  # the weight of an inner row's loss
    lens_rate: float = 0.3  # the share of the peak rates at which that begins
    micro_batches: int = 4  # per step
    sequences: int = 4  # per micro-batch
    context: int = 256
    warm_up: int = 60
    matrix_rate: float = 0.02  # Muon, for the matrices in the blocks
    vector_rate: float = 3e-3  # AdamW, for the embeddings, biases and norms
    matrix_decay: float = 0.05
    shortlist: int = 12288
    common: int = 6144

    @property
    def tokens(self):
        """The number of tokens in one step."""
        return self.micro_batches * self.sequences * self.context

    def factor(self, step):
        """Returns the share of the peak learning rates that holds at step."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        if step >= self.lens_from:
            return self.lens_rate * (self.steps - step) / (self.steps - self.lens_from)
        if step >= self.decay_from:
            end = min(self.steps, self.lens_from)
            return max(0.0, (end - step) / (end - self.decay_from))
        return 1.0

    def fixed(self):
        """Returns the fields that must not change when a run is resumed."""
        late = {"steps", "decay_from", "full_softmax_from"}
        late |= {"lens_from", "lens_share", "lens_rate"}
        return {k: v for k, v in asdict(self).items() if k not in late}
