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
	d.Enforcer = c.Heard(c.Enforcer(i.Enforcer), nil)
	c.Log().Info("ipsec", "enforcer", orAuto(i.Enforcer))
}

func orAuto(enforcer string) string {
	if enforcer == "" {
		return machine.EnforcerAuto
	}
	return enforcer
}

// Heard has an enforcer say on standard error what concerns no portal in
// particular, and log what it chooses, and returns it. chosen is told as well, if it is
// there.
func (c *Command) Heard(e enforce.Enforcer, chosen func(machine.Choice)) enforce.Enforcer {
	machine.Hear(e, machine.Heard{
		Warn: func(w ipsec.Warning) { c.Say("warning: %s", w.Message) },
		Chosen: func(choice machine.Choice) {
			c.Log().Info("ipsec", choiceText(&choice)...)
			if chosen != nil {
				chosen(choice)
			}
		},
	})
	return e
}

// choiceText is a choice for the log.
func choiceText(c *machine.Choice) []any {
	list := []any{"portal", c.Portal, "source", c.Source, "enforcer", c.Enforcer}
	if c.Before != "" {
		list = append(list, "not", c.Before, "why", c.Why)
	}
	return list
}
