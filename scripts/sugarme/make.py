"""Makes what main.go reads: tokenizer files, hard texts, and the ids of Python's tokenizers.

usage: make.py FOLDER

The files are trained on golens's own documents, each like that of a family of models: GPT-2,
Pythia, Llama 2, Gemma, Llama 3, Qwen 2. FOLDER gets FAMILY/tokenizer.json, FAMILY/ids.json and
texts.json.
"""

import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

DOCS = pathlib.Path(__file__).parents[2] / "docs"
# The published patterns of Llama 3 and Qwen 2; they differ in how many digits stay together.
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{%s}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PARTS = ["the", " cat", "  ", "\n", "\n\n", "\t", "don't", "I'LL", "1234567", "3.14", "naïve", "e\u0301", "ﬁ", "Å", "한국어", "日本語", "ไทย", "العربية", "हिन्दी",
         "🙂", "👩‍👩‍👧", "\u00a0", "\u200b", "\ufeff", "<|endoftext|>", "<s>", "</s>", "▁", "Ġ", "\u2028", "—", "«»", "a" * 30, "\r\n", "\x00", "ß", "İ"]


def byte_level(words, normalizer=None, added=()):
    tok = Tokenizer(models.BPE())
    if normalizer:
        tok.normalizer = normalizer
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words is None)
    tok.pre_tokenizer = level if words is None else pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), level])
    tok.decoder = decoders.ByteLevel()
    return tok, trainers.BpeTrainer(vocab_size=2000, show_progress=False, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()), added


def byte_fallback(normalizer):
    tok = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tok.normalizer = normalizer
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    return tok, trainers.BpeTrainer(vocab_size=2000, show_progress=False, special_tokens=special, max_token_length=16), ()


FAMILIES = {
    "GPT-2": lambda: byte_level(None),
    "Pythia": lambda: byte_level(None, normalizers.NFC(), [AddedToken(" " * n, normalized=True) for n in range(2, 12)]),
    "Llama 2": lambda: byte_fallback(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])),
    "Gemma": lambda: byte_fallback(normalizers.Replace(" ", "▁")),
    "Llama 3": lambda: byte_level(WORDS % "1,3"),
    "Qwen 2": lambda: byte_level(WORDS % "1", normalizers.NFC()),
}


def main(folder):
    out = pathlib.Path(folder)
    rng = random.Random(2026)
    texts = ["".join(rng.choices(PARTS, k=rng.randint(1, 12))) for _ in range(300)]
    out.mkdir(parents=True, exist_ok=True)
    (out / "texts.json").write_text(json.dumps(texts))
    for name, make in FAMILIES.items():
        tok, trainer, added = make()
        tok.train([str(p) for p in sorted(DOCS.glob("*.md"))], trainer)
        tok.add_tokens(list(added))
        (out / name).mkdir(exist_ok=True)
        # The trainer makes the bytes special tokens; in the published files they are plain entries.
        said = json.loads(tok.to_str())
        said["added_tokens"] = [t for t in said["added_tokens"] if not t["content"].startswith("<0x")]
        (out / name / "tokenizer.json").write_text(json.dumps(said, ensure_ascii=False))
        tok = Tokenizer.from_file(str(out / name / "tokenizer.json"))
        (out / name / "ids.json").write_text(json.dumps([tok.encode(t, add_special_tokens=False).ids for t in texts]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
