//go:build !linux

package main

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// systemEnforcer is nil: what is to run over IPsec is refused.
var systemEnforcer func(name string) initiator.Enforcer

func hear(initiator.Enforcer, func(initiator.Warning)) {}

func systemHasIPsec() (bool, error) { return false, errors.ErrUnsupported }
