// Package rowkey makes the keys of the records of a registry, and reads them.
package rowkey

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

// MaxLen is the longest key of a record in bytes.
const MaxLen = 1024

// Prefixes of the keys of records in a Store. What follows is escaped, so that
// no part can reach into another.
const (
	Portal   = "portal/"   // address/TCP port/instance/number
	Bitmap   = "bitmap/"   // address/TCP port: flags previously defined
	Target   = "target/"   // folded name/mechanism
	Found    = "found/"    // mechanism/folded name: the same records the other way
	Instance = "instance/" // folded name
	Port     = "port/"     // folded instance/number
	Setting  = "setting/"  // name
	Seen     = "seen/"     // mechanism, or its hash: see seenRecord
	Tool     = "tool/"     // tool/kind/name

	ISNSServer = "isns-server/" // address/TCP port
	ISNSBitmap = "isns-bitmap/" // address of a portal/TCP port/address of the server/TCP port

	FleetPolicy = "fleet-policy/" // fleet/selector/flags

	// Of targets whose keys would be longer than MaxLen: see TargetKeys.
	LongTarget = "long/target/" // hash of the folded name/hash of the mechanism
	LongFound  = "long/found/"  // hash of the mechanism/hash of the folded name
)

// OfPortal begins the records of all entries of a portal.
func OfPortal(prefix string, p initiator.Portal) string {
	return fmt.Sprintf("%s%s/%05d/", prefix, url.PathEscape(p.Canonical()), p.Port)
}

// OfServer returns the key of the record of an iSNS server.
func OfServer(p initiator.Portal) string {
	return fmt.Sprintf("%s%s/%05d", ISNSServer, url.PathEscape(p.Canonical()), p.Port)
}

// OfISNSBitmap returns the key of what an iSNS server says of a portal.
func OfISNSBitmap(portal, server initiator.Portal) string {
	return fmt.Sprintf("%s%s/%05d", OfPortal(ISNSBitmap, portal), url.PathEscape(server.Canonical()), server.Port)
}

// OfEntry returns the key of the record of an entry.
func OfEntry(k initiator.Key) string {
	return fmt.Sprintf("%s%s/%010d", OfPortal(Portal, k.Portal), ports.FoldInstance(k.Instance), k.Port.Uint32())
}

// EntryKey returns the key of an entry that cannot be read from the key of its
// record: the address in its canonical form, the instance in lower case.
func EntryKey(record string) (k initiator.Key, ok bool) {
	path, ok := strings.CutPrefix(record, Portal)
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

// Mechanism returns the text by which the reference API names the discovery
// mechanism of an entry: portal address, TCP port in seven digits, instance. The
// number of the initiator port follows where there is one, which is ours: it
// keeps apart what are two entries.
func Mechanism(k initiator.Key) string {
	s := fmt.Sprintf("SendTargets:*%s %07d %s ", k.Portal.Canonical(), k.Portal.Port, k.Instance)
	if k.Port != ports.All {
		s += k.Port.String() + " "
	}
	return s
}

// ISNSMechanism returns the text by which the targets of an iSNS server are told from
// others. The reference API says no more of it than how it begins.
func ISNSMechanism(server initiator.Portal) string {
	return fmt.Sprintf("iSNS:*%s %07d ", server.Canonical(), server.Port)
}

// Part returns a part of the key of a record, without its escapes; the prefix is
// part 0. Empty: there is none.
func Part(key string, n int) string {
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

// A TargetKeys has the keys of both records of a target by one mechanism: one with what
// is known of it, and one by which the targets of a mechanism are found (see indexValue). Their
// keys have the folded name and the mechanism, escaped. A legal name can be 4.5 times
// longer in that form, so where a key would be longer than MaxLen both keys have the
// hashes of the two in their place, behind a prefix of their own. No record had such a
// key before, so nothing needs to be migrated.
type TargetKeys struct {
	Record string // under Target or LongTarget
	Index  string // under Found or LongFound
}

// OfTarget returns the keys of a target by one mechanism.
func OfTarget(name, mechanism string) TargetKeys {
	return OfEscaped(FoldedName(name), url.PathEscape(mechanism))
}

// OfEscaped is OfTarget for a folded name and a mechanism that are escaped.
func OfEscaped(folded, escaped string) TargetKeys {
	if IsLong(folded, escaped) {
		return TargetKeys{LongTargetPrefix(folded) + Hashed(escaped), LongFoundPrefix(escaped) + Hashed(folded)}
	}
	return TargetKeys{Target + folded + "/" + escaped, Found + escaped + "/" + folded}
}

// IsLong reports whether the keys of a target with its name and mechanism in them
// would be too long.
func IsLong(folded, escaped string) bool {
	return max(len(Target), len(Found))+len(folded)+len("/")+len(escaped) > MaxLen
}

// LongTargetPrefix begins the records of a name whose keys would be too long.
func LongTargetPrefix(folded string) string { return LongTarget + Hashed(folded) + "/" }

// LongFoundPrefix begins the index of the targets of a mechanism whose keys would be
// too long.
func LongFoundPrefix(escaped string) string { return LongFound + Hashed(escaped) + "/" }

// ParseTarget returns the keys of a target from the key of one of its records; false:
// the key has another form.
func ParseTarget(key string) (k TargetKeys, ok bool) {
	for _, p := range []struct{ record, index string }{{Target, Found}, {LongTarget, LongFound}} {
		if rest, found := strings.CutPrefix(key, p.record); found {
			name, mechanism, ok := strings.Cut(rest, "/")
			return TargetKeys{key, p.index + mechanism + "/" + name}, ok
		}
		if rest, found := strings.CutPrefix(key, p.index); found {
			mechanism, name, ok := strings.Cut(rest, "/")
			return TargetKeys{p.record + name + "/" + mechanism, key}, ok
		}
	}
	return TargetKeys{}, false
}

// MechanismPart returns the mechanism in the key of a target's record, escaped, or its hash.
func MechanismPart(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// TargetName returns the folded name of a target in the key of its record; empty: the
// key has only its hash.
func TargetName(key string) string {
	rest, ok := strings.CutPrefix(key, Target)
	folded, _, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(folded)
	if !ok || err != nil {
		return ""
	}
	return name
}

// FoldedName is a target's name in the keys of records.
func FoldedName(iqn string) string { return url.PathEscape(name.Fold(iqn)) }

// Hashed is what stands for a part that is too long for a key.
func Hashed(part string) string {
	sum := sha256.Sum256([]byte(part))
	return hex.EncodeToString(sum[:])
}
