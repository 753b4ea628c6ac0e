package fetch

import (
	"hash"
	"io"
	"os"
	"time"
)

const (
	pieceBytes = 1 << 20
	pieces     = 4
)

// copyHashed writes what a reader gives to a file and into a hash, until its end. The hash is
// computed beside reading and writing, which it would slow down otherwise. When copyHashed returns,
// the hash has taken just the bytes that were written. moved is told now and then how many there
// are.
func copyHashed(to *os.File, sum hash.Hash, from io.Reader, moved func(int64)) (n int64, err error) {
	free, full := make(chan []byte, pieces), make(chan []byte, pieces)
	for range pieces {
		free <- make([]byte, pieceBytes)
	}
	hashed := make(chan struct{})
	go func() {
		defer close(hashed)
		for b := range full {
			sum.Write(b)
			free <- b[:pieceBytes]
		}
	}()
	defer func() {
		close(full)
		<-hashed
		moved(n)
	}()
	told := time.Now()
	for {
		b := <-free
		got, readErr := from.Read(b)
		if got > 0 {
			wrote, err := to.Write(b[:got])
			n += int64(wrote)
			full <- b[:wrote]
			if err != nil {
				return n, err
			}
		}
		if readErr == io.EOF {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
		if now := time.Now(); now.Sub(told) > 100*time.Millisecond {
			moved(n)
			told = now
		}
	}
}
