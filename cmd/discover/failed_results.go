package main

import (
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// failedResults are results that are shown at the end of a list, and are held until
// then with what was read of each.
type failedResults struct {
	all  []failedResult
	room int64 // bytes of memory for their targets
	used int64 // of it
}

type failedResult struct {
	result  *jsonResult
	targets *initiator.TargetSet
}

// failedWith returns one, without targets.
func failedWith(j *jsonResult) *failedResults {
	return &failedResults{all: []failedResult{{j, new(initiator.TargetSet)}}}
}

// add holds a result. Of its targets it takes as many as leave as much room for those
// of others, and of the rest there is a warning.
func (f *failedResults) add(r *initiator.Result, j *jsonResult) {
	set := new(initiator.TargetSet)
	f.all = append(f.all, failedResult{j, set})
	for b := range batchesOf(r, 0) {
		if set.Size() > (f.room-f.used)/2 {
			j.Warnings = append(j.Warnings, jsonWarning{initiator.WarnMore, jsonText(fmt.Sprintf("%d more targets were read, which there is no room for here: use portal refresh", len(r.Targets)-set.Len()))})
			break
		}
		set.Add(b, 0, b.Len())
	}
	f.used += set.Size()
}

// write writes the results as a list, if there are any: in a document with begin
// before and end behind it, or, where kind is not empty, as lines of that type.
func (f *failedResults) write(to io.Writer, begin, end, kind string) error {
	if len(f.all) == 0 {
		return nil
	}
	w := targetWriter{lines: lines{w: to, b: []byte(begin)}}
	for i, r := range f.all {
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
	return w.handOn()
}
