package target

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// maxAddresses is how many addresses one target may have.
const maxAddresses = 1024

// fewAddresses are so few that looking at each of them is quick.
const fewAddresses = 16

// MaxAliasLen is the longest TargetAlias in bytes (RFC 7143, section 13.7).
const MaxAliasLen = 255

// A Parser turns the text of a SendTargets answer into targets, one at a time
// (RFC 7143, appendix C). What is wrong with one record costs that record and
// no other. Into, Added and Warning must be set; Reset comes before each answer.
type Parser struct {
	// Into returns the list to which the next targets are added, and how many it takes, which
	// is at least one.
	Into func() (to *List, room int)
	// Added is called when so many targets more are in that list. An error ends the answer.
	Added func(n int) error

	// Warning takes what is wrong with a record. The code is one of the Warn constants.
	Warning func(code, format string, args ...any)
	Strict  bool // leave out names that are no iSCSI names in form
	LeftOut int  // targets that were left out for their names

	session netip.AddrPort // the portal in use: a target that names no address is there
	max     int            // targets
	count   int

	target Record // the record being read, in memory that is reused
	plain  bool   // its name is plain, as name.IsPlain has it
	folded bool   // its name is as name.Fold makes it
	state  recordState
	bad    int // addresses of it that cannot be read

	tails    tailCache
	cache    addressCache
	implied  []Address // what impliedAddress returns; empty: not asked yet
	begins   []byte    // how the answer begins, for an error
	unusable unusableAddresses
}

// Reset makes l ready for an answer that comes over a session with the portal at session,
// of which max targets are taken.
func (l *Parser) Reset(session netip.AddrPort, max int) {
	l.session, l.max, l.count, l.LeftOut = session, max, 0, 0
	l.target.begin(nil)
	l.state, l.implied, l.begins = beforeFirst, l.implied[:0], l.begins[:0]
	l.tails.reset()
	l.cache.reset(session.Port())
	l.unusable.reset()
}

// Text takes whole pairs of the answer. It keeps nothing of t. The error is that of
// Added, an *AnswerError, a *pdu.LimitError, a *pdu.ProtocolError or a
// *pdu.TextError.
func (l *Parser) Text(t pdu.Text) error {
	if len(l.begins) == 0 {
		l.begins = append(l.begins, beginning(t)...)
	}
	l.tails.forget()
	for off := 0; ; {
		key, value, next, err := t.Next(off)
		if err != nil || key == nil {
			return err
		}
		isName := string(key) == pdu.KeyTargetName
		if isName {
			at := next - 1 - len(value)
			then, err := l.takeRun(t, at)
			if err != nil {
				return err
			}
			if then > at {
				off = then - len(nameKey)
				continue
			}
			l.tails.forget()
		}
		if err := l.pair(key, value); err != nil {
			return err
		}
		if isName && l.isBare() {
			l.tails.begin(next - 1)
		}
		off = next
	}
}

// pair takes a pair of the answer.
func (l *Parser) pair(key, value []byte) error {
	switch string(key) {
	case pdu.KeyTargetName:
		return l.name(value)
	case pdu.KeyTargetAddress:
		return l.address(value)
	case pdu.KeyTargetAlias:
		return l.alias(value)
	case pdu.KeySendTargets:
		switch string(value) {
		case pdu.ValueReject, pdu.ValueNotUnderstood, pdu.ValueIrrelevant:
			return &AnswerError{Refusal: string(value)}
		}
	}
	if strings.EqualFold(string(key), pdu.KeyTargetName) {
		return l.lostName(key, value)
	}
	if len(key) < 2 || key[0] != 'X' || key[1] != '-' && key[1] != '#' {
		l.warn(WarnUnknownKey, "key %s in the answer to SendTargets", text.Quote(key))
	}
	return nil
}

// Name begins a record. Neighbours of one name are one target: LIO repeats
// names where it cuts a list.
func (l *Parser) name(v []byte) error {
	if l.state == inRecord && string(l.target.Name) == string(v) {
		return nil
	}
	plain := l.isPlain(v)
	folded, harmful, unusual := plain, "", ""
	if !plain {
		iqn := string(v)
		if harmful = name.Harmful(iqn); harmful == "" {
			unusual = name.Unusual(iqn)
			folded = name.Fold(iqn) == iqn
		}
	}
	if l.Strict && harmful == "" {
		harmful = unusual
	}
	// Two folded names are the same only where their bytes are.
	if harmful == "" && l.state == inRecord && !(folded && l.folded) && name.Fold(string(l.target.Name)) == name.Fold(string(v)) {
		return nil
	}
	if err := l.flush(); err != nil {
		return err
	}
	if harmful != "" {
		l.state = inBadRecord
		l.LeftOut++
		l.warn(WarnTargetName, "target name %s was left out: %s", text.Quote(v), harmful)
		return nil
	}
	if unusual != "" {
		l.warn(WarnUnusualName, "target name %s is not a well-formed iSCSI name: %s", text.Quote(v), unusual)
	}
	l.state, l.plain, l.folded, l.bad = inRecord, plain, folded, 0
	l.target.begin(v)
	return nil
}

