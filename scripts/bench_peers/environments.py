"""Environments of their own for the tools that golens is compared with.

Each lies under ~/.cache/golens/peers and is made by the first run that needs it, with
the tool's newest version that pip finds. It borrows torch from the project's own
environment, by a .pth file: all ways then run one libtorch, and some gigabytes are not
fetched again. All else that the tool asks for is installed beside it, where the project
does not have it. To renew one, remove its folder.
"""

import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys

# The tool's name in the tables, to the package.
PACKAGES = {"TransformerLens": "transformer-lens", "nnsight": "nnsight"}


def python(tool, cache, say):
    """Returns the interpreter of a tool's environment, made where it is not there yet."""
    folder = pathlib.Path(cache) / PACKAGES[tool]
    whole = folder / "whole"  # written last: what was cut off is made again
    if not whole.exists():
        say(f"making an environment for {tool} in {folder}")
        make(folder, PACKAGES[tool])
        whole.touch()
    return str(folder / "bin" / "python")


def make(folder, package):
    """Installs a package in a new environment that sees this interpreter's torch behind its own packages."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    site = next((folder / "lib").glob("python3*/site-packages"))
    (site / "torch_of_golens.pth").write_text(torch_folder() + "\n")
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, package], check=True, stdout=sys.stderr)


def torch_folder():
    """Returns the folder that holds this interpreter's torch, which is not imported: this process must stay small."""
    return str(pathlib.Path(importlib.util.find_spec("torch").origin).resolve().parent.parent)


def versions(interpreter, packages):
    """Returns the versions of packages as an interpreter sees them, those that it has."""
    script = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try: found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: pass
print(json.dumps(found))
"""
    out = subprocess.run([interpreter, "-c", script, *packages], check=True, capture_output=True, text=True).stdout
    return json.loads(out)
