package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/hub"
)

func fetchCommand() *cli.Command {
	return &cli.Command{
		Name: "fetch", Usage: "fetch a model from the Hugging Face hub, or update it", ArgsUsage: "NAME[@REVISION]",
		Description: "Fetches configuration, tokenizer and weights of NAME, such as gpt2 or\n" +
			"EleutherAI/pythia-70m, or a LoRA adapter, and prints the folder. They go into the cache that\n" +
			"Python's libraries share. Files that are there are not fetched again. After\n" +
			"Ctrl-C or a lost connection, the same command continues where it stopped.\n" +
			"--model NAME fetches what the cache lacks and sends no request for what it has.\n\n" +
			"HF_TOKEN is for private and gated models. HF_ENDPOINT names another hub.\n" +
			"HF_HUB_OFFLINE=1 forbids every request. HF_HOME or HF_HUB_CACHE sets the cache,\n" +
			"and HTTPS_PROXY a proxy.",
		UsageText: `  golens model fetch gpt2
  golens model fetch EleutherAI/pythia-70m@step1000`,
		Flags: []cli.Flag{}, OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Len() != 1 {
				return usage(c, "name one model, such as gpt2")
			}
			dir, err := fetcher(c)(c.Args().First(), hub.Whole)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.App.Writer, dir)
			return err
		},
	}
}

// listedModel is a line of `model list`, in JSON's names.
type listedModel struct {
	Name      string   `json:"name"` // as --model takes it
	Revisions []string `json:"revisions"`
	Commit    string   `json:"commit"`
	Folder    string   `json:"folder"`
	Family    string   `json:"family"`
	DType     string   `json:"dtype"`
	Base      string   `json:"base,omitempty"` // the model that an adapter was trained on
	Bytes     int64    `json:"bytes"`
	Supported bool     `json:"supported"`
	Why       string   `json:"why,omitempty"` // it is not
}

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "show the models of the local Hugging Face cache",
		Description: "Lists the models of the cache by the names that --model takes, and the LoRA\n" +
			"adapters that --adapter takes: size, family, type of the weights, and whether\n" +
			"golens can use it, or why not. No request is sent.",
		UsageText: `  golens model list
  golens model list --json | jq -r '.[] | select(.supported) | .name'`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "write JSON"}}, OnUsageError: onUsageError,
		Action: runModelList,
	}
}

func runModelList(c *cli.Context) error {
	if c.Args().Present() {
		return usage(c, "model list takes no arguments")
	}
	snapshots, cache, err := hub.List(os.Getenv)
	if err != nil {
		return err
	}
	list := []listedModel{}
	var total int64
	for _, s := range snapshots {
		l := listedModel{Name: s.Model, Revisions: s.Revisions, Commit: s.Commit, Folder: s.Dir, Bytes: s.Bytes, Supported: true}
		switch {
		case len(s.Revisions) == 0:
			l.Name += "@" + s.Commit
		case s.Revisions[0] != "main":
			l.Name += "@" + s.Revisions[0]
		}
		g := model.Glance(s.Dir)
		l.Family, l.DType, l.Base = g.Family, g.DType, g.Base
		if g.Problem != nil {
			l.Supported, l.Why = false, strings.TrimPrefix(g.Problem.Error(), s.Dir+"/")
		}
		list, total = append(list, l), total+s.Bytes
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(list)
	}
	return writeModels(c.App.Writer, list, cache, total)
}

func writeModels(w io.Writer, list []listedModel, cache string, total int64) error {
	if len(list) == 0 {
		_, err := fmt.Fprintf(w, "there is no model in %s\n", cache)
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tsize\tfamily\ttype\tgolens")
	for _, l := range list {
		why := "runs it"
		switch {
		case !l.Supported:
			why, _, _ = strings.Cut("no: "+l.Why, ";")
		case l.Family == model.AdapterFamily:
			why = "merges it into " + cmp.Or(l.Base, "the model that it was trained on")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", l.Name, hub.Bytes(l.Bytes), orDash(l.Family), orDash(l.DType), why)
	}
	fmt.Fprintf(t, "%s in %s\n", hub.Bytes(total), cache)
	return t.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func removeCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "remove a model from the local Hugging Face cache", ArgsUsage: "NAME[@REVISION]",
		Description: "Removes NAME with all its revisions, or one revision and the files that no\n" +
			"other revision uses. It asks first. Python's libraries share the cache and will\n" +
			"not find the model either.",
		UsageText: `  golens model remove gpt2
  golens model remove EleutherAI/pythia-70m@step1000 --yes`,
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "yes", Usage: "do not ask"}},
		OnUsageError: onUsageError, Action: runModelRemove,
	}
}

func runModelRemove(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usage(c, "name one model, as model list shows it")
	}
	name := c.Args().First()
	r, err := hub.PlanRemoval(name, os.Getenv)
	if err != nil {
		return err
	}
	if !c.Bool("yes") {
		yes, err := asked(c, r)
		if err != nil || !yes {
			return err
		}
	}
	if err := r.Do(); err != nil {
		return err
	}
	text := fmt.Sprintf("%s removed, %s given back", name, hub.Bytes(r.Bytes))
	if r.Shared > 0 {
		text += fmt.Sprintf("; %s stay in the store that models share", hub.Bytes(r.Shared))
	}
	_, err = fmt.Fprintln(c.App.Writer, text)
	return err
}

// asked asks whether to remove. Where nobody can answer it is an error.
func asked(c *cli.Context, r *hub.Removal) (bool, error) {
	in, ok := c.App.Reader.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false, usage(c, "standard input is no terminal, so that nobody can be asked: say --yes")
	}
	for _, s := range r.Snapshots {
		names := strings.Join(s.Revisions, ", ")
		fmt.Fprintf(c.App.ErrWriter, "%s  %s  %s\n", s.Dir, hub.Bytes(s.Bytes), names)
	}
	fmt.Fprintf(c.App.ErrWriter, "Remove %s, %s? [y/N] ", c.Args().First(), hub.Bytes(r.Bytes))
	answer, err := bufio.NewReader(&waiting{ctx: c.Context, r: c.App.Reader}).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	if answer == "y" || answer == "yes" {
		return true, nil
	}
	fmt.Fprintln(c.App.ErrWriter, "golens: nothing was removed")
	return false, nil
}
