package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Reason says why the hub refuses.
type Reason int

// The reasons that a caller may want to tell apart.
const (
	Other       Reason = iota
	NoModel            // there is no such model, or it is private, or gated for unknown visitors
	NoRevision         // the model has no such branch, tag or commit
	NoFile             // the revision has no such file
	BadToken           // the token is not valid
	Gated              // the model's owner has not granted access
	RateLimited        // too many requests
)

// An Error is an answer of the hub other than success.
type Error struct {
	Reason Reason
	Status int
	text   string
}

// Error says in one sentence what the hub refuses and what to do.
func (e *Error) Error() string { return e.text }

// refusal turns an answer into an Error. subject is what was asked for: "gpt2@main".
func (c *Client) refusal(a *answer, subject string) error {
	head := a.metadata
	if head == nil {
		head = a.Header
	}
	code, message := head.Get("X-Error-Code"), clean(head.Get("X-Error-Message"))
	e := &Error{Status: a.StatusCode}
	say := func(r Reason, format string, args ...any) error {
		e.Reason, e.text = r, fmt.Sprintf(format, args...)
		return e
	}
	model, revision, _ := strings.Cut(subject, "@")
	host := a.Request.URL.Host
	if !c.trusted(a.Request.URL) {
		if a.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			return say(Other, "%s has fewer bytes of %s than were fetched already", host, subject)
		}
		return say(Other, "%s, which holds the file's bytes, answers %s", host, status(a.StatusCode))
	}
	switch {
	case strings.Contains(message, "Invalid credentials in Authorization header"), a.StatusCode == 401 && strings.Contains(strings.ToLower(message), "invalid user token"):
		return say(BadToken, "%s does not accept the token from %s: it is wrong or out of date; make a new one at %s/settings/tokens", host, c.token.From, c.Endpoint())
	case code == "GatedRepo":
		return say(Gated, "%s is a gated model: open %s/%s, accept its conditions, and %s", model, c.Endpoint(), model, c.logIn())
	case message == "Access to this resource is disabled.":
		return say(Other, "%s: the hub says: %s", model, message)
	case code == "RevisionNotFound":
		return say(NoRevision, "%s has no revision %s", model, revision)
	case code == "EntryNotFound":
		return say(NoFile, "%s has no such file", subject)
	case code == "RepoNotFound", a.StatusCode == 401, a.StatusCode == 404:
		return say(NoModel, "%s has no model %s, or it is private or gated; check the name, and if it is private or gated, %s", host, model, c.logIn())
	case a.StatusCode == 403:
		return say(Gated, "%s refuses access to %s%s; open %s/%s and look whether it is gated, and %s", host, model, because(message), c.Endpoint(), model, c.logIn())
	case a.StatusCode == 429:
		advice := "; a token in HF_TOKEN raises the limit"
		if c.token.Value != "" {
			advice = ""
		}
		return say(RateLimited, "%s limits the number of requests, and this one was too many%s", host, advice)
	}
	return say(Other, "%s answers %s%s", host, status(a.StatusCode), because(message))
}

// logIn says how to prove who asks.
func (c *Client) logIn() string {
	if c.token.Value == "" {
		return "set HF_TOKEN to a token that may read it"
	}
	return "use a token that may read it (this one is from " + c.token.From + ")"
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return " (" + message + ")"
}

func status(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// clean makes a server's text fit into a line.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}

// window is the form of the header RateLimit: "resolvers";r=0;t=55.
var window = regexp.MustCompile(`;\s*r\s*=\s*([0-9]+)\s*;\s*t\s*=\s*([0-9]+)`)

// longestPause bounds what a server may ask for. The hub counts in windows of 5 minutes.
const longestPause = 330 * time.Second

// pause returns how long the server asks to wait, 0 where it does not say.
func pause(r *http.Response) time.Duration {
	if r.StatusCode != 429 && r.StatusCode != 503 {
		return 0
	}
	if m := window.FindStringSubmatch(r.Header.Get("RateLimit")); m != nil && m[1] == "0" {
		if t, err := strconv.Atoi(m[2]); err == nil {
			return min(time.Duration(min(t, 1e6)+1)*time.Second, longestPause)
		}
	}
	if t, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && t > 0 {
		return min(time.Duration(min(t, 1e6))*time.Second, longestPause)
	}
	return 0
}

// errStalled is the end of a transfer from which no byte came for too long.
var errStalled = errors.New("no byte came for too long")

// explain says a failure of the network in words.
func (c *Client) explain(err error) error {
	var e *Error
	if get := new(url.Error); errors.As(err, &get) {
		err = get.Err // what was asked for is known
	}
	var network net.Error
	var name *net.DNSError
	switch {
	case errors.As(err, &e), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errStalled):
		return fmt.Errorf("%w; a firewall must let through %s and *.hf.co", err, c.endpoint.Hostname())
	case errors.As(err, &name):
		return fmt.Errorf("%s cannot be reached (%w); is there a network?", name.Name, err)
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s gives no answer within %v; a firewall must let through %s and *.hf.co: %w", c.Endpoint(), c.patience, c.endpoint.Hostname(), err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the connection was lost: %w", err)
	}
	var lasting *permanentError
	if errors.As(err, &lasting) {
		return err
	}
	return fmt.Errorf("%s: %w", c.Endpoint(), err)
}
