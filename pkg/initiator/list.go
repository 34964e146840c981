package initiator

import (
	"bytes"
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
	// emit takes each target when it is complete. It is valid during the call, but
	// for strings; implied addresses were not sent, or are what would have been
	// implied.
	emit     func(t *Target, implied bool) error
	warnings *warnings
	session  netip.AddrPort // the portal in use: a target that names no address is there
	max      int            // targets
	count    int

	target Target // the record being read; its addresses are in memory that is reused
	plain  bool   // its name is as FoldName makes it
	state  recordState
	bad    int // addresses of it that are invalid

	texts   texts
	read    readAddresses
	implied []TargetAddress // what impliedAddress says; empty: not asked yet
}

type recordState uint8

const (
	beforeFirst recordState = iota
	inRecord
	inBadRecord // its name is invalid: skip it
)

// reset makes l ready for the answer of another portal.
func (l *list) reset(session netip.AddrPort, max int) {
	l.session, l.max, l.count = session, max, 0
	l.target, l.state = Target{Addresses: l.target.Addresses[:0]}, beforeFirst
	l.implied = l.implied[:0]
}

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
	plain, reason := l.isPlain(v), ""
	if !plain {
		name := string(v)
		if reason = badName(name); reason == "" {
			plain = FoldName(name) == name
		}
	}
	// Two plain names are the same only where their bytes are.
	if reason == "" && l.state == inRecord && !(plain && l.plain) && FoldName(l.target.Name) == FoldName(string(v)) {
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
	l.state, l.plain, l.bad = inRecord, plain, 0
	l.target.Name, l.target.Alias, l.target.Addresses = l.texts.string(v), "", l.target.Addresses[:0]
	return nil
}

// isPlain is isPlainName for a name that follows another: of what begins like that
// one, only the rest is looked at.
func (l *list) isPlain(v []byte) bool {
	n := 0
	if l.plain && l.state == inRecord {
		before := l.target.Name
		most := min(len(before), len(v))
		for n+8 <= most && string(v[n:n+8]) == before[n:n+8] {
			n += 8
		}
	}
	if n < len(plainStart) || len(v) > MaxNameLen {
		return isPlainName(v)
	}
	return arePlainChars(v[n:])
}

// address adds an address to the record.
func (l *list) address(v []byte) error {
	switch l.state {
	case beforeFirst:
		return &ProtocolError{Opcode: pdu.OpTextResponse, Reason: "a TargetAddress before any TargetName"}
	case inBadRecord:
		return nil
	}
	a, reason := l.read.parse(v)
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
	l.target.Alias = l.texts.string(v)
	return nil
}

// flush hands on the record that was read.
func (l *list) flush() error {
	if l.state != inRecord {
		return nil
	}
	l.state = inBadRecord // until the next name
	t := &l.target
	if len(l.implied) == 0 {
		l.implied = append(l.implied, impliedAddress(l.session))
	}
	implied := false
	switch {
	case len(t.Addresses) == 1:
		implied = t.Addresses[0] == l.implied[0]
	case len(t.Addresses) > 1:
	case l.bad > 0:
		l.warnings.add(WarnNoAddress, "target %s left out: none of its addresses is valid", quote([]byte(t.Name)))
		return nil
	default:
		t.Addresses, implied = append(t.Addresses, l.implied[0]), true
	}
	if l.count++; l.count > l.max {
		return &LimitError{What: "targets", Limit: int64(l.max)}
	}
	return l.emit(t, implied)
}

// impliedAddress is where a target is that names no address: at the portal in
// use.
func impliedAddress(session netip.AddrPort) TargetAddress {
	return TargetAddress{Host: session.Addr().String(), Port: session.Port(), Group: NoGroup}
}

// readAddresses are addresses of an answer as they were sent, and what they mean.
// The targets of a list mostly share a few, in one order.
type readAddresses struct {
	known []readAddress // in the order in which they came first
	next  int           // which one is likely the next
}

type readAddress struct {
	text    []byte
	address TargetAddress
}

// maxRead is how many addresses are remembered.
const maxRead = 8

// parse is parseTargetAddress for what may have been there before.
func (r *readAddresses) parse(v []byte) (TargetAddress, string) {
	for range r.known {
		if r.next >= len(r.known) {
			r.next = 0
		}
		k := &r.known[r.next]
		if r.next++; bytes.Equal(k.text, v) {
			return k.address, ""
		}
	}
	a, reason := parseTargetAddress(string(v))
	if reason != "" {
		return a, reason
	}
	k := readAddress{bytes.Clone(v), a}
	if len(r.known) < maxRead {
		r.known = append(r.known, k)
		r.next = len(r.known)
	} else {
		r.known[r.next%maxRead] = k
		r.next++
	}
	return a, ""
}
