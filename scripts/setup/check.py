"""Answers questions about the Python environment that runs it.

torch VERSION      exit status 0 if torch is there, whole, in that version
requirements FILE  0 if each "name==version" of the file is there and all can be imported
references         0 if a torch of 2.10 or newer and all that the tests import are there
small              print what, beside its own wheel, torch needs to be loaded by a C++ program
forget-broken      unregister packages with missing or short files, so that pip installs them anew
"""

import importlib
import importlib.metadata as metadata
import importlib.util
import pathlib
import re
import shutil
import sys

IMPORTED = ["torch", "transformers", "tokenizers", "tiktoken", "safetensors", "numpy"]
# libtorch_cpu.so of a CUDA build is linked with these two alone. Up to 2.10 the
# wheel names their packages itself, from 2.11 on as extras of cuda-toolkit.
SMALL = re.compile(r"nvidia-cuda-(runtime|cupti)\b")
TOOLKIT = re.compile(r"cuda-toolkit\[[^]]*\]")


def version_of(name):
    """The installed version of a package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def has(name, version):
    """Whether name is installed in that version, of whatever build ("+cpu")."""
    installed = version_of(name)
    return installed is not None and version in (installed, installed.split("+")[0])


def is_broken(package):
    """Whether files that pip listed for a package are missing or short.

    pip writes INSTALLER when all files are in place, and RECORD last.
    """
    if package.read_text("METADATA") is None or package.read_text("RECORD") is None:
        return True
    if package.read_text("INSTALLER") is None:
        return True
    for file in package.files:
        try:
            size = file.locate().stat().st_size
        except OSError:
            if file.suffix != ".pyc":
                return True
        else:
            if file.size is not None and file.size != size:
                return True
    return False


def forget_broken():
    """Removes the registration of broken packages, and what pip set aside."""
    site = pathlib.Path(importlib.util.find_spec("pip").origin).parent.parent
    if pathlib.Path(sys.prefix).resolve() not in site.resolve().parents:
        sys.exit(f"{sys.executable} is no virtual environment")
    for left in site.glob("~*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for info in site.glob("*.dist-info"):
        if info.name.startswith("pip-"):  # which runs, and which nothing would install again
            continue
        if is_broken(metadata.PathDistribution(info)):
            print(f"not whole, to be installed again: {info.name.removesuffix('.dist-info')}")
            shutil.rmtree(info)


def small():
    """The requirements of torch that a C++ program needs, for pip."""
    for requirement in metadata.requires("torch") or []:
        if SMALL.match(requirement):
            yield requirement
        elif TOOLKIT.match(requirement):
            yield TOOLKIT.sub("cuda-toolkit[cudart,cupti]", requirement)


def requirements(path):
    """Whether each pinned requirement that applies here is installed."""
    for line in pathlib.Path(path).read_text().splitlines():
        line = line.split("#")[0]
        pin = re.fullmatch(r'\s*([\w.-]+)==([\w.+]+)\s*(;\s*python_version\s*(>=|<)\s*"3\.(\d+)")?\s*', line)
        if not line.strip():
            continue
        if pin is None:
            sys.exit(f"{path}: not understood: {line}")
        name, version, _, order, minor = pin.groups()
        if order and (sys.version_info >= (3, int(minor))) != (order == ">="):
            continue
        if not has(name, version):
            return False
    return importable()


def importable():
    """Whether all that the tests import can be imported; says what cannot."""
    for name in IMPORTED:
        try:
            importlib.import_module(name)
        except Exception as err:  # a package may fail in any way
            print(f"{sys.executable} cannot import {name}: {err}", file=sys.stderr)
            return False
    return True


def references():
    """Whether this interpreter can serve the tests, whatever its versions."""
    version = re.match(r"(\d+)\.(\d+)", version_of("torch") or "")
    if not version or tuple(map(int, version.groups())) < (2, 10):
        print(f"{sys.executable} has torch {version_of('torch')}", file=sys.stderr)
        return False
    return importable()


def main(command, *rest):
    if command == "torch":
        return has("torch", *rest)
    if command == "requirements":
        return requirements(*rest)
    if command == "references":
        return references()
    if command == "small":
        for requirement in small():
            print(requirement)
    elif command == "forget-broken":
        forget_broken()
    else:
        sys.exit(__doc__)
    return True


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(0 if main(*sys.argv[1:]) else 1)
