package xfrm

import (
	"encoding/binary"
	"iter"
)

// attributes yields the netlink attributes in b, type and value, until what is
// left is none. Values alias b.
func attributes(b []byte) iter.Seq2[uint16, []byte] {
	const header, align = 4, 4
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= header {
			n := int(binary.NativeEndian.Uint16(b))
			if n < header || n > len(b) {
				return
			}
			if !yield(binary.NativeEndian.Uint16(b[2:]), b[header:n]) {
				return
			}
			b = b[min((n+align-1)/align*align, len(b)):]
		}
	}
}
