package machine

import (
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/auto"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// The words of --ipsec-enforcer.
const (
	EnforcerAuto       = "auto"
	EnforcerUserspace  = "userspace"
	EnforcerStrongswan = "strongswan"
	EnforcerXFRM       = "xfrm"
)

// SystemEnforcer returns an enforcer by its word.
func SystemEnforcer(name string) enforce.Enforcer {
	switch name {
	case EnforcerXFRM:
		return &xfrm.Enforcer{}
	case EnforcerStrongswan:
		return &strongswan.Enforcer{}
	case EnforcerUserspace:
		return auto.New().Own
	}
	return auto.New()
}

// A Choice is an enforcer that was chosen, or would be, and why not the one before it.
type Choice = auto.Choice

// Heard are the functions that an enforcer tells what is in no result.
type Heard struct {
	Warn   func(ipsec.Warning) // of no portal in particular
	Chosen func(Choice)        // nil: it is not told
}

// Hear has an enforcer tell.
func Hear(e enforce.Enforcer, h Heard) {
	switch e := e.(type) {
	case *strongswan.Enforcer:
		e.Warn = h.Warn
	case *auto.Enforcer:
		e.Chosen = h.Chosen
		Hear(e.Daemon, h)
	}
}
