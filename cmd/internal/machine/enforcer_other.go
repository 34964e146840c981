//go:build !linux

package machine

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// Enforcers are the words of --ipsec-enforcer on this system: only on Linux are there an IKE
// daemon and policies of the kernel that can be used.
var Enforcers = []string{EnforcerAuto, EnforcerUserspace}

// systemCleanIPsec is nil: there is no IKE daemon to clean up.
var systemCleanIPsec func(ctx context.Context, all, dry bool) ([]strongswan.Leftover, error)

func systemHasIPsec() (bool, error) { return false, errors.ErrUnsupported }
