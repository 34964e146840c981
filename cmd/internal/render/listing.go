package render

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
)

// A Listing is what a verb of the registry answers: in JSON a document with one
// list, or a line for each item; for people columns.
type Listing struct {
	W      io.Writer
	Format string
	DryRun bool
	Would  string // in a dry run: what the items are, in the first line for people; empty: no line

	Name string // of the list in the document
	Kind string // of a line of -o jsonl

	// KindBefore is the type that a line had before the types of one item were made one.
	// It is there until the release after the next; empty: it had the same.
	KindBefore string

	Columns

	described string // a part of the document before the list
	begun     bool
}

// Describe shows what the list is of, before the first item: in JSON as an object of the
// document, or as the first line. People do not see it.
func (l *Listing) Describe(name string, j any) error {
	switch l.Format {
	case FormatJSON:
		b, err := jsonitem.Marshal(j)
		l.described = `"` + name + `":` + string(bytes.TrimSuffix(b, []byte("\n"))) + ","
		return err
	case FormatJSONL:
		return writeLine(l.W, name, "", l.DryRun, j)
	}
	return nil
}

// Item shows one item. rows are what people see of it.
func (l *Listing) Item(j any, rows ...[]string) error {
	switch l.Format {
	case FormatJSON:
		return l.append(j)
	case FormatJSONL:
		return writeLine(l.W, l.Kind, l.KindBefore, l.DryRun, j)
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
func (l *Listing) announce() error {
	if !l.DryRun || l.Would == "" {
		return nil
	}
	_, err := fmt.Fprintln(l.W, "dry run: "+l.Would)
	l.Would = ""
	return err
}

// append writes an item of the document.
func (l *Listing) append(j any) error {
	b, err := jsonitem.Marshal(j)
	if err != nil {
		return err
	}
	separator := ",\n"
	if !l.begun {
		l.begun = true
		separator = l.opening() + "\n"
	}
	_, err = l.W.Write(append([]byte(separator), bytes.TrimSuffix(b, []byte("\n"))...))
	return err
}

func (l *Listing) opening() string {
	begin := `{"version":1,`
	if l.DryRun {
		begin += `"dry_run":true,`
	}
	return begin + l.described + `"` + l.Name + `":[`
}

// End ends the answer.
func (l *Listing) End() error { return l.EndWith(new(FailedResults)) }

// EndWith ends it with the results of what went wrong.
func (l *Listing) EndWith(failed *FailedResults) error {
	switch l.Format {
	case FormatJSON:
		end := "\n]"
		if !l.begun {
			end = l.opening() + "]"
		}
		if _, err := io.WriteString(l.W, end); err != nil {
			return err
		}
		if err := failed.write(l.W, `,"results":[`, "]", ""); err != nil {
			return err
		}
		_, err := io.WriteString(l.W, "}\n")
		return err
	case FormatJSONL:
		return failed.write(l.W, "", "", "portal")
	}
	if err := l.announce(); err != nil {
		return err
	}
	return l.flush()
}

// Empty reports that nothing was listed.
func (l *Listing) Empty() bool { return !l.begun && !l.printed && len(l.rows) == 0 }

// writeLine writes a line of -o jsonl: the fields of j after its type, the type that it
// had before, and that it is a dry run, where these are.
func writeLine(w io.Writer, kind, before string, dryRun bool, j any) error {
	b, err := jsonitem.Marshal(j)
	if err != nil {
		return err
	}
	line := []byte(`{"type":"` + kind + `",`)
	if before != "" && before != kind {
		line = append(line, `"type_before":"`+before+`",`...)
	}
	if dryRun {
		line = append(line, `"dry_run":true,`...)
	}
	_, err = w.Write(append(line, b[1:]...))
	return err
}
