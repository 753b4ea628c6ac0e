"""Rounds in which all ways do a work by turns, so that they see the same machine."""

import json
import os
import time

from bench_peers import answers, compare, machine, works
from bench_peers.processes import Worker, WorkFailed, whole

SETTLE = 0.05  # seconds for the threads of the one before to fall asleep


class Bench:
    """What the ways of a measurement need.

    commands: label of works.WAYS to the command of its worker, without what follows; a
    way without one is left out. golens: the program. model: the folder.
    """

    def __init__(self, commands, golens, model, threads, runs, folder, say):
        self.commands, self.golens, self.model, self.threads = commands, golens, str(model), threads
        self.runs, self.folder, self.say = runs, folder, say
        self.env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")

    def worker(self, way):
        return [*self.commands[way], "--model", self.model, "--threads", str(self.threads)]

    def measure(self, row, keep):
        """Measures a row; keep(found) is called with what is there after every round."""
        found = {"title": row.title, "kind": row.kind, "tokens": row.tokens, "parts": len(row.parts), "ways": {}, "rounds": 0, "planned": row.rounds or self.runs}
        others = machine.Others()
        try:
            {"warm": self.warm, "whole": self.processes, "hooks": self.hooks, "text": self.memory}[row.kind](row, found, keep)
        finally:  # an interrupted row too
            found["others"] = others.cores()
            if found["rounds"]:
                keep(found)

    def ways(self, row):
        return [way for way in row.ways if way in self.commands]

    def turns(self, ways, row, found, keep, turn):
        """Calls turn(way, round) for all ways in all rounds, each round beginning with another, and compares what they return."""
        check = Check(found)
        for i in range(found["planned"]):
            begin = i % len(ways)
            for way in ways[begin:] + ways[:begin]:
                if "failed" in found["ways"][way]:
                    continue
                time.sleep(SETTLE)
                try:
                    seconds, peak, answer = turn(way, i)
                except WorkFailed as e:
                    found["ways"][way]["failed"] = str(e)
                    self.say(f"  {works.WAYS[way].label}: {e}")
                    continue
                found["ways"][way].setdefault("seconds", []).append(seconds)
                found["ways"][way]["peak"] = max(peak, found["ways"][way].get("peak", 0))
                if works.WAYS[way].mode == "fast" and "manifest" in answer:
                    found["ways"][way]["kernel"] = answer["manifest"]["kernel"]
                check.add(i, way, answers.of(answer, row.work))
                self.say(f"  round {i + 1}, {works.WAYS[way].label}: {min(seconds):.3f} s, {peak / 1e6:.0f} MB")
            found["rounds"] = i + 1
            keep(found)

    def arguments(self, row, way, part):
        how = works.WAYS[way]
        return row.parts[part % len(row.parts)] | ({"mode": how.mode, "kernel": how.kernel} if how.mode else {})

    def warm(self, row, found, keep):
        running = {}
        try:
            for way in self.ways(row):
                found["ways"][way] = {}
                try:
                    running[way] = Worker(self.worker(way), self.env)
                    first = self.arguments(row, way, 0)
                    running[way].do(row.work, first | {"ids": first["ids"][:512]})  # warms up
                except WorkFailed as e:
                    found["ways"][way]["failed"] = str(e)
                    self.say(f"  {works.WAYS[way].label}: {e}")

            def turn(way, i):
                answer = running[way].do(row.work, self.arguments(row, way, i), row.repeat)
                return answer["seconds"], running[way].peak(), answer["answer"]

            self.turns(list(found["ways"]), row, found, keep, turn)
        finally:
            for worker in running.values():
                worker.close()

    def processes(self, row, found, keep):
        def turn(way, i):
            if works.WAYS[way].mode:
                seconds, peak, out = whole(self.lens(way, row.parts[0]["ids"]), self.env)
                return [seconds], peak, json.loads(out)
            request = {"work": row.work, "arguments": row.parts[0]}
            seconds, peak, out = whole([*self.worker(way), "--once", json.dumps(request)], self.env)
            return [seconds], peak, json.loads(out)["answer"]

        found["ways"] = {way: {} for way in self.ways(row)}
        self.turns(list(found["ways"]), row, found, keep, turn)

    def shared(self, way):
        return ["--model", self.model, "--threads", str(self.threads), *program_flags(works.WAYS[way])]

    def lens(self, way, ids):
        return [self.golens, "lens", "--ids", ",".join(map(str, ids)), "--target", "next", "--json", "-", *self.shared(way)]

    def memory(self, row, found, keep):
        """Peak memory of whole processes that read texts of several lengths."""
        found["weights"] = sum(f.stat().st_size for f in os.scandir(self.model) if f.name.endswith(".safetensors"))
        for way in self.ways(row):
            peaks = found["ways"].setdefault(way, {}).setdefault("peaks", {})
            for part in row.parts:
                path = os.path.join(self.folder, f"text-{part['tokens']}.txt")
                with open(path, "w") as f:
                    f.write(works.text(part["tokens"]))
                try:
                    seconds, peak, out = whole([self.golens, "lens", "--file", path, "--chunk", str(part["chunk"]), "--json", "-", *self.shared(way)], self.env)
                except WorkFailed as e:
                    found["ways"][way]["failed"] = str(e)
                    self.say(f"  {works.WAYS[way].label}: {e}")
                    break
                if (read := json.loads(out)["manifest"]["text"]["tokens"]) != part["tokens"]:
                    raise ValueError(f"a text of {part['tokens']} tokens was read as {read}")
                peaks[str(part["tokens"])] = peak
                self.say(f"  {works.WAYS[way].label}, {part['tokens']} tokens: {seconds:.1f} s, {peak / 1e6:.0f} MB")
                keep(found)
            found["rounds"] = 1

    def hooks(self, row, found, keep):
        for way in self.ways(row):
            worker = None
            try:
                worker = Worker(self.worker(way), self.env)
                worker.do("hooks", row.parts[0], 2)  # warms up
                found["ways"][way] = {"ratios": worker.do("hooks", row.parts[0], row.repeat)["ratios"]}
            except WorkFailed as e:
                found["ways"][way] = {"failed": str(e)}
                self.say(f"  {works.WAYS[way].label}: {e}")
            finally:
                if worker:
                    worker.close()
            keep(found)
        found["rounds"] = 1


def program_flags(way):
    """Returns the flags of golens for a way."""
    return ["--mode", way.mode, *(["--kernel", way.kernel] if way.kernel else []), "--quiet"]


class Check:
    """Compares what the ways return in one round with the first of works.WAYS that is there."""

    def __init__(self, found):
        self.found, self.round, self.results = found, -1, {}

    def add(self, i, way, result):
        if i != self.round:
            self.round, self.results = i, {}
        for other, theirs in self.results.items():
            apart, name = compare.worst(theirs, result)
            if apart > self.found.get("apart", 0):
                self.found["apart"] = apart
            if apart > 1 and "void" not in self.found:
                self.found["void"] = f"{works.WAYS[other].label} and {works.WAYS[way].label} differ in {name}, {apart:.3g} times as much as rounding explains"
        self.results[way] = result
