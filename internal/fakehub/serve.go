package fakehub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// serveHub answers /api/models/ID[/revision/REV], /api/models/ID/tree/REV,
// /ID/resolve/REV/FILE and /api/resolve-cache/models/ID/COMMIT/FILE.
func (h *Hub) serveHub(w http.ResponseWriter, r *http.Request) {
	raw := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	unescape := func(s string) string { s, _ = url.PathUnescape(s); return s }
	if rest, ok := strings.CutPrefix(raw, "api/resolve-cache/models/"); ok {
		model, rest, _ := split(rest, "-")
		commit, file, _ := strings.Cut(rest, "/")
		h.serveFile(w, r, "cache", unescape(model), commit, unescape(file))
		return
	}
	if rest, ok := strings.CutPrefix(raw, "api/models/"); ok {
		kind, model, revision := "model", rest, "main"
		if m, rev, ok := split(rest, "revision"); ok {
			model, revision = m, unescape(rev)
		} else if m, rev, ok := split(rest, "tree"); ok {
			kind, model, revision = "tree", m, unescape(rev)
		}
		h.serveModel(w, r, kind, unescape(model), revision)
		return
	}
	model, rest, ok := split(raw, "resolve")
	revision, file, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		http.NotFound(w, r)
		return
	}
	h.serveFile(w, r, "file", unescape(model), unescape(revision), unescape(file))
}

// open finds the model that a request is about; it answers itself where that fails.
func (h *Hub) open(w http.ResponseWriter, r *http.Request, model, revision string) (files map[string][]byte, commit string, ok bool) {
	if now, moved := h.Renamed[model]; moved {
		to := *r.URL
		to.Path, to.RawPath = strings.Replace(to.Path, model, now, 1), ""
		w.Header().Set("Location", to.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil, "", false
	}
	m := h.Models[model]
	authorized := m != nil && (m.Token == "" || r.Header.Get("Authorization") == "Bearer "+m.Token)
	switch {
	case m != nil && m.Gated && !authorized:
		status := http.StatusForbidden
		if r.Header.Get("Authorization") == "" {
			status = http.StatusUnauthorized
		}
		refuse(w, status, "GatedRepo", "Access to model "+model+" is restricted.")
		return nil, "", false
	case !authorized && r.Header.Get("Authorization") == "":
		refuse(w, http.StatusUnauthorized, "", "Invalid username or password.")
		return nil, "", false
	case !authorized:
		refuse(w, http.StatusNotFound, "RepoNotFound", "Repository not found")
		return nil, "", false
	}
	commit, ok = m.commitOf(revision)
	if !ok {
		refuse(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+revision)
		return nil, "", false
	}
	return m.Commits[commit], commit, true
}

func (h *Hub) serveModel(w http.ResponseWriter, r *http.Request, kind, model, revision string) {
	_, fault := h.note(r, "hub", kind, "")
	if fault.answer(w) {
		return
	}
	files, commit, ok := h.open(w, r, model, revision)
	if !ok {
		return
	}
	var list []map[string]any
	for _, name := range sorted(files) {
		content := files[name]
		sum := h.sum(name, content)
		e := map[string]any{}
		if kind == "tree" {
			e = map[string]any{"type": "file", "path": name, "size": len(content), "oid": sum}
			if IsLarge(name) {
				e["oid"] = strings.Repeat("0", 40)
				e["lfs"] = map[string]any{"oid": sum, "size": len(content), "pointerSize": 134}
			}
		} else {
			e["rfilename"] = name
			if r.URL.Query().Get("blobs") == "true" && !h.Plain {
				e["size"], e["blobId"] = len(content), sum
				if IsLarge(name) {
					e["blobId"] = strings.Repeat("0", 40)
					e["lfs"] = map[string]any{"sha256": sum, "size": len(content), "pointerSize": 134}
				}
			}
		}
		list = append(list, e)
	}
	w.Header().Set("Content-Type", "application/json")
	if kind == "tree" {
		_ = json.NewEncoder(w).Encode(list)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"_id": "1", "id": model, "modelId": model, "sha": commit, "siblings": list, "tags": []string{}, "private": false, "downloads": 1})
}

