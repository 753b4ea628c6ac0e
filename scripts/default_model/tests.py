"""Tests of the training code: python -m unittest default_model.tests (in scripts/)."""

import contextlib
import io
import tempfile
import unittest
from dataclasses import replace

import numpy as np
import torch
import torch.multiprocessing as mp

from . import corpus, evaluate, loss
from .batches import Windows
from .export import config
from .kneser_ney import KneserNey
from .net import GPT2
from .run import Layout, Shared, Worker
from .schedule import Plan
from .train import train


class Net(unittest.TestCase):
    def test_equals_transformers(self):
        """The same weights give the same logits as transformers' GPT-2."""
        from transformers import GPT2LMHeadModel

        ours = GPT2()
        ours.initialise(1)
        theirs = GPT2LMHeadModel(config()).eval()
        state = ours.state_dict() | {"lm_head.weight": ours.transformer.wte.weight}
        theirs.load_state_dict(state)
        ids = torch.randint(0, 50257, (2, 40), generator=torch.Generator().manual_seed(2))
        with torch.no_grad():
            h = ours.states(ours.embed(ids), torch.float32)
            got = h @ ours.transformer.wte.weight.t()
            want = theirs(ids).logits
        torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-5)


class Loss(unittest.TestCase):
    def setUp(self):
        random = torch.Generator().manual_seed(3)
        self.h = torch.randn(256, 32, generator=random).bfloat16().float()
        self.head = torch.randn(1000, 32, generator=random).bfloat16().float()
        self.targets = torch.randint(0, 1000, (256,), generator=random)

    def test_gradients(self):
        """Loss and gradients are autograd's, within bfloat16."""
        h, head = self.h.clone().requires_grad_(), self.head.clone().requires_grad_()
        want = torch.nn.functional.cross_entropy(h @ head.t(), self.targets, reduction="sum")
        want.backward()
        total, dh, dhead = loss.loss_and_gradients(self.h, self.head, self.targets, torch.zeros(1000))
        self.assertAlmostEqual(total.item() / want.item(), 1, delta=1e-3)
        for got, exact in ((dh, h.grad), (dhead, head.grad)):
            self.assertLess((got.float() - exact).norm() / exact.norm(), 0.01)

    def test_shortlist_is_right_on_average(self):
        """The mean loss over many draws comes near the loss over all words."""
        targets = self.targets % 100
        logits = self.h @ self.head.t() * 0.1
        want = torch.nn.functional.cross_entropy(logits, targets).item()
        counts = torch.arange(1000, 0, -1)
        shortlist = loss.Shortlist(counts, 500, 200)
        random, got = torch.Generator().manual_seed(4), []
        for _ in range(40):
            words, places, shift = shortlist.draw(targets, random)
            self.assertEqual(len(words.unique()), 500)
            self.assertTrue(torch.equal(words[places], targets))
            got.append(torch.nn.functional.cross_entropy(logits[:, words] + shift, places).item())
        self.assertAlmostEqual(np.mean(got), want, delta=0.005)

    def test_shortlist_too_small(self):
        with self.assertRaisesRegex(ValueError, "cannot hold 200 words"):
            loss.Shortlist(torch.ones(1000), 150, 200).draw(torch.tensor([1]), torch.Generator())


class Run(unittest.TestCase):
    """Runs of a tiny model in processes of their own."""

    shape = dict(layers=3, width=32, heads=2, context=64, vocabulary=1000)
    plan = Plan(
        rates=((0, 0.5), (2, 1), (4, 1), (6, 0)), full_softmax=((3, 6),), lens=((4, 6),),
        micro_batches=3, sequences=2, context=64, shortlist=600, common=200,
    )  # fmt: skip

    def until(self, step):
        """Returns the plan of a run that ends early."""
        rates = [corner for corner in self.plan.rates if corner[0] < step]
        return replace(self.plan, rates=(*rates, (step, self.plan.factor(step))))

    def weights(self, workers, *stops):
        """Returns the weights after starts that end at these steps."""
        stream = np.random.default_rng(9).integers(0, 1000, 4000).astype(np.uint16)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            for steps in stops:
                # The rates are those of the whole run, as after an interruption.
                done = train(folder, self.until(steps), workers, (stream, stream), lambda m: m.initialise(1), 99, self.shape)
                self.assertTrue(done)
            saved = torch.load(f"{folder}/weights-{stops[-1]:06d}.pt", weights_only=True)
            self.assertGreater(saved["seconds"], 0)
        return saved["weights"]

    def test_resuming_changes_nothing(self):
        straight, resumed = self.weights(1, 6), self.weights(1, 2, 4, 6)
        for name, weight in straight.items():
            self.assertTrue(torch.equal(weight, resumed[name]), name)

    def test_two_workers_differ_by_rounding(self):
        one, two = self.weights(1, 4), self.weights(2, 2, 4)
        start = GPT2(**self.shape)
        start.initialise(1)
        for name, weight in start.named_parameters():
            moved = (one[name] - weight).norm()
            self.assertGreater(moved, 0, name)
            self.assertLess((one[name] - two[name]).norm() / moved, 0.2, name)


    def test_gradients_of_the_lens_loss(self):
        """With a shortlist of all words the gradients are those of the plain sum
        of both losses, but for bfloat16."""
        plan = replace(self.plan, lens=((0, 6),), shortlist=1000, micro_batches=1)
        stream = np.random.default_rng(9).integers(0, 1000, 4000).astype(np.uint16)
        model = GPT2(**self.shape)
        model.initialise(1)
        layout = Layout(model, 1)
        shared = Shared(layout.size, 1, mp.get_context("spawn"))
        for name, weight in model.named_parameters():
            layout.view(shared.weights, name).copy_(weight.data)
        Worker(0, 1, plan, self.shape, stream, shared, ".").micro_batch(0, 0)

        rows = Windows(stream, plan.context, plan.seed).get(0, plan.sequences)
        inner = int(torch.randint(2, 3, (), generator=torch.Generator().manual_seed(plan.seed * 1_000_003)))
        states = model.rows(model.embed(rows[:, :-1]), [inner, 3])
        head = model.transformer.wte.weight
        targets = rows[:, 1:].reshape(-1)
        inner_loss, final_loss = (torch.nn.functional.cross_entropy((h @ head.t()).view(-1, 1000), targets) for h in states)
        model.zero_grad()
        (final_loss + plan.lens_share * inner_loss).backward()
        for name, weight in model.named_parameters():
            got = layout.view(shared.gradients[0], name)
            # bfloat16 has 8 bits: a product is off by 2^-9 of its size, sums by less.
            self.assertLess((got - weight.grad).norm() / weight.grad.norm(), 0.03, name)


