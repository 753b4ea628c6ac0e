package fetch

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"syscall"

	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/hub/remote"
)

// file fetches a file of the repository, if the snapshot does not have it.
func (f *fetcher) file(ctx context.Context, file remote.File) error {
	if f.store.has(file) {
		return nil
	}
	var body *remote.Body
	if file.Sum == "" {
		// The list of files does not say what it is called in the cache; the file does.
		var err error
		if body, err = f.client.Open(ctx, f.model, f.repo.Commit, file, 0); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
		file = body.File
	}
	if err := f.blob(ctx, file, body); err != nil {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			return fmt.Errorf("%s: no space is left on the disk of %s; free some, and the same command goes on from there: %w", file.Path, f.cache, err)
		}
		return fmt.Errorf("%s: %w", file.Path, err)
	}
	return f.store.link(file.Path, file.Sum)
}

// blob fetches the bytes of a file. body, if it is not nil, is the beginning of them.
func (f *fetcher) blob(ctx context.Context, file remote.File, body *remote.Body) error {
	d := &download{f: f, file: file, body: body, before: f.done}
	defer d.close()
	unlock, shared, err := f.store.lock(ctx, file.Sum, func() { f.waiting("another process fetches " + file.Path) })
	if err != nil {
		return err
	}
	defer unlock()
	if isWhole(f.store.blob(file.Sum), file.Size) {
		f.moved(file.Path, d.before+max(file.Size, 0)) // the other process has done it
		return nil
	}
	part := f.store.part(file.Sum)
	if !shared {
		part = f.store.blob(file.Sum) + "." + random() + ".incomplete"
	}
	if d.part, err = os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	err = d.run(ctx)
	if errors.Is(err, errOtherBytes) && d.resumed {
		// What an earlier call left may be at fault: once more, from the start.
		if err = d.restart(); err == nil {
			err = d.run(ctx)
		}
	}
	if closeErr := d.part.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		if errors.Is(err, errOtherBytes) || !shared {
			os.Remove(part)
		}
		return err
	}
	return os.Rename(part, f.store.blob(file.Sum))
}

func (f *fetcher) waiting(why string) {
	if f.Watcher != nil {
		f.Watcher.Waiting(why)
	}
}

func (f *fetcher) moved(file string, done int64) {
	f.done = done
	if f.Watcher != nil {
		f.Watcher.Moved(file, done)
	}
}

// A download is a file of which some bytes lie in a part.
type download struct {
	f       *fetcher
	file    remote.File
	body    *remote.Body // what comes, nil before it was asked for
	part    *os.File
	sum     hash.Hash // over the part
	at      int64     // the part's size
	resumed bool      // the part begins with bytes of an earlier call
	before  int64     // bytes of the plan that are there without this file
}

// errOtherBytes is the end of a file whose bytes are not those that its checksum names.
var errOtherBytes = errors.New("the bytes that came are not the file's")

// run brings the rest of the file.
func (d *download) run(ctx context.Context) error {
	if err := d.takeUp(); err != nil {
		return err
	}
	for attempt := 0; ; {
		if d.file.Size >= 0 && d.at == d.file.Size {
			return d.check()
		}
		before := d.at
		err := d.more(ctx)
		d.close()
		switch {
		case err == nil && d.file.Size < 0:
			d.file.Size = d.at // the server has sent all that there is
			if err := d.hashAgain(); err != nil {
				return err
			}
			continue
		case err == nil && d.at > d.file.Size:
			return fmt.Errorf("%w: there are more than %d", errOtherBytes, d.file.Size)
		case err == nil && d.at == d.file.Size:
			continue
		case err == nil:
			err = io.ErrUnexpectedEOF
		}
		if local := new(os.PathError); errors.As(err, &local) || errors.Is(err, errOtherBytes) {
			return err
		}
		if d.at > before {
			attempt = 0
		}
		if err := d.f.client.Again(ctx, attempt, err); err != nil {
			if d.at > 0 {
				return fmt.Errorf("after %s: %w", hub.Bytes(d.at), err)
			}
			return err
		}
		attempt++
	}
}

// takeUp hashes what the part holds.
func (d *download) takeUp() error {
	info, err := d.part.Stat()
	if err != nil {
		return err
	}
	d.at = info.Size()
	if d.file.Size >= 0 && d.at > d.file.Size || d.file.Size < 0 {
		d.at = 0
	}
	if d.at == 0 {
		return d.restart()
	}
	d.resumed = true
	if err := d.hashAgain(); err != nil {
		return err
	}
	d.f.moved(d.file.Path, d.before+d.at)
	return nil
}

// hashAgain computes the checksum of the part's bytes, and leaves the part at their end.
func (d *download) hashAgain() error {
	d.newSum()
	if _, err := d.part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(d.sum, d.part, d.at)
	return err
}

// restart throws the part's bytes away.
func (d *download) restart() error {
	d.at, d.resumed = 0, false
	if err := d.part.Truncate(0); err != nil {
		return err
	}
	_, err := d.part.Seek(0, io.SeekStart)
	d.newSum()
	return err
}

// newSum begins the checksum. That of git begins with the size.
func (d *download) newSum() {
	if len(d.file.Sum) == 2*sha256.Size {
		d.sum = sha256.New()
		return
	}
	d.sum = sha1.New()
	fmt.Fprintf(d.sum, "blob %d\x00", d.file.Size)
}

// more asks for the rest and takes what comes, until the server has no more.
func (d *download) more(ctx context.Context) (err error) {
	if d.body == nil || d.body.Start != d.at {
		d.close()
		if d.body, err = d.f.client.Open(ctx, d.f.model, d.f.repo.Commit, d.file, d.at); err != nil {
			return err
		}
	}
	if d.body.Start != d.at {
		if err := d.restart(); err != nil {
			return err
		}
	}
	n, err := copyHashed(d.part, d.sum, d.limited(), func(n int64) {
		d.f.moved(d.file.Path, d.before+d.at+n)
	})
	d.at += n
	return err
}

// limited is the body, up to one byte more than there should be.
func (d *download) limited() io.Reader {
	if d.file.Size < 0 {
		return d.body
	}
	return io.LimitReader(d.body, d.file.Size-d.at+1)
}

// check compares the checksum.
func (d *download) check() error {
	if got := hex.EncodeToString(d.sum.Sum(nil)); got != d.file.Sum {
		return fmt.Errorf("%w: their checksum is %s, not %s; something between here and the hub changes them", errOtherBytes, got, d.file.Sum)
	}
	d.f.moved(d.file.Path, d.before+d.at)
	return nil
}

func (d *download) close() {
	if d.body != nil {
		d.body.Close()
		d.body = nil
	}
}
