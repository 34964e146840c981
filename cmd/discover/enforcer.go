package main

import (
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// secure gives d who makes connections under IPsec, and looks what the system
// has, where that can matter: where a flag says anything about IPsec, or it may
// come from elsewhere, or the system has some. Otherwise d does without, and
// need not look at each connection for what is not there.
func (c *Command) secure(d *initiator.Discoverer, i *ipsecFlags, mayUse bool) {
	if c.Enforcer == nil {
		return
	}
	if !mayUse && !i.matter() {
		if some, err := c.HasIPsec(); err != nil || !some {
			d.NothingExists = err == nil
			return
		}
	}
	d.Enforcer = c.heard(c.Enforcer(i.enforcer))
	c.log().Info("ipsec", "enforcer", orAuto(i.enforcer))
}

// matter reports flags that say anything about IPsec. That there be none as well:
// what exists comes before flags.
func (i *ipsecFlags) matter() bool {
	return i.given() || i.unknown == render.UnknownRefuse || i.enforcer != ""
}

func orAuto(enforcer string) string {
	if enforcer == "" {
		return machine.EnforcerAuto
	}
	return enforcer
}

// heard has an enforcer say on standard error what concerns no portal in
// particular, and returns it.
func (c *Command) heard(e enforce.Enforcer) enforce.Enforcer {
	machine.Hear(e, func(w initiator.Warning) { c.say("warning: %s", w.Message) })
	return e
}
