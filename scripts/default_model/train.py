"""Starts or resumes the training run, and writes its record."""

import json
import signal
import threading
import time
from dataclasses import asdict
from pathlib import Path

import torch
import torch.multiprocessing as mp

from . import loss as losses
from .net import GPT2, SHAPE
from .run import NEXT, SAVE, STOP, Layout, Shared, Worker, helper, save_atomically
from .schedule import within

REPORT_EVERY = 10  # steps
CHECK_EVERY = 100  # steps between looks at held-out text
CHECK_WINDOWS = 64


def newest(folder):
    """Returns the step of the newest complete checkpoint, or 0."""
    steps = [int(f.stem.split("-")[1]) for f in Path(folder).glob("weights-*.pt")]
    return max(steps, default=0)


def clear_before(folder, step):
    """Removes the checkpoints before the one of this step."""
    for f in Path(folder).glob("*-[0-9]*.pt"):
        if int(f.stem.split("-")[1]) < step:
            f.unlink()


@torch.no_grad()
def held_out_loss(model, stream, context, windows, dtype=torch.bfloat16):
    """Returns the mean loss over evenly spaced windows of the stream."""
    total, count = 0.0, 0
    head = model.transformer.wte.weight
    last = len(stream) - context - 1
    for i in range(windows):
        start = last * i // max(1, windows - 1)
        ids = torch.from_numpy(stream[start : start + context + 1].astype("int64"))
        h = model.states(model.embed(ids[None, :-1]), dtype)[0]
        logits = h.to(dtype) @ head.to(dtype).t()
        total += torch.nn.functional.cross_entropy(logits.float(), ids[1:], reduction="sum").item()
        count += context
    return total / count


def watch(processes, barrier):
    """Breaks the barrier when a helper dies, so that nobody waits for ever."""

    def look():
        while True:
            time.sleep(2)
            if any(p.exitcode not in (None, 0) for p in processes):
                barrier.abort()
                return

    threading.Thread(target=look, daemon=True).start()


class Record:
    """Writes one line per report to the terminal and to log.jsonl."""

    def __init__(self, folder, plan, first, seconds):
        self.file = open(Path(folder) / "log.jsonl", "a", encoding="utf-8")
        self.plan, self.before = plan, seconds
        self.started = self.last = time.time()
        self.losses = []

    def seconds(self):
        """Returns the seconds of training so far, over all starts."""
        return self.before + time.time() - self.started

    def add(self, step, loss, held_out=None):
        self.losses.append(loss)
        if (step + 1) % REPORT_EVERY and held_out is None:
            return
        now = time.time()
        line = {
            "step": step + 1,
            "tokens": (step + 1) * self.plan.tokens,
            "loss": round(sum(self.losses) / len(self.losses), 4),
            "full_softmax": within(step, self.plan.full_softmax),
            "rate": round(self.plan.factor(step), 4),
            "tokens_per_second": round(len(self.losses) * self.plan.tokens / (now - self.last)),
            "hours": round(self.seconds() / 3600, 4),
        }
        if held_out is not None:
            line["held_out"] = round(held_out, 4)
        self.last, self.losses = now, []
        text = json.dumps(line)
        print(text, flush=True)
        self.file.write(text + "\n")
        self.file.flush()


def train(folder, plan, workers, tokens, initial, save_minutes, shape=SHAPE):
    """Trains until plan.steps or until a signal; returns True when complete.

    tokens is (train, held-out); initial(model) fills the weights of a new run.
    """
    folder = Path(folder)
    shape = dict(shape, context=plan.context)
    model = GPT2(**shape)
    layout = Layout(model, workers)
    context = mp.get_context("spawn")
    shared = Shared(layout.size, workers, context)
    first, seconds = newest(folder), 0.0
    if first:
        saved = torch.load(folder / f"weights-{first:06d}.pt", weights_only=True)
        held = (saved["plan"], saved["shape"], saved["workers"])
        if held != (plan.fixed(), shape, workers):
            raise SystemExit(f"{folder}: holds another run, {held}: give it another --work, or empty this one")
        seconds = saved["seconds"]
        for name in layout.spans:
            layout.view(shared.weights, name).copy_(saved["weights"][name])
            layout.view(shared.average, name).copy_(saved["average"][name])
    else:
        initial(model)
        for name, p in model.named_parameters():
            layout.view(shared.weights, name).copy_(p.data)
            layout.view(shared.average, name).copy_(p.data)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    arguments = (workers, plan, shape, tokens[0], shared, str(folder), first)
    processes = [context.Process(target=helper, args=(r, *arguments), daemon=True) for r in range(1, workers)]
    for p in processes:
        p.start()
    watch(processes, shared.barrier)
    worker = Worker(0, workers, plan, shape, tokens[0], shared, folder)
    if first:
        worker.restore(first)
    record, saved_at = Record(folder, plan, first, seconds), time.time()
    for step in range(first, plan.steps):
        shared.control[NEXT], shared.control[SAVE] = 0, 0
        shared.barrier.wait()
        worker.step(step)
        shared.barrier.wait()
        loss = shared.losses.sum().item() / plan.tokens
        check = (step + 1) % CHECK_EVERY == 0 or step + 1 == plan.steps
        held_out = held_out_loss(worker.model, tokens[1], plan.context, CHECK_WINDOWS) if check else None
        record.add(step, loss, held_out)
        done = step + 1 == plan.steps
        stop = stopping.is_set() and not done
        save = done or stop or time.time() - saved_at > 60 * save_minutes
        shared.control[SAVE], shared.control[STOP] = int(save), int(stop)
        shared.barrier.wait()
        if not save:
            continue
        worker.save(step + 1)
        shared.barrier.wait()
        save_atomically(
            {
                "plan": plan.fixed(),
                "all": asdict(plan),
                "shape": shape,
                "workers": workers,
                "seconds": record.seconds(),
                "weights": {n: layout.view(shared.weights, n).clone() for n in layout.spans},
                "average": {n: layout.view(shared.average, n).clone() for n in layout.spans},
            },
            folder / f"weights-{step + 1:06d}.pt",
        )
        clear_before(folder, step + 1)
        saved_at = time.time()
        if stop:
            shared.barrier.wait()  # lets the helpers see that they should stop
            print(f"stopped after step {step + 1}; the same command goes on", flush=True)
            break
    record.file.close()
    return newest(folder) >= plan.steps
