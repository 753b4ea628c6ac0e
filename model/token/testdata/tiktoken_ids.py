"""Answer what tiktoken makes of texts: the oracle of the tests of this package.

usage: tiktoken_ids.py RANKS < QUESTIONS > ANSWERS

RANKS is a file in tiktoken's form: in each line a piece in base64 and its id.
Nothing is downloaded. Each line of QUESTIONS is a JSON object, and each line of
ANSWERS the JSON answer to it:

{"text": BASE64}                  ids of the bytes, special tokens as plain text
{"text": BASE64, "special": true} ids of the bytes, special tokens parsed
{"class": "L"}                    all code points that the pattern \\p{L} matches
                                  (also "N" for \\p{N}, "S" for \\s), as pairs of
                                  the first and last of each run of them

tiktoken takes valid UTF-8 only. For other bytes the text is split by the regex
module, to which an invalid byte is a lone surrogate, and tiktoken merges within
the parts.
"""
import base64
import json
import sys

import regex
import tiktoken

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CLASSES = {"L": r"\p{L}", "N": r"\p{N}", "S": r"\s"}


def load(path):
    ranks = {}
    with open(path, "rb") as lines:
        for line in lines:
            piece, rank = line.split()
            ranks[base64.b64decode(piece)] = int(rank)
    special = {"<|endoftext|>": len(ranks)}
    return tiktoken.Encoding("golens", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)


def ids(encoding, data, special):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        parts = regex.findall(PATTERN, data.decode("utf-8", "surrogateescape"))
        parts = [part.encode("utf-8", "surrogateescape") for part in parts]
        assert b"".join(parts) == data
        return [i for part in parts for i in encoding._encode_single_piece(part)]
    return encoding.encode(text, allowed_special="all" if special else set(), disallowed_special=())


def runs(pattern):
    """Pairs of the first and last code point of each run that the pattern matches."""
    everything = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)
    # An encoding drops what its pattern does not match; bytes are its only pieces.
    only = tiktoken.Encoding(
        "class", pat_str=pattern, mergeable_ranks={bytes([b]): b for b in range(256)}, special_tokens={})
    found = []
    for c in map(ord, only.decode(only.encode_ordinary(everything))):
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def main():
    encoding = load(sys.argv[1])
    for line in sys.stdin:
        question = json.loads(line)
        if "class" in question:
            answer = runs(CLASSES[question["class"]])
        else:
            answer = ids(encoding, base64.b64decode(question["text"]), question.get("special", False))
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
