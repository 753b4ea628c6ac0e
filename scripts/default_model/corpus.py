"""The training text: which works, how they are cleaned, split and tokenised.

A work is one file. Whole works are held out, never parts of one. Each work's
tokens are followed by <|endoftext|>, and works follow each other in the order
of their names.
"""

import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tiktoken

END_OF_TEXT = 50256
VOCABULARY = 50257

# These two have other licences than the public-domain rest.
OTHER_LICENCE = {"tinystories_1000", "wikitext_1000"}

# The same novel under a second name; the first name stays in.
DOUBLED = {"chesterton-thursday": "Chesterton_Thursday_1908"}

# Several kinds of text: novels of 1895 and 1908, two books for children,
# a play in the First Folio's spelling, and speeches.
HELD_OUT = {
    "Conrad_Almayer_1895",
    "Forster_View_1908",
    "burgess-busterbrown",
    "carroll-alice",
    "inaugural",
    "shakespeare-macbeth",
}

# Line ends are part of verse, so these are never unwrapped.
VERSE = {
    "blake-poems",
    "milton-paradise",
    "shakespeare-caesar",
    "shakespeare-hamlet",
    "shakespeare-macbeth",
    "tiny_shakespeare",
    "whitman-leaves",
}


@dataclass
class Work:
    """One text: its name, the SHA-256 of the file, and what became of it."""

    name: str
    sha256: str
    size: int  # bytes of the file
    split: str  # train, held-out or left-out
    note: str
    text: str = ""
    tokens: int = 0


def files(corpus):
    """Yields (name, bytes) of every .txt file in a folder or a tar archive."""
    path = Path(corpus)
    if path.is_dir():
        for file in sorted(path.glob("*.txt")):
            yield file.stem, file.read_bytes()
        return
    with tarfile.open(path) as archive:
        members = [m for m in archive.getmembers() if m.name.endswith(".txt")]
        for member in sorted(members, key=lambda m: Path(m.name).name):
            yield Path(member.name).stem, archive.extractfile(member).read()


def decode(data):
    """Returns the file's text and the encoding it was read with.

    A byte order mark is dropped and line ends become \\n. Files that are not
    UTF-8 are Latin-1.
    """
    try:
        text, encoding = data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "latin-1"
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def wrap_width(lines):
    """Returns the column at which prose was wrapped, or 0 if it was not."""
    lengths = np.array([len(line) for line in lines if line.strip()])
    if np.mean((lengths >= 45) & (lengths <= 80)) < 0.7:
        return 0
    return int(np.percentile(lengths, 95))


def unwrap(lines, width):
    """Joins lines that were broken only because the next word did not fit."""
    out = []
    room = ""  # the line before, as long as it may still go on
    for line in lines:
        first = line.split(" ", 1)[0]
        fits = len(room) + 1 + len(first) <= width - 2
        if room and first and not fits:
            out[-1] += " " + line
        else:
            out.append(line)
        room = line
    return out


def clean(text, verse):
    """Returns the text as it is trained on.

    Spaces at line ends go, more than one empty line becomes one, and prose
    that was wrapped at a fixed width gets one line per paragraph.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    width = 0 if verse else wrap_width(lines)
    if width:
        lines = unwrap(lines, width)
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
    return joined, width


def works(corpus):
    """Reads every work and decides its split; left-out works keep no text."""
    out = []
    for name, data in files(corpus):
        work = Work(name, hashlib.sha256(data).hexdigest(), len(data), "train", "")
        out.append(work)
        if name in OTHER_LICENCE:
            work.split, work.note = "left-out", "other licence"
            continue
        if name in DOUBLED:
            work.split, work.note = "left-out", "same work as " + DOUBLED[name]
            continue
        if name in HELD_OUT:
            work.split = "held-out"
        text, encoding = decode(data)
        work.text, width = clean(text, name in VERSE)
        notes = [] if encoding == "utf-8" else [encoding]
        if width:
            notes.append(f"unwrapped from {width} columns")
        work.note = ", ".join(notes)
    missing = HELD_OUT - {work.name for work in out}
    if missing:
        raise SystemExit(f"{corpus}: these held-out works are missing: {sorted(missing)}")
    return out


def byte_values():
    """Returns the byte that each character of GPT-2's vocabulary stands for."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [b for b in range(256) if b not in shown]
    table = {chr(b): b for b in shown}
    table.update({chr(256 + i): b for i, b in enumerate(hidden)})
    return table


def encoding(vocab):
    """Returns GPT-2's byte-pair encoding, read from DIR/vocab.json.

    In that file a merged token's id is its merge's rank, which is all that
    tiktoken needs.
    """
    path = Path(vocab) / "vocab.json"
    table = byte_values()
    ranks = {
        bytes(table[c] for c in token): rank
        for token, rank in json.loads(path.read_text(encoding="utf-8")).items()
        if token != "<|endoftext|>"
    }
    if len(ranks) != END_OF_TEXT:
        raise SystemExit(f"{path}: {len(ranks)} tokens, but GPT-2 has {END_OF_TEXT}")
    return tiktoken.Encoding(
        name="gpt2",
        pat_str=r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        mergeable_ranks=ranks,
        special_tokens={"<|endoftext|>": END_OF_TEXT},
    )


def tokenise(corpus, vocab):
    """Returns the works and the tokens (uint16) of each split."""
    bpe = encoding(vocab)
    found = works(corpus)
    parts = {"train": [], "held-out": []}
    for work in found:
        if work.split == "left-out":
            continue
        ids = bpe.encode_ordinary(work.text) + [END_OF_TEXT]
        work.tokens = len(ids)
        parts[work.split].append(np.array(ids, dtype=np.uint16))
    return found, {split: np.concatenate(part) for split, part in parts.items()}


def table(found):
    """Returns the list of works as tab-separated text."""
    out = io.StringIO()
    out.write("work\tsplit\tbytes\ttokens\tsha256\tnote\n")
    for w in found:
        out.write(f"{w.name}\t{w.split}\t{w.size}\t{w.tokens}\t{w.sha256}\t{w.note}\n")
    return out.getvalue()


def load(corpus, vocab, work_dir):
    """Returns the tokens of each split, from the cache in work_dir if it fits.

    The cache also holds the list of works, works.tsv. Without a corpus the
    cache is used as it is.
    """
    cache, listing = Path(work_dir) / "tokens.npz", Path(work_dir) / "works.tsv"
    if not cache.exists():
        if not corpus:
            raise SystemExit(f"{cache} does not exist yet: name the text with --corpus")
        found, parts = tokenise(corpus, vocab)
        listing.write_text(table(found), encoding="utf-8")
        np.savez(cache, train=parts["train"], held_out=parts["held-out"])
    with np.load(cache) as arrays:
        return arrays["train"], arrays["held_out"]
