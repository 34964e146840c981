package fleetflags

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// The length of the prefix of a registry, which ends in a slash, and what fleets have.
const (
	maxPrefix = 256
	fleetKeys = "/discover/v1/"
)

// CheckPrefix refuses a prefix that no registry in etcd can have.
func CheckPrefix(prefix string) error {
	switch {
	case len(prefix) < 2 || len(prefix) > maxPrefix || strings.ContainsFunc(prefix, unicode.IsControl):
		return exit.Usagef("--registry etcd:PREFIX: a prefix has from 1 to %d bytes and no control characters, such as etcd:/discover/registry/pair1/", maxPrefix)
	case strings.HasPrefix(prefix, fleetKeys):
		return exit.Usagef("--registry etcd:PREFIX: keys below %s are of fleets: use another prefix, such as etcd:/discover/registry/pair1/", fleetKeys)
	}
	if e := (*etcd.Error)(nil); errors.As(etcd.CheckPrefix(prefix), &e) {
		return exit.Usagef("--registry etcd:PREFIX: %s, such as etcd:/discover/registry/pair1/", e.Reason)
	}
	return nil
}

// OpenRegistry opens the registry in etcd below a prefix, as the environment says how etcd
// is reached. Closing it closes the connection as well.
func OpenRegistry(ctx context.Context, w *machine.Env, prefix string) (registry.Store, error) {
	if err := CheckPrefix(prefix); err != nil {
		return nil, err
	}
	if endpoints, _ := w.LookupEnv(EtcdVariable); endpoints == "" {
		return nil, errors.New("a registry in etcd needs " + EtcdVariable + " in the environment: the URLs of etcd's members, with commas between several")
	}
	var e Etcd
	e.FlagSet(false)
	if err := e.Understand(ctx, w); err != nil {
		return nil, err
	}
	e.SayExposed(func(format string, args ...any) {
		fmt.Fprintf(w.Stderr, "discover: %s\n", terminal.Visible(fmt.Sprintf(format, args...)))
	})
	client, err := e.Dial(ctx)
	if err != nil {
		return nil, err
	}
	store, err := etcd.Open(ctx, client, prefix)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &closing{store, client.Close}, nil
}

// A closing is a Store that has its connection to itself.
type closing struct {
	*etcd.Store
	end func() error
}

// Close closes the connection.
func (c *closing) Close() error { return errors.Join(c.Store.Close(), c.end()) }
