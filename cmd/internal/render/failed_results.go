package render

import (
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// FailedResults are results that are shown at the end of a list, and are held until
// then with what was read of each.
type FailedResults struct {
	All  []failedResult
	Room int64 // bytes of memory for their targets
	used int64 // of it
}

type failedResult struct {
	result  *jsonitem.Result
	targets *target.Set
}

// FailedWith returns one, without targets.
func FailedWith(j *jsonitem.Result) *FailedResults {
	return &FailedResults{All: []failedResult{{j, new(target.Set)}}}
}

// Add holds a result. Of its targets it takes as many as leave as much room for those
// of others, and of the rest there is a warning.
func (f *FailedResults) Add(r *initiator.Result, j *jsonitem.Result) {
	set := new(target.Set)
	f.All = append(f.All, failedResult{j, set})
	for b := range batchesOf(r, 0) {
		if set.Size() > (f.Room-f.used)/2 {
			j.Warnings = append(j.Warnings, jsonitem.Warning{Code: initiator.WarnMore, Message: jsonitem.Text(fmt.Sprintf("%d more targets were read, but there is no room for them here: use portal refresh", len(r.Targets)-set.Len()))})
			break
		}
		set.Add(&b.List, 0, b.Len())
	}
	f.used += set.Size()
}

// write writes the results as a list, if there are any: in a document with begin
// before and end behind it, or, where kind is not empty, as lines of that type.
func (f *FailedResults) write(to io.Writer, begin, end, kind string) error {
	if len(f.All) == 0 {
		return nil
	}
	w := targetWriter{lines: lines{w: to, b: []byte(begin)}}
	for i, r := range f.All {
		if i > 0 && kind == "" {
			w.b = append(w.b, ',')
		}
		if err := w.result(r.result, kind, func() error { return w.set(r.targets) }); err != nil {
			return err
		}
		if kind != "" {
			w.b = append(w.b, '\n')
		}
	}
	w.b = append(w.b, end...)
	return w.HandOn()
}
