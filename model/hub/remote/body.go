package remote

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A Body is the content of a file while it arrives.
type Body struct {
	io.ReadCloser
	File        // its size and checksum, as this answer and the list of files say
	Start int64 // the first byte that comes: what was asked for, or 0
}

// Open begins to read a file of a model at a commit, at byte from. The server may start elsewhere;
// see Body.Start. Open compares f.Size and f.Sum with the answer. An error of the body's Read may
// be temporary: see Again.
func (c *Client) Open(ctx context.Context, model, commit string, f File, from int64) (*Body, error) {
	at := c.endpoint.JoinPath(model, "resolve", commit)
	raw := at.EscapedPath()
	for part := range strings.SplitSeq(f.Path, "/") {
		raw += "/" + url.PathEscape(part)
	}
	at = withRaw(at, at.Path+"/"+f.Path, raw)
	a, err := c.ask(ctx, at, from, model+"@"+commit+": "+f.Path)
	if err != nil {
		return nil, err
	}
	b, err := newBody(a, commit, f, from)
	if err != nil {
		a.Body.Close()
		return nil, permanent(fmt.Errorf("%s of %s: %w", f.Path, model, err))
	}
	b.ReadCloser = c.watch(ctx, a.Body)
	if a.Header.Get("Content-Encoding") == "gzip" {
		b.ReadCloser = &unpacked{packed: b.ReadCloser}
	}
	return b, nil
}

// newBody checks the header of an answer.
func newBody(a *answer, commit string, f File, from int64) (*Body, error) {
	b := &Body{File: f}
	if got := a.metadata.Get("X-Repo-Commit"); got != commit {
		if got == "" {
			return nil, errors.New("the answer does not name the commit: this is not a hub")
		}
		return nil, fmt.Errorf("the answer is of the commit %.40q, not %s", got, commit)
	}
	sum := a.metadata.Get("X-Linked-Etag")
	if sum == "" {
		sum = a.metadata.Get("ETag")
	}
	sum = strings.Trim(strings.TrimPrefix(sum, "W/"), `"`)
	switch {
	case !sumForm.MatchString(sum):
		return nil, fmt.Errorf("its ETag %.80q is not a checksum, and what cannot be checked is not fetched", sum)
	case f.Sum != "" && f.Sum != sum:
		return nil, fmt.Errorf("the list of files has the checksum %s for it, and the answer %s", f.Sum, sum)
	}
	b.Sum = sum
	encoded := a.Header.Get("Content-Encoding")
	if encoded != "" && encoded != "identity" && encoded != "gzip" {
		return nil, fmt.Errorf("the answer is encoded as %.20q", encoded)
	}
	size := int64(-1)
	if text := a.metadata.Get("X-Linked-Size"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("its size %.40q is none", text)
		}
		size = n
	}
	if a.StatusCode == http.StatusPartialContent {
		start, whole, err := contentRange(a.Header.Get("Content-Range"))
		if err != nil {
			return nil, err
		}
		if start != from || encoded == "gzip" {
			return nil, fmt.Errorf("the answer begins at byte %d, and byte %d was asked for", start, from)
		}
		b.Start = start
		if size < 0 {
			size = whole
		}
	} else if size < 0 && encoded != "gzip" {
		size = a.ContentLength
	}
	if f.Size >= 0 && size >= 0 && f.Size != size {
		return nil, fmt.Errorf("the list of files has %d bytes for it, and the answer %d", f.Size, size)
	}
	if b.Size < 0 {
		b.Size = size
	}
	return b, nil
}

// contentRange reads a header such as "bytes 100-199/200". The whole is -1 for "*".
func contentRange(text string) (start, whole int64, err error) {
	bad := fmt.Errorf("its Content-Range %.80q is none", text)
	rest, ok := strings.CutPrefix(text, "bytes ")
	span, all, ok2 := strings.Cut(rest, "/")
	first, _, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, bad
	}
	if start, err = strconv.ParseInt(first, 10, 64); err != nil || start < 0 {
		return 0, 0, bad
	}
	if all == "*" {
		return start, -1, nil
	}
	if whole, err = strconv.ParseInt(all, 10, 64); err != nil || whole < start {
		return 0, 0, bad
	}
	return start, whole, nil
}

// watched is a body that ends with errStalled where a read waits for too long.
type watched struct {
	ctx     context.Context
	body    io.ReadCloser
	timer   *time.Timer // runs while a read waits
	after   time.Duration
	stalled atomic.Bool
}

func (c *Client) watch(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	w := &watched{ctx: ctx, body: body, after: c.patience}
	w.timer = time.AfterFunc(time.Hour, func() {
		w.stalled.Store(true)
		body.Close()
	})
	w.timer.Stop()
	return w
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.after)
	n, err := w.body.Read(p)
	w.timer.Stop()
	switch {
	case err == nil || err == io.EOF:
	case w.ctx.Err() != nil:
		err = context.Cause(w.ctx)
	case w.stalled.Load():
		err = fmt.Errorf("%w (%v)", errStalled, w.after)
	}
	return n, err
}

func (w *watched) Close() error {
	w.timer.Stop()
	return w.body.Close()
}

// unpacked is a body that came packed though nobody asked for that.
type unpacked struct {
	packed io.ReadCloser
	gzip   *gzip.Reader
}

func (u *unpacked) Read(p []byte) (n int, err error) {
	if u.gzip == nil {
		if u.gzip, err = gzip.NewReader(u.packed); err != nil {
			return 0, err
		}
	}
	return u.gzip.Read(p)
}

func (u *unpacked) Close() error { return u.packed.Close() }
