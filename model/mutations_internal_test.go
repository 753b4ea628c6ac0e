package model

import "strings"

// Mutate has models built from a role's text with one piece of it replaced, until the
// function that is returned is called. ok says whether the piece occurs, once.
func Mutate(role, old, new string) (restore func(), ok bool) {
	read := roleText
	text, err := read(role)
	if err != nil || strings.Count(text, old) != 1 {
		return func() {}, false
	}
	roleText = func(r string) (string, error) {
		if r == role {
			return strings.Replace(text, old, new, 1), nil
		}
		return read(r)
	}
	return func() { roleText = read }, true
}
