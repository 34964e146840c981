package ikev1

import (
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A notify says that something is wrong, or is so (RFC 2408, section 3.14).
type notify struct {
	protocol uint8
	kind     uint16
	spi      []byte
	data     []byte
}

// body returns the body of the payload.
func (n notify) body() []byte {
	b := binary.BigEndian.AppendUint32(nil, doiIPsec)
	b = append(b, n.protocol, uint8(len(n.spi)))
	b = binary.BigEndian.AppendUint16(b, n.kind)
	return append(append(b, n.spi...), n.data...)
}

func parseNotify(b []byte) (n notify, err error) {
	if len(b) < 8 || len(b) < 8+int(b[5]) {
		return n, ike.ErrTruncated
	}
	if doi := binary.BigEndian.Uint32(b); doi != doiIPsec && doi != 0 { // 0: of ISAKMP itself
		return n, errNotify
	}
	at := 8 + int(b[5])
	return notify{b[4], binary.BigEndian.Uint16(b[6:]), b[8:at], b[at:]}, nil
}

// isError reports whether the notify refuses something.
func (n notify) isError() bool { return n.kind < notifyFirstStatus }

// A deletion says that associations are gone. For ESP it has the SPIs by which its sender
// has received, for ISAKMP both cookies, one after the other (RFC 2408, section 3.15).
type deletion struct {
	protocol uint8
	spis     [][]byte
}

// body returns the body of the payload.
func (d deletion) body() []byte {
	b := binary.BigEndian.AppendUint32(nil, doiIPsec)
	b = append(b, d.protocol, uint8(len(d.spis[0])))
	b = binary.BigEndian.AppendUint16(b, uint16(len(d.spis)))
	for _, s := range d.spis {
		b = append(b, s...)
	}
	return b
}

func parseDeletion(b []byte) (d deletion, err error) {
	if len(b) < 8 {
		return d, ike.ErrTruncated
	}
	size, n := int(b[5]), int(binary.BigEndian.Uint16(b[6:]))
	if doi := binary.BigEndian.Uint32(b); (doi != doiIPsec && doi != 0) || size == 0 || n > maxSPIs || len(b) != 8+n*size {
		return d, errNotify
	}
	d.protocol = b[4]
	for b = b[8:]; len(b) > 0; b = b[size:] {
		d.spis = append(d.spis, b[:size])
	}
	return d, nil
}
