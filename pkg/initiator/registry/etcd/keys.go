package etcd

import (
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// What stands below the prefix of a registry:
//
//	format                            the schema, a number
//	r/KEY                             a head, of a record
//	p/KEY NUL GENERATION MARK / NNNN  a part of a value
//	w/MARK                            a writer of parts, under a lease: while it is there they are in use
const (
	nameFormat   = "format"
	nameRecords  = "r/"
	nameParts    = "p/"
	nameWriters  = "w/"
	nameLeader   = "leader/" // the election of a pair, which is none of a Store
	maxPrefixLen = 256
)

// CheckPrefix refuses a prefix that no registry can have. One has 2 to 256 bytes, no NUL, and
// ends in a slash. After its first byte no /r/, /p/, /w/ or /leader/ is in it: there a registry
// whose prefix is what stands before would have its own keys. The error is an [*Error].
func CheckPrefix(prefix string) error {
	if len(prefix) < 2 || len(prefix) > maxPrefixLen || !strings.HasSuffix(prefix, "/") || strings.IndexByte(prefix, 0) >= 0 {
		return &Error{What: "open the registry", Key: prefix[:min(len(prefix), maxPrefixLen)], State: Misconfigured, Reason: "a prefix has 2 to 256 bytes and ends in a slash"}
	}
	for _, name := range []string{nameRecords, nameParts, nameWriters, nameLeader} {
		if strings.Contains(prefix[1:], "/"+name) {
			return &Error{What: "open the registry", Key: prefix, State: Misconfigured, Reason: "a prefix has no /" + name + " in it, where another registry would have its keys"}
		}
	}
	return nil
}

// keys makes the keys of a registry.
type keys struct{ prefix string }

func (k keys) format() string            { return k.prefix + nameFormat }
func (k keys) record(key string) string  { return k.prefix + nameRecords + key }
func (k keys) writer(mark string) string { return k.prefix + nameWriters + mark }

// parts is what all parts of a record begin with; no other record's do, since no key has
// a NUL in it.
func (k keys) parts(key string) string { return k.prefix + nameParts + key + "\x00" }

// generation is what the parts of one value begin with.
func (k keys) generation(key, generation, mark string) string {
	return k.parts(key) + generation + mark + "/"
}

func (k keys) part(key, generation, mark string, n int) string {
	return fmt.Sprintf("%s%04d", k.generation(key, generation, mark), n)
}

// recordKey returns the key of the record that etcd's key is of; ok: it is of one.
func (k keys) recordKey(etcdKey []byte) (key string, ok bool) {
	key, ok = strings.CutPrefix(string(etcdKey), k.prefix+nameRecords)
	return key, ok && validKey(key)
}

// validKey reports whether a record may have a key.
func validKey(key string) bool {
	return key != "" && len(key) <= registry.MaxKeyLen && strings.IndexByte(key, 0) < 0
}

// A staged is a part as its key tells.
type staged struct{ key, generation, mark string }

// parsePart reads the key of a part; ok: it is one.
func (k keys) parsePart(etcdKey []byte) (s staged, ok bool) {
	rest, ok := strings.CutPrefix(string(etcdKey), k.prefix+nameParts)
	if !ok {
		return s, false
	}
	key, rest, ok := strings.Cut(rest, "\x00")
	if !ok || !validKey(key) || len(rest) != generationLen+markLen+len("/0000") || rest[generationLen+markLen] != '/' {
		return s, false
	}
	return staged{key, rest[:generationLen], rest[generationLen : generationLen+markLen]}, true
}

// rangeOf returns the end of the keys with a prefix, which is not empty.
func rangeOf(prefix string) string { return clientv3.GetPrefixRangeEnd(prefix) }
