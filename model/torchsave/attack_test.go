package torchsave

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/golens/golens/model/safetensors"
)

// The opcodes of a pickle, for tests that write their own.
func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
func le64(n int64) string  { return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
func text(s string) string { return "X" + le32(uint32(len(s))) + s }
func number(n int64) string {
	return "\x8a\x08" + le64(n)
}
func tuple(parts ...string) string      { return "(" + strings.Join(parts, "") + "t" }
func name(module, class string) string  { return "c" + module + "\n" + class + "\n" }
func call(function, args string) string { return function + args + "R" }
func pickled(value string) string       { return "\x80\x02" + value + "." }
func numbersOf(n ...int64) string {
	var parts []string
	for _, v := range n {
		parts = append(parts, number(v))
	}
	return tuple(parts...)
}

// stored is the id of a storage.
func stored(class, key string, count int64) string {
	return tuple(text("storage"), name("torch", class), text(key), text("cpu"), number(count)) + "Q"
}

// rebuilt is a tensor of a storage.
func rebuilt(storage string, offset int64, size, stride string) string {
	return call(name("torch._utils", "_rebuild_tensor_v2"), tuple(storage, number(offset), size, stride, "\x89", call(name("collections", "OrderedDict"), ")")))
}

// state is a dictionary of one tensor, or of whatever else.
func state(value string) string { return pickled("}" + text("a") + value + "s") }

// good is a tensor of four numbers.
func good() string {
	return rebuilt(stored("FloatStorage", "0", 4), 0, numbersOf(2, 2), numbersOf(2, 1))
}

// zipped is a file of torch.save with a pickle and storages, each one's key and bytes. A
// key that begins with = is the name of another member.
func zipped(pickle string, storages ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name, content string) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		if err != nil {
			panic(err)
		}
	}
	add("data.pkl", pickle)
	for i := 0; i < len(storages); i += 2 {
		name, other := strings.CutPrefix(storages[i], "=")
		if !other {
			name = "data/" + name
		}
		add(name, storages[i+1])
	}
	w.Close()
	return b.Bytes()
}

