package verbs

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/ipsec/auto"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// TestIPsecExplainChoice (issue 18): which enforcer would set IPsec up, and why not the one
// that comes before it.
func TestIPsecExplainChoice(t *testing.T) {
	t.Parallel()
	l, e := newIPsecLab(t)
	l.enforcer = &auto.Enforcer{Daemon: &strongswan.Enforcer{Socket: t.TempDir() + "/none"}, Own: e}
	args := "ipsec explain --registry " + t.TempDir() + "/registry.db --ipsec transport --ipsec-psk env:PSK 192.0.2.10 "
	for args, want := range map[string]string{
		args:             "\n  enforcer  fake\n  not       strongswan: ",
		args + "-o json": `"enforcer":"fake","not_enforcer":"strongswan: `,
	} {
		if r := l.discover(t.Context(), strings.Fields(args)...); r.status != exit.OK || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: got %+v, want %q in it", args, r, want)
		}
	}
	r := l.discover(t.Context(), strings.Fields("-v scan --ipsec transport --ipsec-psk env:PSK 192.0.2.10")...)
	if want := "portal=192.0.2.10:3260 source=192.0.2.2 enforcer=fake not=strongswan why="; r.status != exit.OK || !strings.Contains(r.stderr, want) {
		t.Errorf("got %+v, want %q on standard error", r, want)
	}
}
