package machine

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// SystemEnforcer returns an enforcer by its word. That of strongSwan is also the
// one for auto: where charon does not answer, it still tells what the kernel has,
// and uses that.
func SystemEnforcer(name string) enforce.Enforcer {
	if name == EnforcerXFRM {
		return &xfrm.Enforcer{}
	}
	return &strongswan.Enforcer{}
}

// Hear has an enforcer tell what concerns no portal in particular.
func Hear(e enforce.Enforcer, warn func(ipsec.Warning)) {
	if s, ok := e.(*strongswan.Enforcer); ok {
		s.Warn = warn
	}
}

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
