package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/cpu"

	"github.com/golens/golens/figure/draw"
	"github.com/golens/golens/internal/libtorch"
	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/selftest"
	"github.com/golens/golens/torch"
)

// machineChecks tell of what is there whatever the model.
func machineChecks(c *cli.Context) []selftest.Check {
	out := libtorchChecks(c)
	if torch.Open() != nil {
		return append(out, fontCheck())
	}
	return append(out, processorCheck(), threadsCheck(), variablesCheck(), cudaCheck(c), fontCheck())
}

// libtorchChecks tell which libtorch runs, and what is at each place where one is looked for.
func libtorchChecks(c *cli.Context) []selftest.Check {
	lib, err := torch.Describe()
	env := libtorch.Here()
	env.Named = c.String("libtorch")
	var places []selftest.Check
	for _, f := range libtorch.All(c.Context, env, torch.Sources()) {
		text := f.Source + ": "
		switch {
		case f.Err != nil:
			text += f.Err.Error()
		case f.Install.Dir == lib.Dir && f.Source == lib.Source:
			text += fmt.Sprintf("libtorch %s in %s, which is used", f.Install.Version, f.Install.Dir)
		default:
			text += fmt.Sprintf("libtorch %s in %s would serve, and comes later", f.Install.Version, f.Install.Dir)
		}
		places = append(places, selftest.Check{Name: "place", Status: selftest.OK, Text: text})
	}
	if err != nil {
		remedy := "run " + libtorch.SetupCommand()
		if len(places) == 1 { // it was named
			remedy = "name another libtorch, or none to have one looked for"
		}
		return append([]selftest.Check{{Name: "libtorch", Status: selftest.Fail, Text: err.Error(), Remedy: remedy}}, places...)
	}
	out := []selftest.Check{
		{Name: "libtorch", Status: selftest.OK, Text: fmt.Sprintf("%s in %s, build %s, called through %s", lib.Version, lib.Dir, lib.Build, lib.Shim)},
		{Name: "libraries", Status: selftest.OK, Text: strings.Join(nonEmpty(lib.BLAS, lib.OneDNN, lib.OpenMP), "; ")},
	}
	return append(out, places...)
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func processorCheck() selftest.Check {
	var has []string
	for _, f := range []struct {
		name string
		on   bool
	}{{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"avx512f", cpu.X86.HasAVX512F}, {"avx512bf16", cpu.X86.HasAVX512BF16},
		{"avx512vnni", cpu.X86.HasAVX512VNNI}, {"amx-bf16", cpu.X86.HasAMXBF16}} {
		if f.on {
			has = append(has, f.name)
		}
	}
	lib, _ := torch.Describe()
	check := selftest.Check{Name: "processor", Status: selftest.OK,
		Text: fmt.Sprintf("%s with %s; libtorch uses %s", proc.CPU(), orUnknown(strings.Join(has, ", ")), lib.Capability)}
	if lib.Capability == "DEFAULT" && runtime.GOARCH == "amd64" {
		check.Status, check.Remedy = selftest.Warn, "it runs without vector instructions, slowly: unset ATEN_CPU_CAPABILITY, or use a processor with AVX2"
	}
	return check
}

func threadsCheck() selftest.Check {
	n, usable := torch.Threads(), runtime.GOMAXPROCS(0)
	check := selftest.Check{Name: "threads", Status: selftest.OK, Text: fmt.Sprintf("%d for each operation, on %d processors that this process may use", n, usable)}
	if n > 1 && torch.KernelThreads() == 1 {
		check.Status, check.Text = selftest.Warn, check.Text+"; golens's own kernels run on one thread, since this libtorch's OpenMP has no GOMP_parallel"
		check.Remedy = "numbers are the same, and slower: use PyPI's torch, which is built with g++"
	}
	if n > usable {
		check.Status, check.Remedy = selftest.Warn, fmt.Sprintf("more threads than processors are slow: --threads %d; a notebook that is compared with must use as many (torch.set_num_threads)", usable)
	}
	return check
}

// bitVariables change the last bits of numbers.
var bitVariables = []string{"ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "MKL_DEBUG_CPU_TYPE", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "MKL_DYNAMIC", "OMP_DYNAMIC"}

func variablesCheck() selftest.Check {
	var set []string
	for _, name := range bitVariables {
		if v := os.Getenv(name); v != "" {
			set = append(set, name+"="+v)
		}
	}
	if len(set) == 0 {
		return selftest.Check{Name: "variables", Status: selftest.OK, Text: "none that changes the last bits of numbers is set"}
	}
	return selftest.Check{Name: "variables", Status: selftest.Warn, Text: "set, and they may change the last bits of numbers: " + strings.Join(set, ", "),
		Remedy: "give the notebook that is compared with the same ones, or unset them"}
}

// cudaCheck fails only where CUDA was asked for; on most machines there is none.
func cudaCheck(c *cli.Context) selftest.Check {
	d, err := torch.OpenDevice("cuda")
	if err == nil {
		return selftest.Check{Name: "cuda", Status: selftest.OK, Text: "works: " + d.String()}
	}
	check := selftest.Check{Name: "cuda", Status: selftest.OK, Text: "not used: " + err.Error()}
	if strings.HasPrefix(c.String("device"), "cuda") {
		check.Status, check.Remedy = selftest.Fail, "--device cpu works everywhere"
	}
	return check
}

// fontCheck says which fonts figures use. It is no fault to have few.
func fontCheck() selftest.Check {
	check := selftest.Check{Name: "fonts", Status: selftest.OK}
	if err := draw.CheckFonts(); err != nil {
		check.Status, check.Text, check.Remedy = selftest.Fail, err.Error(), "build golens again"
		return check
	}
	var have, lack []string
	for _, sample := range []struct {
		name string
		r    rune
	}{{"Chinese and Japanese", '漢'}, {"Korean", '한'}, {"emoji", '😀'}} {
		if file := draw.FontOf(sample.r); file != "" {
			have = append(have, sample.name+" from "+filepath.Base(file))
		} else {
			lack = append(lack, sample.name)
		}
	}
	check.Text = "figures use DejaVu Sans Condensed, which is in the program"
	if len(have) > 0 {
		check.Text += "; " + strings.Join(have, ", ")
	}
	if len(lack) > 0 {
		check.Text += "; no font for " + strings.Join(lack, ", ") + ", which figures show as escapes (Debian: fonts-noto-cjk, fonts-symbola)"
	}
	return check
}
