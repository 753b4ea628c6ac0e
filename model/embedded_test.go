package model_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/defaultmodel"
)

// TestEmbedded: the model in the program gives the bits that transformers gives for
// its file, also for one token, whose products may depend on where weights lie.
func TestEmbedded(t *testing.T) {
	oneThread(t)
	dir := t.TempDir()
	for name, data := range map[string]string{"config.json": string(defaultmodel.Config), "model.safetensors": string(defaultmodel.Weights)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m := open(t, "", model.Options{})
	for _, T := range lengths {
		ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
		want := reference.Forward(t, reference.Request{Model: dir, IDs: ids})["model_logits"]
		err := m.Hold(context.Background(), func(s model.Session) error {
			run, err := s.Forward(ids, nil)
			if err != nil {
				return err
			}
			defer run.Close()
			reference.Equal(t, "logits", floats(t, run.Results[0]), want)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
