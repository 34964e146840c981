package machine

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// Enforcers are the words of --ipsec-enforcer on this system.
var Enforcers = []string{EnforcerAuto, EnforcerUserspace, EnforcerStrongswan, EnforcerXFRM}

// systemCleanIPsec takes out of charon what discoveries left there.
func systemCleanIPsec(ctx context.Context, all, dry bool) ([]strongswan.Leftover, error) {
	return new(strongswan.Enforcer).Cleanup(ctx, all, dry)
}

// systemHasIPsec reports whether the kernel has policies, or charon may have
// connections, so that it is worth a look at each portal. An error may mean that
// this process may not look, and gets no further later.
func systemHasIPsec() (bool, error) {
	if policies, err := xfrm.Any(); err != nil || policies {
		return policies, err
	}
	_, err := os.Stat(strongswan.DefaultSocket)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, err
}
