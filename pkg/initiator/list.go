package initiator

import (
	"net/netip"
	"slices"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// maxAddresses is how many addresses one target may have.
const maxAddresses = 1024

// fewAddresses are so few that looking at each of them is quick.
const fewAddresses = 16

// maxAliasLen is the longest TargetAlias in bytes (RFC 7143, section 13.7).
const maxAliasLen = 255

// A list turns the pairs of a SendTargets answer into targets, one at a time
// (RFC 7143, appendix C). What is wrong with one record costs that record and
// no other.
type list struct {
	emit     func(Target) error // takes each target when it is complete
	warnings *warnings
	session  netip.AddrPort // the portal in use: a target that names no address is there
	max      int            // targets
	count    int

	target Target // the record being read
	state  recordState
	bad    int // addresses of it that are invalid
}

type recordState uint8

const (
	beforeFirst recordState = iota
	inRecord
	inBadRecord // its name is invalid: skip it
)

// pair takes the next pair of the answer.
func (l *list) pair(p pdu.Pair) error {
	switch string(p.Key) {
	case pdu.KeyTargetName:
		return l.name(p.Value)
	case pdu.KeyTargetAddress:
		return l.address(p.Value)
	case pdu.KeyTargetAlias:
		return l.alias(p.Value)
	}
	if len(p.Key) < 2 || p.Key[0] != 'X' || p.Key[1] != '-' && p.Key[1] != '#' {
		l.warnings.add(WarnUnknownKey, "key %s in the answer to SendTargets", quote(p.Key))
	}
	return nil
}

// name begins a record. Neighbours of one name are one target: LIO repeats
// names where it cuts a list.
func (l *list) name(v []byte) error {
	if l.state == inRecord && l.target.Name == string(v) {
		return nil
	}
	name := string(v)
	reason := badName(name)
	if reason == "" && l.state == inRecord && FoldName(l.target.Name) == FoldName(name) {
		return nil
	}
	if err := l.flush(); err != nil {
		return err
	}
	if reason != "" {
		l.state = inBadRecord
		l.warnings.add(WarnTargetName, "target name %s: %s", quote(v), reason)
		return nil
	}
	l.state, l.target, l.bad = inRecord, Target{Name: name}, 0
	return nil
}

// address adds an address to the record.
func (l *list) address(v []byte) error {
	switch l.state {
	case beforeFirst:
		return &ProtocolError{Opcode: pdu.OpTextResponse, Reason: "a TargetAddress before any TargetName"}
	case inBadRecord:
		return nil
	}
	a, reason := parseTargetAddress(string(v))
	if reason != "" {
		l.bad++
		l.warnings.add(WarnTargetAddress, "address %s of target %s: %s", quote(v), quote([]byte(l.target.Name)), reason)
		return nil
	}
	a = a.withZone(l.session.Addr())
	if len(l.target.Addresses) >= fewAddresses || !slices.Contains(l.target.Addresses, a) {
		l.target.Addresses = append(l.target.Addresses, a)
	}
	if len(l.target.Addresses) > maxAddresses {
		return &LimitError{What: "addresses of one target", Limit: maxAddresses}
	}
	return nil
}

// alias takes a TargetAlias, which some targets add.
func (l *list) alias(v []byte) error {
	switch l.state {
	case beforeFirst:
		return &ProtocolError{Opcode: pdu.OpTextResponse, Reason: "a TargetAlias before any TargetName"}
	case inBadRecord:
		return nil
	}
	if len(v) > maxAliasLen || !utf8.Valid(v) {
		l.warnings.add(WarnTargetAlias, "alias of target %s: not UTF-8 of at most 255 bytes", quote([]byte(l.target.Name)))
		return nil
	}
	l.target.Alias = string(v)
	return nil
}

// flush hands on the record that was read.
func (l *list) flush() error {
	if l.state != inRecord {
		return nil
	}
	l.state = inBadRecord // until the next name
	t := l.target
	if len(t.Addresses) == 0 {
		if l.bad > 0 {
			l.warnings.add(WarnNoAddress, "target %s left out: none of its addresses is valid", quote([]byte(t.Name)))
			return nil
		}
		t.Addresses = []TargetAddress{impliedAddress(l.session)}
	}
	if l.count++; l.count > l.max {
		return &LimitError{What: "targets", Limit: int64(l.max)}
	}
	return l.emit(t)
}

// impliedAddress is where a target is that names no address: at the portal in
// use.
func impliedAddress(session netip.AddrPort) TargetAddress {
	return TargetAddress{Host: session.Addr().String(), Port: session.Port(), Group: NoGroup}
}
