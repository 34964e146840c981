package ports

import "strconv"

// A Number is the number of an initiator port: of one source address of an
// initiator instance. The zero value is All; any other is made by Number,
// zero too, which is an ordinary port number.
type Number struct {
	inverse uint32 // ^number, so that the zero value is All
}

// All is ISCSI_ALL_INITIATOR_PORTS of the reference API: routing decides,
// at the time of use, from which source address a portal is asked. It does not
// mean one request from each.
var All = Number{}

// N returns the port number that the reference API writes as n; 0xffffffff
// is All.
func N(n uint32) Number { return Number{inverse: ^n} }

// Uint32 returns the number as the reference API writes it.
func (n Number) Uint32() uint32 { return ^n.inverse }

// String returns the number, or "all".
func (n Number) String() string {
	if n == All {
		return "all"
	}
	return strconv.FormatUint(uint64(n.Uint32()), 10)
}