// serveFile answers for a file: small ones come after a redirect within the hub, large
// ones after one to the CDN.
func (h *Hub) serveFile(w http.ResponseWriter, r *http.Request, kind, model, revision, file string) {
	q, fault := h.note(r, "hub", kind, file)
	if fault.answer(w) {
		return
	}
	files, commit, ok := h.open(w, r, model, revision)
	if !ok {
		return
	}
	w.Header().Set("X-Repo-Commit", commit)
	content, ok := files[file]
	if !ok {
		refuse(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
		return
	}
	sum := h.sum(file, content)
	escaped := (&url.URL{Path: file}).EscapedPath()
	switch {
	case IsLarge(file) && !h.Direct:
		w.Header().Set("X-Linked-Etag", `"`+sum+`"`)
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(content)))
		w.Header().Set("Location", fmt.Sprintf("%s/bytes/%s/%s/%s?Expires=1&Signature=a%%2Bb", h.CDN(), strings.ReplaceAll(model, "/", "--"), commit, escaped))
		fault.head(w)
		w.WriteHeader(http.StatusFound)
		_, _ = w.Write([]byte("Found. Redirecting"))
	case kind == "file" && !IsLarge(file):
		w.Header().Set("Location", fmt.Sprintf("/api/resolve-cache/models/%s/-/%s/%s?etag=%%22%s%%22", model, commit, escaped, sum))
		fault.head(w)
		w.WriteHeader(http.StatusTemporaryRedirect)
	default:
		w.Header().Set("ETag", `"`+sum+`"`)
		q.send(w, r, content, fault)
	}
}

// serveCDN answers for the bytes of a large file.
func (h *Hub) serveCDN(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/bytes/"), "/", 3)
	if len(parts) != 3 {
		http.NotFound(w, r)
		return
	}
	q, fault := h.note(r, "cdn", "bytes", parts[2])
	if fault.answer(w) {
		return
	}
	if r.URL.Query().Get("Signature") != "a+b" {
		http.Error(w, "the query was changed", http.StatusForbidden)
		return
	}
	m := h.Models[strings.Replace(parts[0], "--", "/", 1)]
	if m == nil {
		http.NotFound(w, r)
		return
	}
	// As on the hub's own CDN: an ETag of the same form, and another value.
	w.Header().Set("ETag", `"`+strings.Repeat("ab", 32)+`"`)
	q.send(w, r, m.Commits[parts[1]][parts[2]], fault)
}

// answer answers with the fault's status, if it has one.
func (f *Fault) answer(w http.ResponseWriter) bool {
	if f.Status == 0 {
		return false
	}
	f.head(w)
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte("<html>no</html>"))
	return true
}

func (f *Fault) head(w http.ResponseWriter) {
	for k, v := range f.Header {
		w.Header().Set(k, v)
		if v == "" {
			w.Header().Del(k)
		}
	}
}

// send sends content, from the byte that is asked for, as the fault has it.
func (q *Request) send(w http.ResponseWriter, r *http.Request, content []byte, f *Fault) {
	if f.Bytes != nil {
		content = f.Bytes
	}
	from := 0
	if rest, ok := strings.CutPrefix(q.Range, "bytes="); ok && !f.Whole {
		from, _ = strconv.Atoi(strings.TrimSuffix(rest, "-"))
		if from >= len(content) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(content)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	w.Header().Set("Accept-Ranges", "bytes")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)-from))
	f.head(w)
	if from > 0 || q.Range != "" && !f.Whole {
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method == http.MethodHead {
		return
	}
	rest := content[from:]
	if f.Cut {
		rest = rest[:min(f.After, int64(len(rest)))]
	}
	for len(rest) > 0 {
		if f.Each != nil {
			f.Each()
		}
		n := min(len(rest), 64<<10)
		if f.Each == nil {
			n = len(rest)
		}
		wrote, err := w.Write(rest[:n])
		q.sent.Add(int64(wrote))
		if err != nil {
			return
		}
		rest = rest[n:]
	}
	if f.Cut {
		_ = http.NewResponseController(w).Flush()
		if f.Hang != nil {
			<-f.Hang
		}
		panic(http.ErrAbortHandler) // what was sent arrives, and then the connection ends
	}
}
