package ikev1

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// recorded returns the messages of a recording that have one of some signs.
func recorded(t testing.TB, name, sign string) (list [][]byte) {
	text, err := os.ReadFile("testdata/charon-" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); strings.Contains(sign, f[0]) {
			b, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, b)
		}
	}
	return list
}

// FuzzMessage reads messages in clear text.
func FuzzMessage(f *testing.F) {
	for _, b := range append(recorded(f, "main", "<>"), recorded(f, "aggressive", "<>")...) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ike.ParseHeader(b)
		if err != nil {
			return
		}
		p, err := readClear(h, b)
		if err != nil {
			return
		}
		if len(p.vendors) > maxVendors || len(p.natd) > maxNATD || len(p.ids) > 2 {
			t.Errorf("got %d vendor IDs, %d hashes of addresses, %d identities", len(p.vendors), len(p.natd), len(p.ids))
		}
		for _, l := range [][][]byte{p.notifies, p.deletes, p.ids} {
			for _, body := range l {
				parseBodies(body)
			}
		}
	})
}

// parseBodies reads a body as whatever it may be.
func parseBodies(b []byte) {
	_, _ = parseIdentification(b)
	_, _ = parseDeletion(b)
	if n, err := parseNotify(b); err == nil {
		lifetimeOf(n)
	}
}

// FuzzSA reads SA payloads. What is read and has one proposal is written and read again.
func FuzzSA(f *testing.F) {
	f.Add(ikeOffer([]ike.Suite{suite(f, "aes256-sha256-modp2048"), suite(f, "3des-sha1-modp1024")}))
	f.Add(espOffer([]ike.ESPSuite{espSuite(f, "aes256gcm16"), espSuite(f, "aes128-sha1-modp2048")}, true, []byte{1, 2, 3, 4}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseSA(b)
		if err != nil {
			return
		}
		if len(list) > maxProposals {
			t.Errorf("got %d proposals", len(list))
		}
		if len(list) != 1 {
			return
		}
		for _, tr := range list[0].transforms {
			if len(tr.attributes) > maxAttributes {
				t.Errorf("got %d attributes", len(tr.attributes))
			}
		}
		again, err := parseSA(appendSA(nil, list[0]))
		if err != nil || len(again) != 1 || len(again[0].transforms) != len(list[0].transforms) {
			t.Fatalf("written and read again: got %v, %v, want %v", again, err, list)
		}
		for i, tr := range again[0].transforms {
			if !sameAttributes(tr.attributes, list[0].transforms[i].attributes) {
				t.Errorf("got attributes %v, want %v", tr.attributes, list[0].transforms[i].attributes)
			}
		}
	})
}

// split cuts data into parts, each with its length in two bytes before it.
func split(data []byte) (parts [][]byte) {
	for len(data) > 2 && len(parts) < 64 {
		n := min(int(data[0])<<8|int(data[1]), len(data)-2)
		parts = append(parts, data[2:2+n])
		data = data[2+n:]
	}
	return parts
}

func joined(parts ...[]byte) (data []byte) {
	for _, p := range parts {
		data = append(append(data, byte(len(p)>>8), byte(len(p))), p...)
	}
	return data
}

// FuzzMachine gives a list of datagrams to a machine that has another key than the peer of
// the recordings. It is never established.
func FuzzMachine(f *testing.F) {
	for _, name := range []string{"main", "aggressive"} {
		f.Add(joined(recorded(f, name, "<")...), name == "aggressive")
		f.Add(joined(recorded(f, name, "<>")...), name == "aggressive")
	}
	f.Fuzz(func(t *testing.T, data []byte, aggressive bool) {
		cfg := config(t)
		cfg.Aggressive, cfg.Random = aggressive, &numbers{}
		cfg.Suites = []ike.Suite{suite(t, "aes256-sha256-modp2048")}
		if aggressive {
			cfg.Suites = []ike.Suite{suite(t, "aes256-sha1-modp2048")}
		}
		cfg.PSK = func() []byte { return []byte("another key") }
		m, now := New(cfg), time.Unix(0, 0)
		outputs := []ike.Output{m.Open(now, 1, want(t))}
		for _, part := range split(data) {
			now = now.Add(37 * time.Millisecond)
			port := ike.Port
			if len(part)%2 == 0 {
				port = ike.NATTPort
			}
			outputs = append(outputs, m.Receive(now, ike.Datagram{Port: port, Data: bytes.Clone(part)}), m.Tick(now))
		}
		for _, o := range outputs {
			for _, e := range o.Events {
				if _, ok := e.(ike.Down); !ok {
					t.Fatalf("got %T without the key", e)
				}
			}
		}
		if m.Reason(1) == nil {
			t.Error("there is no reason")
		}
		m.Close(now)
	})
}

// FuzzDecrypted gives payloads to a machine that are from the peer itself: before those of
// its answer in Quick Mode, in an Informational, before those of a Quick Mode of its own, and
// in their place.
func FuzzDecrypted(f *testing.F) {
	f.Add([]byte{11, 12, 0, 0, 0, 1, 1, 16, 141, 40, 1, 2, 3, 4}, uint8(1))
	f.Add([]byte{12, 12, 0, 0, 0, 1, 3, 4, 0, 1, 1, 2, 3, 4}, uint8(1))
	f.Add(append([]byte{1, 52}, espOffer([]ike.ESPSuite{espSuite(f, "aes256gcm16")}, true, []byte{1, 2, 3, 4})...), uint8(0))
	f.Add([]byte{13, 1, 7}, uint8(2))
	offer := append([]byte{1, 48}, espOffer([]ike.ESPSuite{espSuite(f, "aes256gcm16")}, false, []byte{1, 2, 3, 4})...)
	offer[1] = byte(len(offer) - 2)
	offer = append(append(offer, 10, 32), make([]byte, 32)...)
	for _, end := range []netip.AddrPort{portal, local} {
		id := identification{Identity: ike.AddrIdentity(end.Addr()), protocol: protocolTCP, port: end.Port()}.body()
		offer = append(append(offer, 5, byte(len(id))), id...)
	}
	f.Add(offer, uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, mode uint8) {
		var list []ike.Payload
		for len(data) > 2 && len(list) < 70 {
			n := min(int(data[1]), len(data)-2)
			list = append(list, ike.Payload{Type: data[0], Body: data[2 : 2+n]})
			data = data[2+n:]
		}
		cfg := peerConfig()
		cfg.Change = func(step iketest.Step, good []ike.Payload) []ike.Payload {
			switch {
			case step == iketest.Quick2 && mode == 0, step == iketest.Rekey1 && mode == 2:
				return append(list, good...)
			case step == iketest.Rekey1 && mode == 3 && len(list) > 0:
				return list
			}
			return good
		}
		n := &net{m: New(fast(t, true)), peer: iketest.NewV1(cfg), now: time.Unix(0, 0)}
		n.open(1, want(t))
		n.run(100*time.Millisecond, nil)
		if mode == 1 {
			n.fromPeer(n.peer.Inform(list...), n.peer.DPD(1))
			n.run(100*time.Millisecond, nil)
		}
		if children := n.peer.Children(); mode > 1 && len(children) > 0 {
			n.fromPeer(n.peer.Rekey(children[0]))
			n.run(time.Minute, nil)
		}
		for _, u := range n.ups(1) {
			if u.Tunnel || len(u.In.Key.Bytes()) != u.Suite.KeyLen() {
				t.Errorf("got %+v", u)
			}
		}
		n.do(n.m.Close(n.now))
	})
}
