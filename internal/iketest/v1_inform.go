package iketest

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

// notifyClear returns an error notify in clear text.
func (v *V1) notifyClear(sa *v1SAState, kind uint16) []byte {
	return v1Clear(sa, v1Informational, binary.BigEndian.Uint32(v.random(4)), []ike.Payload{{Type: V1Notify, Body: V1NotifyBody(1, kind, nil, nil)}})
}

// Clear returns an error notify in clear text, which anyone on the path could send, for
// the association that was begun last.
func (v *V1) Clear(kind uint16) ike.Datagram {
	sa := v.sas[len(v.sas)-1]
	return ike.Datagram{Port: sa.port, Data: v.notifyClear(sa, kind)}
}

// Inform returns an Informational with payloads, encrypted and hashed, for the association
// that was begun last.
func (v *V1) Inform(list ...ike.Payload) ike.Datagram {
	sa := v.sas[len(v.sas)-1]
	return ike.Datagram{Port: sa.port, Data: v.sealInform(sa, list)}
}

func (v *V1) sealInform(sa *v1SAState, list []ike.Payload) []byte {
	id := v.random(4)
	id[3] |= 1
	n := binary.BigEndian.Uint32(id)
	hash := sa.suite.PRF.PRF(sa.keys.a, id, ike.AppendPayloads(nil, list...))
	data, _ := v1Seal(sa, v1Informational, n, sa.phase2IV(n), append([]ike.Payload{{Type: V1Hash, Body: hash}}, list...))
	return data
}

// refuse sends an error notify that is encrypted and hashed.
func (v *V1) refuse(sa *v1SAState, kind uint16, spi []byte) {
	v.send(sa, Inform, v.sealInform(sa, []ike.Payload{{Type: V1Notify, Body: V1NotifyBody(3, kind, spi, nil)}}))
}

// DPD returns a question whether the initiator is alive.
func (v *V1) DPD(number uint32) ike.Datagram {
	return v.Inform(ike.Payload{Type: V1Notify, Body: V1NotifyBody(1, 36136, v.Cookies(), binary.BigEndian.AppendUint32(nil, number))})
}

// Cookies returns both cookies of the association that was begun last.
func (v *V1) Cookies() []byte {
	sa := v.sas[len(v.sas)-1]
	return append(sa.initiator[:], sa.responder[:]...)
}

// Delete returns a Delete of the association by which the peer receives for a child, and
// forgets the child.
func (v *V1) Delete(c Child) ike.Datagram {
	v.children = slices.DeleteFunc(v.children, func(o Child) bool { return o.In.SPI == c.In.SPI })
	return v.Inform(ike.Payload{Type: V1Delete, Body: V1DeleteBody(3, binary.BigEndian.AppendUint32(nil, c.In.SPI))})
}

// DeleteIKE returns a Delete of the IKE security association.
func (v *V1) DeleteIKE() ike.Datagram {
	return v.Inform(ike.Payload{Type: V1Delete, Body: V1DeleteBody(1, v.Cookies())})
}

// inform takes an Informational.
func (v *V1) inform(sa *v1SAState, h ike.Header, d ike.Datagram) bool {
	if d.Port != ike.NATTPort {
		v.fault("an informational went to port 500")
	}
	if sa.ids[h.MessageID] || h.MessageID == 0 {
		v.fault("a message ID was used again")
	}
	sa.ids[h.MessageID] = true
	list, chain, _, rest, ok := v1Open(sa, h, d.Data, sa.phase2IV(h.MessageID))
	if !ok || !hashed(sa, list, chain, binary.BigEndian.AppendUint32(nil, h.MessageID)) {
		v.fault("an informational is malformed, or its hash is wrong")
		return false
	}
	v.checkPadding(sa, rest)
	v.checkNotifies(list)
	for _, b := range payloads(list, V1Notify) {
		v.notified = append(v.notified, binary.BigEndian.Uint16(b[6:]))
	}
	for _, b := range payloads(list, V1Delete) {
		v.deleted(sa, b)
	}
	return true
}

// deleted handles a Delete of the initiator.
func (v *V1) deleted(sa *v1SAState, b []byte) {
	if len(b) < 8 || b[5] == 0 || len(b) != 8+int(b[5])*int(binary.BigEndian.Uint16(b[6:])) {
		v.fault("a delete is malformed")
		return
	}
	for s := b[8:]; len(s) > 0; s = s[b[5]:] {
		spi := s[:b[5]]
		if b[4] == 1 {
			if !bytes.Equal(spi, append(sa.initiator[:], sa.responder[:]...)) {
				v.fault("a delete of another IKE security association")
			}
			sa.up = false // and with it its children, as with charon
			v.children = slices.DeleteFunc(v.children, func(c Child) bool { return v.under[c.In.SPI] == sa })
			continue
		}
		v.Deleted = append(v.Deleted, binary.BigEndian.Uint32(spi))
		v.children = slices.DeleteFunc(v.children, func(c Child) bool { return c.Out.SPI == binary.BigEndian.Uint32(spi) })
	}
}

// Notified returns the notifies that were proved to be the initiator's.
func (v *V1) Notified() []uint16 { return v.notified }
