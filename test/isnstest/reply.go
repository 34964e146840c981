package isnstest

import (
	"encoding/binary"
	"net"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// A Reply is what the server sends. Config.Spoil changes it.
type Reply struct {
	Function isns.Function
	ID       uint16 // of the transaction
	Payload  []byte // the status and the attributes; see Attributes and Refusal
	PDUSize  int    // payload of one PDU at most, in bytes

	Edit    func(pdus [][]byte) [][]byte // changes the PDUs, with their headers; nil: none does
	Silent  bool                         // nothing is sent
	Endless bool                         // the PDUs come again and again, and none of them is the last
	Slow    time.Duration                // passes before each byte
	Close   bool                         // the connection is closed behind the reply
}

// Refusal returns the payload of a refusal.
func Refusal(s isns.Status) []byte { return binary.BigEndian.AppendUint32(nil, uint32(s)) }

// Attributes returns the payload of an answer: success, and the attributes.
func Attributes(all ...isns.Attribute) []byte {
	b := Refusal(isns.StatusSuccess)
	for _, a := range all {
		b = AppendAttribute(b, a.Tag, a.Value)
	}
	return b
}

// AppendAttribute appends an attribute with any value, such as one that is not padded.
func AppendAttribute(b []byte, t isns.Tag, value []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(t))
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// AppendPDU appends a PDU with any header.
func AppendPDU(b []byte, h isns.Header, payload []byte) []byte {
	for _, v := range [...]uint16{h.Version, uint16(h.Function), h.Length, uint16(h.Flags), h.TransactionID, h.SequenceID} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return append(b, payload...)
}

// pdus returns the reply in PDUs.
func (r *Reply) pdus() (all [][]byte) {
	rest := r.Payload
	for i := 0; i == 0 || len(rest) > 0; i++ {
		piece := rest[:min(r.PDUSize, len(rest))]
		rest = rest[len(piece):]
		h := isns.Header{Version: isns.Version, Function: r.Function, Length: uint16(len(piece)), Flags: isns.FlagServer, TransactionID: r.ID, SequenceID: uint16(i)}
		if i == 0 {
			h.Flags |= isns.FlagFirst
		}
		if len(rest) == 0 && !r.Endless {
			h.Flags |= isns.FlagLast
		}
		all = append(all, AppendPDU(nil, h, piece))
	}
	if r.Edit != nil {
		all = r.Edit(all)
	}
	return all
}

// send sends the reply; false: there is nothing more to be said on the connection.
func (r *Reply) send(nc net.Conn) bool {
	all := r.pdus()
	if r.Silent {
		all, r.Endless = nil, false
	}
	for seq := uint16(0); ; {
		for _, p := range all {
			if r.Endless { // each PDU follows the one before
				binary.BigEndian.PutUint16(p[10:], seq)
				seq++
			}
			if !r.write(nc, p) {
				return false
			}
		}
		if !r.Endless {
			break
		}
		for _, p := range all {
			binary.BigEndian.PutUint16(p[6:], uint16(isns.FlagServer))
		}
	}
	if r.Close {
		_ = nc.Close()
	}
	return !r.Close
}

// write writes bytes at the pace of the reply.
func (r *Reply) write(nc net.Conn, b []byte) bool {
	step := len(b)
	if r.Slow > 0 {
		step = 1
	}
	for len(b) > 0 {
		if r.Slow > 0 {
			time.Sleep(r.Slow)
		}
		n, err := nc.Write(b[:min(step, len(b))])
		if b = b[n:]; err != nil {
			return false
		}
	}
	return true
}
