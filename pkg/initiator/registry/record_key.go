package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// Prefixes of the keys of records in a Store. What follows is escaped, so that
// no part can reach into another.
const (
	prefixPortal   = "portal/"   // address/TCP port/instance/number
	prefixBitmap   = "bitmap/"   // address/TCP port: flags previously defined
	prefixTarget   = "target/"   // folded name/mechanism
	prefixFound    = "found/"    // mechanism/folded name: the same records the other way
	prefixInstance = "instance/" // folded name
	prefixPort     = "port/"     // folded instance/number
	prefixSetting  = "setting/"  // name
	prefixSeen     = "seen/"     // mechanism, or its hash: see seenRecord
	prefixTool     = "tool/"     // tool/kind/name

	// Of targets whose keys would be longer than MaxKeyLen: see targetKeys.
	prefixLongTarget = "long/target/" // hash of the folded name/hash of the mechanism
	prefixLongFound  = "long/found/"  // hash of the mechanism/hash of the folded name
)

// portalPrefix begins the records of all entries of a portal.
func portalPrefix(prefix string, p initiator.Portal) string {
	return fmt.Sprintf("%s%s/%05d/", prefix, url.PathEscape(p.Canonical()), p.Port)
}

// recordOf returns the key of the record of an entry.
func recordOf(k initiator.Key) string {
	return fmt.Sprintf("%s%s/%010d", portalPrefix(prefixPortal, k.Portal), ports.FoldInstance(k.Instance), k.Port.Uint32())
}

// keyOfRecord returns the key of an entry that cannot be read from the key of its
// record: the address in its canonical form, the instance in lower case.
func keyOfRecord(record string) (k initiator.Key, ok bool) {
	path, ok := strings.CutPrefix(record, prefixPortal)
	parts := strings.Split(path, "/")
	if !ok || len(parts) != 4 {
		return initiator.Key{}, false
	}
	address, err1 := url.PathUnescape(parts[0])
	tcp, err2 := strconv.ParseUint(parts[1], 10, 16)
	instance, err3 := url.PathUnescape(parts[2])
	number, err4 := strconv.ParseUint(parts[3], 10, 32)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return initiator.Key{}, false
	}
	return initiator.Key{Instance: instance, Port: ports.N(uint32(number)), Portal: initiator.Portal{Address: address, Port: uint16(tcp)}}, true
}

// mechanismOf returns the text by which the reference API names the discovery
// mechanism of an entry: portal address, TCP port in seven digits, instance. The
// number of the initiator port follows where there is one, which is ours: it
// keeps apart what are two entries.
func mechanismOf(k initiator.Key) string {
	s := fmt.Sprintf("SendTargets:*%s %07d %s ", k.Portal.Canonical(), k.Portal.Port, k.Instance)
	if k.Port != ports.All {
		s += k.Port.String() + " "
	}
	return s
}

// partOfKey returns a part of the key of a record, without its escapes; the prefix is
// part 0. Empty: there is none.
func partOfKey(key string, n int) string {
	parts := strings.Split(key, "/")
	if n >= len(parts) {
		return ""
	}
	part, err := url.PathUnescape(parts[n])
	if err != nil {
		return parts[n]
	}
	return part
}

// A targetKeys has the keys of both records of a target by one mechanism: one with what
// is known of it, and one by which the targets of a mechanism are found (see indexValue). Their
// keys have the folded name and the mechanism, escaped. A legal name can be 4.5 times
// longer in that form, so where a key would be longer than MaxKeyLen both keys have the
// hashes of the two in their place, behind a prefix of their own. No record had such a
// key before, so nothing needs to be migrated.
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
	if hasLongKeys(folded, escaped) {
		return targetKeys{longTargetPrefix(folded) + hashed(escaped), longFoundPrefix(escaped) + hashed(folded)}
	}
	return targetKeys{prefixTarget + folded + "/" + escaped, prefixFound + escaped + "/" + folded}
}

// hasLongKeys reports whether the keys of a target with its name and mechanism in them
// would be too long.
func hasLongKeys(folded, escaped string) bool {
	return max(len(prefixTarget), len(prefixFound))+len(folded)+len("/")+len(escaped) > MaxKeyLen
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

// mechanismPart returns the mechanism in the key of a target's record, escaped, or its hash.
func mechanismPart(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

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
