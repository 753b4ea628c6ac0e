// Package hub finds, lists and removes models in the local cache of the Hugging Face
// hub, which Python's libraries share. It uses no network; package fetch does.
package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Cache returns the folder of the local cache, and the environment variable that chose it, or "".
// It follows Python's huggingface_hub: HF_HUB_CACHE, the older HUGGINGFACE_HUB_CACHE, HF_HOME/hub,
// XDG_CACHE_HOME/huggingface/hub, and ~/.cache/huggingface/hub. The first that is set decides,
// whether or not the folder exists. A leading ~ and variables such as $USER are expanded.
//
// env is a function such as os.Getenv; an empty variable counts as not set. The only error is that
// no home folder is known.
func Cache(env func(string) string) (dir, variable string, err error) {
	for _, place := range []struct{ variable, below string }{
		{"HF_HUB_CACHE", ""},
		{"HUGGINGFACE_HUB_CACHE", ""},
		{"HF_HOME", "hub"},
		{"XDG_CACHE_HOME", "huggingface/hub"},
	} {
		if value := env(place.variable); value != "" {
			dir, err := expand(value, env)
			return filepath.Join(dir, place.below), place.variable, err
		}
	}
	dir, err = expand("~/.cache/huggingface/hub", env)
	return dir, "", err
}

// expand replaces a leading ~ by the home folder, and each variable that is set
// by its value.
func expand(path string, env func(string) string) (string, error) {
	if path == "~" || strings.HasPrefix(path, "~/") {
		home := env("HOME")
		if home == "" {
			return "", fmt.Errorf("find the Hugging Face cache: %s: HOME is not set; set HF_HOME to the folder of the cache", path)
		}
		path = home + path[1:]
	}
	return os.Expand(path, func(name string) string {
		if value := env(name); value != "" {
			return value
		}
		return "$" + name
	}), nil
}
