package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/internal/safefile"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/capture"
)

// Capture has ask run with a Discoverer whose connections are written to the
// file of --capture, if there is one. That it could not be written to its end
// does not end the run; it is said afterwards, and fails it.
func (c *Command) Capture(r *flags.Run, d *initiator.Discoverer, ask func() error) error {
	if r.Capture == "" || c.Global.DryRun {
		return ask()
	}
	f, err := c.Create(r.Capture)
	if err != nil {
		return exit.Usagef("--capture %s: %v", wording.Quoted(r.Capture), notCreated(err))
	}
	w, err := capture.NewWriter(f, r.CaptureSecrets)
	if err != nil {
		return fmt.Errorf("--capture %s: %w", wording.Quoted(r.Capture), errors.Join(safefile.Cause(err), f.Close(), c.Remove(r.Capture)))
	}
	d.Wrap = w.Conn
	err = ask()
	if broken := finish(w, f); broken != nil {
		c.Say("--capture %s: the file is incomplete: %v", wording.Quoted(r.Capture), broken)
		if err == nil {
			err = exit.StatusError(exit.Failed)
		}
	}
	return err
}

// notCreated says why there is no new file, without its name.
func notCreated(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return errors.New("file exists, and --capture never overwrites")
	}
	return safefile.Cause(err)
}

// finish closes a capture, and returns the first error of writing it.
func finish(w *capture.Writer, f io.Closer) error {
	closed := f.Close()
	if err := w.Err(); err != nil {
		return safefile.Cause(err)
	}
	if closed != nil {
		return safefile.Cause(closed)
	}
	return nil
}