class Text(unittest.TestCase):
    def test_unwrap(self):
        """Only breaks that the width forced are undone."""
        long = "He had not been there for more than twenty years, and he had" 
        text = "\n".join([long, "forgotten it.", "", "", "", "A new one."])
        lines = corpus.unwrap(text.split("\n"), 64)
        self.assertEqual(lines[0], long + " forgotten it.")
        self.assertEqual(lines[1:], ["", "", "", "A new one."])
        self.assertEqual(corpus.clean(text, verse=True)[0], f"{long}\nforgotten it.\n\nA new one.\n")

    def test_decode(self):
        self.assertEqual(corpus.decode(b"\xef\xbb\xbfa\r\nb"), ("a\nb", "utf-8"))
        self.assertEqual(corpus.decode(b"caf\xe9"), ("caf\u00e9", "latin-1"))


class Batches(unittest.TestCase):
    def test_each_window_once_a_pass(self):
        stream = np.arange(1000, dtype=np.uint16)
        windows = Windows(stream, 10, 5)
        for number in (0, 1):
            rows = windows.get(number * windows.per_pass, windows.per_pass)
            self.assertTrue((rows[:, 1:] - rows[:, :-1] == 1).all())
            starts = sorted(rows[:, 0].tolist())
            self.assertTrue((np.diff(starts) == 10).all())
            self.assertLess(starts[0], 10)

    def test_rates(self):
        plan = Plan(rates=((0, 0.1), (9, 1), (60, 1), (100, 0), (100, 0.5), (110, 0.25)))
        self.assertEqual(plan.steps, 110)
        self.assertEqual([plan.factor(s) for s in (0, 9, 59, 60, 80, 100, 110)], [0.1, 1, 1, 1, 0.5, 0.5, 0.25])
        self.assertAlmostEqual(plan.factor(99), 1 / 40)


class NGrams(unittest.TestCase):
    def setUp(self):
        self.stream = np.random.default_rng(6).zipf(1.3, 4000) % 50

    def test_sums_to_one(self):
        """Each order is a distribution, after seen and unseen contexts."""
        word = np.arange(50)
        for order in (1, 2, 3):
            model = KneserNey(self.stream, order, 50)
            for context in ([1, 1], [2, 7], [49, 48], [0, 33]):
                p = model.probability(np.tile(context, (50, 1)), word)
                self.assertAlmostEqual(p.sum(), 1, places=9)
                self.assertGreater(p.min(), 0)

    def test_bigram_by_hand(self):
        """In 0 1 0 1 0 2: c(0,1)=2, c(0,2)=1, c(1,0)=2, so n1=1, n2=2, D=1/5.
        Left contexts: one each of three, so n1=3, n2=0, D=1, and the lowest
        order is D kinds/total / V = 1/3. P(1|0) = (2-.2)/3 + .2*2/3/3."""
        model = KneserNey(np.array([0, 1, 0, 1, 0, 2]), 2, 3)
        p = model.probability(np.array([[0]]), np.array([1]))
        self.assertAlmostEqual(p[0], 1.8 / 3 + 0.4 / 9)


class Measures(unittest.TestCase):
    def test_last_row_is_the_model(self):
        """The last row of both lenses is the output, so its loss is the model's."""
        from transformers import GPT2LMHeadModel

        torch.manual_seed(7)
        model = GPT2LMHeadModel(config()).eval()
        stream = np.random.default_rng(8).integers(0, 50257, 2 * 256 + 1).astype(np.uint16)
        starts = evaluate.windows(stream, 256)
        self.assertEqual(starts.tolist(), [0, 256])
        losses = evaluate.token_losses(model, stream, 256, starts)
        self.assertEqual(len(losses), 512)
        parts = [evaluate.lens_sums(model, stream, 256, [start]) for start in starts]
        lens = evaluate.lens_means(parts, 512)
        for rows in lens.values():
            self.assertEqual(len(rows), 13)
            self.assertAlmostEqual(rows[12]["loss"], losses.mean(), places=4)
            self.assertAlmostEqual(rows[12]["kl"], 0, places=5)
            self.assertEqual(rows[12]["agree"], 1)
            self.assertGreater(rows[0]["kl"], 0.01)


if __name__ == "__main__":
    unittest.main()
