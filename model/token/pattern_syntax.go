package token

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// contractions of any case, as the expressions of Llama 3, Qwen and others have
// them. Oniguruma's folding of cases makes the long s (U+017F) an s.
const (
	foldedContractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	plainContractions  = `(?:'[sS\u017F]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])`
)

// portable returns an expression of Oniguruma's in the words of regexp2. What the
// two libraries mean different things by, or only one knows, is refused: the other
// ways to ignore case, \w and \b, scripts, possessive quantifiers, classes in classes.
func portable(expression string) (string, error) {
	e := strings.ReplaceAll(expression, foldedContractions, plainContractions)
	inClass := false
	for i := 0; i < len(e); {
		r, width := utf8.DecodeRuneInString(e[i:])
		rest := e[i+width:]
		switch {
		case r == '\\':
			n, err := escapeLength(rest)
			if err != nil {
				return "", err
			}
			width += n
		case inClass && r == '[':
			return "", errors.New("a class within a class is not supported")
		case inClass && r == '&' && strings.HasPrefix(rest, "&"):
			return "", errors.New("the intersection of classes (&&) is not supported")
		case inClass && r == ']':
			inClass = false
		case inClass:
		case r == '[':
			inClass = true
			if strings.HasPrefix(rest, "^") {
				width++
			}
			if strings.HasPrefix(e[i+width:], "]") {
				return "", errors.New("a class that begins with ] is not supported")
			}
		case r == '(' && strings.HasPrefix(rest, "?"):
			if !strings.HasPrefix(rest, "?:") && !strings.HasPrefix(rest, "?=") && !strings.HasPrefix(rest, "?!") {
				return "", fmt.Errorf("the group %q is not supported; golens reads (?:...), (?=...), (?!...) and %s", e[i:min(len(e), i+4)], foldedContractions)
			}
		case strings.ContainsRune("?*+}", r) && strings.HasPrefix(rest, "+"):
			return "", errors.New("a possessive quantifier is not supported")
		case r == '{' && strings.HasPrefix(rest, ","):
			return "", errors.New("a quantifier {,n} is not supported")
		}
		i += width
	}
	return e, nil
}

// escapeLength returns the length of an escape after its backslash.
func escapeLength(s string) (int, error) {
	switch {
	case s == "":
		return 0, errors.New("it ends with a backslash")
	case strings.IndexByte(`sSdDrntfv`, s[0]) >= 0:
		return 1, nil
	case s[0] == 'p' || s[0] == 'P':
		end := strings.IndexByte(s, '}')
		if len(s) < 3 || s[1] != '{' || end < 0 {
			return 0, errors.New(`\p has no class in braces`)
		}
		name := s[2:end]
		if _, ok := unicode.Categories[name]; !ok || len(name) > 2 || name == "LC" {
			return 0, fmt.Errorf(`\p{%s} is not supported; golens reads Unicode's general categories, such as L and Lu`, name)
		}
		return end + 1, nil
	case s[0] == 'u':
		if len(s) < 5 || strings.Trim(s[1:5], "0123456789abcdefABCDEF") != "" {
			return 0, errors.New(`\u has no four hexadecimal digits`)
		}
		return 5, nil
	case s[0] < utf8.RuneSelf && (unicode.IsPunct(rune(s[0])) || unicode.IsSymbol(rune(s[0]))):
		return 1, nil
	}
	r, _ := utf8.DecodeRuneInString(s)
	return 0, fmt.Errorf(`the escape \%c is not supported`, r)
}
