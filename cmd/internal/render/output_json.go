package render

import (
	"bytes"
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A JSONOutput prints one document, a result a line. It is a valid one as soon
// as end was called, whatever happened. The targets of the portal whose turn it is
// are collected, since what became of it stands before them.
type JSONOutput struct {
	targetWriter
	Names    *machine.InterfaceNames
	begun    bool
	EachPort bool  // the sessions are from each port
	room     int64 // bytes of memory for what is collected

	// More are parts that the document has behind the results and blocks.
	More []JSONPart

	collected target.Set
	full      error // why no more targets are taken; nil: they are
}

// A JSONPart is a named part of a document.
type JSONPart struct {
	Name  string
	Value any
}

// NewJSONOutput returns the output of -o json. room is how many bytes of memory the targets
// of one portal may take.
func NewJSONOutput(w io.Writer, names *machine.InterfaceNames, room int64) *JSONOutput {
	return &JSONOutput{targetWriter: targetWriter{lines: lines{w: w}}, Names: names, room: room}
}

// Targets collects the targets of a batch.
func (o *JSONOutput) Targets(b *initiator.Batch) error {
	if o.full == nil && b.Len() > 0 {
		o.collected.Add(&b.List, 0, b.Len())
		if o.collected.Size() > o.room {
			o.full = &pdu.LimitError{What: "bytes of targets, the most that can be collected in memory", Limit: o.room}
		}
	}
	if o.full != nil {
		b.Stop(o.full)
	}
	if r := b.Result; r != nil {
		r.TargetsFound = o.collected.Len() // each name once
		if o.full != nil {
			r.Overfull(o.full, "use -o jsonl")
		}
	}
	return nil
}

// Portal adds a result with the targets that were collected.
func (o *JSONOutput) Portal(r *initiator.Result) error {
	defer o.Silent(r)
	if err := o.whole(r, func() error { return o.set(&o.collected) }); err != nil {
		return err
	}
	return o.HandOn()
}

// Silent forgets what was collected.
func (o *JSONOutput) Silent(*initiator.Result) {
	o.collected, o.full = target.Set{}, nil
}

// whole prints a result whose targets come from elsewhere.
func (o *JSONOutput) whole(r *initiator.Result, targets func() error) error {
	j := jsonitem.NewResult(r, o.Names)
	if o.EachPort {
		j.InitiatorPort = sweep.EachPort
	}
	separator := ",\n"
	if !o.begun {
		o.begun = true
		separator = `{"version":1,"results":[` + "\n"
	}
	o.b = append(o.b, separator...)
	return o.result(j, "", targets)
}

// End adds the blocks, and closes the document.
func (o *JSONOutput) End(blocks []*sweep.Block) error {
	end := "\n]"
	if !o.begun {
		end = `{"version":1,"results":[]`
	}
	if len(blocks) > 0 {
		list := make([]jsonitem.Block, len(blocks))
		for i, b := range blocks {
			list[i] = jsonitem.NewBlock(b)
		}
		b, err := jsonitem.Marshal(list)
		if err != nil {
			return err
		}
		end += `,"blocks":` + string(bytes.TrimSuffix(b, []byte("\n")))
	}
	for _, part := range o.More {
		b, err := jsonitem.Marshal(part.Value)
		if err != nil {
			return err
		}
		end += `,"` + part.Name + `":` + string(bytes.TrimSuffix(b, []byte("\n")))
	}
	o.b = append(append(o.b, end...), "}\n"...)
	return o.HandOn()
}
