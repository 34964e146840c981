package auth

import (
	"slices"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// The keys of CHAP (RFC 7143, section 12.1.3).
const (
	keyAlgorithm  = "CHAP_A"
	keyChallenge  = "CHAP_C"
	keyIdentifier = "CHAP_I"
	keyName       = "CHAP_N"
	keyResponse   = "CHAP_R"
)

// maxChallengeLen is the longest challenge or response in bytes, decoded (RFC
// 7143, section 12.1.3).
const maxChallengeLen = 1024

// readKeys returns the values of the wanted keys, in that order; nil is a key
// that did not come. No other key may come, and none twice. The values alias in.
func readKeys(in pdu.Text, want ...string) ([][]byte, error) {
	values := make([][]byte, len(want))
	for p, err := range in.Pairs() {
		if err != nil {
			return nil, &KeyError{Reason: "no key=value pairs", Err: err}
		}
		i := slices.Index(want, string(p.Key))
		switch {
		case i < 0:
			return nil, &KeyError{Key: knownKey(p.Key), Reason: "not expected in this step"}
		case values[i] != nil:
			return nil, &KeyError{Key: want[i], Reason: "sent twice"}
		}
		values[i] = p.Value // empty or not, it is not nil
	}
	return values, nil
}

// knownKey returns key if it is one of CHAP, else nothing: the target may have
// written it for the terminal that shows our error.
func knownKey(key []byte) string {
	switch k := string(key); k {
	case keyAlgorithm, keyChallenge, keyIdentifier, keyName, keyResponse:
		return k
	}
	return ""
}

// rejection returns the word of a value that rejects a key, and means nothing
// else in any (RFC 7143, section 6.2); empty: the value is none.
func rejection(v []byte) string {
	switch word := string(v); word {
	case pdu.ValueReject, pdu.ValueNotUnderstood, pdu.ValueIrrelevant:
		return word
	}
	return ""
}

// readNumber returns the value of a numeric key, decimal or hexadecimal.
func readNumber(key string, v []byte) (uint64, error) {
	n, err := pdu.ParseNumber(v)
	if err != nil {
		return 0, &KeyError{Key: key, Reason: "malformed", Err: err}
	}
	return n, nil
}

// readBinary returns the bytes of a binary key, 1 to maxChallengeLen of them.
func readBinary(key string, v []byte) ([]byte, error) {
	b, err := pdu.AppendBinary(nil, v, maxChallengeLen)
	if err != nil {
		return nil, &KeyError{Key: key, Reason: "malformed", Err: err}
	}
	return b, nil
}
