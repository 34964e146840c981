package pdu

import (
	"bytes"
	"iter"
)

// MaxKeyLen is the longest key in bytes (RFC 7143, section 6.1).
const MaxKeyLen = 63

// MaxValueLen is the longest value that a reader of pairs accepts, in bytes as
// sent. The RFC allows 255 for a simple value and more where a key says so: a
// CHAP challenge of 1024 bytes takes 2050 in hex. Eight KiB is what each side
// has to take in one negotiation.
const MaxValueLen = 8192

// A Text is the data of Login and Text PDUs: key=value pairs, each ended by one
// NUL. Order and repetition carry meaning in a SendTargets answer and are kept.
type Text []byte

// A Pair is one key and its value. Both alias the text they came from.
type Pair struct {
	Key, Value []byte
}

// Append appends key=value and its NUL to t. The caller vouches that the key
// has no '=' and neither has a NUL.
func (t Text) Append(key, value string) Text {
	t = append(t, key...)
	t = append(t, '=')
	t = append(t, value...)
	return append(t, 0)
}

// Pairs yields the pairs of t in order. At the first malformed one it yields a
// *TextError and stops. NULs beyond the one that ends each pair are skipped.
func (t Text) Pairs() iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		for off := 0; ; {
			p, next, err := t.Next(off)
			if err != nil {
				yield(Pair{}, err)
				return
			}
			if p.Key == nil || !yield(p, nil) {
				return
			}
			off = next
		}
	}
}

// Next is for who walks a text without [Text.Pairs]: it returns the pair that
// begins at off, or after NULs there, and where the next one may begin. Where there
// is none left, its Key is nil. A malformed pair is a *TextError.
func (t Text) Next(off int) (p Pair, next int, err error) {
	for off < len(t) && t[off] == 0 {
		off++
	}
	if off >= len(t) {
		return Pair{}, len(t), nil
	}
	end := bytes.IndexByte(t[off:], 0)
	if end < 0 {
		return Pair{}, 0, &TextError{Offset: off, Reason: "the last pair has no NUL at its end"}
	}
	p, reason := splitPair(t[off : off+end])
	if reason != "" {
		return Pair{}, 0, &TextError{Offset: off, Reason: reason}
	}
	return p, off + end + 1, nil
}

// splitPair cuts key=value, without its NUL, at the first '='. The reason is
// empty where the pair is well formed.
func splitPair(b []byte) (p Pair, reason string) {
	// Two keys come by the million, and are known to be well formed.
	eq := -1
	switch name, address := len(KeyTargetName), len(KeyTargetAddress); {
	case len(b) > name && b[name] == '=' && string(b[:name]) == KeyTargetName:
		eq = name
	case len(b) > address && b[address] == '=' && string(b[:address]) == KeyTargetAddress:
		eq = address
	}
	if eq > 0 && len(b)-eq-1 <= MaxValueLen {
		return Pair{Key: b[:eq], Value: b[eq+1:]}, ""
	}
	eq = bytes.IndexByte(b, '=')
	switch {
	case eq < 0:
		return p, "no '=' in a pair"
	case eq == 0:
		return p, "an empty key"
	case eq > MaxKeyLen:
		return p, "a key of more than 63 bytes"
	case len(b)-eq-1 > MaxValueLen:
		return p, "a value of more than 8192 bytes"
	}
	p = Pair{Key: b[:eq], Value: b[eq+1:]}
	for _, c := range p.Key {
		if !isKeyChar(c) {
			return Pair{}, "a character in a key that no key may have"
		}
	}
	return p, ""
}

// isKeyChar reports whether c may stand in a key. X#NodeArchitecture needs the
// '#'. That a key begins with a capital letter is left to who makes the key:
// iSCSIProtocolLevel does not.
func isKeyChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '.', '-', '+', '@', '_', '#':
		return true
	}
	return false
}
