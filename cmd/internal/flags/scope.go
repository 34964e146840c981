package flags

import (
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// Scope has the flags that say for which initiator ports a key or a gateway is.
type Scope struct {
	Instance string
	Port     PortNumber
}

// ScopeGroup is the headline of the flags.
const ScopeGroup = "Which initiator ports it is for; default: all"

// FlagSet defines the flags.
func (s *Scope) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(&instanceName{&s.Instance}, "instance", "only the ports of this initiator instance")
	fs.Var(&s.Port, "initiator-port", "only the port with this number; all (the default): all ports of the instance")
	return fs
}

// Check refuses what means no ports. Its error is an *exit.UsageError.
func (s *Scope) Check() error {
	switch {
	case s.Port.Each:
		return exit.Usagef("--initiator-port each works only with scan: give a number or all")
	case s.Instance == "" && s.Port.Number != ports.All:
		return exit.Usagef("--initiator-port %s needs --instance: each instance has its own port numbers", s.Port.Number)
	}
	return nil
}
