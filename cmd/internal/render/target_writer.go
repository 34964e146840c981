package render

import (
	"iter"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A targetWriter writes the targets of results, as in a line of -o jsonl.
type targetWriter struct {
	lines
	count     int    // targets of the result
	addresses []byte // of the last target; empty: they were too many to keep
}

// maxSameText is how long the text of the addresses of a target may be to be kept for
// the next, in bytes.
const maxSameText = 4 << 10

// result writes a result and its targets; with a kind as what follows the type of a
// line of -o jsonl.
func (w *targetWriter) result(j *jsonitem.Result, kind string, targets func() error) error {
	head, tail, err := j.Halves()
	if err != nil {
		return err
	}
	if kind != "" {
		w.b = append(append(append(w.b, `{"type":"`...), kind...), `",`...)
		head = head[1:]
	}
	w.b = append(w.b, head...)
	w.count = 0
	if err := targets(); err != nil {
		return err
	}
	return w.add(append(w.b, tail...))
}

// set writes the targets of a set.
func (w *targetWriter) set(s *target.Set) error {
	for i := range s.Len() {
		if err := w.target(s.Name(i), s.Alias(i), i > 0 && s.SameAddresses(i-1, i), s.Addresses(i)); err != nil {
			return err
		}
	}
	return nil
}

// list writes targets.
func (w *targetWriter) list(targets []target.Target) error {
	for i := range targets {
		t := &targets[i]
		same := i > 0 && SameMemory(t.Addresses, targets[i-1].Addresses)
		if err := w.target(t.Name, t.Alias, same, slices.Values(t.Addresses)); err != nil {
			return err
		}
	}
	return nil
}

// target writes one. same says that its addresses are those of the target before.
func (w *targetWriter) target(name, alias string, same bool, addresses iter.Seq[target.Address]) error {
	b := w.b
	if w.count > 0 {
		b = append(b, ',')
	}
	w.count++
	b = jsonitem.AppendString(append(b, `{"name":`...), name)
	b = jsonitem.AppendString(append(b, `,"alias":`...), alias)
	b = append(b, `,"addresses":`...)
	if same && len(w.addresses) > 0 {
		return w.add(append(b, w.addresses...))
	}
	from, begin := len(b), byte('[')
	for a := range addresses {
		b = jsonitem.AppendAddress(append(b, begin), a)
		if begin = ','; len(b) >= stream.MaxLines { // a name that came again and again may have very many
			if err := w.add(b); err != nil {
				return err
			}
			b, from = w.b, -1
		}
	}
	if begin == '[' {
		b = append(b, '[')
	}
	b = append(b, "]}"...)
	w.addresses = w.addresses[:0]
	if from >= 0 && len(b)-from <= maxSameText {
		w.addresses = append(w.addresses, b[from:]...)
	}
	return w.add(b)
}
