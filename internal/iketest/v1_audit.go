package iketest

import (
	"bytes"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// checkVendors audits the vendor IDs of message 1.
func (v *V1) checkVendors(list []ike.Payload) {
	nat := false
	for _, b := range payloads(list, V1Vendor) {
		nat = nat || bytes.Equal(b, natTVendor)
	}
	if !nat {
		v.fault("message 1 has no vendor ID of RFC 3947")
	}
}

// checkNATD audits the hashes of addresses: that of ours is right, that of the initiator
// is wrong, so that there seems to be a NAT.
func (v *V1) checkNATD(sa *v1SAState, list []ike.Payload, port uint16) {
	hashes := payloads(list, V1NATD)
	if len(hashes) != 2 {
		v.fault("there are not two hashes of addresses")
		return
	}
	if !bytes.Equal(hashes[0], v.hashOf(sa, v.cfg.Addr, port)) {
		v.fault("the hash of the responder's address is wrong")
	}
	if len(hashes[1]) != sa.suite.PRF.Len() {
		v.fault("the hash of the initiator's address is of a wrong length")
	}
	for _, p := range []uint16{0, ike.Port, ike.NATTPort, 40000} {
		if bytes.Equal(hashes[1], v.hashOf(sa, v.cfg.Initiator, p)) {
			v.fault("the hash of the initiator's address is right, so that ESP would not be in UDP")
		}
	}
}

// checkID audits the identification payload of phase 1.
func (v *V1) checkID(b []byte) {
	if len(b) < 5 || !bytes.Equal(b[1:4], []byte{0, 0, 0}) {
		v.fault("the identification payload of phase 1 has a protocol or a port, or is missing")
	}
}

// checkNotifies audits what the peer is told.
func (v *V1) checkNotifies(list []ike.Payload) {
	for _, b := range payloads(list, V1Notify) {
		if len(b) >= 8 && binary.BigEndian.Uint16(b[6:]) == 24578 {
			v.fault("INITIAL-CONTACT was sent")
		}
	}
}

// checkPadding audits the padding of an encrypted message: zeros, less than a block.
func (v *V1) checkPadding(sa *v1SAState, rest []byte) {
	if len(rest) >= sa.keys.block.BlockSize() || len(bytes.Trim(rest, "\x00")) != 0 {
		v.fault("the padding is wrong")
	}
}

// checkNATOA audits the original addresses of Quick Mode.
func (v *V1) checkNATOA(list []ike.Payload, tunnel bool) {
	got := payloads(list, V1NATOA)
	if tunnel {
		if len(got) != 0 {
			v.fault("there are original addresses in tunnel mode")
		}
		return
	}
	want := [][]byte{address(v.cfg.Initiator.AsSlice()), address(v.cfg.Addr.AsSlice())}
	if len(got) != 2 || !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[1], want[1]) {
		v.fault("the original addresses of transport mode are wrong")
	}
}

// address returns the body of a payload with an address.
func address(b []byte) []byte {
	kind := ike.IDIPv4Addr
	if len(b) == 16 {
		kind = ike.IDIPv6Addr
	}
	return append([]byte{uint8(kind), 0, 0, 0}, b...)
}
