package main

import (
	"io"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A jsonlOutput prints a line for each target the moment that it is read, and
// one for each portal when it is done.
type jsonlOutput struct {
	w     io.Writer
	names *interfaceNames
	line  []byte

	asked  initiator.Portal // of the last line
	prefix []byte           // how a line of it begins
}

func (o *jsonlOutput) target(t *initiator.TargetFound) error {
	if o.prefix == nil || t.Portal != o.asked {
		o.asked = t.Portal
		o.prefix = append(o.prefix[:0], `{"type":"target","portal":`...)
		o.prefix = append(appendString(o.prefix, t.Portal.String()), ',')
	}
	b := appendTarget(append(o.line[:0], o.prefix...), &t.Target)
	o.line = append(b, '}', '\n')
	_, err := o.w.Write(o.line)
	return err
}

func (o *jsonlOutput) portal(r *initiator.Result) error {
	return o.write(struct {
		Type string `json:"type"`
		*jsonResult
		TargetsFound int `json:"targets_found"`
	}{"portal", newJSONResult(r, o.names), r.TargetsFound})
}

func (o *jsonlOutput) end(blocks []*block) error {
	for _, b := range blocks {
		err := o.write(struct {
			Type string `json:"type"`
			jsonBlock
		}{"block", newJSONBlock(b)})
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *jsonlOutput) write(v any) error {
	line, err := marshal(v)
	if err != nil {
		return err
	}
	_, err = o.w.Write(line)
	return err
}
