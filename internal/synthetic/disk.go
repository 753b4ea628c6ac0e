package synthetic

import "errors"

// ErrFull is the error of a Disk that is full.
var ErrFull = errors.New("no space left")

// A Disk is a writer with room for so many bytes.
type Disk struct{ Room int }

// Write implements io.Writer.
func (d *Disk) Write(p []byte) (int, error) {
	if len(p) > d.Room {
		n := d.Room
		d.Room = 0
		return n, ErrFull
	}
	d.Room -= len(p)
	return len(p), nil
}