// lostName leaves a target out whose TargetName has another case, which makes it another
// key (RFC 7143, section 6.1). What follows is of that target, not of the one before.
func (l *Parser) lostName(key, v []byte) error {
	if err := l.flush(); err != nil {
		return err
	}
	l.state = inBadRecord
	l.LeftOut++
	l.warn(WarnUnknownKey, "key %s in the answer to SendTargets is not %s, so target %s was left out", text.Quote(key), pdu.KeyTargetName, text.Quote(v))
	return nil
}

// isPlain is name.IsPlain for a name that may follow a plain one: of what begins
// like that one, only the rest is looked at. What a name has in common with one
// that is not plain says nothing about it.
func (l *Parser) isPlain(v []byte) bool {
	n := 0
	if l.plain && l.state == inRecord {
		n = name.Common(v, l.target.Name)
	}
	if n < len(name.PlainStart) || len(v) > name.MaxLen {
		return name.IsPlain(v)
	}
	return name.ArePlainChars(v[n:])
}

// isBare reports that nothing is known yet of the record being read but its name.
func (l *Parser) isBare() bool {
	return l.state == inRecord && l.plain && l.bad == 0 && len(l.target.Alias) == 0 && len(l.target.Addresses) == 0
}

// warn says what was wrong with a pair.
func (l *Parser) warn(code, format string, args ...any) {
	l.tails.forget()
	l.Warning(code, format, args...)
}

// address adds an address to the record.
func (l *Parser) address(v []byte) error {
	switch l.state {
	case beforeFirst:
		return &pdu.ProtocolError{Opcode: pdu.OpTextResponse, Reason: "a TargetAddress before any TargetName: " + text.Quote(v)}
	case inBadRecord:
		return nil
	}
	a, kind, reason := l.cache.parse(v)
	if reason != "" {
		l.bad++
		l.warn(WarnTargetAddress, "address %s of target %s: %s", text.Quote(v), text.Quote(l.target.Name), reason)
		return nil
	}
	if kind != ordinaryAddress {
		a = l.place(a, kind)
	}
	if len(l.target.Addresses) >= fewAddresses || !slices.Contains(l.target.Addresses, a) {
		l.target.Addresses = append(l.target.Addresses, a)
	}
	if len(l.target.Addresses) > maxAddresses {
		return &pdu.LimitError{What: "addresses of one target", Limit: maxAddresses}
	}
	return nil
}

// Alias takes a TargetAlias, which some targets add.
func (l *Parser) alias(v []byte) error {
	switch l.state {
	case beforeFirst:
		return &pdu.ProtocolError{Opcode: pdu.OpTextResponse, Reason: "a TargetAlias before any TargetName: " + text.Quote(v)}
	case inBadRecord:
		return nil
	}
	if len(v) > MaxAliasLen || !utf8.Valid(v) {
		l.warn(WarnTargetAlias, "alias of target %s: not UTF-8 of at most 255 bytes", text.Quote(l.target.Name))
		return nil
	}
	l.target.Alias = append(l.target.Alias[:0], v...)
	return nil
}

// flush hands on the record that was read.
func (l *Parser) flush() error {
	if l.state != inRecord {
		return nil
	}
	l.state = inBadRecord // until the next name
	t := &l.target
	if t.Implied = len(t.Addresses) == 0; t.Implied {
		if l.bad > 0 {
			l.warn(WarnNoAddress, "target %s: none of its addresses can be read, so it is listed at the address in use, %s", text.Quote(t.Name), l.session)
		}
		t.Addresses = append(t.Addresses, l.impliedAddress())
	}
	if l.count++; l.count > l.max {
		return &pdu.LimitError{What: "targets", Limit: int64(l.max)}
	}
	to, _ := l.Into()
	to.Append(t)
	return l.Added(1)
}

// impliedAddress is where a target is that names no address: at the portal in
// use.
func (l *Parser) impliedAddress() Address {
	if len(l.implied) == 0 {
		l.implied = append(l.implied, Address{Host: l.session.Addr().String(), Port: l.session.Port(), Group: NoGroup})
	}
	return l.implied[0]
}

// Close ends an answer that was read to its end: the last target is handed on. An answer
// with text and without a target is an *AnswerError.
func (l *Parser) Close() error {
	if err := l.flush(); err != nil {
		return err
	}
	if l.count == 0 && len(l.begins) > 0 {
		return &AnswerError{Text: text.QuoteMost(l.begins, maxBeginning), LeftOut: l.LeftOut}
	}
	return nil
}
