package main

import "io"

// maxLines is about how many bytes of lines are gathered.
const maxLines = 32 << 10

// Lines gathers whole lines for one write.
type lines struct {
	w io.Writer
	b []byte
}

// add takes what has grown by whole lines.
func (l *lines) add(b []byte) error {
	if l.b = b; len(b) < maxLines {
		return nil
	}
	return l.handOn()
}

// handOn writes what was gathered.
func (l *lines) handOn() (err error) {
	if len(l.b) == 0 {
		return nil
	}
	if s, ok := l.w.(*stream); ok && len(l.b) >= maxLines/4 {
		l.b, err = s.take(l.b)
		return err
	}
	_, err = l.w.Write(l.b)
	l.b = l.b[:0]
	return err
}
