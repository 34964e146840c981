package fleetflags

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// The environment variables that stand for flags that are not given.
const (
	EtcdVariable  = "DISCOVER_ETCD"  // of --etcd: URLs, separated by commas
	FleetVariable = "DISCOVER_FLEET" // of --fleet

	caCertVariable   = "DISCOVER_ETCD_CACERT"   // of --etcd-cacert
	certVariable     = "DISCOVER_ETCD_CERT"     // of --etcd-cert
	keyVariable      = "DISCOVER_ETCD_KEY"      // of --etcd-key
	userVariable     = "DISCOVER_ETCD_USER"     // of --etcd-user
	passwordVariable = "DISCOVER_ETCD_PASSWORD" // of --etcd-password: a reference
)

// A Fleet has the flags that name a fleet and its etcd.
type Fleet struct {
	Etcd
	Name string // of the fleet; empty: there is none
	keys fleet.Keys
}

// FlagSet defines the flags. asks says that the program may ask for a password at the
// terminal.
func (f *Fleet) FlagSet(asks bool) *pflag.FlagSet {
	fs := f.NameFlagSet()
	fs.AddFlagSet(f.Etcd.FlagSet(asks))
	return fs
}

// NameFlagSet defines the flag of the name alone.
func (f *Fleet) NameFlagSet() *pflag.FlagSet {
	fs := flags.NewSet()
	fs.Var(flags.NewText(&f.Name, "NAME"), "fleet", "the fleet; default: "+FleetVariable+" in the environment")
	return fs
}

// Understand takes from the environment what was not given, and reads the password. Its
// error is an *exit.UsageError.
func (f *Fleet) Understand(ctx context.Context, w *machine.Env) (err error) {
	if f.Name == "" {
		f.Name, _ = w.LookupEnv(FleetVariable)
	}
	if f.Name == "" {
		return exit.Usagef("--fleet is missing: give the name of the fleet, or set %s", FleetVariable)
	}
	if err := f.Etcd.Understand(ctx, w); err != nil {
		return err
	}
	if f.keys, err = fleet.NewKeys(f.Name); err != nil {
		return exit.Usagef("--fleet: %v", err)
	}
	return nil
}

// Keys returns the keys of the fleet, after Understand.
func (f *Fleet) Keys() fleet.Keys { return f.keys }
