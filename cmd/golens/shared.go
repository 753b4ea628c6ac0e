package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/torch"
)

// modelVariable names the model where --model does not.
const modelVariable = "HF_MODEL_LENS"

func modelFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "model", Category: "Shared flags", EnvVars: []string{modelVariable}, Usage: usage}
}

// The flags that every command which runs a model has. They may stand before the
// command's name.
func sharedFlags() []cli.Flag {
	const category = "Shared flags"
	return append([]cli.Flag{
		modelFlag("`MODEL`: a Hugging Face folder, a TorchScript archive (.pt; load only what you trust), or a name such as gpt2, which is fetched from the Hugging Face hub if the local cache lacks it. Without it $" + modelVariable + ", or the small model inside golens"),
		&cli.StringFlag{Name: "adapter", Category: category, Usage: "`ADAPTER`: merge a LoRA adapter into the weights: a folder as peft writes it (adapter_config.json), or a name, which is fetched as models are"},
		libtorchFlag(),
		&cli.StringFlag{Name: "device", Category: category, Value: "cpu", Usage: "`DEVICE`: compute on cpu, cuda, cuda:N or auto (a GPU if there is one; a warning says why a GPU is not used)"},
		&cli.IntFlag{Name: "threads", Category: category, Usage: "use `N` CPU threads; without it as many as PyTorch would use. The last bits of the numbers depend on N"},
		&cli.StringFlag{Name: "attention", Category: category, Value: "sdpa", Usage: "`KIND`: compute attention as sdpa or eager, as in transformers; an archive has its own kind"},
		&cli.StringFlag{Name: "dtype", Category: category, Value: "auto", Usage: "`TYPE`: compute in float32, bfloat16, float16 or auto: the type of the stored weights, as in transformers 5 (studies: float32); an archive has its own type"},
		&cli.StringFlag{Name: "lens", Category: category, Value: "notebook", Usage: "`KIND`: normed or logit (the papers' logit lens: final norm and unembedding at every layer), notebook (hidden_states as they are: inner layers have no final norm, the last has) or raw (no final norm)"},
		&cli.StringFlag{Name: "mode", Category: category, Value: "exact", Usage: "`MODE`: exact (every number is PyTorch's, bit for bit) or fast (equal up to rounding; for lens, generate and sweep)"},
		&cli.StringFlag{Name: "kernel", Category: category, Value: "auto", Usage: "`KERNEL`: how --mode fast computes: " + string(lens.F32) + " (float32 on the CPU), " + string(lens.X3) + " (split bfloat16, where the processor has it), " + string(lens.TF32X3) + " (split TF32, float32 models on GPUs), " + string(lens.ATen) + " (libtorch's operations, anywhere) or auto (the fastest that has passed its tests on such hardware)"},
	}, screenFlags()...)
}

// openModel opens the model of the shared flags, which the caller closes.
func openModel(c *cli.Context) (*model.Model, error) {
	return openModelIn(c, model.DType(c.String("dtype")))
}

// openModelIn is openModel with a number type in the place of --dtype's.
func openModelIn(c *cli.Context, dtype model.DType) (*model.Model, error) {
	return openModelWith(c, dtype, func(o model.Options) (*model.Model, error) { return builtin.Open(c.String("model"), o) })
}

