"""The training run: workers of one thread each that share weights and batches.

Small models on a busy machine lose most of their time when every operation
waits for the slowest core. So each worker here computes whole micro-batches on
its own, takes the next one when it is done, and waits for the others only
twice a step: before and after the weights change. Each worker updates the
weights that it owns.

Which worker takes which micro-batch is a matter of timing, and so is the order
in which gradients are summed: two runs with the same seed see the same tokens,
words and rates, and differ by rounding. With one worker they are equal.
"""

import os
import signal
import threading
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp

from . import loss as losses
from .batches import Windows
from .net import GPT2
from .schedule import within

NEXT, SAVE, STOP = 0, 1, 2  # the places in Shared.control
EMA_EVERY, EMA_KEEP = 10, 0.93  # of the averaged weights: a memory of some 140 steps


class Layout:
    """Lays all parameters of a model into one flat vector, by owner."""

    def __init__(self, model, workers):
        named = dict(model.named_parameters())
        blocks = model.shape["layers"]
        # The embeddings' owner has that work to do too, so it gets fewer blocks.
        first = blocks if workers == 1 else blocks * 5 // 12
        owner = {}
        for name in named:
            part = name.split(".")
            owner[name] = 0
            if part[1] == "h" and int(part[2]) >= first:
                owner[name] = 1 + (int(part[2]) - first) * (workers - 1) // (blocks - first)
        self.names = {r: [n for n in named if owner[n] == r] for r in range(workers)}
        self.spans, at = {}, 0
        for r in range(workers):
            for name in self.names[r]:
                size = named[name].numel()
                self.spans[name] = (at, at + size, named[name].shape)
                at += size
        self.size = at

    def view(self, flat, name):
        """Returns the parameter's part of a flat vector, in its own shape."""
        begin, end, shape = self.spans[name]
        return flat[begin:end].view(shape)

    def attach(self, model, flat):
        """Makes the model's parameters parts of a flat vector."""
        for name, p in model.named_parameters():
            p.data = self.view(flat, name)

    def owned(self, worker):
        """Returns the (begin, end) of the worker's part of a flat vector."""
        spans = [self.spans[name] for name in self.names[worker]]
        return min(s[0] for s in spans), max(s[1] for s in spans)


class Shared:
    """What the workers have in common."""

    def __init__(self, size, workers, context):
        self.weights = torch.zeros(size).share_memory_()
        self.average = torch.zeros(size).share_memory_()
        self.gradients = [torch.zeros(size).share_memory_() for _ in range(workers)]
        self.losses = torch.zeros(workers, dtype=torch.float64).share_memory_()
        self.control = torch.zeros(3, dtype=torch.int64).share_memory_()
        self.lock = context.Lock()
        self.barrier = context.Barrier(workers)


def optimisers(model, layout, worker, plan):
    """Returns the optimisers of the worker's own parameters."""
    named = dict(model.named_parameters())
    own = layout.names[worker]
    matrices = [named[n] for n in own if ".h." in n and named[n].dim() == 2]
    others = [named[n] for n in own if not (".h." in n and named[n].dim() == 2)]
    return [
        torch.optim.Muon(matrices, lr=plan.matrix_rate, weight_decay=plan.matrix_decay),
        torch.optim.AdamW(
            others, lr=plan.vector_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        ),
    ]


