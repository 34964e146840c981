package main

import (
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// scopeFlags say for which initiator ports a key or a gateway is.
type scopeFlags struct {
	instance string
	port     portNumber
}

// scopeGroup is the headline of the flags.
const scopeGroup = "For which initiator ports; default: all"

func (s *scopeFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.Var(&text{&s.instance, "NAME"}, "instance", "the ports of this initiator instance")
	fs.Var(&s.port, "initiator-port", "one port of the instance by its number (see discover port list), or all (the default)")
	return fs
}

// check refuses what means no ports. Its error is a *machine.UsageError.
func (s *scopeFlags) check() error {
	switch {
	case s.port.each:
		return machine.Usagef("--initiator-port each: here it is a number or all")
	case s.instance == "" && s.port.number != ports.All:
		return machine.Usagef("--initiator-port %s goes with --instance: a number means nothing without an instance", s.port.number)
	}
	return nil
}