// legacy is a file of torch.save before PyTorch 1.6.
func legacy(object string, keys string, data string) []byte {
	return []byte(pickled("\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickled("M\xe9\x03") +
		pickled("}("+text("protocol_version")+"M\xe9\x03"+text("little_endian")+"\x88u") + object + keys + data)
}

func keysOf(keys ...string) string {
	s := "](" // MARK
	for _, k := range keys {
		s += text(k)
	}
	return pickled(s + "e")
}

func parse(b []byte) (*safetensors.Set, error) {
	return read("file", bytes.NewReader(b), int64(len(b)))
}

// patched replaces bytes of a file, of which there must be just one place or more.
func patched(b []byte, old, new string) []byte {
	if !bytes.Contains(b, []byte(old)) {
		panic("there is nothing to patch")
	}
	return bytes.ReplaceAll(b, []byte(old), []byte(new))
}

const sixteen = "0123456789abcdef"

// TestHandmade holds what the tests' own files mean before they are spoiled.
func TestHandmade(t *testing.T) {
	view := tuple(text("storage"), name("torch", "FloatStorage"), text("7"), text("cpu"), number(4), tuple(text("v"), number(1), number(2))) + "Q"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"zip":     {zipped(state(good()), "0", sixteen), sixteen},
		"legacy":  {legacy(state(good()), keysOf("0"), le64(4)+sixteen), sixteen},
		"a view":  {legacy(state(rebuilt(view, 1, numbersOf(1), numbersOf(1))), keysOf("7"), le64(4)+sixteen), "89ab"},
		"turned":  {zipped(state(rebuilt(stored("FloatStorage", "0", 4), 0, numbersOf(2, 2), numbersOf(1, 2))), "0", sixteen), "012389ab4567cdef"},
		"by memo": {zipped(pickled("}q\x05"+text("a")+good()+"s"+"h\x05"), "0", sixteen), sixteen},
	} {
		set, err := parse(c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e, _ := set.Lookup("a")
		b, err := io.ReadAll(set.Reader(e))
		if err != nil || string(b) != c.want {
			t.Errorf("%s: %q, %v, want %q", name, b, err, c.want)
		}
	}
}

// TestAttacks holds that files which lie are refused, and for what reason.
func TestAttacks(t *testing.T) {
	four := stored("FloatStorage", "0", 4)
	whole := zipped(state(good()), "0", sixteen)
	old := legacy(state(good()), keysOf("0"), le64(4)+sixteen)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "not a file of torch.save"},
		{"os.system", zipped(state(call(name("os", "system"), tuple(text("id"))))), "Python's os.system, which no state dict needs and golens does not run"},
		{"eval", legacy(state(call(name("builtins", "eval"), tuple(text("1")))), "", ""), "Python's builtins.eval"},
		{"a hidden getattr", zipped(state(name("torch", "nn.Module.__getattr__"))), "Python's torch.nn.Module.__getattr__"},
		{"a name of many bytes", zipped(state("c" + strings.Repeat("x", 5000) + "\ny\n")), "a name has more than 1000 bytes"},
		{"a name that is no text", zipped(state("c\xff\ny\n")), "a name is not a text"},
		{"STACK_GLOBAL", zipped(state(text("os") + text("system") + "\x93")), "the opcode 0x93"},
		{"INST", zipped(state("(ios\nsystem\n")), "the opcode 0x69"},
		{"EXT1", zipped(state("\x82\x01")), "the opcode 0x82"},
		{"opcode 255", zipped(state("\xff")), "the opcode 0xff"},
		{"FRAME", zipped(state("\x95" + le64(1))), "the opcode 0x95"},
		{"protocol 5", zipped("\x80\x05}."), "protocol 5"},
		{"a text beyond the file", zipped(state("X" + le32(math.MaxUint32))), "longer than the file"},
		{"a number beyond the file", zipped(state("\x8a\xff1")), "longer than the file"},
		{"no end", zipped("\x80\x02}"), "ends too early"},
		{"bytes after the end", zipped(state(good())+"x", "0", sixteen), "goes on after its end"},
		{"memo of nothing", zipped(state("h\x05")), "takes the object 5"},
		{"memo of 2^32-1", zipped(state("j\xff\xff\xff\xff")), "takes the object 4294967295"},
		{"put of nothing", zipped("\x80\x02q\x00"), "finds nothing to work on"},
		{"tuple of nothing", zipped("\x80\x02\x86"), "finds nothing to work on"},
		{"no mark", zipped("\x80\x02}t"), "finds no mark"},
		{"a mark too many", zipped("\x80\x02}(."), "finds nothing to work on"},
		{"append to a dictionary", zipped(pickled("}Na")), "appended to what is a dictionary"},
		{"set in a tensor", zipped(pickled(good()+text("x")+"Ns"), "0", sixteen), "an entry is set in what is an object"},
		{"set in a list", zipped(pickled("]" + text("x") + "Ns")), "an entry is set in what is a list"},
		{"key without a value", zipped(pickled("}(" + text("x") + "u")), "a key has no value"},
		{"a list for a key", zipped(pickled("}]Ns")), "a key that is a list"},
		{"a call of a text", zipped(state(text("os") + ")R")), "calls what is a text"},
		{"a call with a list", zipped(state(name("collections", "OrderedDict") + "]R")), "the arguments of a call are a list"},
		{"attributes of a tensor", zipped(state(good()+"}b"), "0", sixteen), "sets the attributes of what is an object"},
		{"attributes of a class", zipped(state(name("torch", "Size") + "}b")), "sets the attributes of what is a function or class"},
		{"OrderedDict of something", zipped(state(call(name("collections", "OrderedDict"), tuple("]")))), "made with arguments"},
		{"tensor of one argument", zipped(state(call(name("torch._utils", "_rebuild_tensor_v2"), tuple("N")))), "has 1 arguments"},
		{"tensor of a text", zipped(state(rebuilt(text("x"), 0, numbersOf(1), numbersOf(1)))), "made of a text, not of a storage"},
		{"parameter of None", zipped(state(call(name("torch._utils", "_rebuild_parameter"), tuple("N")))), "a parameter is made of None"},
		{"a dictionary that holds itself", zipped("\x80\x02}q\x00" + text("a") + "h\x00s."), `its entry "a" is a dictionary`},
		{"a list that holds itself", zipped("\x80\x02]q\x00h\x00a."), "it holds a list"},

		{"a storage of nothing", zipped(state(good())), "no bytes of the storage"},
		{"a storage too short", zipped(state(good()), "0", sixteen[1:]), "has 15 bytes, and its 4 elements take 16"},
		{"a storage too long", zipped(state(good()), "0", sixteen+"x"), "has 17 bytes"},
		{"a storage of 2^62", zipped(state(rebuilt(stored("FloatStorage", "0", 1<<62), 0, numbersOf(1), numbersOf(1))), "0", sixteen), "a form that torch.save does not write"},
		{"a storage of -1", zipped(state(rebuilt(stored("FloatStorage", "0", -1), 0, numbersOf(1), numbersOf(1))), "0", sixteen), "a form that torch.save does not write"},
		{"a storage of another kind", zipped(state(rebuilt(stored("OrderedDict", "0", 1), 0, numbersOf(1), numbersOf(1))), "0", sixteen), "Python's torch.OrderedDict"},
		{"another reference", zipped(state(tuple(text("file"), text("/etc/passwd")) + "Q")), "no storage"},
		{"a reference by number", zipped(state("K\x01Q")), "no storage"},
		{"two types", zipped(pickled("}"+text("a")+good()+"s"+text("b")+rebuilt(stored("IntStorage", "0", 4), 0, numbersOf(1), numbersOf(1))+"s"), "0", sixteen), "named with two types or sizes"},
		{"two sizes", zipped(pickled("}"+text("a")+good()+"s"+text("b")+rebuilt(stored("FloatStorage", "0", 3), 0, numbersOf(1), numbersOf(1))+"s"), "0", sixteen), "named with two types or sizes"},
		{"a key that leads elsewhere", zipped(state(rebuilt(stored("FloatStorage", "../data.pkl", 4), 0, numbersOf(1), numbersOf(1))), "0", sixteen), "no bytes of the storage"},

		{"an offset outside", zipped(state(rebuilt(four, 1, numbersOf(2, 2), numbersOf(2, 1))), "0", sixteen), "reaches to element 4"},
		{"an offset below", zipped(state(rebuilt(four, -1, numbersOf(2, 2), numbersOf(2, 1))), "0", sixteen), "no number from 0 on"},
		{"a stride outside", zipped(state(rebuilt(four, 0, numbersOf(2, 2), numbersOf(3, 1))), "0", sixteen), "reaches to element 4"},
		{"a stride that overflows", zipped(state(rebuilt(four, 0, numbersOf(3, 2), numbersOf(math.MaxInt64, 1))), "0", sixteen), "stride overflows"},
		{"a stride below", zipped(state(rebuilt(four, 3, numbersOf(4), numbersOf(-1))), "0", sixteen), "no tuple of numbers from 0 on"},
		{"a size below", zipped(state(rebuilt(four, 0, numbersOf(-2, -2), numbersOf(2, 1))), "0", sixteen), "no tuple of numbers from 0 on"},
		{"a size that overflows", zipped(state(rebuilt(four, 0, numbersOf(1<<40, 1<<40), numbersOf(0, 0))), "0", sixteen), "size overflows"},
		{"a size of 2^59", zipped(state(rebuilt(four, 0, numbersOf(1<<59), numbersOf(0))), "0", sixteen), "repeats those of the storage"},
		{"sizes without strides", zipped(state(rebuilt(four, 0, numbersOf(2, 2), numbersOf(1))), "0", sixteen), "2 sizes and 1 strides"},

		{"two members of one name", patched(zipped(state(good()), "0", sixteen, "1", sixteen), "data/1", "data/0"), "twice"},
		{"another folder", patched(zipped(state(good()), "0", sixteen), "archive/data/0", "another/data/0"), "not in one folder"},
		{"bytes in front", append([]byte("x"), whole...), "not a file of torch.save"},
		{"cut short", whole[:len(whole)-10], "was it cut short?"},
		{"big-endian", zipped(state(good()), "0", sixteen, "=byteorder", "big"), "stored as \"big\"-endian"},
		{"a pickle that was changed", patched(whole, "_rebuild_tensor_v2", "_rebuild_tensor_v3"), "damaged"},

		{"old, cut in a storage", old[:len(old)-1], "ends within the storage"},
		{"old, cut before a storage", old[:len(old)-20], "ends before the storage"},
		{"old, bytes after", append(append([]byte{}, old...), 0), "1 bytes at its end"},
		{"old, another count", legacy(state(good()), keysOf("0"), le64(5)+sixteen), "has 4 elements, and 5 where it lies"},
		{"old, count of 2^63", legacy(state(good()), keysOf("0"), le64(math.MinInt64)+sixteen), "has 4 elements, and -9223372036854775808"},
		{"old, a key twice", legacy(state(good()), keysOf("0", "0"), strings.Repeat(le64(4)+sixteen, 2)), "which it listed before"},
		{"old, a key of nothing", legacy(state(good()), keysOf("0", "1"), strings.Repeat(le64(4)+sixteen, 2)), "which no tensor has"},
		{"old, no keys", legacy(state(good()), keysOf(), ""), "no bytes of the storage"},
		{"old, keys of no list", legacy(state(good()), pickled("N"), ""), "does not list its storages"},
		{"old, a view outside", legacy(state(rebuilt(tuple(text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(4), tuple(text("v"), number(3), number(2)))+"Q", 0, numbersOf(1), numbersOf(1))),
			keysOf("0"), le64(4)+sixteen), "lies outside of it"},
		{"old, another version", patched(old, "M\xe9\x03.", "M\xe8\x03."), "a version of torch.save"},
		{"old, big-endian", patched(old, "\x88u", "\x89u"), "big-endian"},
		{"old, another pickle", []byte(pickled("N")), "not one of torch.save"},
		{"tar", append(append(make([]byte, 257), "ustar\x0000"...), make([]byte, 1000)...), "tar file"},
		{"git-lfs", []byte("version https://git-lfs.github.com/spec/v1\n"), "git-lfs pointer"},
		{"a web page", []byte("<!doctype html>"), "web page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := parse(c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, %v, want %q", set, err, c.want)
			}
		})
	}
}

