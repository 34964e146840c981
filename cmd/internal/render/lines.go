package render

import (
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// lines gathers whole lines for one write.
type lines struct {
	w io.Writer
	b []byte
}

// add takes what has grown by whole lines.
func (l *lines) add(b []byte) error {
	if l.b = b; len(b) < stream.MaxLines {
		return nil
	}
	return l.HandOn()
}

// HandOn writes what was gathered.
func (l *lines) HandOn() (err error) {
	if len(l.b) == 0 {
		return nil
	}
	if s, ok := l.w.(*stream.Stream); ok && len(l.b) >= stream.MaxLines/4 {
		l.b, err = s.Take(l.b)
		return err
	}
	_, err = l.w.Write(l.b)
	l.b = l.b[:0]
	return err
}

// inRuns has all targets of a batch shown: by run as many as it takes from an index
// on, and by target one that it leaves.
func inRuns(b *initiator.Batch, run func(b *initiator.Batch, from int) (next int, err error), target func(b *initiator.Batch, i int) error) error {
	for i := 0; i < b.Len(); {
		next, err := run(b, i)
		if err == nil && next == i {
			next, err = i+1, target(b, i)
		}
		if err != nil {
			return err
		}
		i = next
	}
	return nil
}
