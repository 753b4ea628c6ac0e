package torch

import "io"

// A Scope closes what was made in it, the last first. The zero Scope is ready to use.
//
//	var s torch.Scope
//	defer s.Close()
//	x := torch.Keep(&s, t)
type Scope struct{ owned []io.Closer }

// Keep puts v under the scope's care and returns it.
func Keep[T io.Closer](s *Scope, v T) T {
	s.owned = append(s.owned, v)
	return v
}

// Close closes everything that was kept, in reverse order, and empties the scope.
func (s *Scope) Close() error {
	for i := len(s.owned) - 1; i >= 0; i-- {
		s.owned[i].Close()
	}
	s.owned = nil
	return nil
}
