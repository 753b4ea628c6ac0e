// Package remote speaks the HTTP protocol of the Hugging Face hub. It asks which files a model has
// at a commit, and reads them. It keeps nothing on disk.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// maxHops is the largest number of redirects that one request follows.
const maxHops = 20

// A Client sends requests to one hub. Several goroutines can call its methods.
type Client struct {
	endpoint *url.URL
	token    Token
	agent    string
	http     *http.Client
	patience time.Duration // the longest wait for an answer's header, and for each read
	reached  atomic.Bool   // a server has answered

	// Sleep waits between two attempts. Tests set it.
	Sleep func(ctx context.Context, d time.Duration) error
	// Waiting, if it is set, is told why and for how long the client waits.
	Waiting func(why string, d time.Duration)
}

// New returns a client of the hub that the environment names. It follows Python's
// huggingface_hub: HF_ENDPOINT, the token (see TokenOf), HF_HUB_DOWNLOAD_TIMEOUT,
// and the variables of proxies. agent is sent as the User-Agent.
func New(env func(string) string, agent string) (*Client, error) {
	endpoint, err := endpointOf(env)
	if err != nil {
		return nil, err
	}
	patience, err := patienceOf(env)
	if err != nil {
		return nil, err
	}
	token, err := TokenOf(env)
	if err != nil {
		return nil, err
	}
	c := &Client{endpoint: endpoint, token: token, agent: agent, patience: patience, Sleep: sleep}
	proxy := proxyOf(env)
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy:                 func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
			DialContext:           (&net.Dialer{Timeout: patience}).DialContext,
			TLSHandshakeTimeout:   patience,
			ResponseHeaderTimeout: patience,
			DisableCompression:    true, // sizes and checksums are those of the bytes as they are
			ForceAttemptHTTP2:     true,
			ReadBufferSize:        64 << 10,
			IdleConnTimeout:       time.Minute,
		},
		// Redirects are followed by hand: the token must stay with the hub.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Endpoint returns the hub's address, such as https://huggingface.co.
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// trusted reports whether an address belongs to the hub, which may see the token.
func (c *Client) trusted(u *url.URL) bool {
	at := origin(u)
	return at == origin(c.endpoint) || at == "https://huggingface.co:443" || at == "https://hf.co:443"
}

// origin returns the scheme, host and port of an address.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// An answer is the end of a chain of redirects.
type answer struct {
	*http.Response
	// metadata is the header of the hub's last answer. Another host's header has an
	// ETag too, and that is another value.
	metadata http.Header
	redirect bool // metadata came with a redirect, whose Content-Length is its own
}

// get sends one request and follows its redirects; from is the first byte that is
// wanted. The token goes to the hub's own addresses only, and never again once the
// chain has left them.
func (c *Client) get(ctx context.Context, at *url.URL, from int64) (*answer, error) {
	a := &answer{}
	inside := true
	for range maxHops {
		inside = inside && c.trusted(at)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("User-Agent", c.agent)
		request.Header.Set("Accept-Encoding", "identity")
		if from > 0 {
			request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		}
		if inside && c.token.Value != "" {
			request.Header.Set("Authorization", "Bearer "+c.token.Value)
		}
		response, err := c.http.Do(request)
		if err != nil {
			return nil, err
		}
		c.reached.Store(true)
		next, err := redirection(response)
		if inside {
			a.metadata, a.redirect = response.Header, next != nil
		}
		if err == nil && next == nil {
			a.Response = response
			return a, nil
		}
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // a short body keeps the connection usable
		response.Body.Close()
		if err != nil {
			return nil, err
		}
		if at.Scheme == "https" && next.Scheme != "https" {
			return nil, permanent(fmt.Errorf("%s redirects to %s, which is not encrypted", at.Host, origin(next)))
		}
		at = next
	}
	return nil, permanent(fmt.Errorf("%s redirects more than %d times", c.Endpoint(), maxHops))
}

// redirection returns where a redirect leads, nil for another answer.
func redirection(r *http.Response) (*url.URL, error) {
	if !slices.Contains([]int{301, 302, 303, 307, 308}, r.StatusCode) {
		return nil, nil
	}
	next, err := r.Location()
	if err != nil || next.Scheme != "http" && next.Scheme != "https" || next.Host == "" {
		return nil, permanent(fmt.Errorf("%s answers with a redirect that leads nowhere", r.Request.URL.Host))
	}
	return next, nil
}

// ask sends a request until there is an answer that is not worth another attempt.
// An answer without success is an error.
func (c *Client) ask(ctx context.Context, at *url.URL, from int64, subject string) (*answer, error) {
	for attempt := 0; ; attempt++ {
		a, err := c.get(ctx, at, from)
		if err == nil && a.StatusCode < 300 {
			return a, nil
		}
		var wait time.Duration
		if err == nil {
			wait = pause(a.Response)
			err = c.refusal(a, subject)
			a.Body.Close()
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if attempt == attempts || !c.worthAgain(err) {
			return nil, c.explain(err)
		}
		if err := c.pause(ctx, attempt, wait, err); err != nil {
			return nil, err
		}
	}
}

// attempts is how often a request is repeated that failed for a reason that may pass.
const attempts = 5

// Again waits before the next attempt at a transfer that ended with err. attempt counts attempts
// without progress, from 0. Again returns an error if there should be no further attempt.
func (c *Client) Again(ctx context.Context, attempt int, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if attempt >= attempts || !c.worthAgain(err) {
		return c.explain(err)
	}
	return c.pause(ctx, attempt, 0, err)
}

// pause waits d before the next attempt, or a time that doubles with each attempt.
func (c *Client) pause(ctx context.Context, attempt int, d time.Duration, why error) error {
	if d == 0 {
		d = min(time.Second<<attempt, 8*time.Second)
	}
	if c.Waiting != nil {
		c.Waiting(c.explain(why).Error(), d)
	}
	return c.Sleep(ctx, d)
}

// worthAgain reports whether the reason of a failure may pass.
func (c *Client) worthAgain(err error) bool {
	var lasting *permanentError
	if errors.As(err, &lasting) {
		return false
	}
	var refused *Error
	if errors.As(err, &refused) {
		return slices.Contains([]int{408, 429, 500, 502, 503, 504}, refused.Status)
	}
	// Where no server was ever reached there is no network, and a wait of half a
	// minute would tell nothing more.
	return c.reached.Load()
}

// A permanentError is one that another attempt would meet again.
type permanentError struct{ error }

func permanent(err error) error { return &permanentError{err} }

func (e *permanentError) Unwrap() error { return e.error }
