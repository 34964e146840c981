package fleet

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// A Kind says what a key is of.
type Kind uint8

// The kinds.
const (
	Foreign      Kind = iota // none of ours
	KindInfo                 // Host
	KindPath                 // Host, Entry, ISNS
	KindPart                 // Host, Digest, Part: an answer that a host has
	KindWant                 // Host, Digest
	KindCopy                 // Digest, Part: an answer that all may read
	KindKnown                // Host
	KindPortal               // Entry.Portal
	KindPolicy               // Name: the selector
	KindLogin                // Name
	KindJob                  // Job
	KindGrant                // Job, Shard
	KindDone                 // Job, Shard
	KindRead                 // Job, Shard
	KindBlame                // Job, Host
	KindOffer                // Host, Job
	KindResult               // Host, Job, Shard, Part: of what a host found
	KindDelivery             // Host, Job, Shard
	KindTwin                 // Host, Name
)

// A Key is what a key of a fleet says.
type Key struct {
	Kind   Kind
	Host   string
	Entry  initiator.Key // the address in its canonical form, the instance folded
	ISNS   bool          // the entry is an iSNS server
	Digest Digest
	Part   int
	Name   string
	Job    string
	Shard  int
}

// Path is the entry of a KindPath.
func (k *Key) Path() Entry { return Entry{k.Entry, k.ISNS} }

// Parse reads a key. One that is none of the fleet's, or is not written as Keys writes it, is
// Foreign: it is shown, and otherwise passed over.
func (k Keys) Parse(key string) Key {
	rest, ok := strings.CutPrefix(key, k.prefix)
	if !ok || k.prefix == "" {
		return Key{}
	}
	parts := strings.Split(rest, "/")
	var read Key
	switch {
	case parts[0] == "host" && len(parts) >= 3:
		read = parseHost(parts)
	case parts[0] == "view" && len(parts) >= 3:
		read = parseView(parts)
	case parts[0] == "config" && len(parts) == 3:
		read = parseConfig(parts)
	case parts[0] == "scan" && len(parts) >= 3:
		read = parseScan(parts)
	}
	if read.Kind == Foreign || k.key(read) != key {
		return Key{}
	}
	return read
}

// key is the key that was read.
func (k Keys) key(read Key) string {
	switch read.Kind {
	case KindInfo:
		return k.Info(read.Host)
	case KindPath:
		return k.Path(read.Host, read.Path())
	case KindPart:
		return k.Answer(read.Host, read.Digest, read.Part)
	case KindWant:
		return k.Want(read.Host, read.Digest)
	case KindCopy:
		return k.Copied(read.Digest, read.Part)
	case KindKnown:
		return k.Known(read.Host)
	case KindTwin:
		return k.Twin(read.Host, read.Name)
	case KindPortal:
		return k.Portal(read.Entry.Portal)
	case KindPolicy:
		return k.Policy(read.Name)
	case KindLogin:
		return k.Login(read.Name)
	}
	return k.scanKey(read)
}

func parseHost(parts []string) Key {
	read := Key{Host: parts[1]}
	if CheckHost(read.Host) != nil {
		return Key{}
	}
	switch {
	case len(parts) == 3 && parts[2] == "info":
		read.Kind = KindInfo
	case len(parts) == 5 && (parts[2] == "portal" || parts[2] == "isns"):
		var ok bool
		read.ISNS = parts[2] == "isns"
		if read.Entry, ok = parseEntry(parts[3], parts[4]); ok {
			read.Kind = KindPath
		}
	case len(parts) == 5 && parts[2] == "answer":
		if read.setPart(parts[3], parts[4]) {
			read.Kind = KindPart
		}
	case len(parts) == 4 && parts[2] == "twin" && isHex(parts[3], twinDigits):
		read.Kind, read.Name = KindTwin, parts[3]
	case len(parts) >= 5 && parts[2] == "scan":
		return parseHostScan(parts)
	}
	return read
}

// parseEntry reads the end of the key of a path.
func parseEntry(portal, from string) (initiator.Key, bool) {
	p, ok := parsePortal(portal)
	escaped, number, ok2 := cutLast(from, ",")
	instance, err := url.PathUnescape(escaped)
	n, err2 := strconv.ParseUint(number, 10, 32)
	return initiator.Key{Portal: p, Instance: instance, Port: ports.N(uint32(n))}, ok && ok2 && err == nil && err2 == nil && len(escaped) <= 3*ports.MaxInstanceLen
}

func parseView(parts []string) Key {
	var read Key
	switch {
	case parts[1] == "want" && len(parts) == 4 && CheckHost(parts[2]) == nil:
		if d, ok := parseDigest(parts[3]); ok {
			read = Key{Kind: KindWant, Host: parts[2], Digest: d}
		}
	case parts[1] == "answer" && len(parts) == 4:
		if read.setPart(parts[2], parts[3]) {
			read.Kind = KindCopy
		}
	case parts[1] == "host" && len(parts) == 3 && CheckHost(parts[2]) == nil:
		read = Key{Kind: KindKnown, Host: parts[2]}
	}
	return read
}

func parseConfig(parts []string) Key {
	switch parts[1] {
	case "portal":
		if p, ok := parsePortal(parts[2]); ok {
			return Key{Kind: KindPortal, Entry: initiator.Key{Portal: p}}
		}
	case "policy":
		if selector, err := url.PathUnescape(parts[2]); err == nil && selector != "" && len(selector) <= maxSelectorLen {
			return Key{Kind: KindPolicy, Name: selector}
		}
	case "login":
		if CheckLogin(parts[2]) == nil {
			return Key{Kind: KindLogin, Name: parts[2]}
		}
	}
	return Key{}
}

// maxSelectorLen bounds the selector of a policy in bytes: an IPv6 address with a zone, and a
// port or a length. Readers keep it with each record.
const maxSelectorLen = 2 * name.MaxAddressLen

// setPart takes the digest and the number of a part.
func (k *Key) setPart(digest, part string) bool {
	d, ok := parseDigest(digest)
	n, err := strconv.ParseUint(part, 10, 16)
	k.Digest, k.Part = d, int(n)
	return ok && err == nil && n < MaxParts
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// parsePortal reads what portalPart makes, and nothing else.
func parsePortal(part string) (initiator.Portal, bool) {
	escaped, port, ok := cutLast(part, ",")
	address, err := url.PathUnescape(escaped)
	n, err2 := strconv.ParseUint(port, 10, 16)
	p := initiator.Portal{Address: address, Port: uint16(n)}
	ok = ok && err == nil && err2 == nil && n != 0 && address != "" && len(address) <= name.MaxAddressLen && portalPart(p) == part
	return p, ok
}
