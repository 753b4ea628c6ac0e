package intervene

import (
	"slices"
	"strconv"
	"strings"
)

// ParseChange reads a change: one intervention, "scale 0.8", or several at once, "zero at attn +
// zero at mlp". `at` names another site of the place's block. If an intervention has several
// values (Kind.Many), "scale 0:2:0.1", ParseChange returns a change for each value.
func ParseChange(text string) ([][]Spec, error) {
	parts, err := splitChange(text)
	if err != nil {
		return nil, err
	}
	out := [][]Spec{{}}
	for _, part := range parts {
		kind, value, _ := strings.Cut(part, " ")
		value, site := cutSite(strings.TrimSpace(value))
		if site != "" && !slices.Contains(Sites, site) {
			return nil, choice("%s: no site is called %q: there are %s", part, site, SiteNames())
		}
		value, origin, err := cutOrigin(value)
		if err != nil {
			return nil, choice("%s: %v", part, err)
		}
		if unquoted, err := strconv.Unquote(value); err == nil && strings.HasPrefix(value, `"`) {
			value = unquoted
		}
		values := []string{value}
		if k, _ := KindOf(kind); k.many != nil {
			if values, err = k.many(value); err != nil {
				return nil, err
			}
		}
		var longer [][]Spec
		for _, before := range out {
			for _, v := range values {
				s, err := ParseSpec(kind, v)
				if err != nil {
					return nil, err
				}
				if s.Site = site; origin.text != "" {
					if kind != "patch" {
						return nil, choice("%s: only a patch takes its states from elsewhere", part)
					}
					s.From = origin
				}
				longer = append(longer, append(slices.Clone(before), s))
			}
		}
		if len(longer) > mostFactors {
			return nil, choice("%s: it is more than %d changes", text, mostFactors)
		}
		out = longer
	}
	return out, nil
}

// splitChange cuts a text at each + that stands alone, outside of quotes.
func splitChange(text string) ([]string, error) {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quoted:
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '+' && !quoted && i > 0 && text[i-1] == ' ' && i+1 < len(text) && text[i+1] == ' ':
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	if quoted {
		return nil, choice("%s: a quotation mark has no end", text)
	}
	parts = append(parts, text[from:])
	for i, p := range parts {
		if parts[i] = strings.TrimSpace(p); parts[i] == "" {
			return nil, choice("%q: a change is missing, such as scale 0.8 or zero", text)
		}
	}
	return parts, nil
}

// cutOrigin takes " from ORIGIN" off the end of a value that begins with a quoted text.
func cutOrigin(value string) (string, Origin, error) {
	quoted, err := strconv.QuotedPrefix(value)
	if err != nil || !strings.HasPrefix(value, `"`) {
		return value, Origin{}, nil
	}
	rest, ok := strings.CutPrefix(value[len(quoted):], " from ")
	if !ok {
		return value, Origin{}, nil
	}
	o, err := ParseOrigin(strings.TrimSpace(rest))
	return quoted, o, err
}

// Undrawn returns a change's name without the seeds of its draws, or "" if nothing is drawn.
func Undrawn(change []Spec) string {
	var parts []string
	drawn := false
	for _, s := range change {
		part := s.String()
		if k, ok := KindOf(s.Kind); ok && k.undrawn != nil {
			drawn, part = true, k.undrawn(s)
			if s.Site != "" {
				part += " at " + string(s.Site)
			}
		}
		parts = append(parts, part)
	}
	if !drawn {
		return ""
	}
	return strings.Join(parts, " + ")
}

// cutSite takes " at SITE" off the end of a value, which may be quoted.
func cutSite(value string) (string, Site) {
	if rest, ok := strings.CutPrefix(value, "at "); ok { // "zero at mlp"
		return "", Site(strings.TrimSpace(rest))
	}
	i := strings.LastIndex(value, " at ")
	if i < 0 || strings.Contains(value[i:], `"`) {
		return value, ""
	}
	return strings.TrimSpace(value[:i]), Site(strings.TrimSpace(value[i+4:]))
}
