package strongswan

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// TestTypedIdentities (issue 13, 42): identities come to charon with their type, so
// that it makes nothing else of them, and as they were given. What is no identity
// does not come to it, from any source.
func TestTypedIdentities(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ local, remote, wantLocal, wantRemote string }{
		{"", "", "192.0.2.1", "192.0.2.10"},
		{"Host1.Example", "user@Array.example", "fqdn:Host1.Example", "email:user@Array.example"},
		{"host1@example.com", "2001:db8::10", "email:host1@example.com", "2001:db8::10"},
		{"", "*@example.com", "", ""}, {"", "C=CH, CN=a@b.com", "", ""}, {"", "asn1dn:#3000", "", ""}, {"%any@x", "", "", ""}, {"", "%any", "", ""}, {"", "0.0.0.0", "", ""}, {"a\nb", "", "", ""},
	} {
		c := newCharon(t, nil)
		e, _ := newEnforcer(t, c)
		s := secured(t, 0)
		s.PSK.Local, s.PSK.Remote = tt.local, tt.remote
		err := useOnce(t, e, s)
		c.mu.Lock()
		loaded, commands := c.loaded, len(c.commands)
		c.mu.Unlock()
		if tt.wantLocal == "" {
			wantType(t, err, badRequest)
			if _, err := e.Announce(t.Context(), s); fmt.Sprintf("%T", err) != badRequest {
				t.Errorf("%q: Announce: got %v", tt.remote, err)
			}
			if commands > 0 || len(loaded) > 0 {
				t.Errorf("%q and %q came to charon", tt.local, tt.remote)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want := []string{tt.wantLocal, tt.wantRemote}
		if got := []string{loaded[0].Sub("local").Text("id"), loaded[0].Sub("remote").Text("id")}; !cmp.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestProposals (issue 13, 31): a portal's own proposals come to charon, and go before
// what the Enforcer has for all.
func TestProposals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text     string
		flags    ipsec.Flags
		ike, esp string
	}{
		{text: "3des-sha1-modp1024,3des-sha1", ike: "3des-sha1-modp1024", esp: "3des-sha1"},
		{text: "aes256-sha384-ecp384,aes256-sha256", flags: ipsec.FlagPFS, ike: "aes256-sha384-ecp384", esp: "aes256-sha256-ecp384"},
		{text: "default", ike: "aes256-sha256-modp2048 aes128-sha256-modp2048 aes256-sha1-modp2048 aes128-sha1-modp2048", esp: "aes256gcm16 aes256-sha256 aes128-sha256 aes256-sha1 aes128-sha1"},
		{text: "legacy", flags: ipsec.FlagAggressive, ike: "aes256-sha1-modp1024 aes128-sha1-modp1024 3des-sha1-modp1024", esp: "aes256gcm16 aes256-sha256 aes128-sha256 aes256-sha1 aes128-sha1 3des-sha1"},
		{text: "null-sha1"}, {text: "esp=aes256-sha256-modp2048"},
		{text: "aes256-sha1-modp2048,aes256-sha1-modp1024", flags: ipsec.FlagAggressive},
	} {
		c := newCharon(t, nil)
		e, _ := newEnforcer(t, c)
		e.Legacy = true
		s := secured(t, tt.flags)
		s.Proposals = tt.text
		err := useOnce(t, e, s)
		if tt.ike == "" {
			wantType(t, err, badRequest)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		conn := c.loaded[0]
		if ike, esp := join(conn.List("proposals")), join(conn.Sub("children").Sub(c.loadedName()).List("esp_proposals")); ike != tt.ike || esp != tt.esp {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.text, ike, esp, tt.ike, tt.esp)
		}
	}
}
