package ikev2

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"reflect"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

func TestProposals(t *testing.T) {
	t.Parallel()
	suites := []ike.Suite{ikeSuite(t, "aes256gcm16-prfsha256-ecp256"), ikeSuite(t, "3des-sha1-modp1024")}
	want := unhex(t, `
		02 00 00 24 01 01 00 03  03 00 00 0c 01 00 00 14 80 0e 01 00  03 00 00 08 02 00 00 05  00 00 00 08 04 00 00 13
		00 00 00 28 02 01 00 04  03 00 00 08 01 00 00 03  03 00 00 08 03 00 00 02  03 00 00 08 02 00 00 02  00 00 00 08 04 00 00 02`)
	got := appendProposals(nil, offerIKE(suites, nil)...)
	if !bytes.Equal(got, want) {
		t.Errorf("got %s\nwant %s", hex.EncodeToString(got), hex.EncodeToString(want))
	}
	list, err := parseProposals(want, 2)
	if err != nil || len(list) != 2 || !sameTransforms(list[0].transforms, ikeTransforms(suites[0])) {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := parseProposals(want, 1); err == nil {
		t.Error("two proposals are taken where one may be")
	}
	esp := appendProposals(nil, offerESP([]ike.ESPSuite{espSuite(t, "aes128-sha256-modp2048")}, []byte{1, 2, 3, 4}, true)...)
	want = unhex(t, `00 00 00 38 01 03 04 05 01 02 03 04  03 00 00 0c 01 00 00 0c 80 0e 00 80  03 00 00 08 03 00 00 0c
		03 00 00 08 04 00 00 0e  03 00 00 08 05 00 00 01  00 00 00 08 05 00 00 00`)
	if !bytes.Equal(esp, want) {
		t.Errorf("got %x\nwant %x", esp, want)
	}
}

func TestPicked(t *testing.T) {
	t.Parallel()
	suites := []ike.ESPSuite{espSuite(t, "aes256gcm16-ecp256"), espSuite(t, "aes128-sha256-ecp256")}
	gcm, group := transform{kind: 1, id: 20, bits: 256}, transform{kind: 4, id: 19}
	esn, noESN := transform{kind: 5, id: 1}, transform{kind: 5}
	spi := []byte{1, 2, 3, 4}
	for _, tt := range []struct {
		name   string
		p      proposal
		ok     bool
		isESN  bool
		number uint8
	}{
		{name: "without ESN", p: proposal{1, 3, spi, []transform{gcm, group, noESN}}, ok: true},
		{name: "with ESN, in another order", p: proposal{1, 3, spi, []transform{esn, group, gcm}}, ok: true, isESN: true},
		{name: "both", p: proposal{1, 3, spi, []transform{gcm, group, noESN, esn}}},
		{name: "no sequence numbers", p: proposal{1, 3, spi, []transform{gcm, group}}},
		{name: "no group", p: proposal{1, 3, spi, []transform{gcm, noESN}}},
		{name: "the group NONE", p: proposal{1, 3, spi, []transform{gcm, {kind: 4}, noESN}}},
		{name: "the group, and NONE", p: proposal{1, 3, spi, []transform{gcm, group, {kind: 4}, noESN}}},
		{name: "another size of the key", p: proposal{1, 3, spi, []transform{{kind: 1, id: 20, bits: 128}, group, noESN}}},
		{name: "no size of the key", p: proposal{1, 3, spi, []transform{{kind: 1, id: 20}, group, noESN}}},
		{name: "integrity as well", p: proposal{1, 3, spi, []transform{gcm, {kind: 3, id: 12}, group, noESN}}},
		{name: "twice the same", p: proposal{1, 3, spi, []transform{gcm, gcm, noESN}}},
		{name: "an unknown type", p: proposal{1, 3, spi, []transform{gcm, group, noESN, {kind: 9}}}},
		{name: "another number", p: proposal{2, 3, spi, []transform{gcm, group, noESN}}},
		{name: "number 0", p: proposal{0, 3, spi, []transform{gcm, group, noESN}}},
		{name: "number 3", p: proposal{3, 3, spi, []transform{gcm, group, noESN}}},
		{name: "IKE", p: proposal{1, 1, spi, []transform{gcm, group, noESN}}},
		{name: "a short SPI", p: proposal{1, 3, spi[:3], []transform{gcm, group, noESN}}},
		{name: "NULL", p: proposal{1, 3, spi, []transform{{kind: 1, id: 11}, group, noESN}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, ok := pickedESP(tt.p, suites, true)
			if ok != tt.ok || ok && (s.ESN != tt.isESN || s.Group != ike.ECP256) {
				t.Errorf("got %+v, %t, want %t with ESN %t", s, ok, tt.ok, tt.isESN)
			}
		})
	}
}

func TestSelectorCodec(t *testing.T) {
	t.Parallel()
	s := exact(netip.MustParseAddrPort("192.0.2.1:3260"))
	want := unhex(t, "01 00 00 00 07 06 00 10 0c bc 0c bc c0 00 02 01 c0 00 02 01")
	if got := appendSelectors(nil, s); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	s6 := exact(netip.MustParseAddrPort("[2001:db8::1]:3260"))
	for _, list := range [][]selector{{s}, {s6}, {s, s6, s}} {
		got, err := parseSelectors(appendSelectors(nil, list...))
		if err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("got %+v, %v, want %+v", got, err, list)
		}
	}
	for _, bad := range []string{"", "00 00 00 00", "11 00 00 00", "02 00 00 00" + hex.EncodeToString(want[4:]), "01 00 00 00 07 06 00 08 00 00 ff ff",
		"01 00 00 00 08 06 00 10 0c bc 0c bc c0 00 02 01 c0 00 02 01", hex.EncodeToString(want) + "00"} {
		if got, err := parseSelectors(unhex(t, bad)); err == nil {
			t.Errorf("%q: got %+v, want an error", bad, got)
		}
	}
}

