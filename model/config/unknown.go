package config

import (
	"maps"
	"slices"
)

// harmless are fields that change nothing of what golens computes, in any family: what
// transformers keeps for training, for classification and for itself, and the settings of
// generation, which are read with those of generation_config.json.
var harmless = set(
	// transformers' own, and notes of people
	"_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "_commit_hash", "_num_labels", "architectures", "attn_implementation",
	"chunk_size_feed_forward", "id2label", "is_decoder", "is_encoder_decoder", "label2id", "model_type", "output_attentions", "output_hidden_states",
	"output_past", "problem_type", "return_dict", "task_specific_params", "tokenizer_class", "torchscript", "transformers_version", "use_bfloat16",
	"use_cache", "tie_encoder_decoder", "pruned_heads", "unsloth_fixed", "unsloth_version", "license", "prefix", "finetuning_task",
	// tokens and names of parts that a lens does not run
	"cls_token_id", "mask_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id", "summary_activation", "summary_first_dropout",
	"summary_proj_to_labels", "summary_type", "summary_use_proj", "num_labels", "classifier_dropout", "cross_attention_hidden_size", "transformers_weights",
	// training
	"attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "dropout", "embd_pdrop", "embed_dropout", "gradient_checkpointing", "hidden_dropout",
	"hidden_dropout_prob", "init_std", "initializer_range", "initializer_factor", "layerdrop", "pretraining_tp", "resid_dropout", "resid_pdrop",
	// sizes that others tell as well, which no class reads
	"n_ctx", "rotary", "attention_layers", "max_length", "cache_implementation", "use_flash_attn", "flash_attn", "flash_rotary", "fused_dense",
	// generation
	"min_length", "max_new_tokens", "min_new_tokens", "early_stopping", "do_sample", "num_beams", "num_beam_groups", "diversity_penalty", "temperature",
	"top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty", "encoder_repetition_penalty", "length_penalty",
	"no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "force_words_ids", "renormalize_logits", "constraints", "forced_bos_token_id",
	"forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "sequence_bias",
	"guidance_scale", "num_return_sequences", "output_scores", "return_dict_in_generate", "penalty_alpha", "stop_strings",
)

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

// unknown returns the fields that nothing asked for and that are not harmless, in the order of
// their names. A field of an object is "object.name". A field that is null says nothing.
func (f *fields) unknown() []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		if in := f.inner[key]; in != nil {
			for _, name := range in.unknown() {
				out = append(out, key+"."+name)
			}
		} else if !f.read[key] && !harmless[key] && f.has(key) {
			out = append(out, key)
		}
	}
	return out
}

// known says that the file may have these fields, and that they change nothing here.
func (f *fields) known(keys ...string) {
	for _, key := range keys {
		f.get(key)
	}
}