// TestMemory holds that a small file cannot ask for much memory.
func TestMemory(t *testing.T) {
	for name, pickle := range map[string]string{
		"nested tuples": "\x80\x02N" + strings.Repeat("\x85", 1_000_000) + ".",
		"lists":         "\x80\x02" + strings.Repeat("]", 4_000_000) + ".",
		"memo":          "\x80\x02N" + strings.Repeat("r\xff\xff\xff\xff", 1_000_000) + ".",
		"marks":         "\x80\x02" + strings.Repeat("(", 5_000_000) + ".",
		"doubling":      "\x80\x02N" + strings.Repeat("q\x00h\x00\x86", 1_000_000) + ".",
	} {
		file := zipped(pickle)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if _, err := parse(file); err == nil {
			t.Errorf("%s: it was read", name)
		}
		runtime.ReadMemStats(&after)
		// At most some 60 bytes for an opcode, of which a slice that grows is copied.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 250*uint64(len(pickle))+1<<20 {
			t.Errorf("%s: %d bytes were asked for, of a pickle of %d", name, grown, len(pickle))
		}
	}
	if _, err := parse(zipped("\x80\x02" + strings.Repeat("N", 9<<20))); err == nil || !strings.Contains(err.Error(), "more than 8388608 opcodes") {
		t.Error(err)
	}
}

