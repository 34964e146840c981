package registry

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
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

	// Of targets whose keys would be longer than MaxKeyLen: see target_key.go.
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
