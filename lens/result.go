package lens

// A Token is one position of the prompt, or one entry of the vocabulary.
type Token struct {
	ID    int64
	Bytes []byte // the token's bytes, not always valid UTF-8; nil where no tokenizer knows them
}

// A Row says which state a row of the result was read from.
type Row struct {
	Index int    // 0 is the embedding, i is the state after block i-1
	Point string // the hook point whose output was read, such as "drop", "h.3" or "ln_f"
	Label string // short name for people: "emb", "L0" .. "L11"
}

// Result holds a logit lens of one prompt. Arrays are row-major; R is the
// number of rows (states), P of positions (columns) and K of kept candidates.
// Floats are float32 whatever the model's dtype.
type Result struct {
	Name   string  // the prompt's name where several are read, else ""
	Prompt string  // the text as given
	Tokens []Token // the whole prompt, T tokens
	Rows   []Row   // R rows, rising

	Positions []int // P positions read, rising; all T unless chosen
	K         int   // candidates a cell

	TopIDs    []int64   // [R,P,K] largest logits first, equal logits by rising id, NaN before all
	TopLogits []float32 // [R,P,K]
	TopProbs  []float32 // [R,P,K] softmax

	Entropy   []float32 // [R,P] nats
	LogSumExp []float32 // [R,P] nats
	KL        []float32 // [R,P] KL(final || row) in nats; final is the model's own output
	Agree     []bool    // [R,P] the row's likeliest token is the final one's, and neither logit is NaN

	Stats   []StatValues // those of Options.Stats, in their order
	Targets *Targets     // nil unless targets were asked for
	Tracks  *Tracks      // nil unless tokens were to be followed
	Joint   *Joint       // of whole sequences; nil unless the caller sets what ReadJoint returns

	Hidden []float32 // [R,T,C] the states that were read, nil unless kept
	Width  int       // C
	Logits []float32 // [R,P,V], nil unless asked for
	Vocab  int       // V

	Written *Written // of the text of a generation; nil for the lens of a prompt

	// Pieces are the vocabulary entries that occur in TopIDs and Targets.
	Pieces map[int64]Token

	// Warnings are sentences for the user: NaN in the logits, a word of several ids.
	Warnings []string

	Manifest Manifest
}

// Targets holds what every row says of given next tokens.
//
// Next: one target a position, the text's own next token; IDs is [P] with -1
// where there is none, N is 1 and the arrays are [R,P], NaN or 0 there.
// Words: N targets at each of Positions; IDs is [N], the arrays [R,len(Positions),N].
type Targets struct {
	Next      bool
	Words     []string // N words as given; nil for Next
	IDs       []int64
	Positions []int // positions read, all the result's for Next
	N         int

	LogProb []float32
	Prob    []float32
	Rank    []int64 // 1 + the number of larger logits; V for a NaN logit
	Ties    []int64 // the number of other tokens with the same logit; 0 for a NaN logit
}

// Manifest says what made a result. Two results are comparable when theirs are equal.
type Manifest struct {
	Golens     string `json:"golens"`     // version of this program
	Model      string `json:"model"`      // name or folder
	Config     string `json:"config"`     // sha256 of config.json
	Weights    string `json:"weights"`    // sha256 over the weights, see model.Digest
	Tokenizer  string `json:"tokenizer"`  // sha256 over vocabulary and merges
	Libtorch   string `json:"libtorch"`   // version of the one that computed, by its own word: 2.11.0
	BLAS       string `json:"blas"`       // the matrix library and its version
	Capability string `json:"capability"` // ATen's CPU capability, such as AVX512
	CPU        string `json:"cpu"`        // the processor's name
	Threads    int    `json:"threads"`
	// LibtorchBuild is the linker's id of libtorch_cpu.so: two builds of one version may differ
	// in last bits.
	LibtorchBuild string `json:"libtorch_build,omitempty"`
	// KernelThreads is 1 where golens's own kernels cannot share their work among threads
	// (torch.KernelThreads), and else 0. It changes times and no number.
	KernelThreads int `json:"kernel_threads,omitempty"`

	Device     string `json:"device"`
	DeviceNote string `json:"device_note,omitempty"` // why a GPU that is there was not taken, with the device "auto"
	DType      string `json:"dtype"`
	Attention  string `json:"attention"`          // sdpa or eager
	Mode       string `json:"mode"`               // exact or fast
	Kernel     string `json:"kernel"`             // aten, f32, x3 or tf32x3
	Order      string `json:"order,omitempty"`    // of summation, of a kernel of golens's own
	Packed     bool   `json:"packed,omitempty"`   // whether the states are made by such kernels too
	Lens       string `json:"lens"`               // Projection.Name
	LensKey    string `json:"lens_key,omitempty"` // Projection.Key
	At         string `json:"at"`                 // resid, resid_mid, attn or mlp
	Compat     string `json:"compat,omitempty"`   // published or fixed, in studies

	// Interventions in the order they act, such as "scale h.3 0.8".
	Interventions []string `json:"interventions,omitempty"`
}
