// Package answer tells answers of a portal apart without keeping them.
package answer

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// atOnce is how many bytes are hashed at once.
const atOnce = 16 << 10

// Digest returns what two answers have in common that leave the same in the registry:
// the names, aliases and addresses of their targets, the address that was in use where
// some of these are not usable, and whether an answer is complete. The order of the
// targets does not count; that of the addresses of one does, since it is stored. No name
// comes twice.
func Digest(targets []target.Target, at netip.AddrPort, complete bool) []byte {
	sum := sha256.New()
	b := make([]byte, 0, 2*atOnce)
	for t := range byName(targets) {
		if b = appendTarget(b, t, at); len(b) >= atOnce {
			sum.Write(b)
			b = b[:0]
		}
	}
	if complete {
		b = append(b, 1)
	}
	sum.Write(b)
	return sum.Sum(nil)
}

// byName yields targets in the order of their names, which most answers have.
func byName(targets []target.Target) func(yield func(*target.Target) bool) {
	return func(yield func(*target.Target) bool) {
		if slices.IsSortedFunc(targets, func(a, b target.Target) int { return strings.Compare(a.Name, b.Name) }) {
			for i := range targets {
				if !yield(&targets[i]) {
					return
				}
			}
			return
		}
		order := make([]*target.Target, len(targets))
		for i := range targets {
			order[i] = &targets[i]
		}
		slices.SortFunc(order, func(a, b *target.Target) int { return strings.Compare(a.Name, b.Name) })
		for _, t := range order {
			if !yield(t) {
				return
			}
		}
	}
}

// appendTarget appends a target to b, so that no two lists of targets have the same bytes.
func appendTarget(b []byte, t *target.Target, at netip.AddrPort) []byte {
	b = appendText(appendText(b, t.Name), t.Alias)
	b = binary.AppendUvarint(b, uint64(len(t.Addresses)))
	usable := true
	for i := range t.Addresses {
		a := &t.Addresses[i]
		b = appendText(b, a.Host)
		b = binary.AppendVarint(b, int64(a.Group))
		b = binary.BigEndian.AppendUint16(b, a.Port)
		b = append(b, byte(a.Unusable))
		usable = usable && a.Unusable == target.Usable
	}
	if !usable {
		b = appendText(b, at.String())
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
