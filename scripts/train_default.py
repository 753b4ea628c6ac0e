#!/usr/bin/env python3
"""Trains, exports and measures the model that golens carries inside.

    train_default.py prepare  --corpus TEXT --vocab DIR   tokens, into --work
    train_default.py train                                start or resume
    train_default.py export   --out DIR                   a Hugging Face folder
    train_default.py evaluate --model DIR                 held-out figures

--corpus is a folder of .txt files or a .tar.xz of them; --vocab is a folder
with GPT-2's vocab.json. Checkpoints, token caches and the record of the run
live in --work, outside the source tree. Training may be interrupted at any
time: the same command goes on from the last checkpoint.
"""

import argparse
from dataclasses import fields
from pathlib import Path


def plan_from(options):
    """Returns the Plan with the fields that were given on the command line."""
    from default_model.schedule import Plan

    given = {f.name: getattr(options, f.name, None) for f in fields(Plan)}
    return Plan(**{k: v for k, v in given.items() if v is not None})


def prepare(options):
    from default_model import corpus

    train, held_out = corpus.load(options.corpus, options.vocab, options.work)
    print(f"{len(train):,} tokens to train on, {len(held_out):,} held out")
    return train, held_out


def train(options):
    from default_model import embedding
    from default_model.train import train as run

    tokens = prepare(options)
    plan = plan_from(options)

    def initial(model):
        model.initialise(plan.seed)
        if options.initial == "cooccurrence":
            embedding.initialise(model, tokens[0], plan.seed)

    run(options.work, plan, options.workers, tokens, initial, options.save_minutes)


def export(options):
    from default_model.export import export as write

    step = write(options.work, options.out, options.weights)
    print(f"{options.out}: step {step}, {options.weights}")
    return step


def evaluate(options):
    import csv
    import json

    import numpy as np
    from default_model import card, corpus, curve, evaluate as measure, record

    tokens = prepare(options)
    model = measure.open_model(options.model)
    context, vocabulary = model.config.n_positions, model.config.vocab_size
    starts = measure.windows(tokens[1], context)[:: options.every]
    pool = measure.Pool(options.model, tokens[1], options.workers)
    losses = {"model": np.concatenate(pool.map(measure.token_losses, context, starts))}
    print(f"loss {losses['model'].mean():.4f}", flush=True)
    names = {1: "unigram", 2: "bigram", 3: "trigram"}
    for order, loss in measure.baselines(*tokens, context, vocabulary, starts).items():
        losses[names[order]] = loss
        print(f"{names[order]} {loss.mean():.4f}", flush=True)
    with open(options.work / "works.tsv", encoding="utf-8") as file:
        listing = list(csv.DictReader(file, delimiter="\t"))
    chosen = measure.evenly(starts, options.lens_windows)
    lens = measure.lens_means(pool.map(measure.lens_sums, context, chosen, 4), len(chosen) * context)
    pool.close()
    for row, figures in enumerate(lens["normed"]):
        print(row, json.dumps(figures), flush=True)
    prompts = options.prompts.read_text(encoding="utf-8").splitlines()
    metrics = {
        "context": context,
        "scored_tokens": len(losses["model"]),
        "loss": {k: float(v.mean()) for k, v in losses.items()},
        "perplexity": {k: float(np.exp(v.mean())) for k, v in losses.items()},
        "by_work": measure.by_work(listing, losses, measure.scored(starts, context)),
        "lens_tokens": len(chosen) * context,
        "lens": lens,
        "prompts": measure.continuations(model, corpus.encoding(options.vocab), prompts),
        "training": record.summary(options.work, len(tokens[0])),
    }
    folder = Path(options.model)
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    levels = {f"Kneser-Ney {name}": metrics["loss"][name] for name in ("bigram", "trigram")}
    (folder / "curve.svg").write_text(curve.draw(record.lines(options.work), levels), encoding="utf-8")
    if (folder / "README.md").exists():
        card.update(folder / "README.md", metrics)


def main():
    from default_model.schedule import Plan

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--work", type=Path, default=Path.home() / ".cache/golens/train_default")
    shared.add_argument("--corpus", type=Path, help="folder or .tar.xz; not needed once --work has the tokens")
    shared.add_argument("--vocab", type=Path, help="folder with GPT-2's vocab.json")
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("prepare", parents=[shared])
    command.set_defaults(run=prepare)

    command = commands.add_parser("train", parents=[shared])
    command.set_defaults(run=train)
    command.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    command.add_argument("--save-minutes", type=float, default=4)
    command.add_argument("--initial", choices=["normal", "cooccurrence"], default="cooccurrence")
    for field in (f for f in fields(Plan) if f.type is not tuple):
        command.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), help=f"default {field.default}")

    command = commands.add_parser("export", parents=[shared])
    command.set_defaults(run=export)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--weights", choices=["weights", "average"], default="weights")

    command = commands.add_parser("evaluate", parents=[shared])
    command.set_defaults(run=evaluate)
    command.add_argument("--model", type=Path, required=True)
    command.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    command.add_argument("--every", type=int, default=1, help="score only every so many windows")
    command.add_argument("--lens-windows", type=int, default=64)
    command.add_argument("--prompts", type=Path, default=Path(__file__).parent / "default_model/prompts.txt")

    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.run(options)


if __name__ == "__main__":
    main()
