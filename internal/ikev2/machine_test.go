package ikev2

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

func TestNegotiation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, ike, esp string
		tunnel, esn    bool
	}{
		{name: "AES-GCM, transport", ike: "aes256gcm16-prfsha256-ecp256", esp: "aes256gcm16"},
		{name: "AES-GCM, tunnel", ike: "aes128gcm16-prfsha384-ecp384", esp: "aes128gcm16", tunnel: true},
		{name: "AES-CBC, SHA-256", ike: "aes256-sha256-modp2048", esp: "aes256-sha256"},
		{name: "AES-CBC, SHA-1", ike: "aes128-sha1-modp1024", esp: "aes128-sha1", tunnel: true},
		{name: "3DES", ike: "3des-sha1-modp1024", esp: "3des-sha1"},
		{name: "ChaCha20", ike: "chacha20poly1305-prfsha512-curve25519", esp: "chacha20poly1305"},
		{name: "SHA-384, SHA-512", ike: "aes256-sha384-modp3072", esp: "aes256-sha512"},
		{name: "perfect forward secrecy", ike: "aes256gcm16-prfsha256-ecp256", esp: "aes256gcm16-ecp256"},
		{name: "perfect forward secrecy by MODP", ike: "aes256-sha256-modp2048", esp: "aes256-sha256-modp2048", tunnel: true},
		{name: "extended sequence numbers", ike: "aes256-sha256-modp2048", esp: "aes256-sha256-modp2048", esn: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, func(c *ike.Config, v *iketest.V2Config) {
				c.Suites = []ike.Suite{ikeSuite(t, tt.ike)}
				v.Suites, v.ESP = c.Suites, []ike.ESPSuite{espSuite(t, tt.esp)}
				v.Tunnel, v.ESN = tt.tunnel, tt.esn
			})
			w.open(1, childOf(t, tt.tunnel, tt.esp))
			up := w.wantUp(1, 1)
			want := espSuite(t, tt.esp)
			want.ESN = tt.esn
			if up.Suite != want || up.Tunnel != tt.tunnel || up.Wide {
				t.Errorf("got %+v, want the suite %+v", up, want)
			}
			if e, ok := w.events[0].(ike.Established); !ok || e.Suite != ikeSuite(t, tt.ike) || e.Exchange != "ikev2" {
				t.Errorf("got %+v, want Established first", w.events[0])
			}
			if got := len(w.peer.Children()); got != 1 {
				t.Errorf("the responder has %d children, want 1: the one without perfect forward secrecy is deleted", got)
			}
			if want := start.Add(48 * time.Minute); w.tick.Before(want) || w.tick.After(want.Add(time.Minute)) {
				t.Errorf("it wants to be called at %v, want the rekey about %v", w.tick, want)
			}
			w.close()
			if w.peer.Alive() != 0 {
				t.Error("the responder keeps the security association after Close")
			}
		})
	}
}
