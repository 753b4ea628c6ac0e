#!/usr/bin/env python3
"""Measures the same work by golens, by plain PyTorch and by other tools, side by side.

    scripts/bench_peers.py [--rows warm,text] [--runs 5] [--threads N] [--skip-peers]

Ways: PyTorch as published notebooks write it; PyTorch with few products and few passes,
and the same with oneDNN's packed weights; TransformerLens and nnsight, each in an
environment of its own, which the first run makes (about 1 GB together, fetched from
PyPI); golens, exact and fast. Each has a process with the model loaded, which waits
until it is told to work. In every round all of them do the work, one after the other.
Whole processes are timed as well. The model has GPT-2 small's shape and random weights;
it is made once under ~/.cache/golens.

The results of all ways must agree up to rounding (bench_peers/compare.py), or the
table is void and says so. Tables go to standard output and, between marks, to
docs/performance.md; a run replaces the rows that it measures, and one that is
interrupted keeps what it has. Use a machine that does nothing else: a table says when
other work took part of it.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from bench_peers import environments, machine, tables, works
from bench_peers.measure import Bench, program_flags
from bench_peers.store import Store

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "golens"


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda s: s.split(","), metavar="NAMES", help="measure these alone: " + ", ".join(works.rows()))
    parser.add_argument("--ways", type=lambda s: s.split(","), metavar="NAMES", help="in these ways alone: " + ", ".join(works.WAYS))
    parser.add_argument("--runs", type=int, default=5, help="rounds of each row, but of those that say otherwise [5]")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of each way [all cores]")
    parser.add_argument("--skip-peers", action="store_true", help="leave TransformerLens and nnsight out")
    parser.add_argument("--quick", action="store_true", help="a small model, little work, one round; no document is written: to try the program")
    parser.add_argument("--model", type=pathlib.Path, help="the folder of a GPT-2 model in the place of the random one")
    parser.add_argument("--bin", type=pathlib.Path, metavar="DIR", help="a folder with golens and peer, built before, in the place of building them")
    parser.add_argument("--results", type=pathlib.Path, help="the file of what was measured [peers/measured.json in the cache]")
    parser.add_argument("--docs", type=pathlib.Path, default=ROOT / "docs" / "performance.md", help="the document with the marks [docs/performance.md]")
    args = parser.parse_args()
    if args.runs < 1 or args.threads < 1:
        parser.error("there is at least one run, and one thread")
    known = works.rows(args.quick)
    for name in args.rows or []:
        if name not in known:
            parser.error(f"there is no row {name!r}: there are {', '.join(known)}")
    for name in args.ways or []:
        if name not in works.WAYS:
            parser.error(f"there is no way {name!r}: there are {', '.join(works.WAYS)}")
    return args


def model(args):
    """Returns the model's folder, made where it is not there yet, with its file in the system's cache, and what it is."""
    folder, what = args.model, str(args.model)
    if folder is None:
        preset = "12x96" if args.quick else "gpt2-small"
        folder, what = CACHE / "testdata" / preset, f"{preset} of scripts/make_models.py, random weights"
        if not (folder / "model.safetensors").exists():
            say(f"making a model in {folder}")
            subprocess.run([sys.executable, ROOT / "scripts" / "make_models.py", preset, "--out", folder], check=True)
    for file in folder.glob("*.safetensors"):
        with open(file, "rb") as f:
            while f.read(1 << 24):
                pass
    return folder, what


def build(args, folder):
    """Returns the folder with golens and what answers for it."""
    if args.bin:
        return args.bin
    say("building golens")
    for package in ("./cmd/golens", "./internal/peer"):
        subprocess.run(["go", "build", "-o", os.path.join(folder, os.path.basename(package)), package], cwd=ROOT, check=True)
    return pathlib.Path(folder)


def commands(args, programs):
    """Returns the workers' commands by way, and the versions of the tools."""
    found, versions, interpreters = {}, {}, {"": sys.executable}
    for name, way in works.WAYS.items():
        if args.ways and name not in args.ways or way.tool and args.skip_peers:
            continue
        if way.kernel and not serves(programs, way):
            continue
        if way.mode:
            found[name] = [str(programs / "peer")]
            continue
        if way.tool not in interpreters:
            try:
                interpreters[way.tool] = environments.python(way.tool, CACHE / "peers", say)
            except subprocess.CalledProcessError as e:
                sys.exit(f"there is no environment for {way.tool}: {e}. Run it again when the cause is gone, or leave the tools out with --skip-peers")
            package = environments.PACKAGES[way.tool]
            versions[way.tool] = environments.versions(interpreters[way.tool], [package])[package]
        found[name] = [interpreters[way.tool], str(ROOT / "scripts" / "bench_peers" / "worker.py"), way.module]
    return found, versions


def serves(programs, way):
    """Tells whether golens has a way's kernel on this processor."""
    command = [programs / "golens", "lens", "--ids", "1,2", *program_flags(way)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def facts(args, what, programs, versions):
    """Returns what the tables say of the machine."""
    said = subprocess.run([programs / "golens", "version"], check=True, capture_output=True, text=True).stdout
    capability = subprocess.run([sys.executable, "-c", "import torch; print(torch.backends.cpu.get_cpu_capability())"],
                                check=True, capture_output=True, text=True).stdout.strip()
    return machine.describe(sys.executable, what, args.threads, said.split()[1], capability) | versions


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        programs = build(args, folder)
        ways, versions = commands(args, programs)
        checkpoint, what = model(args)
        about = facts(args, what, programs, versions)
        results = args.results or (CACHE / "peers" / "measured.json" if not args.quick else pathlib.Path(folder) / "measured.json")
        results.parent.mkdir(parents=True, exist_ok=True)
        store = Store(results, about)
        if store.left:
            say(f"{results} is of another machine, thread count or version: its rows are left out")
        bench = Bench(ways, str(programs / "golens"), checkpoint, args.threads, 1 if args.quick else args.runs, folder, say)
        interrupted = False
        try:
            for name, row in works.rows(args.quick).items():
                if not args.rows or name in args.rows:
                    say(row.title)
                    bench.measure(row, lambda found: store.keep(name, found))
        except KeyboardInterrupt:
            interrupted = True
            say("interrupted: what was measured is kept")
        text = tables.render(store.machine, store.rows)
        print(text)
        if not args.quick:
            args.docs.write_text(tables.replace(args.docs.read_text(), text))
    sys.exit(130 if interrupted else any("void" in row for row in store.rows.values()))


if __name__ == "__main__":
    main()
