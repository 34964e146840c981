package main

import (
	"bytes"
	"io"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A jsonOutput prints one document, a result a line. It is a valid one as soon
// as end was called, whatever happened.
type jsonOutput struct {
	w     io.Writer
	names *interfaceNames
	begun bool
	each  bool // the sessions are from each port
}

func (o *jsonOutput) targets(*initiator.Batch) error { return nil }

func (o *jsonOutput) handOn() error { return nil }

func (o *jsonOutput) portal(r *initiator.Result) error {
	j := newJSONResult(r, o.names)
	if o.each {
		j.InitiatorPort = eachPort
	}
	j.Targets = (*jsonTargets)(&r.Targets)
	line, err := marshal(j)
	if err != nil {
		return err
	}
	separator := ",\n"
	if !o.begun {
		o.begun = true
		separator = `{"version":1,"results":[` + "\n"
	}
	_, err = o.w.Write(append([]byte(separator), bytes.TrimSuffix(line, []byte("\n"))...))
	return err
}

func (o *jsonOutput) end(blocks []*block) error {
	end := "\n]"
	if !o.begun {
		end = `{"version":1,"results":[]`
	}
	if len(blocks) > 0 {
		list := make([]jsonBlock, len(blocks))
		for i, b := range blocks {
			list[i] = newJSONBlock(b)
		}
		b, err := marshal(list)
		if err != nil {
			return err
		}
		end += `,"blocks":` + string(bytes.TrimSuffix(b, []byte("\n")))
	}
	_, err := io.WriteString(o.w, end+"}\n")
	return err
}
