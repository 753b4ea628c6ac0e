package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Offline returns the variable that forbids every request, such as HF_HUB_OFFLINE, or "".
func Offline(env func(string) string) string {
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		if yes(env(name)) {
			return name
		}
	}
	return ""
}

// yes reports whether a variable is set to what Python's huggingface_hub takes for true.
func yes(value string) bool {
	return slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(value))
}

// endpointOf returns the hub's address: HF_ENDPOINT, or https://huggingface.co.
func endpointOf(env func(string) string) (*url.URL, error) {
	text := strings.TrimRight(env("HF_ENDPOINT"), "/")
	if text == "" {
		text = "https://huggingface.co"
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("HF_ENDPOINT %q is not the address of a hub, such as https://huggingface.co", text)
	}
	return u, nil
}

// patienceOf returns HF_HUB_DOWNLOAD_TIMEOUT, in seconds, or 10 seconds.
func patienceOf(env func(string) string) (time.Duration, error) {
	text := env("HF_HUB_DOWNLOAD_TIMEOUT")
	if text == "" {
		return 10 * time.Second, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds < 1e6) {
		return 0, fmt.Errorf("HF_HUB_DOWNLOAD_TIMEOUT %q is not a number of seconds", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// proxyOf returns the function that chooses a proxy by the environment's variables:
// HTTPS_PROXY, HTTP_PROXY, ALL_PROXY where one of them is not set, and NO_PROXY; in
// capitals or not.
func proxyOf(env func(string) string) func(*url.URL) (*url.URL, error) {
	either := func(name string) string {
		if v := env(name); v != "" {
			return v
		}
		return env(strings.ToLower(name))
	}
	all := either("ALL_PROXY")
	config := httpproxy.Config{HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY")}
	if config.HTTPProxy == "" {
		config.HTTPProxy = all
	}
	if config.HTTPSProxy == "" {
		config.HTTPSProxy = all
	}
	return config.ProxyFunc()
}

// A Token identifies the user. The zero Token is none.
type Token struct {
	Value string
	From  string // for people: "HF_TOKEN", or the file that it was read from
}

// TokenOf finds the token as Python's huggingface_hub does: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, then
// the file that HF_TOKEN_PATH names, by default $HF_HOME/token. HF_HUB_DISABLE_IMPLICIT_TOKEN
// forbids sending one. A file that exists and cannot be read is an error.
func TokenOf(env func(string) string) (Token, error) {
	if yes(env("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		return Token{}, nil
	}
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} {
		if v := trimToken(env(name)); v != "" {
			return checkToken(Token{v, name})
		}
	}
	path := env("HF_TOKEN_PATH")
	if path == "" {
		home := env("HF_HOME")
		if home == "" && env("XDG_CACHE_HOME") != "" {
			home = filepath.Join(env("XDG_CACHE_HOME"), "huggingface")
		}
		if home == "" {
			home = "~/.cache/huggingface"
		}
		path = filepath.Join(home, "token")
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if env("HOME") == "" {
			return Token{}, nil
		}
		path = filepath.Join(env("HOME"), rest)
	}
	path = os.Expand(path, env)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Token{}, nil
	}
	if err != nil {
		return Token{}, fmt.Errorf("read the token of the hub: %w", err)
	}
	if v := trimToken(string(text)); v != "" {
		return checkToken(Token{v, path})
	}
	return Token{}, nil
}

func trimToken(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(s))
}

// checkToken refuses what cannot stand in a header. The error does not show it.
func checkToken(t Token) (Token, error) {
	for _, r := range t.Value {
		if r <= ' ' || r > '~' {
			return Token{}, fmt.Errorf("the token from %s holds a character that no token has", t.From)
		}
	}
	return t, nil
}
