package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A listing is what a verb of the registry answers: in JSON a document with one
// list, or a line for each item; for people columns.
type listing struct {
	w      io.Writer
	format string
	dryRun bool
	would  string // in a dry run: what the items are, in the first line for people; empty: no line

	name string // of the list in the document
	kind string // of a line of -o jsonl
	columns

	begun bool
}

// newListing returns a listing. What it writes it writes at once: a list of the
// registry has an end.
func (c *command) newListing(name, kind string, head ...string) *listing {
	return &listing{
		w: c.Stdout, format: c.global.output, dryRun: c.global.dryRun, would: "nothing is stored, and nothing is sent",
		name: name, kind: kind, columns: columns{w: c.Stdout, head: head},
	}
}

// item shows one item. rows are what people see of it.
func (l *listing) item(j any, rows ...[]string) error {
	switch l.format {
	case formatJSON:
		return l.append(j)
	case formatJSONL:
		return writeLine(l.w, l.kind, l.dryRun, j)
	}
	if err := l.announce(); err != nil {
		return err
	}
	for _, r := range rows {
		if err := l.row(r...); err != nil {
			return err
		}
	}
	return nil
}

// announce tells people that it is a dry run, before anything else: what follows looks
// like the answer of a run.
func (l *listing) announce() error {
	if !l.dryRun || l.would == "" {
		return nil
	}
	_, err := fmt.Fprintln(l.w, "dry run: "+l.would)
	l.would = ""
	return err
}

// append writes an item of the document.
func (l *listing) append(j any) error {
	b, err := marshal(j)
	if err != nil {
		return err
	}
	separator := ",\n"
	if !l.begun {
		l.begun = true
		separator = l.opening() + "\n"
	}
	_, err = l.w.Write(append([]byte(separator), bytes.TrimSuffix(b, []byte("\n"))...))
	return err
}

func (l *listing) opening() string {
	begin := `{"version":1,`
	if l.dryRun {
		begin += `"dry_run":true,`
	}
	return begin + `"` + l.name + `":[`
}

// end ends the answer.
func (l *listing) end() error { return l.endWith(new(failedResults)) }

// endWith ends it with the results of what went wrong.
func (l *listing) endWith(failed *failedResults) error {
	switch l.format {
	case formatJSON:
		end := "\n]"
		if !l.begun {
			end = l.opening() + "]"
		}
		if _, err := io.WriteString(l.w, end); err != nil {
			return err
		}
		if err := failed.write(l.w, `,"results":[`, "]", ""); err != nil {
			return err
		}
		_, err := io.WriteString(l.w, "}\n")
		return err
	case formatJSONL:
		return failed.write(l.w, "", "", "portal")
	}
	if err := l.announce(); err != nil {
		return err
	}
	return l.flush()
}

// empty reports that nothing was listed.
func (l *listing) empty() bool { return !l.begun && !l.printed && len(l.rows) == 0 }

// writeLine writes a line of -o jsonl: the fields of j after its type and, of a dry
// run, after that.
func writeLine(w io.Writer, kind string, dryRun bool, j any) error {
	b, err := marshal(j)
	if err != nil {
		return err
	}
	line := []byte(`{"type":"` + kind + `",`)
	if dryRun {
		line = append(line, `"dry_run":true,`...)
	}
	_, err = w.Write(append(line, b[1:]...))
	return err
}

// A jsonList is never null.
type jsonList[T any] []T

// MarshalJSON writes the list.
func (l jsonList[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// failure answers with what a verb could not do, and returns the exit status.
func (c *command) failure(errs ...error) error {
	l := c.newListing("results", "portal")
	l.would = "" // it did not come so far
	for _, err := range errs {
		switch c.global.output {
		case formatJSON, formatJSONL:
			if err := l.item(newJSONFailure(err)); err != nil {
				return err
			}
		default:
			c.say("%s", machine.WithoutPackage(err))
		}
	}
	if err := l.end(); err != nil {
		return err
	}
	return machine.StatusError(machine.ExitFailed)
}

// newJSONFailure returns the failed result of what is not about one discovery.
func newJSONFailure(err error) *jsonResult {
	r := &initiator.Result{Err: err}
	var e *initiator.Error
	if errors.As(err, &e) {
		r.Portal.Portal, r.Address, r.Source = e.Portal, e.Address, e.Source
	}
	j := newJSONResult(r, nil)
	j.Targets = &jsonTargets{}
	return j
}

// done answers that something was changed, or in a dry run would be: for people
// by a line.
func (c *command) done(name string, j any, format string, args ...any) error {
	if c.forPeople() {
		if c.global.dryRun {
			format = "dry run: would have " + format
		}
		_, err := fmt.Fprintln(c.Stdout, machine.Visible(fmt.Sprintf(format, args...)))
		return err
	}
	l := c.newListing(name, name)
	if err := l.item(j); err != nil {
		return err
	}
	return l.end()
}
