package xfrm

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// algo returns an attribute that names an algorithm.
func algo(typ uint16, name string, bits uint32) []byte {
	v := make([]byte, 64, 72)
	copy(v, name)
	v = binary.NativeEndian.AppendUint32(v, bits)
	return attr(typ, append(v, make([]byte, 4+bits/8)...))
}

// newState returns what the kernel lists of an association from source to
// portal.
func newState(attrs ...[]byte) []byte {
	b := make([]byte, stateLen)
	putAddr(b[stateDestination:], portal.Addr())
	putAddr(b[stateSource:], source)
	binary.BigEndian.PutUint32(b[stateSPI:], 0xc0000001)
	b[stateProtocol] = protoESP
	binary.NativeEndian.PutUint64(b[stateBytes:], 1000)
	binary.NativeEndian.PutUint32(b[stateReqid:], 7)
	binary.NativeEndian.PutUint16(b[stateFamily:], familyIPv4)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func TestParseState(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		attrs      [][]byte
		algorithms string
		weak       bool
	}{
		{name: "CBC and HMAC", attrs: [][]byte{algo(attrDigest, "hmac(sha256)", 256), algo(attrDigestTrunc, "hmac(sha256)", 256), algo(attrCipher, "cbc(aes)", 128)}, algorithms: "esp cbc(aes)-128 hmac(sha256)-256"},
		{name: "GCM", attrs: [][]byte{algo(attrAEAD, "rfc4106(gcm(aes))", 288)}, algorithms: "esp rfc4106(gcm(aes))-288"},
		{name: "no encryption", attrs: [][]byte{algo(attrDigest, "hmac(sha1)", 160), algo(attrCipher, "ecb(cipher_null)", 0)}, algorithms: "esp hmac(sha1)-160", weak: true},
		{name: "GMAC", attrs: [][]byte{algo(attrAEAD, "rfc4543(gcm(aes))", 160)}, algorithms: "esp rfc4543(gcm(aes))-160", weak: true},
		{name: "no authentication", attrs: [][]byte{algo(attrDigest, "digest_null", 0), algo(attrCipher, "cbc(aes)", 256)}, algorithms: "esp cbc(aes)-256", weak: true},
		{name: "a name without an end", attrs: [][]byte{attr(attrCipher, make([]byte, 60))}, algorithms: "esp", weak: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := parseState(newState(tt.attrs...))
			if err != nil {
				t.Fatal(err)
			}
			if got := s.algorithms(); got != tt.algorithms {
				t.Errorf("algorithms: got %q, want %q", got, tt.algorithms)
			}
			if got := s.cipher == "" || s.digest == ""; got != tt.weak {
				t.Errorf("weak: got %v, want %v", got, tt.weak)
			}
			want := state{from: source, to: portal.Addr(), spi: 0xc0000001, protocol: protoESP, mode: ipsec.TransportMode, reqid: 7, bytes: 1000}
			s.cipher, s.digest = "", ""
			if s != want {
				t.Errorf("got %+v, want %+v", s, want)
			}
		})
	}
	if _, err := parseState(newState()[:stateLen-1]); err == nil {
		t.Error("half a state is one")
	}
}

