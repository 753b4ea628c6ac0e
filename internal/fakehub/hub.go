// Package fakehub stands in for the Hugging Face hub and its CDN in tests: two servers on two
// origins of the loopback interface. They answer golens and Python's huggingface_hub alike. They
// can be told to cut, slow, redirect, rename, limit and lie.
package fakehub

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A Hub is the stand-in. Its exported fields are set before requests come.
type Hub struct {
	Models  map[string]*Model
	Renamed map[string]string // an old name, or one in another case, and the present one
	Plain   bool              // no sizes and checksums in lists of files
	Direct  bool              // large files come from the hub itself, not from the CDN

	// Fault, if set, may take over a request: it returns what to do instead.
	Fault func(*Request) *Fault

	hub, cdn *httptest.Server
	mutex    sync.Mutex
	requests []*Request
	sums     sync.Map // of large contents, by where they lie: the hub does not hash for each request
}

// A Model is a repository.
type Model struct {
	Refs    map[string]string            // "main" and the commit
	Commits map[string]map[string][]byte // files of each commit
	Gated   bool                         // only Token may read it
	Token   string
}

// A Request is one that came.
type Request struct {
	Server        string // "hub" or "cdn"
	Kind          string // "model", "tree", "file", "cache" or "bytes"
	Method        string
	Path          string // of the file, for kinds that have one
	URL           string
	Range         string
	Authorization string
	Agent         string
	sent          atomic.Int64
}

// Sent returns how many bytes of the file's content went out.
func (q *Request) Sent() int64 { return q.sent.Load() }

// A Fault is what happens to a request.
type Fault struct {
	Status int               // answered instead, where it is not 0
	Header map[string]string // added to the answer
	After  int64             // with Cut: bytes of the content that are sent before the connection ends
	Cut    bool
	Hang   <-chan struct{} // with Cut: the connection stays silent until this closes, and then ends
	Bytes  []byte          // sent instead of the content, which they must be as long as
	Whole  bool            // no range is heard: everything comes, with 200
	Each   func()          // called before every piece of 64 KiB
}

// Start starts the servers, which end with the test.
func Start(t testing.TB) *Hub {
	h := &Hub{Models: map[string]*Model{}, Renamed: map[string]string{}}
	h.hub = httptest.NewServer(http.HandlerFunc(h.serveHub))
	h.cdn = httptest.NewServer(http.HandlerFunc(h.serveCDN))
	t.Cleanup(h.Close)
	return h
}

// Close ends the servers before the test ends.
func (h *Hub) Close() {
	h.hub.CloseClientConnections()
	h.cdn.CloseClientConnections()
	h.hub.Close()
	h.cdn.Close()
}

// URL is the hub's address, for HF_ENDPOINT, and CDN that of the other origin.
func (h *Hub) URL() string { return h.hub.URL }
func (h *Hub) CDN() string { return h.cdn.URL }

// Add adds a commit of a model, which main then is, and returns the commit's name.
func (h *Hub) Add(model string, files map[string][]byte) string {
	m := h.Models[model]
	if m == nil {
		m = &Model{Refs: map[string]string{}, Commits: map[string]map[string][]byte{}}
		h.Models[model] = m
	}
	sum := sha1.New()
	fmt.Fprintf(sum, "%s %d", model, len(m.Commits))
	for _, name := range sorted(files) {
		fmt.Fprintf(sum, "%q%x", name, sha256.Sum256(files[name]))
	}
	commit := hex.EncodeToString(sum.Sum(nil))
	m.Commits[commit] = files
	m.Refs["main"] = commit
	return commit
}

// Requests returns those that came since the last call, in their order.
func (h *Hub) Requests() []*Request {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	out := h.requests
	h.requests = nil
	return out
}

func (h *Hub) note(r *http.Request, server, kind, file string) (*Request, *Fault) {
	q := &Request{Server: server, Kind: kind, Method: r.Method, Path: file, URL: r.URL.String(), Range: r.Header.Get("Range"),
		Authorization: r.Header.Get("Authorization"), Agent: r.Header.Get("User-Agent")}
	h.mutex.Lock()
	h.requests = append(h.requests, q)
	h.mutex.Unlock()
	var f *Fault
	if h.Fault != nil {
		f = h.Fault(q)
	}
	if f == nil {
		f = &Fault{}
	}
	return q, f
}

// IsLarge reports whether a file is kept outside git, with a SHA-256 for its name.
func IsLarge(name string) bool {
	return slices.Contains([]string{".safetensors", ".bin", ".h5", ".gguf", ".msgpack"}, path.Ext(name))
}

// Sum is what a file is called among the blobs.
func Sum(name string, content []byte) string {
	if IsLarge(name) {
		return fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return fmt.Sprintf("%x", sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(content)), content...)))
}

// sum is Sum, computed once for a content that lies in one place.
func (h *Hub) sum(name string, content []byte) string {
	if len(content) == 0 || !IsLarge(name) {
		return Sum(name, content)
	}
	key := struct {
		at   *byte
		size int
	}{&content[0], len(content)}
	if sum, ok := h.sums.Load(key); ok {
		return sum.(string)
	}
	sum := Sum(name, content)
	h.sums.Store(key, sum)
	return sum
}

func sorted(files map[string][]byte) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// refuse answers as the hub does where there is no such thing.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Error-Code", code)
	w.Header().Set("X-Error-Message", message)
	http.Error(w, `{"error":"`+message+`"}`, status)
}

// commitOf returns the commit that a revision means.
func (m *Model) commitOf(revision string) (string, bool) {
	if commit, ok := m.Refs[revision]; ok {
		return commit, true
	}
	_, ok := m.Commits[revision]
	return revision, ok
}

// split parts "ORG/NAME/KEYWORD/REST", where the model's name has one part or two.
func split(p, keyword string) (model, rest string, ok bool) {
	model, rest, ok = strings.Cut(p, "/"+keyword+"/")
	return model, rest, ok && model != ""
}
