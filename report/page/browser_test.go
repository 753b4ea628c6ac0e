package page

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	events "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/golens/golens/internal/untested"
)

// chromium returns the path of a browser for the tests. Where there is none the
// test is skipped, or fails where a machine has promised one (see untested.Missing).
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("GOLENS_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	untested.Missing(t, "no Chromium is installed (apt-get install chromium), and GOLENS_CHROMIUM names none")
	return ""
}

// A tab is a page in a browser. Whatever it writes to the console, and every
// request but for the page itself, fails the test.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string
}

// newBrowser starts a browser that lives as long as the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	return ctx
}

// A view is what a page is looked at with.
type view struct {
	width, height int64
	dark          bool
	touch         bool
	fragment      string
}

// open writes a page to a folder of its own and opens it in a new tab.
func open(t *testing.T, in context.Context, html []byte, v view) *tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, html, 0o644); err != nil {
		t.Fatal(err)
	}
	return openFile(t, in, path, v)
}

func openFile(t *testing.T, in context.Context, path string, v view) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(in)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, url: "file://" + path}
	b.watch()
	if v.width == 0 {
		v.width, v.height = 1280, 900
	}
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	var viewport []chromedp.EmulateViewportOption
	if v.touch {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err == nil {
		err = chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height, viewport...), chromedp.Navigate(b.url+v.fragment))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// watch collects what the page must not do, and fails the test at its end.
func (b *tab) watch() {
	var mu sync.Mutex
	var seen []string
	own := 0
	err := chromedp.Listen(b.ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			url, _, _ := strings.Cut(ev.Request.URL, "#")
			switch {
			case url == b.url:
				own++
			case !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") && !strings.HasPrefix(url, "file://"+filepath.Dir(b.url[len("file://"):])+"/"):
				seen = append(seen, "request to "+url)
			}
		case *runtime.EventConsoleAPICalled:
			seen = append(seen, fmt.Sprintf("console: %v", ev.Args))
		case *runtime.EventExceptionThrown:
			seen = append(seen, fmt.Sprintf("exception: %s %v", ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			seen = append(seen, "log: "+ev.Entry.Text)
		case *events.EventJavascriptDialogOpening:
			seen = append(seen, "dialog: "+ev.Message)
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range seen {
			b.t.Error(s)
		}
		if own == 0 {
			b.t.Error("the page's own request was not seen: the test does not look at requests")
		}
	})
}

// eval returns the value of an expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// do runs statements.
func (b *tab) do(statements string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](statements)); err != nil {
		b.t.Fatalf("%s: %v", statements, err)
	}
}

// want fails unless an expression has a value.
func want[T comparable](b *tab, expression string, value T) {
	b.t.Helper()
	if got := eval[T](b, expression); got != value {
		b.t.Errorf("%s is %v, want %v", expression, got, value)
	}
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if eval[bool](b, expression) {
			return
		}
	}
	b.t.Fatalf("%s does not come true", expression)
}

// middle returns where an element is on the screen.
func (b *tab) middle(element string) (x, y float64) {
	b.t.Helper()
	at := eval[[]float64](b, fmt.Sprintf(`(() => { const e = %s; e.scrollIntoView({ block: 'center', inline: 'center' }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, element))
	return at[0], at[1]
}

// hover puts the pointer on an element, click presses it, tap touches it. An element is an expression.
func (b *tab) hover(element string) {
	b.t.Helper()
	x, y := b.middle(element)
	b.run(chromedp.MouseEvent("mouseMoved", x, y))
}

func (b *tab) click(element string) {
	b.t.Helper()
	x, y := b.middle(element)
	b.run(chromedp.MouseEvent("mouseMoved", x, y))
	b.run(chromedp.MouseClickXY(x, y))
}

func (b *tab) tap(element string) {
	b.t.Helper()
	x, y := b.middle(element)
	b.run(chromedp.TapXY(x, y))
}

func (b *tab) run(a chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, a); err != nil {
		b.t.Fatal(err)
	}
}

// press types keys, one after the other.
func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(keys, options...))
}

// choose sets a list of choices as a reader would.
func (b *tab) choose(id, value string) {
	b.t.Helper()
	b.do(fmt.Sprintf(`{ const e = document.getElementById(%q); e.value = %q; if (e.value !== %q) throw new Error('no such choice'); e.dispatchEvent(new Event('change', { bubbles: true })); }`, id, value, value))
}

// download presses a button and returns the file that it gives, and its name.
func (b *tab) download(id string) ([]byte, string) {
	b.t.Helper()
	dir := b.t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
	if err != nil {
		b.t.Fatal(err)
	}
	b.click(fmt.Sprintf("document.getElementById(%q)", id))
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".crdownload") || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				b.t.Fatal(err)
			}
			if len(data) > 0 {
				return data, e.Name()
			}
		}
	}
	b.t.Fatalf("the button %s gives no file", id)
	return nil, ""
}
