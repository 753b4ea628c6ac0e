package fetch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
)

// TestRedirects holds where the token goes: to the hub's own origin, also after a
// redirect within it, and to no other, however that is called.
func TestRedirects(t *testing.T) {
	h := fakehub.Start(t)
	h.Add("org/name", kinds(5000)["one"])
	stranger := ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stranger += r.Header.Get("Authorization") + r.Header.Get("Cookie")
		// Back to the hub: the chain has left it, and the token stays at home.
		http.Redirect(w, r, h.URL()+"/api/models/org/name/revision/main?blobs=true", http.StatusFound)
	}))
	defer other.Close()
	first := true
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		if r.Kind != "model" {
			return nil
		}
		if first {
			first = false
			return &fakehub.Fault{Status: 307, Header: map[string]string{"Location": other.URL}}
		}
		if r.Authorization != "" {
			t.Errorf("after a way around the token came: %q", r.Authorization)
		}
		return nil
	}
	env := vars(h, t.TempDir(), "HF_TOKEN", "secret")
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil {
		t.Fatal(err)
	}
	if stranger != "" {
		t.Errorf("another origin was sent %q", stranger)
	}
}

// TestProxy fetches through a proxy, which alone can reach the hub.
func TestProxy(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	h.Add("org/name", files)
	target, _ := url.Parse(h.URL())
	passed := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "hub.example" {
			http.Error(w, "not here", http.StatusBadGateway)
			return
		}
		passed++
		r.URL.Host, r.RequestURI = target.Host, ""
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		for k, v := range response.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	defer proxy.Close()
	for _, variable := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		env := vars(h, t.TempDir(), "HF_ENDPOINT", "http://hub.example", variable, proxy.URL)
		if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil {
			t.Errorf("%s: %v", variable, err)
		}
	}
	if passed == 0 {
		t.Error("nothing went through the proxy")
	}
	env := vars(h, t.TempDir(), "HF_ENDPOINT", "http://hub.invalid", "HTTP_PROXY", proxy.URL, "NO_PROXY", "hub.invalid")
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("NO_PROXY: %v", err)
	}
}

// TestTokenFile reads the token from the file that `hf auth login` writes.
func TestTokenFile(t *testing.T) {
	h := fakehub.Start(t)
	h.Add("org/name", kinds(5000)["one"])
	h.Models["org/name"].Token, h.Models["org/name"].Gated = "from-file", true
	home := t.TempDir()
	put(t, "from-file\n", home, ".cache/huggingface/token")
	put(t, "from-file", home, "elsewhere/token")
	for _, more := range [][]string{{"HOME", home}, {"HF_HOME", filepath.Join(home, "elsewhere")}, {"HF_TOKEN_PATH", "~/elsewhere/token", "HOME", home}} {
		if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, t.TempDir(), more...), nil)); err != nil {
			t.Errorf("%v: %v", more, err)
		}
	}
	env := vars(h, t.TempDir(), "HOME", home, "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err == nil {
		t.Error("the token was sent though HF_HUB_DISABLE_IMPLICIT_TOKEN is set")
	}
}