// FuzzOpen holds that whatever is read lies inside the file, and that errors are one line.
// What it is given is a pickle within a file of either form, or a file.
func FuzzOpen(f *testing.F) {
	half := rebuilt(stored("HalfStorage", "0", 8), 1, numbersOf(2, 3), numbersOf(1, 2))
	for _, s := range []string{state(good()), state(half), state(rebuilt(stored("ByteStorage", "1", 4), 0, ")", ")")),
		pickled("}q\x05(" + text("a") + good() + text("b") + half + "u" + "}" + text("_metadata") + "}sb"),
		pickled(call(name("collections", "OrderedDict"), ")") + text("p") + call(name("torch._utils", "_rebuild_parameter"), tuple(good(), "\x88", "N")) + "s"),
		pickled("]" + "K\x01a" + "(M\x01\x02J\x01\x02\x03\x04G" + le64(1) + "\x8f\x85\x88\x89Ne"),
		string(zipped(state(good()), "0", sixteen)), string(legacy(state(good()), keysOf("0"), le64(4)+sixteen))} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := string(b)
		for _, file := range [][]byte{b, zipped(s, "0", sixteen, "1", "wxyz"), legacy(s, keysOf("0"), le64(4)+sixteen), legacy(s, keysOf(), "")} {
			inside(t, file)
		}
	})
}

// inside fails the test where a file is read that lies about its tensors.
func inside(t *testing.T, file []byte) {
	set, err := parse(file)
	if err != nil {
		if strings.Contains(err.Error(), "\n") || len(err.Error()) > 2000 {
			t.Errorf("error %q", err)
		}
		return
	}
	for _, name := range set.Names() {
		e, _ := set.Lookup(name)
		if n, err := io.Copy(io.Discard, set.Reader(e)); err != nil || n != e.Size {
			t.Errorf("%q has %d of %d bytes, %v", name, n, e.Size, err)
		}
	}
}
