// Reads the numbers of an .npz from front to back, as small C++ readers do: by the local
// headers alone, without the directory at the end, and each array by its own header. It
// prints a line for each array: its name, its type, its shape, and the FNV-1a of its bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static void fail(const char* why) {
	std::fprintf(stderr, "%s\n", why);
	std::exit(1);
}

static std::string take(std::FILE* f, size_t n) {
	std::string s(n, '\0');
	if (std::fread(s.data(), 1, n, f) != n) fail("the file is cut short");
	return s;
}

static uint32_t number(const std::string& s, size_t at, int bytes) {
	uint32_t v = 0;
	for (int i = bytes - 1; i >= 0; i--) v = v << 8 | static_cast<unsigned char>(s[at + i]);
	return v;
}

// Returns what stands between two texts of a Python dictionary.
static std::string between(const std::string& s, const char* from, const char* to) {
	size_t at = s.find(from);
	if (at == std::string::npos) fail("the array's header lacks a key");
	at += std::strlen(from);
	return s.substr(at, s.find(to, at) - at);
}

int main(int argc, char** argv) {
	std::FILE* f = argc == 2 ? std::fopen(argv[1], "rb") : nullptr;
	if (!f) fail("no such file");
	for (;;) {
		std::string local = take(f, 30);
		if (local.compare(0, 4, "PK\3\4") != 0) return 0;
		if (number(local, 6, 2) & 8) fail("the size is behind the member");
		if (number(local, 8, 2) != 0) fail("the member is packed");
		uint32_t size = number(local, 22, 4);
		std::string name = take(f, number(local, 26, 2));
		take(f, number(local, 28, 2));

		std::string start = take(f, 10);
		if (start.compare(0, 6, "\x93NUMPY") != 0) fail("the member is no array");
		std::string header = take(f, number(start, 8, 2));
		std::string type = between(header, "'descr': '", "'"), shape = between(header, "'shape': (", ")");
		if (type[1] == 'U') return 0; // numbers come first
		size_t count = 1;
		for (const char* p = shape.c_str(); *p;) {
			char* end;
			unsigned long long n = std::strtoull(p, &end, 10);
			if (end == p) {
				p++;
				continue;
			}
			count *= n;
			p = end;
		}
		size_t bytes = count * std::strtoull(type.c_str() + 2, nullptr, 10);
		if (bytes + 10 + header.size() != size) fail("the member has another size than its array");
		uint64_t hash = 14695981039346656037u;
		for (unsigned char c : take(f, bytes)) hash = (hash ^ c) * 1099511628211u;
		std::printf("%s %s (%s) %016llx\n", name.c_str(), type.c_str(), shape.c_str(), static_cast<unsigned long long>(hash));
	}
}
