package app

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/auto"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// TestHeard (issue 13, 36 and 37): what an enforcer tells of no portal is said.
func TestHeard(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	c := &Command{Env: machine.Env{Stderr: &stderr}}
	for _, word := range []string{"", machine.EnforcerAuto, machine.EnforcerStrongswan} {
		stderr.Reset()
		heard := c.Heard(machine.SystemEnforcer(word), nil)
		if a, ok := heard.(*auto.Enforcer); ok {
			heard = a.Daemon
		}
		e, ok := heard.(*strongswan.Enforcer)
		if !ok {
			t.Fatalf("%q has none of strongSwan", word)
		}
		e.Warn(ipsec.Warning{Code: enforce.WarnSwept, Message: "took out \x1b"})
		if got, want := stderr.String(), "discover: warning: took out \\x1b\n"; got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	c.Heard(machine.SystemEnforcer(machine.EnforcerXFRM), nil) // which tells nothing
}
