package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/safetensors"
)

// A Shape is the shape of a GPT-2: its number of blocks and their width. The rest is as in GPT-2
// small: heads of width 64, MLPs four times as wide as the stream, 50,257 tokens, a context of
// 1,024, and a tied unembedding.
type Shape struct{ Blocks, Width int }

const (
	shapeVocab, shapeContext, shapeHead = 50257, 1024, 64
	shapeSeed                           = 1
)

// ParseShape reads a shape such as "12x768".
func ParseShape(text string) (Shape, error) {
	blocks, width, _ := strings.Cut(text, "x")
	L, errL := strconv.Atoi(blocks)
	C, errC := strconv.Atoi(width)
	switch {
	case errL != nil || errC != nil:
		return Shape{}, choice("the shape %q is not written as blocks by width, such as 12x768", text)
	case L < 1 || L > 1000 || C < 1 || C > 65536:
		return Shape{}, choice("the shape %s is out of range: 1 to 1000 blocks, up to 65536 wide", text)
	case C > shapeHead && C%shapeHead != 0:
		return Shape{}, choice("a width of %d cannot be shared among heads of %d: give a multiple", C, shapeHead)
	}
	return Shape{L, C}, nil
}

func (s Shape) heads() int { return max(1, s.Width/shapeHead) }

// String returns the shape as ParseShape reads it.
func (s Shape) String() string { return fmt.Sprintf("%dx%d", s.Blocks, s.Width) }

// Open returns a model of the shape with random weights, the same ones each time. The weights are
// in memory that the system frees at the end of the process. A folder with the configuration is on
// the disk while the model is opened, and not longer.
func (s Shape) Open(o model.Options) (*model.Model, error) {
	dir, err := os.MkdirTemp("", "golens-shape-")
	if err != nil {
		return nil, fmt.Errorf("bench: a model of the shape %s: %w", s, err)
	}
	defer os.RemoveAll(dir)
	fd, err := unix.MemfdCreate("golens-shape", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("bench: a model of the shape %s: memory for its weights: %w", s, err)
	}
	f := os.NewFile(uintptr(fd), "golens-shape")
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := safetensors.Write(w, nil, s.tensors()...); err != nil {
		return nil, fmt.Errorf("bench: a model of the shape %s: %w", s, err)
	}
	if err := w.Flush(); err != nil {
		return nil, fmt.Errorf("bench: a model of the shape %s: %w", s, err)
	}
	config := fmt.Sprintf(`{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": %d, "n_embd": %d, "n_head": %d, "n_positions": %d, "vocab_size": %d}`+"\n",
		s.Blocks, s.Width, s.heads(), shapeContext, shapeVocab)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("bench: a model of the shape %s: %w", s, err)
	}
	if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", fd), filepath.Join(dir, "model.safetensors")); err != nil {
		return nil, fmt.Errorf("bench: a model of the shape %s: %w", s, err)
	}
	m, err := model.Open(dir, o)
	if err != nil {
		return nil, err
	}
	if _, err := m.Tokenizer(); err != nil { // while its folder is there
		m.Close()
		return nil, err
	}
	m.Name, m.Dir = "gpt2 "+s.String()+", random weights", ""
	return m, nil
}

// tensors returns weights like those of GPT-2 before training: normal with standard deviation
// 0.02, and norms that are the identity.
func (s Shape) tensors() []safetensors.Tensor {
	C := int64(s.Width)
	seed := uint64(shapeSeed)
	var out []safetensors.Tensor
	add := func(name string, value float32, deviation float32, shape ...int64) {
		seed++
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		out = append(out, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape,
			Data: &normals{left: 4 * n, mean: value, deviation: deviation, draw: rand.New(rand.NewPCG(seed, 0))}})
	}
	norm := func(name string) {
		add(name+".weight", 1, 0, C)
		add(name+".bias", 0, 0, C)
	}
	linear := func(name string, in, to int64) { // stored as [in,out]
		add(name+".weight", 0, 0.02, in, to)
		add(name+".bias", 0, 0, to)
	}
	add("wte.weight", 0, 0.02, shapeVocab, C)
	add("wpe.weight", 0, 0.02, shapeContext, C)
	for i := range s.Blocks {
		at := fmt.Sprintf("h.%d.", i)
		norm(at + "ln_1")
		linear(at+"attn.c_attn", C, 3*C)
		linear(at+"attn.c_proj", C, C)
		norm(at + "ln_2")
		linear(at+"mlp.c_fc", C, 4*C)
		linear(at+"mlp.c_proj", 4*C, C)
	}
	norm("ln_f")
	return out
}

// normals is a reader of normally distributed little-endian float32 numbers.
type normals struct {
	left            int64 // bytes
	mean, deviation float32
	draw            *rand.Rand
	word            [4]byte
	rest            int // bytes of word that are still to be read
}

// Read fills p; io.EOF after the last number.
func (r *normals) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.left)]
	for n := 0; n < len(p); {
		if r.rest == 0 {
			v := r.mean
			if r.deviation != 0 {
				v += r.deviation * float32(r.draw.NormFloat64())
			}
			binary.LittleEndian.PutUint32(r.word[:], math.Float32bits(v))
			r.rest = 4
		}
		k := copy(p[n:], r.word[4-r.rest:])
		r.rest -= k
		n += k
	}
	r.left -= int64(len(p))
	return len(p), nil
}
