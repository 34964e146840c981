package render

import (
	"io"
	"strconv"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A JSONLOutput prints a line for each target the moment that it is read, and
// one for each portal when it is done.
type JSONLOutput struct {
	lines
	names  *machine.InterfaceNames
	result jsonitem.Result // of the last line of a portal

	asked  initiator.Portal // of the last line
	index  int              // likewise
	prefix []byte           // how a line of it begins, up to the first byte of a name

	ends    addressEnds // with the quote before them
	between []byte      // what is between two names

	Sessions *sweep.Sessions // nil: one session for each portal
}

// NewJSONLOutput returns the output of -o jsonl.
func NewJSONLOutput(w io.Writer, names *machine.InterfaceNames) *JSONLOutput {
	return &JSONLOutput{lines: lines{w: w}, names: names, ends: addressEnds{append: func(b []byte, a *target.Address) []byte {
		return jsonitem.AppendAddressEnd(append(b, '"'), a)
	}}}
}

// Targets adds a line for each target of a batch.
func (o *JSONLOutput) Targets(b *initiator.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	o.begin(b)
	return inRuns(b, o.run, o.target)
}

// run adds the lines of the targets from i on that have plain names, and returns where
// another begins. What a target has in common with the one before is copied.
func (o *JSONLOutput) run(b *initiator.Batch, i int) (int, error) {
	var before struct { // the target before
		name      []byte
		addresses []target.Address
		hasAlias  bool
		from, to  int // of its addresses in line
	}
	line := o.b
	for i < b.Len() && len(line) < stream.MaxLines {
		name, alias, addresses := b.Name(i), b.Alias(i), b.Addresses(i)
		if !jsonitem.IsPlain(name, before.name) {
			break
		}
		same := SameMemory(addresses, before.addresses)
		if same && len(alias) == 0 && !before.hasAlias {
			o.between = append(append(append(o.between[:0], noAlias...), line[before.from:before.to]...), o.prefix...)
			i, before.name, line = o.alike(b, i, before.name, line)
			continue
		}
		line = append(append(line, o.prefix...), name...)
		before.name, before.hasAlias = name, len(alias) > 0
		if i++; len(addresses) == 1 && !same && !before.hasAlias && jsonitem.IsPlain(addresses[0].Host, nil) {
			before.from, before.addresses = len(line)+len(noAlias), addresses
			line = append(append(line, noAlias+"["+jsonitem.AddressBegin+`"`...), addresses[0].Host...)
			line = append(append(line, o.ends.of(&addresses[0])...), "]}\n"...)
			before.to = len(line)
			continue
		}
		if before.hasAlias {
			line = append(jsonitem.AppendString(append(line, `","alias":`...), alias), `,"addresses":`...)
		} else {
			line = append(line, noAlias...)
		}
		if same {
			line = append(line, line[before.from:before.to]...)
			continue
		}
		before.from = len(line)
		line = append(o.appendAddresses(line, addresses), "}\n"...)
		before.to, before.addresses = len(line), addresses
	}
	return i, o.add(line)
}

// noAlias is what follows a plain name if there is no alias, up to the addresses.
const noAlias = `","alias":"","addresses":`

// alike adds the lines of target i, which differs from the one before in nothing but a plain
// name, and of those after it that do.
func (o *JSONLOutput) alike(b *initiator.Batch, i int, plain, line []byte) (int, []byte, []byte) {
	line = append(line, o.prefix...)
	addresses := b.Addresses(i)
	for name := b.Name(i); jsonitem.IsPlain(name, plain); name = b.Name(i) {
		line = append(append(line, name...), o.between...)
		plain = name
		if i++; i == b.Len() || len(line) >= stream.MaxLines || len(b.Alias(i)) > 0 || !SameMemory(b.Addresses(i), addresses) {
			break
		}
	}
	return i, plain, line[:len(line)-len(o.prefix)]
}

// target adds the line of any target.
func (o *JSONLOutput) target(b *initiator.Batch, i int) error {
	line := jsonitem.AppendString(append(o.b, o.prefix[:len(o.prefix)-1]...), b.Name(i))
	line = jsonitem.AppendString(append(line, `,"alias":`...), b.Alias(i))
	line = o.appendAddresses(append(line, `,"addresses":`...), b.Addresses(i))
	return o.add(append(line, '}', '\n'))
}

// appendAddresses appends the addresses of a target.
func (o *JSONLOutput) appendAddresses(b []byte, addresses []target.Address) []byte {
	if len(addresses) == 0 {
		return append(b, "[]"...)
	}
	begin := "[" + jsonitem.AddressBegin
	for i := range addresses {
		b = jsonitem.AppendString(append(b, begin...), addresses[i].Host)
		b = append(b[:len(b)-1], o.ends.of(&addresses[i])...)
		begin = "," + jsonitem.AddressBegin
	}
	return append(b, ']')
}

// toName is what the name of a target follows, which is the end of a prefix.
const toName = `"name":"`

// begin makes the prefix that of the targets of a batch.
func (o *JSONLOutput) begin(b *initiator.Batch) {
	if o.prefix != nil && b.Portal == o.asked && (o.Sessions == nil || b.Index == o.index) {
		return
	}
	o.asked, o.index = b.Portal, b.Index
	o.prefix = append(o.prefix[:0], `{"type":"target","portal":`...)
	o.prefix = append(jsonitem.AppendString(o.prefix, b.Portal.String()), ',')
	if o.Sessions != nil {
		o.prefix = appendPort(o.prefix, o.Sessions.Session(b.Index).Port)
	}
	o.prefix = append(o.prefix, toName...)
}

// SameMemory reports whether two targets share their addresses.
func SameMemory(a, b []target.Address) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// appendPort appends the fields that say from which port a target is seen.
func appendPort(b []byte, p ports.Port) []byte {
	b = jsonitem.AppendString(append(b, `"instance_used":`...), p.Instance)
	b = jsonitem.AppendString(append(b, `,"initiator_port_used":`...), p.Number.String())
	b = jsonitem.AppendString(append(b, `,"source":`...), p.Address.String())
	b = jsonitem.AppendString(append(b, `,"interface":`...), p.Interface)
	return append(b, ',')
}

// Portal adds the line of a result.
func (o *JSONLOutput) Portal(r *initiator.Result) error {
	j := &o.result
	j.Fill(r, o.names)
	if o.Sessions != nil {
		j.InitiatorPort = sweep.EachPort
	}
	if b, ok := j.AppendQuick(append(o.b, `{"type":"portal",`...)); ok {
		b = strconv.AppendInt(append(b, `,"targets_found":`...), int64(r.TargetsFound), 10)
		return o.add(append(b, '}', '\n'))
	}
	return o.marshal(struct {
		Type string `json:"type"`
		*jsonitem.Result
		TargetsFound int `json:"targets_found"`
	}{"portal", j, r.TargetsFound})
}

// Silent shows nothing.
func (o *JSONLOutput) Silent(*initiator.Result) {}

// End adds a line for each block.
func (o *JSONLOutput) End(blocks []*sweep.Block) error {
	for _, b := range blocks {
		err := o.marshal(struct {
			Type string `json:"type"`
			jsonitem.Block
		}{"block", jsonitem.NewBlock(b)})
		if err != nil {
			return err
		}
	}
	return o.HandOn()
}

// marshal adds the line of a value.
func (o *JSONLOutput) marshal(v any) error {
	line, err := jsonitem.Marshal(v)
	if err != nil {
		return err
	}
	return o.add(append(o.b, line...))
}
