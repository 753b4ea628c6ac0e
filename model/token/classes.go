package token

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A tokenizerClass is what a tokenizer class of transformers 5 makes of a folder: it keeps
// the pieces and merges of its tokenizer.json, and puts its own normalizer,
// pre_tokenizer and decoder in place of the file's.
type tokenizerClass struct {
	normalizer, preTokenizer, decoder string // JSON, as in a tokenizer.json
	model                             bpe
	bos, eos, unknown, padding, mask  string // tokens it has unless the folder says otherwise
	noTemplate                        bool   // the file's post_processor does not count
}

const (
	byteLevelJSON   = `{"type":"ByteLevel","add_prefix_space":%t,"trim_offsets":true,"use_regex":%t}`
	nfcJSON         = `{"type":"NFC"}`
	metaspaceJSON   = `{"type":"Metaspace","prepend_scheme":"%s","replacement":"▁","split":false}`
	fallbackJSON    = `{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}%s]}`
	stripJSON       = `,{"type":"Strip","content":" ","start":1,"stop":0}`
	gemmaNormalizer = `{"type":"Replace","pattern":{"String":" "},"content":"▁"}`
	gemmaCutter     = `{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}`
	qwenCutter      = `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},%s]}`
)

// classNames are the classes that replace what the file says.
const (
	gpt2Class, codegenClass, neoxClass = "GPT2Tokenizer", "CodeGenTokenizer", "GPTNeoXTokenizer"
	qwenClass, gemmaClass, llamaClass  = "Qwen2Tokenizer", "GemmaTokenizer", "LlamaTokenizer"
)

// classOfType is the class that transformers has noted for a type of model; "" where
// it takes the file as it is.
var classOfType = map[string]string{
	"gpt2": gpt2Class, "gpt_neo": gpt2Class, "gptj": gpt2Class, "opt": gpt2Class, "phi": gpt2Class, "codegen": gpt2Class,
	"gpt_neox": neoxClass, "qwen2": qwenClass, "qwen3": qwenClass,
	"gemma": gemmaClass, "gemma2": gemmaClass, "gemma3": gemmaClass, "gemma3_text": gemmaClass,
	"mistral": "", "phi3": "",
}

// className returns the class that transformers' AutoTokenizer takes for a folder. It returns ""
// where that class replaces nothing of the file. byteLevel tells whether the tokenizer.json has
// ByteLevel in it.
func (s *settings) className(byteLevel bool) string {
	if !isNull(s.AutoMap) {
		return ""
	}
	noted, known := classOfType[s.modelType]
	switch {
	case s.Class == llamaClass && byteLevel && s.modelType != "qwen2" && s.modelType != "phi3":
		return ""
	case s.Class == "":
		return noted
	case known && noted != s.Class && noted == "":
		return ""
	case known && noted != s.Class && s.modelType == "qwen2": // whose folders are known to say the wrong class
		return noted
	}
	return s.Class
}

// classNamed returns what a class puts in place of the file's parts, and false for
// a name that is none of the above.
func (s *settings) classNamed(name string) (tokenizerClass, bool) {
	addSpace := s.AddPrefix != nil && *s.AddPrefix
	bytes := tokenizerClass{
		preTokenizer: fmt.Sprintf(byteLevelJSON, addSpace, true), decoder: fmt.Sprintf(byteLevelJSON, true, true),
		bos: endOfText, eos: endOfText, unknown: endOfText,
	}
	switch name {
	case gpt2Class, codegenClass:
		return bytes, true
	case neoxClass:
		bytes.normalizer, bytes.padding, bytes.noTemplate = nfcJSON, "<|padding|>", true
		return bytes, true
	case qwenClass:
		bytes.normalizer, bytes.preTokenizer = nfcJSON, fmt.Sprintf(qwenCutter, fmt.Sprintf(byteLevelJSON, addSpace, false))
		bytes.bos, bytes.padding = "", endOfText
		return bytes, true
	case gemmaClass:
		return tokenizerClass{
			normalizer: gemmaNormalizer, preTokenizer: gemmaCutter, decoder: fmt.Sprintf(fallbackJSON, ""),
			model: bpe{Unknown: s.unknownOr("<unk>"), FuseUnknown: true, ByteFallback: true},
			bos:   "<bos>", eos: "<eos>", unknown: "<unk>", padding: "<pad>", mask: "<mask>",
		}, true
	case llamaClass:
		scheme, strip := "first", stripJSON
		if s.Legacy != nil && *s.Legacy {
			scheme = "always"
		}
		if s.AddPrefix != nil && !*s.AddPrefix {
			scheme, strip = "never", ""
		}
		return tokenizerClass{
			preTokenizer: fmt.Sprintf(metaspaceJSON, scheme), decoder: fmt.Sprintf(fallbackJSON, strip),
			model: bpe{FuseUnknown: true, ByteFallback: true},
			bos:   "<s>", eos: "</s>", unknown: "<unk>",
		}, true
	}
	return tokenizerClass{}, false
}

// unknownOr returns the unk_token, or what it is where nothing is said.
func (s *settings) unknownOr(otherwise string) string {
	if s.Unknown != nil {
		return s.Unknown.Content
	}
	return otherwise
}

// apply does to a spec what transformers does when it opens the folder. ofFile tells
// whether the spec is a tokenizer.json's.
func (s *settings) apply(to *spec, post jsontext.Value, class string, ofFile bool) error {
	c, replaces := s.classNamed(class)
	added, err := s.added()
	if err != nil {
		return err
	}
	if replaces {
		s.defaults(c)
		to.normalizer, to.preTokenizer, to.decoder = jsontext.Value(c.normalizer), jsontext.Value(c.preTokenizer), jsontext.Value(c.decoder)
		to.model = c.model
		if ofFile && s.Added != nil {
			to.added = nil // the file's own do not count
		}
	}
	named, err := s.named()
	if err != nil {
		return err
	}
	to.added = append(to.added, added...)
	for _, t := range named {
		if !slices.ContainsFunc(to.added, func(a addedToken) bool { return a.Content == t.Content }) {
			to.added = append(to.added, t)
		}
	}
	if s.BOS != nil {
		to.bos = s.BOS.Content
	}
	if s.EOS != nil {
		to.eos = s.EOS.Content
	}
	switch {
	case !ofFile:
		if s.AddBOS && to.bos != "" {
			to.template.before = []string{to.bos}
		}
		if s.AddEOS && to.eos != "" {
			to.template.after = []string{to.eos}
		}
	case !c.noTemplate:
		ids := to.ids()
		to.allNames(ids)
		if to.template, err = readTemplate(post, ids); err != nil {
			return fmt.Errorf("post_processor: %w", err)
		}
	}
	return nil
}
