package ikev1

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

// An attribute is a property of a transform, or of a notify (RFC 2408, section 3.3).
type attribute struct {
	class uint16
	value uint64
}

// basicAttribute says that the value is in the place of the length.
const basicAttribute = 0x8000

// appendAttributes appends attributes to b.
func appendAttributes(b []byte, list []attribute) []byte {
	for _, a := range list {
		if a.value > 0xffff {
			b = binary.BigEndian.AppendUint16(b, a.class)
			b = binary.BigEndian.AppendUint16(b, 8)
			b = binary.BigEndian.AppendUint64(b, a.value)
			continue
		}
		b = binary.BigEndian.AppendUint16(b, basicAttribute|a.class)
		b = binary.BigEndian.AppendUint16(b, uint16(a.value))
	}
	return b
}

// parseAttributes reads a list of attributes. Values are numbers of 8 bytes at most.
func parseAttributes(b []byte) (list []attribute, err error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, ike.ErrTruncated
		}
		if len(list) == maxAttributes {
			return nil, errAttributes
		}
		class, v := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		b = b[4:]
		if class&basicAttribute != 0 {
			list = append(list, attribute{class &^ basicAttribute, uint64(v)})
			continue
		}
		if int(v) > len(b) {
			return nil, ike.ErrLength
		}
		if v == 0 || v > 8 {
			return nil, errAttributes
		}
		var n uint64
		for _, c := range b[:v] {
			n = n<<8 | uint64(c)
		}
		list = append(list, attribute{class, n})
		b = b[v:]
	}
	return list, nil
}

// sameAttributes reports whether two lists have the same attributes in any order.
func sameAttributes(a, b []attribute) bool {
	order := func(x, y attribute) int {
		return cmp.Or(cmp.Compare(x.class, y.class), cmp.Compare(x.value, y.value))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// The types of a lifetime (RFC 2407, section 4.5).
const (
	secondsType   = 1
	kilobytesType = 2
)

// takeLifetime takes the lifetimes in seconds out of a list: pairs of a type and a
// duration, in this order. seconds is the lowest one; 0: there is none. Lifetimes in
// kilobytes stay in the list: they are never offered.
func takeLifetime(list []attribute, typeClass, durationClass uint16) (rest []attribute, seconds uint64, err error) {
	unit := uint64(0)
	for _, a := range list {
		switch a.class {
		case typeClass:
			unit = a.value
		case durationClass:
			if unit == 0 || a.value == 0 {
				return nil, 0, errAttributes
			}
			if unit != secondsType {
				rest = append(rest, attribute{typeClass, unit}, a)
			} else if seconds == 0 || a.value < seconds {
				seconds = a.value
			}
			unit = 0
		default:
			rest = append(rest, a)
		}
	}
	if unit != 0 {
		return nil, 0, errAttributes
	}
	return rest, seconds, nil
}
