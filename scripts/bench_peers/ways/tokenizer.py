"""A tokenizer for tools that do not load a model without one; no work uses it."""

import tokenizers
import transformers


def stand_in():
    end = "<|endoftext|>"
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({end: 0}, unk_token=end))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, eos_token=end, pad_token=end, unk_token=end)
