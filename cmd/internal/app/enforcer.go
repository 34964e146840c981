package app

import (
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// Secure gives d the enforcer of IPsec where IPsec can matter: where a flag says
// anything about it, where the registry may ask for it (mayUse), or where the system has
// some. Otherwise d gets none, and no connection has to look what the system has.
func (c *Command) Secure(d *initiator.Discoverer, i *flags.IPsec, mayUse bool) {
	if c.Enforcer == nil {
		return
	}
	if !mayUse && !i.AnyGiven() {
		if some, err := c.HasIPsec(); err != nil || !some {
			d.NothingExists = err == nil
			return
		}
	}
	d.Enforcer = c.Heard(c.Enforcer(i.Enforcer))
	c.Log().Info("ipsec", "enforcer", orAuto(i.Enforcer))
}

func orAuto(enforcer string) string {
	if enforcer == "" {
		return machine.EnforcerAuto
	}
	return enforcer
}

// Heard has an enforcer say on standard error what concerns no portal in
// particular, and returns it.
func (c *Command) Heard(e enforce.Enforcer) enforce.Enforcer {
	machine.Hear(e, func(w ipsec.Warning) { c.Say("warning: %s", w.Message) })
	return e
}
