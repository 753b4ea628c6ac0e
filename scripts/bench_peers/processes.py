"""Processes that do works: persistent workers, and whole processes that are timed.

The largest resident memory of a process counts what its parent had when it was started
(Linux keeps it through exec), so this program imports nothing large.
"""

import contextlib
import json
import os
import subprocess
import tempfile
import time


class WorkFailed(Exception):
    """A way could not do a work."""


class Worker:
    """A process with the model loaded, which does a work when it is told to."""

    def __init__(self, command, env):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=env)
        try:
            self.answer()  # that it is ready
        except BaseException:
            self.close()
            raise

    def do(self, work, arguments, repeat=1):
        """Returns the answer to a request: seconds or ratios, and results."""
        try:
            print(json.dumps({"work": work, "arguments": arguments, "repeat": repeat}), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # the end of its answers says it with the cause
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise WorkFailed(f"the process ended: {last_words(self.errors)}")
        found = json.loads(line)
        if "error" in found:
            raise WorkFailed(found["error"])
        return found

    def peak(self):
        """Returns its largest resident memory so far, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def whole(command, env):
    """Runs a process to its end: wall seconds, largest resident bytes, what it printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=env)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # an interrupt: it must not run on
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise WorkFailed(f"it ended with {process.returncode}: {last_words(errors)}")
        out.seek(0)
        return seconds, usage.ru_maxrss * 1024, out.read().decode()


def last_words(file):
    """Returns the line that says what went wrong: golens' own, or the last one, as Python has it."""
    file.seek(0)
    lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith(("golens: ", "peer: "))]
    return (own or lines or ["it said nothing"])[-1]