func TestAgreed(t *testing.T) {
	t.Parallel()
	at := func(addr string, protocol uint8, low, high uint16) selector {
		a := netip.MustParseAddr(addr)
		return selector{protocol: protocol, portLow: low, portHigh: high, addrLow: a, addrHigh: a}
	}
	need := at("192.0.2.1", 6, 40000, 40000)
	wide := at("192.0.2.1", 0, 0, 65535)
	subnet := wide
	subnet.addrHigh = netip.MustParseAddr("192.0.2.255")
	for _, tt := range []struct {
		name      string
		answer    []selector
		offered   selector
		transport bool
		want      bool
	}{
		{"as offered", []selector{need}, need, false, true},
		{"narrowed", []selector{need}, wide, false, true},
		{"narrowed to two, of which one covers it", []selector{at("192.0.2.1", 17, 0, 65535), need}, wide, false, true},
		{"narrowed to others", []selector{at("192.0.2.1", 6, 1, 2)}, wide, false, false},
		{"wider than offered", []selector{wide}, need, false, false},
		{"a subnet", []selector{subnet}, wide, false, false},
		{"one of two wider", []selector{need, subnet}, wide, false, false},
		{"another address", []selector{at("192.0.2.9", 6, 40000, 40000)}, need, false, false},
		{"an address translated, transport", []selector{at("198.51.100.9", 6, 40000, 40000)}, need, true, true},
		{"an address translated, other port", []selector{at("198.51.100.9", 6, 1, 1)}, need, true, false},
		{"another family, transport", []selector{at("2001:db8::1", 6, 40000, 40000)}, need, true, false},
		{"a subnet, transport", []selector{subnet}, wide, true, false},
		{"none", nil, wide, false, false},
	} {
		if _, ok := agreed(tt.answer, tt.offered, need, tt.transport); ok != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, ok, tt.want)
		}
	}
}

func TestDeleteAndNotify(t *testing.T) {
	t.Parallel()
	d := deletion{protocol: protocolESP, spis: []uint32{0x01020304, 5}}
	if want := unhex(t, "03 04 00 02 01 02 03 04 00 00 00 05"); !bytes.Equal(d.payload().Body, want) {
		t.Errorf("got %x, want %x", d.payload().Body, want)
	}
	if got, err := parseDelete(d.payload().Body); err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("got %+v, %v, want %+v", got, err, d)
	}
	if want := unhex(t, "01 00 00 00"); !bytes.Equal(deletion{protocol: protocolIKE}.payload().Body, want) {
		t.Errorf("got %x, want %x", deletion{protocol: protocolIKE}.payload().Body, want)
	}
	many := append([]byte{3, 4, 0, 65}, make([]byte, 4*65)...)
	for _, bad := range [][]byte{nil, {3, 4, 0, 1}, {3, 8, 0, 0, 1}, {3, 4, 0, 1, 1, 2, 3, 4, 5}, {1, 8, 0, 1}, many} {
		if got, err := parseDelete(bad); err == nil {
			t.Errorf("%x: got %+v, want an error", bad, got)
		}
	}
	n := notify{protocol: 3, kind: notifyRekeySA, spi: []byte{1, 2, 3, 4}, data: []byte("x")}
	if got, err := parseNotify(n.payload().Body); err != nil || !reflect.DeepEqual(got, n) {
		t.Errorf("got %+v, %v, want %+v", got, err, n)
	}
	if got, err := parseNotify([]byte{0, 9, 0, 1, 2}); err == nil {
		t.Errorf("got %+v, want an error", got)
	}
}
