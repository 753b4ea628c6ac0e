"""Tests of the comparison: its parts, and all works in all ways that need no environment of their own.

GOLENS_PEER is golens' worker, built, and GOLENS_PEER_MODEL a small model's folder: `go test ./internal/peer` sets both.
"""

import copy
import importlib
import math
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

import torch

from bench_peers import answers, compare, passes, store, tables, worker, works
from bench_peers.measure import Bench, Check
from bench_peers.processes import Worker, WorkFailed, whole


class Works(unittest.TestCase):
    """Every way gives the same results, and compare sees where one does not."""

    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        folder = os.environ["GOLENS_PEER_MODEL"]
        cls.ways = {name: importlib.import_module("bench_peers.ways." + name).Way(folder) for name in ("notebook", "vectorised", "packed")}
        cls.golens = Worker([os.environ["GOLENS_PEER"], "--model", folder, "--threads", "1"], None)

    @classmethod
    def tearDownClass(cls):
        cls.golens.close()

    def results(self, row, part):
        for name, way in self.ways.items():
            yield name, worker.do(way, {"work": row.work, "arguments": part})["answer"]
        for mode in ("exact", "fast"):
            yield mode, self.golens.do(row.work, part | {"mode": mode})["answer"]

    def test_all_agree(self):
        for name, row in works.rows(quick=True).items():
            if row.kind != "warm":
                continue
            for part in row.parts:
                found = {}
                check = Check(found)
                for way, answer in self.results(row, part):
                    result = answers.of(answer, row.work)
                    self.assertTrue(all(compare.flat(v) for v in result.values()), (name, way))
                    check.add(0, way, result)
                self.assertNotIn("void", found, name)
                self.assertGreater(len(check.results), 4)

    def test_a_text_that_no_window_divides(self):
        part = {"ids": works.prompt(50), "chunk": 16}
        results = [answers.of(a, "text") for _, a in self.results(works.rows(quick=True)["text"], part)]
        for other in results[1:]:
            self.assertLess(compare.worst(results[0], other)[0], 1)

    def test_lens_by_hand(self):
        ids = works.prompt(5)
        result = answers.of(worker.do(self.ways["vectorised"], {"work": "lens", "arguments": {"ids": ids}})["answer"], "lens")
        logits = self.ways["notebook"].model(torch.tensor([ids])).logits[0].double()
        logs = torch.log_softmax(logits, -1)
        self.assertEqual(result["top_ids"][-1][3][0], int(logits[3].argmax()))
        self.assertAlmostEqual(result["target_logprob"][-1][2], float(logs[2, ids[3]]), 3)
        self.assertEqual(result["target_rank"][-1][2], 1 + int((logits[2] > logits[2, ids[3]]).sum()))
        self.assertAlmostEqual(result["entropy"][-1][4], float(-(logs[4].exp() * logs[4]).sum()), 3)
        self.assertEqual(len(result["target_rank"][0]), 4)  # the last position has no target

    def test_hooks(self):
        ratios = self.golens.do("hooks", {"ids": works.prompt(6)}, 4)["ratios"]
        self.assertEqual(len(ratios), 4)
        self.assertTrue(all(r > 0 for r in ratios + worker.pairs(self.ways["notebook"], works.prompt(6), 4)))

    def test_what_cannot_be_done(self):
        for work, arguments, says in (("lens", {"ids": [], "mode": "exact"}, "empty"), ("lens", {"ids": [1], "mode": "quick"}, "no mode"),
                                      ("dance", {"ids": [1]}, "no work")):
            with self.assertRaisesRegex(WorkFailed, says):
                self.golens.do(work, arguments)
        self.assertTrue(self.golens.do("lens", {"ids": [1, 2], "mode": "exact"})["answer"])  # it goes on

    def test_differences_are_seen(self):
        ids = works.prompt(6)
        right = answers.of(self.golens.do("lens", {"ids": ids, "mode": "exact"})["answer"], "lens")
        self.assertEqual(compare.worst(right, right), (0.0, ""))
        for name, by in (("top_logits", 3e-3), ("entropy", 2e-2), ("kl", 5e-2), ("logsumexp", 3e-3), ("target_logprob", 5e-3), ("target_ties", 3), ("top_probs", 1e-2), ("logsumexp", math.nan), ("kl", math.inf)):
            wrong = copy.deepcopy(right)
            cell = wrong[name][7]
            while isinstance(cell[2 % len(cell)], list):
                cell = cell[2 % len(cell)]
            cell[0] += by
            self.assertGreater(compare.worst(right, wrong)[0], 1, name)
        wrong = copy.deepcopy(right)
        wrong["top_ids"][3][2][0] = wrong["top_ids"][3][2][1]
        self.assertGreater(compare.worst(right, wrong)[0], 1)
        wrong = copy.deepcopy(right)
        wrong["target_rank"][3][2] += 100
        self.assertGreater(compare.worst(right, wrong)[0], 1)
        wrong = copy.deepcopy(right)
        wrong["agree"][3][2] = not wrong["agree"][3][2]
        self.assertEqual(compare.worst(right, wrong)[0], math.inf)
        self.assertEqual(compare.worst(right, {n: v for n, v in right.items() if n != "kl"})[0], math.inf)
        short = right | {"kl": right["kl"][:-1]}
        self.assertEqual(compare.worst(right, short)[0], math.inf)


