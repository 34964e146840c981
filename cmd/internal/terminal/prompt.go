package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/term"
)

// Ask asks for a secret at the terminal, whatever standard input and
// output are, and does not echo it. A cancelled question leaves the terminal as
// it was.
func Ask(ctx context.Context, question string) ([]byte, error) {
	in, out := "/dev/tty", "/dev/tty"
	if runtime.GOOS == "windows" {
		in, out = "CONIN$", "CONOUT$"
	}
	r, err := os.OpenFile(in, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.New("there is no terminal to ask at")
	}
	w, err := os.OpenFile(out, os.O_RDWR, 0)
	if err != nil {
		r.Close()
		return nil, errors.New("there is no terminal to ask at")
	}
	defer w.Close()
	fd := int(r.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		r.Close()
		return nil, errors.New("there is no terminal to ask at")
	}
	fmt.Fprintf(w, "%s: ", Escape(question))
	type answer struct {
		secret []byte
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		defer r.Close()
		secret, err := term.ReadPassword(fd)
		answered <- answer{secret, err}
	}()
	select {
	case a := <-answered:
		fmt.Fprintln(w)
		return a.secret, a.err
	case <-ctx.Done():
		// The read goes on until the process ends, which is soon.
		_ = term.Restore(fd, before)
		fmt.Fprintln(w)
		return nil, ctx.Err()
	}
}
