package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// A Model is a repository at one commit.
type Model struct {
	ID     string // as the hub spells it; an old or wrongly cased name gives the present one
	Commit string // 40 hexadecimal digits
	Files  []File
}

// A File is one file of a repository.
type File struct {
	Path string // with slashes; never outside the repository
	Size int64  // bytes, -1 where the hub does not say
	// Sum names and checks the content: 64 hexadecimal digits are its SHA-256, 40 the
	// SHA-1 of git's blob. It is "" where the hub does not say.
	Sum string
}

// maxListing is the longest answer in bytes about a repository that is read.
const maxListing = 64 << 20

var (
	commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)
	sumForm    = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// Model asks for the commit of a model's revision and for its files, in one request. A revision is
// a branch, a tag or a full commit. If the hub refuses, the error is an *Error.
func (c *Client) Model(ctx context.Context, id, revision string) (*Model, error) {
	at := c.endpoint.JoinPath("api", "models", id, "revision")
	// A slash within the revision does not separate parts of the path.
	at = withRaw(at, at.Path+"/"+revision, at.EscapedPath()+"/"+url.PathEscape(revision))
	at.RawQuery = "blobs=true"
	a, err := c.ask(ctx, at, 0, id+"@"+revision)
	if err != nil {
		return nil, err
	}
	body := c.watch(ctx, a.Body)
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxListing+1))
	if err != nil {
		return nil, c.explain(err)
	}
	m, err := parseModel(text)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer as a hub does: %w", c.Endpoint(), err)
	}
	if m.ID == "" {
		m.ID = id
	}
	return m, nil
}

func withRaw(u *url.URL, plain, raw string) *url.URL {
	v := *u
	v.Path, v.RawPath = plain, raw
	return &v
}

// parseModel reads what the hub says of a model. Fields that it does not know, and new
// ones come often, are passed over.
func parseModel(text []byte) (*Model, error) {
	if len(text) > maxListing {
		return nil, fmt.Errorf("its list of files is longer than %d bytes", maxListing)
	}
	var said struct {
		ID       string `json:"id"`
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
			Size *int64 `json:"size"`
			Blob string `json:"blobId"`
			LFS  *struct {
				SHA256 string `json:"sha256"`
				Size   *int64 `json:"size"`
			} `json:"lfs"`
		} `json:"siblings"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, err
	}
	if !commitForm.MatchString(said.SHA) {
		return nil, errors.New("it names no commit")
	}
	m := &Model{ID: said.ID, Commit: said.SHA}
	for _, s := range said.Siblings {
		if !isInside(s.Name) {
			return nil, fmt.Errorf("it lists the file %.100q, which is no path inside a repository", s.Name)
		}
		f := File{Path: s.Name, Size: -1, Sum: s.Blob}
		if s.Size != nil {
			f.Size = *s.Size
		}
		if s.LFS != nil {
			f.Sum = s.LFS.SHA256
			if s.LFS.Size != nil {
				f.Size = *s.LFS.Size
			}
		}
		if f.Sum != "" && !sumForm.MatchString(f.Sum) {
			return nil, fmt.Errorf("its checksum of %q is none", s.Name)
		}
		if f.Size < -1 {
			return nil, fmt.Errorf("its size of %q is negative", s.Name)
		}
		m.Files = append(m.Files, f)
	}
	return m, nil
}

// isInside reports whether a name from a repository can be joined to a folder.
func isInside(name string) bool {
	if name == "" || len(name) > 1000 || path.Clean(name) != name || name[0] == '/' || strings.ContainsAny(name, "\\\x00:") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." || part == "." {
			return false
		}
	}
	return true
}

// IsCommit reports whether a revision is a full commit, whose meaning never changes.
func IsCommit(revision string) bool { return commitForm.MatchString(revision) }