class Passes(unittest.TestCase):
    def test_few_are_plain(self):
        torch.manual_seed(1)
        x = torch.randn(4, 6, 999) * 5
        x[1, 2, 7] = x[1, 2, 5]
        targets = torch.tensor([5, 5, 5, 900, 17, -1])
        found = passes.few(x.clone(), targets, 3)
        for r in range(4):
            for name, want in passes.plain(x[r], x[-1], targets, 3).items():
                torch.testing.assert_close(found[name][r], want, rtol=1e-5, atol=2e-5, msg=lambda m: f"{name}: {m}")
        self.assertEqual(int(found["target_ties"][1, 2]), 1)


class Processes(unittest.TestCase):
    def test_whole(self):
        seconds, peak, out = whole([sys.executable, "-c", "x = bytearray(200_000_000); x[::4096] = b'1' * len(x[::4096]); print('done')"], None)
        self.assertEqual(out, "done\n")
        self.assertGreater(peak, 200e6)
        self.assertGreater(seconds, 0)

    def test_what_went_wrong_is_said(self):
        with self.assertRaisesRegex(WorkFailed, "ended with 3: ValueError of mine"):
            whole([sys.executable, "-c", "import sys; sys.stderr.write('first\\nValueError of mine\\n'); sys.exit(3)"], None)
        with self.assertRaisesRegex(WorkFailed, "golens: the cause"):
            whole(["sh", "-c", "printf 'golens: the cause\\nSee golens --help.\\n' >&2; exit 2"], None)
        with self.assertRaisesRegex(WorkFailed, "the process ended: it said nothing"):
            Worker(["true"], None)


class Tables(unittest.TestCase):
    machine = {"cpu": "A CPU", "cores": 2, "threads": 1, "capability": "AVX2", "golens": "0.1", "torch": "2.11.0", "transformers": "5", "model": "small"}

    def row(self, **more):
        ways = {"vectorised": {"seconds": [[0.2, 0.4, 0.3], [0.5]], "peak": 2_000_000_000}, "exact": {"seconds": [[0.1], [0.25]], "peak": 500_000_000}}
        return {"title": "A work", "kind": "warm", "tokens": 0, "parts": 1, "rounds": 2, "planned": 2, "ways": ways, "apart": 0.25, "others": 0.0} | more

    def test_times(self):
        text = tables.render(self.machine, {"warm": self.row()})
        self.assertIn("A CPU, 2 cores, AVX2; 1 thread; golens 0.1, torch 2.11.0, transformers 5.", text)
        self.assertIn("|  | median | best | against PyTorch, vectorised | peak memory |", text)
        self.assertIn("| PyTorch, vectorised | 400 ms | 200 ms | 1.00 times | 2000 MB |", text)
        self.assertIn("| golens, exact | 175 ms | 100 ms | 2.50 times | 500 MB |", text)  # the median of 3 and 2
        self.assertIn("2 rounds. Results differ by at most 0.25 of what rounding explains.", text)
        self.assertNotIn("Other work", text)

    def test_tokens_a_second(self):
        text = tables.render(self.machine, {"text": self.row(tokens=1000, parts=2)})
        self.assertIn("| golens, exact | 2857 | 5000 |", text)
        text = tables.render(self.machine, {"text": self.row(tokens=2000, parts=4, planned=4)})
        self.assertIn("| golens, exact | 2857 | 5000 |", text)  # of the half that was read
        self.assertIn("2 rounds of 4, interrupted.", text)

    def test_what_spoils_a_row(self):
        self.assertIn("Void: one and other differ.", tables.render(self.machine, {"warm": self.row(void="one and other differ")}))
        self.assertIn("Other work took 0.7 cores", tables.render(self.machine, {"warm": self.row(others=0.7)}))
        row = self.row()
        row["ways"]["fast"] = {"failed": "no kernel"}
        text = tables.render(self.machine, {"warm": row})
        self.assertIn("golens, fast failed: no kernel.", text)
        self.assertNotIn("| golens, fast", text)

    def test_memory(self):
        row = self.row(kind="text", weights=400_000_000, ways={"exact": {"peaks": {"200": 600_000_000, "1000": 610_000_000}}})
        self.assertIn("| 200 | weights + 200 MB |\n| 1,000 | weights + 210 MB |", tables.render(self.machine, {"memory": row}))

    def test_hooks(self):
        ratios = [1 + i / 1000 for i in range(100)]
        self.assertEqual(tables.interval(ratios), (ratios[39], ratios[60]))  # the 40th and 61st of 100, as tables of the binomial have it
        self.assertEqual(tables.interval([3, 1, 2]), (1, 3))
        self.assertIn("| golens, exact | +4.95 % | +3.90 % to +6.00 % | 100 |", tables.render(self.machine, {"hooks14": self.row(kind="hooks", ways={"exact": {"ratios": ratios}})}))

    def test_the_marks(self):
        document = f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n"
        once = tables.replace(document, "new")
        self.assertEqual(once, f"before\n{tables.BEGIN}\n\nnew\n\n{tables.END}\nafter\n")
        self.assertEqual(tables.replace(once, "new"), once)
        for bad in ("", tables.BEGIN, tables.END + tables.BEGIN, document + tables.END):
            with self.assertRaises(ValueError):
                tables.replace(bad, "new")