// openModelWith has open open a model in the way that the shared flags say.
func openModelWith(c *cli.Context, dtype model.DType, open func(model.Options) (*model.Model, error)) (*model.Model, error) {
	if err := checkMode(c); err != nil {
		return nil, err
	}
	attention := model.Attention(c.String("attention"))
	if attention != model.SDPA && attention != model.Eager {
		return nil, usage(c, "--attention %s: it is sdpa or eager", attention)
	}
	if !c.IsSet("attention") {
		attention = "" // an archive has its own
	}
	if !slices.Contains([]model.DType{model.Auto, "float32", "bfloat16", "float16"}, dtype) {
		return nil, usage(c, "--dtype %s: it is auto, float32, bfloat16 or float16", dtype)
	}
	name := c.String("device")
	if err := torch.CheckDevice(name); err != nil {
		return nil, usage(c, "--device %s: it is cpu, cuda, cuda:N or auto", name)
	}
	if err := openLibtorch(c); err != nil {
		return nil, err
	}
	if c.IsSet("threads") {
		if n := c.Int("threads"); n < 1 || n > 1024 {
			return nil, usage(c, "--threads %d: give 1 to 1024", n)
		}
		if err := torch.SetThreads(c.Int("threads")); err != nil {
			return nil, err
		}
	}
	device, note, err := openDevice(name)
	if err != nil {
		return nil, fmt.Errorf("--device %s: %w; --device cpu works everywhere", name, err)
	}
	if note != "" {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning:", note)
	}
	m, err := open(model.Options{Device: device, DeviceNote: note, Attention: attention, DType: dtype, Names: names(c), Adapter: c.String("adapter"), Fetch: fetcher(c)})
	if a := new(model.AdapterError); errors.As(err, &a) {
		return nil, wrong(c, fmt.Errorf("%w: --model %s --adapter %s", err, cmp.Or(a.Base, "MODEL"), a.Where))
	}
	if err != nil {
		return nil, fromVariable(c, wrongChoice(c, err))
	}
	for _, w := range m.Warnings {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning:", w)
	}
	return m, nil
}

// openLibtorch loads the libtorch of the shared flags. A command calls it before anything that
// would load it by itself, so that its error stands alone.
func openLibtorch(c *cli.Context) error {
	if dir := c.String("libtorch"); dir != "" {
		if err := torch.Use(dir); err != nil {
			return err
		}
	}
	opened := make(chan error, 1)
	go func() { opened <- torch.Open() }()
	if where := c.String("model"); where == "" || where == model.DefaultName {
		_, _ = token.GPT2() // which takes a while and is kept: who needs it has its error
	}
	return <-opened
}

// openDevice opens a device by its name. With auto, the note says why a GPU that is there
// does not serve.
func openDevice(name string) (d torch.Device, note string, err error) {
	if name != "auto" {
		d, err = torch.OpenDevice(name)
		return d, "", err
	}
	d, why := torch.AutoDevice()
	if why != nil {
		note = fmt.Sprintf("--device auto takes %s: %v; golens doctor --device cuda tells more", d, why)
	}
	return d, note, nil
}

// checkMode looks whether the command has the mode and the kernel that are asked for.
func checkMode(c *cli.Context) error {
	mode, kernel, name := c.String("mode"), lens.Kernel(c.String("kernel")), c.Command.Name
	if name == "bench" {
		return nil // it has a --mode of its own
	}
	switch hasFast := slices.Contains([]string{"lens", "generate", "sweep"}, name); {
	case mode == "exact" || mode == "fast" && hasFast:
	case hasFast:
		return usage(c, "--mode %s: there are exact and fast", mode)
	case mode == "fast":
		return usage(c, "--mode fast: golens %s is exact; lens, generate and sweep have a fast mode", name)
	default:
		return usage(c, "--mode %s: there is exact", mode)
	}
	switch {
	case !c.IsSet("kernel"):
	case !slices.Contains([]lens.Kernel{lens.Auto, lens.ATen, lens.F32, lens.X3, lens.TF32X3}, kernel):
		return usage(c, "--kernel %s: there are auto, aten, f32, x3 and tf32x3", kernel)
	case name != "lens" && name != "generate":
		return usage(c, "--kernel does not apply to golens %s; lens and generate have kernels", name)
	case mode != "fast" && kernel != lens.Auto:
		return usage(c, "--kernel %s needs --mode fast: in exact mode the products are libtorch's own", kernel)
	}
	return nil
}

// fromVariable adds to a model's error that the environment named the model.
func fromVariable(c *cli.Context, err error) error {
	if fromEnvironment(c) {
		return fmt.Errorf("%w ($%s names this model)", err, modelVariable)
	}
	return err
}

// fromEnvironment reports whether it is the environment that names the model.
func fromEnvironment(c *cli.Context) bool {
	v := os.Getenv(modelVariable)
	return v != "" && v == c.String("model")
}

// projection returns the lens of --lens.
func projection(c *cli.Context) (lens.Projection, error) {
	p, err := lens.ProjectionOf(c.String("lens"))
	if err != nil {
		return nil, wrong(c, fmt.Errorf("--lens: %w", err))
	}
	return p, nil
}
