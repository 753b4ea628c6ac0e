"""What the run is: its fixed numbers, and the learning rate at each step."""

from dataclasses import asdict, dataclass

# The corners of the learning rate over the steps, as shares of the peak rates,
# with straight lines between them. Two corners at one step are a jump. The run
# was made in parts: a first model was finished at step 1,640, and went on from
# there twice.
RATES = (
    (0, 1 / 60), (59, 1), (1148, 1), (1640, 0),
    (1640, 0.3), (1703, 0.111),
    (1740, 0.8), (3350, 0.8), (3599, 0.551), (3900, 0),
)


def within(step, spans):
    """Tells whether a step lies in one of the [from, to) spans."""
    return any(first <= step < end for first, end in spans)


@dataclass(frozen=True)
class Plan:
    """A run. Steps and sizes count as in Plan's fields; rates are the peaks.

    What comes late may be decided late: nothing before a corner of the rates,
    or before a span's first step, depends on it.
    """

    seed: int = 2026
    rates: tuple = RATES
    full_softmax: tuple = ((1580, 1703), (3840, 3900))  # elsewhere the loss is over a shortlist
    lens: tuple = ((1640, 1703), (3350, 3900))  # here inner rows are trained too
    lens_share: float = 0.25  # the weight of an inner row's loss
    micro_batches: int = 4  # per step
    sequences: int = 4  # per micro-batch
    context: int = 256
    matrix_rate: float = 0.02  # Muon, for the matrices in the blocks
    vector_rate: float = 3e-3  # AdamW, for the embeddings, biases and norms
    matrix_decay: float = 0.05
    shortlist: int = 12288
    common: int = 6144

    @property
    def tokens(self):
        """The number of tokens in one step."""
        return self.micro_batches * self.sequences * self.context

    @property
    def steps(self):
        """The number of steps of the whole run."""
        return self.rates[-1][0]

    def factor(self, step):
        """Returns the share of the peak learning rates that holds at step."""
        for (begin, left), (end, right) in zip(self.rates, self.rates[1:]):
            if begin <= step < end:
                return left + (right - left) * (step - begin) / (end - begin)
        return self.rates[-1][1]

    def fixed(self):
        """Returns the fields that must not change when a run is resumed."""
        late = {"rates", "full_softmax", "lens", "lens_share"}
        return {k: v for k, v in asdict(self).items() if k not in late}
