"""Trains tokenizers with Hugging Face's library, and answers questions about them.

    tokenizers_ids.py train DIR [TEXT]   writes DIR/KIND/tokenizer.json and what a
                                         folder has beside it, for every kind
    tokenizers_ids.py ask                one JSON question a line on stdin:
        {"file": tokenizer.json, "texts": [TEXT...], "ids": [[ID...]...]}
        {"folder": DIR, ...}             the same by transformers' AutoTokenizer
      and one answer a line on stdout: for each text its ids without special tokens
      being found, with them, and with the template; for each list of ids its text;
      and the number of pieces. null stands for what makes the library panic.
    The question {"normalizer": NAME, "arguments": [...], "texts": [...]} is answered
    by a normaliser alone; a list ["Regex", EXPRESSION] among its arguments is one.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CASES = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CASES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = CASES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def bytes_tokenizer(**model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return t


def split_tokenizer(pattern, **model):
    t = bytes_tokenizer(**model)
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    return t


def template(t, before):
    t.post_processor = processors.TemplateProcessing(
        single=f"{before} $A", pair=f"{before} $A {before} $B", special_tokens=[(before, t.token_to_id(before))])


def train(t, texts, special, size=3000, **options):
    t.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False, **options))
    return t


def byte_level(texts):
    """Returns the tokenizers whose pieces are of bytes."""
    alphabet = {"initial_alphabet": pre_tokenizers.ByteLevel.alphabet()}
    kinds = {"gpt2": (train(bytes_tokenizer(), texts, ["<|endoftext|>"], **alphabet), {"tokenizer_class": "GPT2Tokenizer"}, "gpt2")}

    phi = train(bytes_tokenizer(), texts, ["<|endoftext|>"], **alphabet)
    phi.add_tokens([AddedToken(" " * n, normalized=True) for n in range(31, 1, -1)])
    phi.add_tokens([AddedToken("\t" * n, normalized=True) for n in range(9, 1, -1)])
    kinds["phi"] = phi, {"tokenizer_class": "CodeGenTokenizer", "add_prefix_space": False}, "phi"

    neox = bytes_tokenizer()
    neox.normalizer = normalizers.NFC()
    train(neox, texts, ["<|endoftext|>", "<|padding|>"], **alphabet)
    neox.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    kinds["neox"] = neox, {"tokenizer_class": "GPTNeoXTokenizer", "add_prefix_space": False}, "gpt_neox"

    names = ["<|begin_of_text|>", "<|end_of_text|>"] + [f"<|reserved_special_token_{i}|>" for i in range(60)]
    llama3 = train(split_tokenizer(LLAMA3, ignore_merges=True), texts, [], **alphabet)
    llama3.add_special_tokens([AddedToken(n, normalized=False) for n in names])
    template(llama3, "<|begin_of_text|>")
    kinds["llama3"] = llama3, {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": names[0], "eos_token": names[1]}, "llama"

    qwen = split_tokenizer(QWEN)
    qwen.normalizer = normalizers.NFC()
    train(qwen, texts, [], **alphabet)
    qwen.add_special_tokens([AddedToken(n, normalized=False) for n in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    qwen.add_tokens([AddedToken(n, normalized=False) for n in ("<tool_call>", "</tool_call>", "<think>", "</think>")])
    kinds["qwen2"] = qwen, {"tokenizer_class": "Qwen2Tokenizer", "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, "qwen2"

    tekken = train(split_tokenizer(TEKKEN, ignore_merges=True), texts, ["<unk>", "<s>", "</s>", "[INST]"], **alphabet)
    template(tekken, "<s>")
    kinds["tekken"] = tekken, {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}, "mistral"
    return kinds


def with_fallback(texts):
    """Returns the tokenizers whose pieces are of characters, and which fall back on bytes."""
    alphabet = {"initial_alphabet": list("abcdefghijklmnopqrstuvwxyz"), "limit_alphabet": 300}
    fallback = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    byte_names = [f"<0x{b:02X}>" for b in range(256)]

    def characters(t, special):
        """Trains t; the names of the bytes are pieces, but no special tokens."""
        train(t, texts, special + byte_names, **alphabet)
        file = json.loads(t.to_str())
        file["added_tokens"] = [a for a in file["added_tokens"] if a["content"] in special]
        return Tokenizer.from_str(json.dumps(file))

    llama = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    llama.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    llama.decoder = decoders.Sequence(fallback + [decoders.Strip(" ", 1, 0)])
    # Trained by words, which keeps the pieces like a real model's; the file has no pre-tokenizer.
    llama.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")
    llama = characters(llama, ["<unk>", "<s>", "</s>"])
    llama.pre_tokenizer = None
    template(llama, "<s>")

    gemma = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    gemma.normalizer = normalizers.Replace(" ", "▁")
    gemma.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")
    gemma.decoder = decoders.Sequence(fallback)
    gemma = characters(gemma, ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>"])
    gemma.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    gemma.add_tokens([AddedToken("\n" * n, normalized=False) for n in range(2, 12)])
    template(gemma, "<bos>")

    metaspace = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False, byte_fallback=False))
    metaspace.pre_tokenizer = pre_tokenizers.Metaspace()
    metaspace.decoder = decoders.Metaspace()
    train(metaspace, texts, ["<unk>", "<s>", "</s>"], **alphabet)
    template(metaspace, "<s>")

    tokens = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return {
        "llama2": (llama, {"tokenizer_class": "LlamaTokenizer", "legacy": False, **tokens}, "llama"),
        "mistral": (llama, {"tokenizer_class": "LlamaTokenizer", "legacy": False, **tokens}, "mistral"),
        "gemma": (gemma, {"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>"}, "gemma2"),
        "metaspace": (metaspace, {"tokenizer_class": "PreTrainedTokenizerFast", **tokens}, "other"),
    }


def write_all(folder, texts):
    for name, (t, config, model_type) in {**byte_level(texts), **with_fallback(texts)}.items():
        into = Path(folder, name)
        into.mkdir(parents=True)
        t.save(str(into / "tokenizer.json"))
        (into / "tokenizer_config.json").write_text(json.dumps(config))
        (into / "config.json").write_text(json.dumps({"model_type": model_type}))


def tried(function):
    """Returns what the function returns, None where the library panics."""
    try:
        return function()
    except BaseException as e:
        if type(e).__name__ != "PanicException":
            raise
        return None


def answer(question):
    if name := question.get("normalizer"):
        arguments = [Regex(a[1]) if isinstance(a, list) else a for a in question.get("arguments") or []]
        normalizer = getattr(normalizers, name)(*arguments)
        return {"texts": [normalizer.normalize_str(text) for text in question["texts"]]}
    if "file" in question:
        t = Tokenizer.from_file(question["file"])
    else:
        from transformers import AutoTokenizer

        t = AutoTokenizer.from_pretrained(question["folder"], **question.get("options", {}))._tokenizer
    encoded = []
    for literal, around in ((True, False), (False, False), (False, True)):
        t.encode_special_tokens = literal
        encoded.append([tried(lambda: t.encode(text, add_special_tokens=around).ids) for text in question.get("texts", [])])
    texts = [tried(lambda: t.decode(ids, skip_special_tokens=False)) for ids in question.get("ids", [])]
    return {"ids": list(zip(*encoded)), "texts": texts, "size": t.get_vocab_size()}


def main():
    if sys.argv[1] == "train":
        write_all(sys.argv[2], Path(sys.argv[3]).read_text(encoding="utf-8").splitlines(keepends=True))
        return
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
