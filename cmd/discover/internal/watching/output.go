package watching

import (
	"io"
	"iter"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/events"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// An Output shows the events of a watch.
type Output struct {
	W           io.Writer
	JSON        bool
	For         []string // types of the events to show; nil: all
	OnceChanged bool     // the first change that is shown is the last
	View        *View    // nil: each event is a line
}

// Show shows events until they end, or until the first change where that is enough. Its
// error is one of writing.
func (o *Output) Show(all iter.Seq[watch.Event]) error {
	if o.View != nil {
		o.View.Begin()
		defer o.View.End()
	}
	for e := range all {
		if err := o.show(&e); err != nil {
			return err
		}
		if o.OnceChanged && e.Type != watch.Snapshot && o.wants(e.Type) {
			break
		}
	}
	return nil
}

// wants reports that events of a type are shown.
func (o *Output) wants(t watch.Type) bool {
	return len(o.For) == 0 || slices.Contains(o.For, string(t))
}

// show shows an event at once.
func (o *Output) show(e *watch.Event) error {
	if o.View != nil {
		o.View.Event(e)
		return o.View.Err()
	}
	if !o.wants(e.Type) {
		return nil
	}
	line := []byte(nil)
	if o.JSON {
		var err error
		if line, err = events.JSON(e); err != nil {
			return err
		}
	} else {
		line = append(line, events.Line(e)...)
	}
	_, err := o.W.Write(line)
	return err
}
