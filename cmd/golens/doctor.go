package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/version"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/selftest"
	"github.com/golens/golens/torch"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "show what golens found on this machine, and check that it works",
		Description: "Shows libtorch, the processor, threads, CUDA and fonts, and checks the model of\n" +
			"--model: the lens against the model's own output, the whole against its parts,\n" +
			"hooks, two runs, the tokenizer. Each line is ok, warn or fail. The exit status\n" +
			"is 3 if a check fails.\n\n" +
			"The lines \"products\" show for which numbers of rows a matrix product gives a\n" +
			"row the same last bits. {1} {2..15} means that a row among 2 to 15 has other\n" +
			"bits than a row alone.",
		UsageText: `  golens doctor
  golens doctor --deep --model gpt2
  golens doctor --model gpt2 --threads 1 --json`,
		Flags: append([]cli.Flag{&cli.BoolFlag{Name: "deep", Usage: "also check interventions by runs that must agree: scaling by 1, patching a run with itself or another, skipping blocks, sweeps"},
			&cli.BoolFlag{Name: "json", Usage: "write JSON"}}, append(sharedFlags(), nameFlags()...)...),
		OnUsageError: onUsageError, Action: runDoctor,
	}
}

// A doctorReport is what `doctor --json` writes.
type doctorReport struct {
	Golens string           `json:"golens"`
	Model  string           `json:"model,omitempty"`
	Checks []selftest.Check `json:"checks"`
	Status selftest.Status  `json:"status"` // the worst of them
}

// A differsError says that a check failed; the account has gone out already.
type differsError struct{ failed int }

func (e *differsError) Error() string {
	if e.failed == 1 {
		return "a check failed: see its line"
	}
	return fmt.Sprintf("%d checks failed: see their lines", e.failed)
}

func runDoctor(c *cli.Context) error {
	if c.Args().Present() {
		return usage(c, "doctor takes no arguments; --model names the model to check")
	}
	r := doctorReport{Golens: version.String()}
	m, err := openModel(c) // first, since it sets the threads
	if err != nil && isUsage(err) {
		return err
	}
	var none *torch.OpenError
	r.Checks = machineChecks(c)
	switch {
	case errors.As(err, &none): // the line of libtorch tells it, and nothing else can be looked at
	case err != nil:
		r.Checks = append(r.Checks, selftest.Check{Name: "model", Status: selftest.Fail, Text: err.Error(), Remedy: "give a model that opens by --model; without it, the one in the program is checked"})
	default:
		defer m.Close()
		r.Model = m.Name
		r.Checks = append(r.Checks, modelChecks(m)...)
		r.Checks = append(r.Checks, selftest.Run(c.Context, m)...)
		if c.Bool("deep") {
			r.Checks = append(r.Checks, selftest.Deep(c.Context, m)...)
		}
	}
	failed := 0
	r.Status = selftest.OK
	for _, k := range r.Checks {
		switch {
		case k.Status == selftest.Fail:
			failed++
			r.Status = selftest.Fail
		case k.Status == selftest.Warn && r.Status == selftest.OK:
			r.Status = selftest.Warn
		}
	}
	if err := writeDoctor(c, r); err != nil {
		return err
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if failed > 0 {
		return &differsError{failed}
	}
	return nil
}

func writeDoctor(c *cli.Context, r doctorReport) error {
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "      golens        %s\n", r.Golens)
	for _, k := range r.Checks {
		fmt.Fprintf(&s, "%-4s  %-12s  %s\n", k.Status, k.Name, k.Text)
		if k.Remedy != "" {
			fmt.Fprintf(&s, "%20s%s\n", "", "> "+k.Remedy)
		}
	}
	_, err := io.WriteString(c.App.Writer, s.String())
	return err
}

// modelChecks tell of the model: what it is, its stored weights, and the classes of its products.
func modelChecks(m *model.Model) []selftest.Check {
	name := fmt.Sprintf("%s: %d blocks, C %d, V %d, %s attention", m.Name, m.Sizes.Blocks, m.Sizes.Width, m.Sizes.Vocab, orUnknown(string(m.Attention)))
	out := []selftest.Check{{Name: "model", Status: selftest.OK, Text: name}}
	add := func(name string, s selftest.Status, text, remedy string) {
		out = append(out, selftest.Check{Name: name, Status: s, Text: text, Remedy: remedy})
	}
	for _, w := range m.Warnings {
		add("model", selftest.Warn, w, "see whether that is meant")
	}
	if want, known := m.Recorded(); known {
		got, err := m.Digest() // of what was read just now: nothing remembered shows damage
		switch {
		case err != nil:
			add("weights", selftest.Fail, err.Error(), "get the file anew")
		case got != want:
			add("weights", selftest.Fail, "they are not those that the sidecar tells of: the archive was damaged, or another took its place", "export the model again")
		default:
			add("weights", selftest.OK, "those that the sidecar tells of, by their digest", "")
		}
	}
	products, err := lens.Products(m)
	if err != nil {
		add("products", selftest.Fail, err.Error(), "try another libtorch")
	}
	for _, p := range products {
		add("products", selftest.OK, p.String(), "")
	}
	placed, err := lens.PlacedRows(m)
	switch {
	case err != nil:
		add("placement", selftest.Fail, err.Error(), "try another libtorch")
	case len(placed) > 0:
		add("placement", selftest.Warn, fmt.Sprintf("on this processor the head's product with so many rows depends on where the weights lie in memory: %s", numbersText(placed)),
			"results of so few tokens compare between folders, and between archives, but not between a folder and an archive")
	default:
		add("placement", selftest.OK, "products do not depend on where weights lie in memory", "")
	}
	return out
}

func numbersText(v []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ", "), "[]")
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
