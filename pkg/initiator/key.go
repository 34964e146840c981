package initiator

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// A Key says which entry of the registry is meant: instance, initiator port
// number, portal. The portal's symbolic name does not count. Instances are
// compared without case, IP literals in their canonical form with the zone, DNS
// names without case and without a final dot.
type Key struct {
	Instance string
	Port     ports.Number
	Portal   Portal
}

// Key returns the key of p.
func (p *SendTargetPortal) Key() Key {
	return Key{Instance: p.Instance, Port: p.Port, Portal: p.Portal}
}

// Same reports whether both keys mean one entry.
func (k Key) Same(other Key) bool { return k.record() == other.record() }

// String returns the key as a person would write it.
func (k Key) String() string { return fmt.Sprintf("%s (%s)", k.Portal, k.from()) }

// from says where the portal is asked from.
func (k Key) from() string {
	instance := k.Instance
	if instance == "" {
		instance = "any"
	}
	return fmt.Sprintf("instance %s, port %s", instance, k.Port)
}

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

	// Of targets whose keys would be longer than MaxKeyLen: see target_key.go.
	prefixLongTarget = "long/target/" // hash of the folded name/hash of the mechanism
	prefixLongFound  = "long/found/"  // hash of the mechanism/hash of the folded name
)

// canonicalAddress returns the form in which addresses of portals are compared.
func canonicalAddress(p Portal) string {
	if addr, err := netip.ParseAddr(p.host()); err == nil {
		return addr.Unmap().String() // with its zone: stored keys have it
	}
	return strings.TrimSuffix(strings.ToLower(p.host()), ".")
}

// portalPrefix begins the records of all entries of a portal.
func portalPrefix(prefix string, p Portal) string {
	return fmt.Sprintf("%s%s/%05d/", prefix, url.PathEscape(canonicalAddress(p)), p.Port)
}

// record returns the key of the entry's record.
func (k Key) record() string {
	return fmt.Sprintf("%s%s/%010d", portalPrefix(prefixPortal, k.Portal), ports.FoldInstance(k.Instance), k.Port.Uint32())
}

// keyOfRecord returns the key of an entry that cannot be read from the key of its
// record: the address in its canonical form, the instance in lower case.
func keyOfRecord(record string) (k Key, ok bool) {
	path, ok := strings.CutPrefix(record, prefixPortal)
	parts := strings.Split(path, "/")
	if !ok || len(parts) != 4 {
		return Key{}, false
	}
	address, err1 := url.PathUnescape(parts[0])
	tcp, err2 := strconv.ParseUint(parts[1], 10, 16)
	instance, err3 := url.PathUnescape(parts[2])
	number, err4 := strconv.ParseUint(parts[3], 10, 32)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return Key{}, false
	}
	return Key{Instance: instance, Port: ports.N(uint32(number)), Portal: Portal{Address: address, Port: uint16(tcp)}}, true
}

// mechanism returns the text by which the reference API names the discovery
// mechanism of an entry: portal address, TCP port in seven digits, instance. The
// number of the initiator port follows where there is one, which is ours: it
// keeps apart what are two entries.
func (k Key) mechanism() string {
	s := fmt.Sprintf("SendTargets:*%s %07d %s ", canonicalAddress(k.Portal), k.Portal.Port, k.Instance)
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
