package libtorch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How a shim is compiled and linked. Its own functions stay hidden: the program that loads it
// has functions of the same names, and would otherwise lend it those.
var (
	compileFlags = []string{"-std=c++20", "-O2", "-g0", "-fPIC", "-fvisibility=hidden", "-D_GLIBCXX_USE_CXX11_ABI=1"}
	linkFlags    = []string{"-shared", "-fPIC", "-Wl,-Bsymbolic", "-Wl,-z,defs", "-Wl,--build-id=sha1"}
)

// BuildShim compiles the shim for a libtorch with its headers, into the cache, and returns it;
// one that is there already is returned as it is. It takes about a minute. progress is told how
// many of the steps are done; nil for nobody. The compiler is $CXX, or g++.
func (s Sources) BuildShim(ctx context.Context, in *Install, progress func(done, of int)) (*Shim, error) {
	if shim, err := s.FindShim(in); err == nil {
		return shim, nil
	}
	if err := in.CheckHeaders(); err != nil {
		return nil, err
	}
	name, err := s.ShimName(in)
	if err != nil {
		return nil, err
	}
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "shims")
	err = os.MkdirAll(dir, 0o755)
	var work string
	if err == nil {
		work, err = os.MkdirTemp(dir, ".building-")
	}
	if err != nil {
		return nil, fmt.Errorf("the shim cannot be kept: %w; XDG_CACHE_HOME names another folder", err)
	}
	defer os.RemoveAll(work)
	removeOld(dir)
	if err := os.CopyFS(work, s.FS); err != nil {
		return nil, err
	}
	if err := s.compile(ctx, in, work, name, progress); err != nil {
		return nil, fmt.Errorf("the shim for libtorch %s cannot be built: %w", in.Version, err)
	}
	if err := os.Rename(filepath.Join(work, name), filepath.Join(dir, name)); err != nil {
		return nil, err
	}
	return s.FindShim(in)
}

// removeOld removes what builds that were killed have left.
func removeOld(dir string) {
	left, _ := filepath.Glob(filepath.Join(escapeGlob(dir), ".building-*"))
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(path)
		}
	}
}

// compile makes the library NAME in the folder of its sources.
func (s Sources) compile(ctx context.Context, in *Install, work, name string, progress func(done, of int)) error {
	var sources []string
	err := fs.WalkDir(s.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".cc") {
			sources = append(sources, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	boundary, err := s.Boundary()
	if err != nil {
		return err
	}
	cxx := strings.Fields(cmp.Or(os.Getenv("CXX"), "g++"))
	flags := slices.Clone(compileFlags)
	if s.Variant == "asan" {
		flags = append(flags, "-fsanitize=address", "-fno-omit-frame-pointer")
	}
	flags = append(flags, "-DGOLENS_BOUNDARY="+boundary, "-DGOLENS_TORCH="+in.Minor(), "-I.",
		"-isystem", in.Include(), "-isystem", in.Include()+"/torch/csrc/api/include")

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var lock sync.Mutex
	var failed error
	done, of := 0, len(sources)+1
	tell := func() {
		if progress != nil {
			progress(done, of)
		}
	}
	tell()
	var objects []string
	next := make(chan string)
	var workers sync.WaitGroup
	for range min(runtime.NumCPU(), len(sources)) {
		workers.Go(func() {
			for source := range next {
				err := run(ctx, work, cxx, flags, "-c", source, "-o", source+".o")
				lock.Lock()
				if err != nil && failed == nil {
					failed = err
					stop()
				}
				done++
				tell()
				lock.Unlock()
			}
		})
	}
	for _, source := range sources {
		objects = append(objects, source+".o")
		next <- source
	}
	close(next)
	workers.Wait()
	if failed != nil {
		return failed
	}
	link := slices.Concat(linkFlags, objects, []string{"-o", name, "-L" + in.Lib(), "-ltorch_cpu", "-lc10", "-ldl"})
	if s.Variant == "asan" { // whose functions the program has
		link = append(slices.DeleteFunc(link, func(f string) bool { return f == "-Wl,-z,defs" }), "-fsanitize=address")
	}
	if err := run(ctx, work, cxx, link); err != nil {
		return err
	}
	done++
	tell()
	return nil
}

// run runs the compiler. Its error has the first line of what the compiler says that tells of
// an error.
func run(ctx context.Context, dir string, cxx, flags []string, more ...string) error {
	cmd := exec.CommandContext(ctx, cxx[0], slices.Concat(cxx[1:], flags, more)...)
	cmd.Dir = dir
	// The compiler's driver has children, which would go on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("the compiler %s is not there: apt install g++, or name another by CXX", cxx[0])
	}
	why := lastLine(string(out))
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "error") {
			why = ": " + strings.TrimSpace(line)
			break
		}
	}
	return fmt.Errorf("%s: %w%s", strings.Join(append(cxx, more...), " "), err, why)
}
