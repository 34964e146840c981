package verbs

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestScanRules (issue 13, 6): where a scan reads the registry, its policies hold, with
// keys, gateways and the default; where it reads none, they do not.
func TestScanRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before, args string
		status             int
		plan, key, text    string
	}{
		{name: "without a registry", before: "ipsec policy add 192.0.2.0/24 transport", args: "", plan: "none"},
		{name: "instance", before: "ipsec policy add 192.0.2.0/24 transport", args: "--instance host", plan: "transport", key: "the key for all"},
		{name: "port", before: "ipsec policy add 192.0.2.0/24 transport", args: "--initiator-port all", plan: "transport", key: "the key for all"},
		{name: "each port", before: "ipsec policy add 192.0.2.0/24 transport", args: "--initiator-port each", plan: "transport", key: "the key for all"},
		{name: "against the flags", before: "ipsec policy add 192.0.2.10 tunnel,pfs", args: "--instance host --ipsec transport --ipsec-psk env:OWN", plan: "tunnel", key: "my own"},
		{name: "off against the flags", before: "ipsec policy add 192.0.2.10 off", args: "--instance host --ipsec transport --ipsec-psk env:OWN", plan: "none"},
		{name: "default", before: "ipsec default transport", args: "--instance host", plan: "transport", key: "the key for all"},
		{name: "flags of a key", before: "ipsec psk set --ipsec transport,pfs 192.0.2.10 env:TEN", args: "--instance host", plan: "transport", key: "of ten"},
		{name: "group", before: "ipsec policy add tag=1 transport", args: "--instance host", plan: "transport", key: "the key for all"},
		{name: "another group", before: "ipsec policy add tag=9 transport", args: "--instance host", plan: "none"},
		{name: "another portal", before: "ipsec policy add 192.0.2.11 transport", args: "--instance host", plan: "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, e := newIPsecLab(t)
			l.env["PSK"], l.env["TEN"], l.env["OWN"] = "the key for all", "of ten", "my own"
			registry := t.TempDir() + "/registry.db"
			discover := func(args string) ran {
				return l.discover(t.Context(), append(strings.Fields(args), "--registry", registry)...)
			}
			for _, args := range []string{"portal add 192.0.2.10", "ipsec psk set group env:PSK", "ipsec tunnel set 192.0.2.10 203.0.113.1", tt.before} {
				if r := discover(args); r.status != exit.OK {
					t.Fatalf("%s: got %+v", args, r)
				}
			}
			e.asked = nil
			r := discover("scan -o json 192.0.2.10 " + tt.args)
			if r.status != exit.OK || !strings.Contains(r.stdout, `"plan":"`+tt.plan+`"`) {
				t.Errorf("got %d, %s%s; want the plan %s", r.status, r.stdout, r.stderr, tt.plan)
			}
			if (len(e.asked) > 0) != (tt.plan != "none") {
				t.Errorf("got %d connections under IPsec with the plan %s", len(e.asked), tt.plan)
			}
			for _, s := range e.asked {
				if got := string(s.PSK.Secret.Reveal()); got != tt.key || (tt.plan == "tunnel") != (s.Gateway.IsValid() && s.Gateway.String() == "203.0.113.1") {
					t.Errorf("got the key %q, the gateway %s", got, s.Gateway)
				}
			}
			// Nothing is stored by it.
			if list := discover("portal list -o json"); strings.Count(list.stdout, `"portal":"192.0.2.10:3260"`) != 1 {
				t.Errorf("got %s", list.stdout)
			}
		})
	}
}