class Stores(unittest.TestCase):
    def test_rows_are_replaced_and_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "measured.json")
            store.Store(path, {"cpu": "a"}).keep("warm", {"rounds": 1})
            again = store.Store(path, {"cpu": "a"})
            again.keep("text", {"rounds": 2})
            again.keep("warm", {"rounds": 3})
            self.assertEqual(store.Store(path, {"cpu": "a"}).rows, {"warm": {"rounds": 3}, "text": {"rounds": 2}})
            other = store.Store(path, {"cpu": "b"})
            self.assertEqual((other.rows, other.left), ({}, ["warm", "text"]))

    def test_a_run_without_the_tools_keeps_their_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "measured.json")
            store.Store(path, {"cpu": "a", "nnsight": "1"}).keep("warm", {"rounds": 1})
            without = store.Store(path, {"cpu": "a"})
            self.assertEqual((list(without.rows), without.machine), (["warm"], {"cpu": "a", "nnsight": "1"}))
            newer = store.Store(path, {"cpu": "a", "nnsight": "2"})
            self.assertEqual((newer.rows, newer.left), ({}, ["warm"]))


class Rows(unittest.TestCase):
    def test_an_interrupted_row_keeps_its_rounds(self):
        row = works.Row("a", "A", "warm", "sweep", [{}], ("vectorised", "exact"))
        kept = []

        def turn(way, i):
            if (way, i) == ("exact", 1):
                raise KeyboardInterrupt
            return [0.5 + i], 1000 + i, {"logprob": [1.0]}

        bench = Bench({"vectorised": [], "exact": []}, "", "", 1, 3, "", lambda text: None)
        bench.warm = lambda row, found, keep: (found["ways"].update(vectorised={}, exact={}), bench.turns(["vectorised", "exact"], row, found, keep, turn))
        with self.assertRaises(KeyboardInterrupt):
            bench.measure(row, lambda found: kept.append(copy.deepcopy(found)))
        self.assertEqual((kept[-1]["rounds"], kept[-1]["planned"]), (1, 3))
        self.assertEqual(kept[-1]["ways"]["exact"], {"seconds": [[0.5]], "peak": 1000})
        self.assertIn("others", kept[-1])

    def test_a_way_that_fails_does_not_stop_the_others(self):
        row = works.Row("a", "A", "warm", "sweep", [{}], ("vectorised", "exact"))

        def turn(way, i):
            if way == "exact":
                raise WorkFailed("no memory")
            return [0.5], 1000, {"logprob": [1.0]}

        bench = Bench({"vectorised": [], "exact": []}, "", "", 1, 3, "", lambda text: None)
        found = {"ways": {"vectorised": {}, "exact": {}}, "planned": 3}
        bench.turns(["vectorised", "exact"], row, found, lambda found: None, turn)
        self.assertEqual(found["ways"]["exact"], {"failed": "no memory"})
        self.assertEqual(len(found["ways"]["vectorised"]["seconds"]), 3)

    def test_a_voided_round(self):
        found = {}
        check = Check(found)
        check.add(0, "vectorised", {"logprob": [-1.0, -2.0]})
        check.add(0, "fast", {"logprob": [-1.0, -2.1]})
        self.assertIn("PyTorch, vectorised and golens, fast differ in logprob", found["void"])

    def test_rounds_are_compared_apart(self):
        found = {}
        check = Check(found)
        check.add(0, "vectorised", {"loss": [1.0]})
        check.add(1, "vectorised", {"loss": [2.0]})
        check.add(1, "fast", {"loss": [2.0]})
        self.assertEqual(found, {})


if __name__ == "__main__":
    unittest.main()
