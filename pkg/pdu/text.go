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
			key, value, next, err := t.Next(off)
			if err != nil {
				yield(Pair{}, err)
				return
			}
			if key == nil || !yield(Pair{Key: key, Value: value}, nil) {
				return
			}
			off = next
		}
	}
}

// Next walks a text without [Text.Pairs]: it returns the pair that
// begins at off, or after NULs there, and where the next one may begin. Where there
// is none left, the key is nil. A malformed pair is a *TextError.
func (t Text) Next(off int) (key, value []byte, next int, err error) {
	for off < len(t) && t[off] == 0 {
		off++
	}
	if off >= len(t) {
		return nil, nil, len(t), nil
	}
	end := bytes.IndexByte(t[off:], 0)
	if end < 0 {
		return nil, nil, 0, &TextError{Offset: off, Reason: "the last pair has no NUL at its end"}
	}
	pair := t[off : off+end]
	eq := knownKey(pair)
	if eq == 0 || end-eq-1 > MaxValueLen {
		var reason string
		if eq, reason = splitPair(pair); reason != "" {
			return nil, nil, 0, &TextError{Offset: off, Reason: reason}
		}
	}
	return pair[:eq], pair[eq+1:], off + end + 1, nil
}

// knownKey returns the length of the key, where it is one of those that come by the
// million, and are well formed; 0: of another.
func knownKey(pair []byte) int {
	switch name, alias, address := len(KeyTargetName), len(KeyTargetAlias), len(KeyTargetAddress); {
	case len(pair) > name && pair[name] == '=' && string(pair[:name]) == KeyTargetName:
		return name
	case len(pair) > address && pair[address] == '=' && string(pair[:address]) == KeyTargetAddress:
		return address
	case len(pair) > alias && pair[alias] == '=' && string(pair[:alias]) == KeyTargetAlias:
		return alias
	}
	return 0
}

// splitPair returns the length of the key of key=value, which ends at the first
// '='. The reason is empty where the pair is well formed.
func splitPair(pair []byte) (eq int, reason string) {
	eq = bytes.IndexByte(pair, '=')
	switch {
	case eq < 0:
		return eq, "no '=' in a pair"
	case eq == 0:
		return eq, "an empty key"
	case eq > MaxKeyLen:
		return eq, "a key of more than 63 bytes"
	case len(pair)-eq-1 > MaxValueLen:
		return eq, "a value of more than 8192 bytes"
	}
	for _, c := range pair[:eq] {
		if !isKeyChar(c) {
			return eq, "a character in a key that no key may have"
		}
	}
	return eq, ""
}

// isKeyChar reports whether c may stand in a key. X#NodeArchitecture needs the
// '#'. That a key begins with a capital letter is left to the caller that makes the key:
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