class Worker:
    """One process of the run."""

    def __init__(self, rank, workers, plan, shape, train, shared, folder):
        torch.set_num_threads(1)
        self.rank, self.plan, self.shared, self.folder = rank, plan, shared, Path(folder)
        self.model = GPT2(**shape)
        self.layout = Layout(self.model, workers)
        self.layout.attach(self.model, shared.weights)
        for name, p in self.model.named_parameters():
            p.grad = self.layout.view(shared.gradients[rank], name)
        self.head = self.model.transformer.wte.weight.requires_grad_(False)
        self.head_grad = self.layout.view(shared.gradients[rank], "transformer.wte.weight")
        self.windows = Windows(train, plan.context, plan.seed)
        counts = torch.bincount(
            torch.from_numpy(train.astype(np.int32)), minlength=shape["vocabulary"]
        )
        self.shortlist = losses.Shortlist(counts, plan.shortlist, plan.common)
        self.optimisers = optimisers(self.model, self.layout, rank, plan)
        self.peaks = [o.param_groups[0]["lr"] for o in self.optimisers]
        self.no_shift = torch.zeros(shape["vocabulary"])

    def micro_batch(self, step, number):
        """Adds the gradients of one micro-batch; returns its summed loss."""
        plan = self.plan
        index = step * plan.micro_batches + number
        rows = self.windows.get(index * plan.sequences, plan.sequences)
        ids, targets = rows[:, :-1], rows[:, 1:].reshape(-1)
        x = self.model.embed(ids).requires_grad_()
        random = torch.Generator().manual_seed(plan.seed * 1_000_003 + index)
        last = self.model.shape["layers"]
        if within(step, plan.lens):
            inner = int(torch.randint(2, last, (), generator=random))
            inner_state, final = self.model.rows(x, [inner, last])
            states = [final, inner_state]
        else:
            states = self.model.rows(x, [last])
        gradients, total = [], 0.0
        for place, state in enumerate(states):
            share = (plan.lens_share if place else 1.0) / plan.tokens
            sampled = bool(place) or not within(step, plan.full_softmax)
            loss, gradient = self.head_loss(state, targets, share, random if sampled else None)
            gradients.append(gradient)
            total += 0.0 if place else loss
        torch.autograd.backward(states, gradients)
        self.head_grad.index_add_(0, ids.reshape(-1), x.grad.view(-1, x.shape[-1]))
        return total

    def head_loss(self, state, targets, share, random):
        """Returns the summed loss of states (B,T,C) and share times its gradient
        by them, and adds share times the head's gradient to head_grad. With a
        generator the loss is over a shortlist, without one over all words."""
        flat = state.view(-1, state.shape[-1])
        if random is not None:
            words, places, shift = self.shortlist.draw(targets, random)
            total, dh, dhead = losses.loss_and_gradients(flat, self.head[words], places, shift)
            self.head_grad.index_add_(0, words, dhead.float(), alpha=share)
        else:
            total, dh, dhead = losses.loss_and_gradients(flat, self.head, targets, self.no_shift)
            self.head_grad.add_(dhead, alpha=share)
        return total.item(), dh.float().view_as(state) * share

    def step(self, step):
        """Does this worker's share of a step, and updates its own weights."""
        shared = self.shared
        shared.gradients[self.rank].zero_()
        total = 0.0
        while True:
            with shared.lock:
                number = int(shared.control[NEXT])
                shared.control[NEXT] += 1
            if number >= self.plan.micro_batches:
                break
            total += self.micro_batch(step, number)
        shared.losses[self.rank] = total
        shared.barrier.wait()
        begin, end = self.layout.owned(self.rank)
        for other in shared.gradients:
            if other is not shared.gradients[self.rank]:
                shared.gradients[self.rank][begin:end] += other[begin:end]
        for optimiser, peak in zip(self.optimisers, self.peaks):
            optimiser.param_groups[0]["lr"] = peak * self.plan.factor(step)
            optimiser.step()
        if step % EMA_EVERY == 0:
            keep = min(EMA_KEEP, step / (step + 10 * EMA_EVERY))
            shared.average[begin:end].lerp_(shared.weights[begin:end], 1 - keep)

    def state_file(self, step):
        return self.folder / f"optimiser-{step:06d}-{self.rank}.pt"

    def save(self, step):
        save_atomically([o.state_dict() for o in self.optimisers], self.state_file(step))

    def restore(self, step):
        saved = torch.load(self.state_file(step), weights_only=True)
        for optimiser, state in zip(self.optimisers, saved):
            optimiser.load_state_dict(state)

    def steps(self, first):
        """Does its share of every step until told to stop."""
        for step in range(first, self.plan.steps):
            self.shared.barrier.wait()
            if self.shared.control[STOP]:
                return
            self.step(step)
            self.shared.barrier.wait()
            self.shared.barrier.wait()  # meanwhile the first worker may ask for a save
            if self.shared.control[SAVE]:
                self.save(step + 1)
                self.shared.barrier.wait()


def leave_with_parent():
    """Ends this process when the one that started it is gone."""

    def wait():
        mp.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def helper(rank, workers, plan, shape, train, shared, folder, first):
    """Runs every worker but the first one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    leave_with_parent()
    worker = Worker(rank, workers, plan, shape, train, shared, folder)
    if first:
        worker.restore(first)
    try:
        worker.steps(first)
    except threading.BrokenBarrierError:
        pass


def save_atomically(what, path):
    """Writes with torch.save; the file is there whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(what, part)
    os.replace(part, path)
