//go:build !linux

package machine

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// SystemEnforcer is nil: what is to run over IPsec is refused.
var SystemEnforcer func(name string) enforce.Enforcer

// systemCleanIPsec is nil: there is no IKE daemon to clean up.
var systemCleanIPsec func(ctx context.Context, all, dry bool) ([]strongswan.Leftover, error)

// Hear does nothing: no enforcer of this system has anything to tell.
func Hear(enforce.Enforcer, func(ipsec.Warning)) {}

func systemHasIPsec() (bool, error) { return false, errors.ErrUnsupported }
