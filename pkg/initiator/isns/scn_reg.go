package isns

import (
	"strings"
)

// An SCNReg asks for notices of change. The server sends them to the SCN port of a portal
// that was registered for the node (RFC 4171, section 5.6.5.5).
type SCNReg struct {
	Source string
	Node   string // that wants to hear of the changes
	Bitmap SCNBitmap
}

// Function returns FuncSCNReg.
func (*SCNReg) Function() Function { return FuncSCNReg }

// AppendBinary appends the payload.
func (r *SCNReg) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, r.Source, []Attribute{TextAttribute(TagISCSIName, r.Node)}, []Attribute{NumberAttribute(TagSCNBitmap, uint32(r.Bitmap))}), nil
}

// Decode reads the request.
func (r *SCNReg) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err != nil {
		return err
	}
	if len(operating) != 1 || operating[0].Tag != TagSCNBitmap {
		return m.bad("its operating attribute is not the SCN bitmap")
	}
	*r = SCNReg{Source: source}
	if r.Node, err = nodeOf(m, key); err != nil {
		return err
	}
	bitmap, err := operating[0].Number()
	r.Bitmap = SCNBitmap(bitmap)
	return err
}

// nodeOf returns the node that a message key names.
func nodeOf(m *Message, key []Attribute) (string, error) {
	if len(key) != 1 || key[0].Tag != TagISCSIName {
		return "", m.bad("its message key is not an iSCSI name")
	}
	return key[0].Text()
}

// An SCNDereg ends notices of change (RFC 4171, section 5.6.5.6).
type SCNDereg struct {
	Source string
	Node   string // that was registered for them
}

// Function returns FuncSCNDereg.
func (*SCNDereg) Function() Function { return FuncSCNDereg }

// AppendBinary appends the payload.
func (r *SCNDereg) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, r.Source, []Attribute{TextAttribute(TagISCSIName, r.Node)}, nil), nil
}

// Decode reads the request.
func (r *SCNDereg) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err == nil && len(operating) > 0 {
		err = m.bad("it has operating attributes")
	}
	if err != nil {
		return err
	}
	*r = SCNDereg{Source: source}
	r.Node, err = nodeOf(m, key)
	return err
}

// An SCNBitmap says which changes a client wants to hear of, and in a notice what has
// changed (RFC 4171, section 6.4.4).
type SCNBitmap uint32

// The changes.
const (
	SCNMemberAdded   SCNBitmap = 0x01 // of a discovery domain; management only
	SCNMemberRemoved SCNBitmap = 0x02 // of a discovery domain; management only
	SCNUpdated       SCNBitmap = 0x04
	SCNAdded         SCNBitmap = 0x08
	SCNRemoved       SCNBitmap = 0x10
	SCNManagement    SCNBitmap = 0x20 // changes in all discovery domains; for control nodes
	SCNTargetsOnly   SCNBitmap = 0x40 // changes of targets and of the client itself alone
	SCNInitiatorOnly SCNBitmap = 0x80 // changes of initiators and of the client itself alone
)

// String returns the changes, with commas between them.
func (b SCNBitmap) String() string {
	var words []string
	for i, w := range [...]string{"member added", "member removed", "updated", "added", "removed"} {
		if b&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
