package openiscsi

import (
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// TestOptionsPrint: each option that an entry can have changes its print; how it went does
// not.
func TestOptionsPrint(t *testing.T) {
	t.Parallel()
	entry := func(change func(*registry.StoredPortal)) string {
		p := registry.StoredPortal{SendTargetPortal: initiator.SendTargetPortal{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}}
		change(&p)
		return optionsPrint(&p)
	}
	plain := entry(func(*registry.StoredPortal) {})
	seen := map[string]string{plain: "plain"}
	for name, change := range map[string]func(*registry.StoredPortal){
		"user":          func(p *registry.StoredPortal) { p.Login.Username = "host1" },
		"target's user": func(p *registry.StoredPortal) { p.Login.TargetUsername = "host1" },
		"reference":     func(p *registry.StoredPortal) { p.Login.PasswordRef = "file:/secret" },
		"secret":        func(p *registry.StoredPortal) { p.PasswordSet = true },
		"IPsec key":     func(p *registry.StoredPortal) { p.IPsecKeySet = true },
		"security":      func(p *registry.StoredPortal) { p.Security = ipsec.FlagIKE },
		"gateway":       func(p *registry.StoredPortal) { p.IPsec.Gateway = netip.MustParseAddr("192.0.2.1") },
		"name":          func(p *registry.StoredPortal) { p.Portal.SymbolicName = "array" },
	} {
		got := entry(change)
		if other, known := seen[got]; known {
			t.Errorf("%s: the same print as %s", name, other)
		}
		seen[got] = name
	}
	if got := entry(func(p *registry.StoredPortal) { p.Added, p.Last.Targets = time.Unix(1, 0), 3 }); got != plain {
		t.Error("how it went changes the print")
	}
}
