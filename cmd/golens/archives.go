package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
)

// nameFlags are for TorchScript archives: what their sidecar says, or would say.
func nameFlags() []cli.Flag {
	const category = "For a TorchScript archive (.pt) without a sidecar"
	return []cli.Flag{
		&cli.StringFlag{Name: "blocks", Category: category, Usage: "`PATTERN` of the blocks' paths, with a star for the number: transformer.h.*"},
		&cli.StringFlag{Name: "norm", Category: category, Usage: "`PATH` of the final norm: transformer.ln_f"},
		&cli.StringFlag{Name: "head", Category: category, Usage: "`PATH` of the unembedding: lm_head"},
		&cli.StringFlag{Name: "embed", Category: category, Usage: "`PATH` of the module whose output is the input of the first block: transformer.drop"},
		&cli.StringFlag{Name: "tokenizer", Category: category, Usage: "`FOLDER` with tokenizer.json, or vocab.json and merges.txt; or gpt2"},
	}
}

// names reads the flags of nameFlags. A sweep's --blocks are numbers, unless there is a
// star in it.
func names(c *cli.Context) model.Names {
	blocks := c.String("blocks")
	if c.Command.Name == "sweep" && !strings.Contains(blocks, "*") {
		blocks = ""
	}
	return model.Names{Blocks: blocks, Norm: c.String("norm"), Head: c.String("head"), Embed: c.String("embed"), Tokenizer: c.String("tokenizer")}
}

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write a model as a TorchScript archive", ArgsUsage: "OUT.pt",
		Description: "Writes the model of --model, with the attention of --attention, to OUT.pt, and\n" +
			"OUT.pt.json next to it, which names the archive's parts. If the tokenizer is\n" +
			"not GPT-2's, it goes to the folder OUT.tokenizer. The archive is read back and\n" +
			"compared before it appears. golens opens it with --model OUT.pt. Python loads\n" +
			"it with torch.jit.load and gets the same bits once the graph optimizer is off:\n\n" +
			"  torch._C._set_graph_executor_optimize(False)",
		UsageText: `  golens model export small.pt
  golens model export gpt2-eager.pt --model gpt2 --attention eager`,
		Flags: append(sharedFlags(), nameFlags()...), OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Len() != 1 {
				return usage(c, "name one file to write, OUT.pt")
			}
			if d := c.String("device"); d != "cpu" && d != "auto" {
				return usage(c, "--device %s: an archive is written from the CPU", d)
			}
			if err := c.Set("device", "cpu"); err != nil {
				return err
			}
			m, err := openModel(c)
			if err != nil {
				return err
			}
			defer m.Close()
			out := c.Args().First()
			if err := m.Export(out); err != nil {
				return wrongChoice(c, err)
			}
			_, err = fmt.Fprintf(c.App.Writer, "%s and %s%s written, and read back with the same logits\n"+
				"in Python, before it runs: torch._C._set_graph_executor_optimize(False)\n", out, out, model.SidecarExt)
			return err
		},
	}
}

func importCommand() *cli.Command {
	return &cli.Command{
		Name: "import", Usage: "write a TorchScript archive as a Hugging Face folder", ArgsUsage: "FILE.pt FOLDER",
		Description: "Writes config.json, model.safetensors and, if it is known, the tokenizer into\n" +
			"FOLDER, which must be empty or not exist. transformers loads the folder. The\n" +
			"weights are the archive's, bit for bit. The configuration is the sidecar's or\n" +
			"that of --config, because weights do not show the number of heads.",
		UsageText: `  golens model import gpt2.pt gpt2-folder
  golens model import mine.pt folder --config config.json`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "config", Usage: "`FILE`: the config.json to use, for an archive without a sidecar"}}, nameFlags()...),
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Len() != 2 {
				return usage(c, "name an archive and a folder: FILE.pt FOLDER")
			}
			from, to := c.Args().Get(0), c.Args().Get(1)
			if err := model.Import(from, to, c.String("config"), names(c)); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.App.Writer, "%s written, its weights those of %s to the bit\n", to, from)
			return err
		},
	}
}
