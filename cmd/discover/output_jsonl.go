package main

import (
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A jsonlOutput prints a line for each target the moment that it is read, and
// one for each portal when it is done.
type jsonlOutput struct {
	lines
	names  *interfaceNames
	result jsonResult // of the last line of a portal

	asked  initiator.Portal // of the last line
	index  int              // likewise
	prefix []byte           // how a line of it begins

	each *each // nil: one session for each portal
}

func (o *jsonlOutput) target(t *initiator.TargetFound) error {
	if o.prefix == nil || t.Portal != o.asked || o.each != nil && t.Index != o.index {
		o.asked, o.index = t.Portal, t.Index
		o.prefix = append(o.prefix[:0], `{"type":"target","portal":`...)
		o.prefix = append(appendString(o.prefix, t.Portal.String()), ',')
		if o.each != nil {
			o.prefix = appendPort(o.prefix, o.each.session(t.Index).port)
		}
	}
	b := appendTarget(append(o.b, o.prefix...), &t.Target)
	return o.add(append(b, '}', '\n'))
}

// appendPort appends the fields that say from which port a target is seen.
func appendPort(b []byte, p initiator.Port) []byte {
	b = appendString(append(b, `"instance_used":`...), p.Instance)
	b = appendString(append(b, `,"initiator_port_used":`...), p.Number.String())
	b = appendString(append(b, `,"source":`...), p.Address.String())
	b = appendString(append(b, `,"interface":`...), p.Interface)
	return append(b, ',')
}

func (o *jsonlOutput) portal(r *initiator.Result) error {
	j := &o.result
	j.fill(r, o.names)
	if o.each != nil {
		j.InitiatorPort = eachPort
	}
	if b, ok := j.appendQuick(append(o.b, `{"type":"portal",`...)); ok {
		b = strconv.AppendInt(append(b, `,"targets_found":`...), int64(r.TargetsFound), 10)
		return o.add(append(b, '}', '\n'))
	}
	return o.marshal(struct {
		Type string `json:"type"`
		*jsonResult
		TargetsFound int `json:"targets_found"`
	}{"portal", j, r.TargetsFound})
}

func (o *jsonlOutput) end(blocks []*block) error {
	for _, b := range blocks {
		err := o.marshal(struct {
			Type string `json:"type"`
			jsonBlock
		}{"block", newJSONBlock(b)})
		if err != nil {
			return err
		}
	}
	return o.handOn()
}

// marshal adds the line of a value.
func (o *jsonlOutput) marshal(v any) error {
	line, err := marshal(v)
	if err != nil {
		return err
	}
	return o.add(append(o.b, line...))
}
