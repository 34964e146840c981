package strongswan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// secured2 is a connection for tests, by IKE version 2.
func secured2(t *testing.T, f ipsec.Flags) enforce.Request {
	s := secured(t, f)
	s.IKE = ipsec.IKEv2
	return s
}

// TestIKEv2 (issue 18): what charon is told for version 2, and what the proof says. With
// perfect forward secrecy the association that came with IKE_AUTH is renewed before the
// connection is made, and is not in the proof.
func TestIKEv2(t *testing.T) {
	t.Parallel()
	for _, flags := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel | ipsec.FlagPFS} {
		t.Run((flags | ipsec.FlagValid | ipsec.FlagIKE).String(), func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, nil)
			e, _ := newEnforcer(t, c)
			s := secured2(t, flags)
			d, err := e.Dialer(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			p, err := d.Proof(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			c.wantEmpty()
			if got := c.loaded[0].Text("version") + " " + c.loaded[0].Text("aggressive"); got != "2 no" {
				t.Errorf("version and aggressive: got %q, want 2 no", got)
			}
			if diff := cmp.Diff([]string{"child"}, c.phases); diff != "" {
				t.Errorf("initiated (-want +got):\n%s", diff)
			}
			want := enforce.Proof{
				Enforcer: Name, Mode: s.Plan.Mode.String(), Exchange: enforce.ExchangeIKEv2,
				Algorithms: []string{"ike AES_CBC-256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048", "esp AES_GCM_16-256"},
				SPIs:       []uint32{0xc0000002, 0xc0000001}, BytesOut: 1000, BytesIn: 1000,
			}
			if flags.Has(ipsec.FlagPFS) {
				want.Algorithms[1] += " MODP_2048"
				want.SPIs = []uint32{0xc0000004, 0xc0000003}
			}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Errorf("proof (-want +got):\n%s", diff)
			}
		})
	}
}

// TestIKEv2Failures (issue 18): the causes are those of version 1, and nothing is left in
// charon.
func TestIKEv2Failures(t *testing.T) {
	t.Parallel()
	const established = "IKE IKE_SA x[1] established between 192.0.2.1[192.0.2.1]...192.0.2.10[192.0.2.10]"
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		change func(*charon)
		want   string
	}{
		{name: "key or identity", want: enforce.KeyOrIdentity.String(), change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE received AUTHENTICATION_FAILED notify error"}
		}},
		{name: "the peer's proof is wrong", want: enforce.OtherKey.String(), change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE tried 1 shared key for '192.0.2.1' - '192.0.2.10', but MAC mismatched"}
		}},
		{name: "selectors", want: enforce.TrafficSelectors.String(), change: func(c *charon) {
			c.fails, c.log = true, []string{established, "IKE received TS_UNACCEPTABLE notify, no CHILD_SA built"}
		}},
		{name: "version", want: enforce.PeerSpeaksIKEv1.String(), change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE received INVALID_MAJOR_VERSION notify error"}
		}},
		{name: "another version", want: `IKE version "1", and not "2" as planned`, change: func(c *charon) {
			c.change = func(ike, _ map[string]string) { ike["version"] = "1" }
		}},
		{name: "no PFS", flags: ipsec.FlagPFS, want: enforce.NoESPProposal.String(), change: func(c *charon) { c.keeps = true }},
		{name: "no PFS, and it is told at once", flags: ipsec.FlagPFS, want: enforce.NoESPProposal.String(), change: func(c *charon) { c.keeps, c.hasty = true, true }},
		{name: "bytes before PFS", flags: ipsec.FlagPFS, want: "no perfect forward secrecy", change: func(c *charon) { c.used = true }},
		{name: "no renewal", flags: ipsec.FlagPFS, want: "rekey: no", change: func(c *charon) { c.refuse = map[string]string{"rekey": "no"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, tt.change)
			e, dials := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured2(t, tt.flags))
			if err == nil {
				d.Close()
				t.Fatal("no error")
			}
			wantType(t, err, failedToConfigure)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want %q in it", err, tt.want)
			}
			if len(dials) > 0 {
				t.Error("a connection was made")
			}
			c.wantEmpty()
		})
	}
}