// TestServes: which associations a template may mean.
func TestServes(t *testing.T) {
	t.Parallel()
	out, in := flows(source, portal)
	gate := addr("203.0.113.1")
	transport := newTemplate(ipsec.TransportMode, source, portal.Addr(), 7)
	tunnel := newTemplate(ipsec.TunnelMode, source, gate, 7)
	any := newTemplate(ipsec.TransportMode, addr("0.0.0.0"), addr("0.0.0.0"), 0)
	anyTunnel := newTemplate(ipsec.TunnelMode, addr("0.0.0.0"), addr("0.0.0.0"), 0)
	for _, tt := range []struct {
		name   string
		tmpl   template
		flow   flow
		change func(*state)
		want   bool
	}{
		{name: "the one", tmpl: transport, flow: out, want: true},
		{name: "the other direction", tmpl: transport, flow: in},
		{name: "another reqid", tmpl: transport, flow: out, change: func(s *state) { s.reqid = 8 }},
		{name: "any reqid", tmpl: any, flow: out, change: func(s *state) { s.reqid = 8 }, want: true},
		{name: "another mode", tmpl: transport, flow: out, change: func(s *state) { s.mode = ipsec.TunnelMode }},
		{name: "AH", tmpl: transport, flow: out, change: func(s *state) { s.protocol = protoAH }},
		{name: "a placeholder", tmpl: transport, flow: out, change: func(s *state) { s.spi = 0 }},
		{name: "without keys", tmpl: transport, flow: out, change: func(s *state) { s.cipher = "" }},
		{name: "another end", tmpl: transport, flow: out, change: func(s *state) { s.to = gate }},
		{name: "tunnel to the gateway", tmpl: tunnel, flow: out, change: func(s *state) { s.to, s.mode = gate, ipsec.TunnelMode }, want: true},
		{name: "tunnel to the portal", tmpl: tunnel, flow: out, change: func(s *state) { s.mode = ipsec.TunnelMode }},
		{name: "tunnel to wherever", tmpl: anyTunnel, flow: out, change: func(s *state) { s.mode = ipsec.TunnelMode }, want: true},
	} {
		s := state{from: source, to: portal.Addr(), spi: 1, protocol: protoESP, mode: ipsec.TransportMode, reqid: 7, cipher: "x"}
		if tt.change != nil {
			tt.change(&s)
		}
		if got := s.serves(&tt.tmpl, tt.flow); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	optional := transport
	optional[templateOptional] = 1
	if !served(nil, []template{optional}, out) || served(nil, []template{transport}, out) {
		t.Error("an optional template has to be served, or another one has not")
	}
}

// TestProve: what counters come to.
func TestProve(t *testing.T) {
	t.Parallel()
	out, in := flows(source, portal)
	a := Association{Mode: ipsec.TransportMode, Local: source, Remote: portal.Addr(), Reqid: 7}
	one := func(f flow, spi uint32, bytes uint64) state {
		return state{from: f.from.Addr(), to: f.to.Addr(), spi: spi, protocol: protoESP, mode: ipsec.TransportMode, reqid: 7, bytes: bytes, cipher: "c", digest: "d"}
	}
	before := []state{one(out, 1, 100), one(in, 2, 200)}
	for _, tt := range []struct {
		name  string
		after []state
		bytes [2]uint64 // out, in
		spis  []uint32
		fails bool
	}{
		{name: "both ways", after: []state{one(out, 1, 150), one(in, 2, 260)}, bytes: [2]uint64{50, 60}, spis: []uint32{1, 2}},
		{name: "with new keys", after: []state{one(out, 1, 150), one(out, 3, 7), one(in, 2, 260), one(in, 4, 8)}, bytes: [2]uint64{57, 68}, spis: []uint32{1, 3, 2, 4}},
		{name: "nothing", after: before, fails: true},
		{name: "nothing came", after: []state{one(out, 1, 150), one(in, 2, 200)}, fails: true},
		{name: "nothing left", after: []state{one(out, 1, 100), one(in, 2, 260)}, fails: true},
		{name: "gone", fails: true},
		{name: "of others", after: []state{{from: source, to: portal.Addr(), spi: 9, protocol: protoESP, mode: ipsec.TransportMode, reqid: 8, bytes: 9, cipher: "c", digest: "d"}}, fails: true},
		{name: "not encrypted", after: []state{{from: source, to: portal.Addr(), spi: 9, protocol: protoESP, mode: ipsec.TransportMode, reqid: 7, bytes: 9, digest: "d"}, one(in, 2, 260)}, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := secureDialer{dialer: Dialer{Hold: Demand(a), Source: source}, portal: portal, before: counted(before)}
			p, err := d.prove(tt.after)
			if (err != nil) != tt.fails {
				t.Fatalf("got error %v, want one: %v", err, tt.fails)
			}
			if err != nil {
				return
			}
			if p.BytesOut != tt.bytes[0] || p.BytesIn != tt.bytes[1] || !cmp.Equal(p.SPIs, tt.spis) || p.Mode != "transport" || p.Enforcer != Name {
				t.Errorf("got %+v, want bytes %v, SPIs %v", p, tt.bytes, tt.spis)
			}
			if !cmp.Equal(p.Algorithms, []string{"esp c d"}) {
				t.Errorf("algorithms: got %v", p.Algorithms)
			}
		})
	}
}
