package chat

import (
	"regexp"
	"strings"
	"unicode"
)

// explicit rewrites a template so that nothing in it depends on how tags treat the white
// space beside them: text becomes a quoted expression, comments and the marks - and +
// vanish. The rules are Jinja2's with trim_blocks and lstrip_blocks, as transformers sets
// them. The library has them too, but reaches over a neighbouring tag for the text: in
// "a {{ b }}{%- endif %}" it drops the space behind a.
func explicit(source string) string {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	source = strings.TrimSuffix(source, "\n") // one, which Jinja2 does not keep
	var out strings.Builder
	startsLine := true // what comes next stands at the beginning of a line
	for {
		text, tag, rest := next(source)
		if tag == "" {
			quote(&out, text)
			return out.String()
		}
		quote(&out, before(text, tag, startsLine))
		if raw := rawBegin.FindString(tag + rest); raw != "" {
			rest = (tag + rest)[len(raw):]
			end := rawEnd.FindStringIndex(rest)
			if end == nil {
				out.WriteString(tag) // the library tells what is wrong
				source = rest
				continue
			}
			close := rest[end[0]:end[1]]
			quote(&out, before(rest[:end[0]], close, strings.HasSuffix(raw, "\n")))
			source, startsLine = after(rest[end[1]:], close)
			continue
		}
		if tag[1] != '#' {
			inner := strings.TrimLeft(tag[2:3], "-+") + tag[3:len(tag)-3] + strings.TrimRight(tag[len(tag)-3:len(tag)-2], "-+")
			if len(tag) < 6 {
				inner = strings.Trim(tag[2:len(tag)-2], "-+")
			}
			out.WriteString(tag[:2] + apart(inner) + tag[len(tag)-2:])
		}
		source, startsLine = after(rest, tag)
	}
}

var (
	rawBegin = regexp.MustCompile(`^\{%[-+]?\s*raw\s*(-%\}\s*|%\})`)
	rawEnd   = regexp.MustCompile(`\{%[-+]?\s*endraw\s*[-+]?%\}`)
)

// next cuts a template at its next tag: the text in front of it, the tag, and what
// follows. tag is empty where there is none, or none that ends.
func next(source string) (text, tag, rest string) {
	for i := 0; i+1 < len(source); i++ {
		if source[i] != '{' {
			continue
		}
		close := map[byte]string{'{': "}}", '%': "%}", '#': "#}"}[source[i+1]]
		if close == "" {
			continue
		}
		quoted := byte(0)
		for j := i + 2; j+1 < len(source); j++ {
			switch c := source[j]; {
			case quoted != 0 && c == '\\':
				j++
			case quoted != 0:
				if c == quoted {
					quoted = 0
				}
			case close != "#}" && (c == '"' || c == '\''):
				quoted = c
			case strings.HasPrefix(source[j:], close):
				if close == "}}" && braces(source[i+2:j]) > 0 {
					continue // a dictionary ends here, and not the tag
				}
				return source[:i], source[i : j+2], source[j+2:]
			}
		}
		return source[:i], source[i:], "" // it does not end: the library says so
	}
	return source, "", ""
}

// braces counts the braces that are open at the end of an expression.
func braces(s string) (open int) {
	eachByte(s, func(c byte, quoted bool) {
		switch {
		case !quoted && c == '{':
			open++
		case !quoted && c == '}':
			open--
		}
	})
	return open
}

// apart puts a space behind each brace that closes a dictionary: the library takes two of
// them for the end of the tag.
func apart(s string) string {
	var out strings.Builder
	eachByte(s, func(c byte, quoted bool) {
		out.WriteByte(c)
		if !quoted && c == '}' {
			out.WriteByte(' ')
		}
	})
	return out.String()
}

// eachByte goes through an expression, and tells whether each byte is of a string.
func eachByte(s string, f func(c byte, quoted bool)) {
	quote, escaped := byte(0), false
	for i := range len(s) {
		c := s[i]
		f(c, quote != 0)
		switch {
		case escaped:
			escaped = false
		case quote != 0 && c == '\\':
			escaped = true
		case quote == c:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
}

// before returns the text in front of a tag as it is written.
func before(text, tag string, startsLine bool) string {
	switch {
	case len(tag) > 2 && tag[2] == '-':
		return strings.TrimRightFunc(text, isSpace)
	case len(tag) > 2 && tag[2] == '+', tag[1] == '{':
		return text
	}
	// The indentation of a block that stands alone in front of its line.
	line := strings.LastIndexByte(text, '\n') + 1
	if (line > 0 || startsLine) && strings.TrimFunc(text[line:], isSpace) == "" {
		return text[:line]
	}
	return text
}

// after returns the text behind a tag as it is written, and whether it stands at the
// beginning of a line.
func after(rest, tag string) (text string, startsLine bool) {
	mark := byte(' ')
	if len(tag) >= 5 {
		mark = tag[len(tag)-3]
	}
	switch {
	case mark == '-':
		text = strings.TrimLeftFunc(rest, isSpace)
		return text, strings.HasSuffix(rest[:len(rest)-len(text)], "\n")
	case mark != '+' && tag[1] != '{' && strings.HasPrefix(rest, "\n"):
		return rest[1:], true
	}
	return rest, false
}

// isSpace reports whether Python takes a character for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// quote writes a text as an expression.
func quote(out *strings.Builder, text string) {
	if text == "" {
		return
	}
	out.WriteString(`{{"`)
	out.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text))
	out.WriteString(`"}}`)
}
