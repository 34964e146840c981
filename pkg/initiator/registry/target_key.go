package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A target by one mechanism has two records: one with what is known of it, and an
// empty one by which the targets of a mechanism are found. Their keys have the folded
// name and the mechanism, escaped. A legal name can be 4.5 times longer in that form,
// so where a key would be longer than MaxKeyLen both keys have the hashes of the two
// in their place, behind a prefix of their own. No record had such a key before, so
// nothing needs to be migrated.

// A targetKeys has the keys of both records.
type targetKeys struct {
	record string // under prefixTarget or prefixLongTarget
	index  string // under prefixFound or prefixLongFound
}

// keysOfTarget returns the keys of a target by one mechanism.
func keysOfTarget(name, mechanism string) targetKeys {
	return newTargetKeys(foldedKey(name), url.PathEscape(mechanism))
}

// newTargetKeys is keysOfTarget for a folded name and a mechanism that are escaped.
func newTargetKeys(folded, escaped string) targetKeys {
	k := targetKeys{prefixTarget + folded + "/" + escaped, prefixFound + escaped + "/" + folded}
	if max(len(k.record), len(k.index)) <= MaxKeyLen {
		return k
	}
	return targetKeys{longTargetPrefix(folded) + hashed(escaped), longFoundPrefix(escaped) + hashed(folded)}
}

// longTargetPrefix begins the records of a name whose keys would be too long.
func longTargetPrefix(folded string) string { return prefixLongTarget + hashed(folded) + "/" }

// longFoundPrefix begins the index of the targets of a mechanism whose keys would be
// too long.
func longFoundPrefix(escaped string) string { return prefixLongFound + hashed(escaped) + "/" }

// targetKeysOf returns the keys of a target from the key of one of its records; false:
// the key has another form.
func targetKeysOf(key string) (k targetKeys, ok bool) {
	for _, p := range []struct{ record, index string }{{prefixTarget, prefixFound}, {prefixLongTarget, prefixLongFound}} {
		if rest, found := strings.CutPrefix(key, p.record); found {
			name, mechanism, ok := strings.Cut(rest, "/")
			return targetKeys{key, p.index + mechanism + "/" + name}, ok
		}
		if rest, found := strings.CutPrefix(key, p.index); found {
			mechanism, name, ok := strings.Cut(rest, "/")
			return targetKeys{p.record + name + "/" + mechanism, key}, ok
		}
	}
	return targetKeys{}, false
}

// nameInKey returns the folded name of a target in the key of its record; empty: the
// key has only its hash.
func nameInKey(key string) string {
	rest, ok := strings.CutPrefix(key, prefixTarget)
	folded, _, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(folded)
	if !ok || err != nil {
		return ""
	}
	return name
}

// foldedKey is a target's name in the keys of records.
func foldedKey(iqn string) string { return url.PathEscape(name.Fold(iqn)) }

// hashed is what stands for a part that is too long for a key.
func hashed(part string) string {
	sum := sha256.Sum256([]byte(part))
	return hex.EncodeToString(sum[:])
}
