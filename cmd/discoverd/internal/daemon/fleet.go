package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/fleetmember"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/fleetscan"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/metrics"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetflags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// fleetOptions are the flags of a fleet.
type fleetOptions struct {
	fleetflags.Fleet
	host  string
	lead  bool
	allow []netip.Prefix // of shared scans
}

func (o *fleetOptions) flagSet() *pflag.FlagSet {
	fs := flags.NewSet()
	fs.AddFlagSet(o.NameFlagSet())
	fs.Var(flags.NewText(&o.host, "NAME"), "fleet-host", "name of this host in the fleet: a-z, 0-9, '.', '_' and '-'; default: the host's name in lower case")
	fs.BoolVar(&o.lead, "fleet-lead", false, "let this host be elected to lead the fleet: it copies lists of targets for all to read, and notes silent hosts. Give it to two or three hosts, whose user at etcd may do so")
	fs.Var(&list{o.addAllow, "CIDR"}, "fleet-scan-allow", "addresses that this host may be told to scan by discover fleet scan, at any TCP port; may be repeated; default none")
	return fs
}

func (o *fleetOptions) addAllow(s string) error {
	p, err := parseCIDR(s)
	if err != nil {
		return err
	}
	if len(o.allow) == fleet.MaxAllowed {
		return fmt.Errorf("more than %d blocks", fleet.MaxAllowed)
	}
	o.allow = append(o.allow, p)
	return nil
}

// understand refuses flags that do not go together. Its error is an *exit.UsageError.
func (o *fleetOptions) understand(ctx context.Context, w *machine.Env, registry string) error {
	prefix, inEtcd := machine.RegistryInEtcd(registry)
	if name, _ := w.LookupEnv(fleetflags.FleetVariable); o.Name == "" && name == "" {
		switch {
		case o.host != "":
			return exit.Usagef("--fleet-host needs --fleet NAME as well")
		case o.lead:
			return exit.Usagef("--fleet-lead needs --fleet NAME as well")
		case len(o.allow) > 0:
			return exit.Usagef("--fleet-scan-allow needs --fleet NAME as well")
		case inEtcd:
			if err := fleetflags.CheckPrefix(prefix); err != nil {
				return err
			}
			return o.Etcd.Understand(ctx, w)
		case o.Given() != "":
			return exit.Usagef("%s needs --fleet NAME as well, or --registry etcd:PREFIX", o.Given())
		}
		return nil
	}
	if inEtcd {
		return exit.Usagef("--fleet and --registry etcd:PREFIX exclude each other: each host of a fleet has a registry of its own")
	}
	if err := o.Understand(ctx, w); err != nil {
		return err
	}
	if o.host == "" {
		name, err := w.Hostname()
		if err != nil {
			return exit.Usagef("--fleet: the name of this host is not known (%s): give --fleet-host NAME", wording.ReasonOnly(err))
		}
		o.host = strings.TrimSuffix(strings.ToLower(name), ".")
		if err := fleet.CheckHost(o.host); err != nil {
			return exit.Usagef("%v; give --fleet-host NAME", err)
		}
	}
	if err := fleet.CheckHost(o.host); err != nil {
		return exit.Usagef("--fleet-host: %v", err)
	}
	return nil
}

// joinFleet makes the daemon a host of its fleet, if it is to be one. The fleet may bring
// portals, so the registry is made where there is none. leave is called at the end.
func (d *daemon) joinFleet(ctx context.Context, registryPath string, cfg registry.Config) (leave func(), err error) {
	if d.fleet.Name == "" {
		return func() {}, nil
	}
	if store, err := sqlite.Open(ctx, registryPath); err != nil {
		d.Say("warning: the registry cannot be made or opened: %v; discoverd goes on, and tries again", err)
	} else if err := store.Close(); err != nil {
		return nil, err
	}
	client, err := d.fleet.New()
	if err != nil {
		return nil, err
	}
	asker := &fleetscan.Asker{Registry: cfg, Discoverer: d.scanner, Allow: d.fleet.allow}
	d.member, err = fleetmember.New(fleetmember.Config{
		Client: client, Keys: d.fleet.Keys(), Fleet: d.fleet.Name, Host: d.fleet.host, Lead: d.fleet.lead, Every: d.every, Service: d.service,
		Own:     append(d.fleet.Credentials(&d.Env), flags.Credentials(&d.Env, &d.Global.Key)...),
		Version: app.Version(), InitiatorName: d.Initiator.Name, ScanAllow: d.fleet.allow, Ask: asker.Ask, Asked: asker.Asked,
		Changed: func() { knock(d.reload); knock(d.recount); d.guard.Forget() }, Say: d.Say, Log: d.Log(),
	})
	if err != nil {
		_ = client.Close() // nothing was done with it
		return nil, err
	}
	d.table.SetFleet(d.fleetFigures)
	return func() { _ = client.Close() }, nil // all that used it has ended
}

// scanner returns a new Discoverer for a shard of a shared scan, with the limits of the
// flags: where they say nothing, those that discover scan has for blocks.
func (o *options) scanner() *initiator.Discoverer {
	limits := o.limits
	limits.Pace.UseBlockDefaults()
	if !limits.Retried {
		limits.Retries = 0
	}
	d := o.NewDiscoverer(&limits)
	d.InitiatorName = o.Initiator.Name
	o.Secure(d, &o.ipsec, true)
	most, _ := o.Connecting(d)
	fleetscan.Share(d, most)
	return d
}

// fleetFigures is how the daemon stands in its fleet, for the metrics.
func (d *daemon) fleetFigures() metrics.Fleet {
	s := d.member.State()
	return metrics.Fleet{
		Connected: s.Host.Connected, Since: s.Host.Since, Published: s.Host.Published, Waiting: s.Host.Waiting,
		Leading: s.Leader.Leading, Copied: s.Leader.Copied, Lacking: s.Leader.Lacking, Refused: s.Refused,
		Scans: s.Scan.Jobs, Shards: s.Scan.Shards, Scanned: s.Scanned,
	}
}

// fleetStatus is how the daemon stands in its fleet, for its service manager; empty: it is
// in none.
func (d *daemon) fleetStatus() string {
	if d.member == nil {
		return ""
	}
	s := d.member.State()
	text := "; not connected to fleet " + d.fleet.Name
	if s.Host.Connected {
		text = "; in fleet " + d.fleet.Name
	}
	if s.Leader.Leading {
		text += ", leading it"
	}
	return text
}
