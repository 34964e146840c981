package settle_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/settle"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// errPower is the end of a store in the middle.
var errPower = errors.New("power failure")

// A store counts changes, and fails from one on.
type store struct {
	memstore.Store
	applies int
	fails   int // the number of the Apply that fails, with all after it; 0: none

	kinds []string // of the changes, without those of marks
}

func (s *store) Apply(ctx context.Context, changes ...registry.Change) error {
	if s.applies++; s.fails > 0 && s.applies >= s.fails {
		return errPower
	}
	for _, c := range changes {
		kind, _, _ := strings.Cut(c.Key, "/")
		if c.Delete {
			kind = "-" + kind
		}
		if kind == "portal" || strings.HasSuffix(kind, "fleet-policy") || kind == "-portal" {
			s.kinds = append(s.kinds, kind)
		}
	}
	return s.Store.Apply(ctx, changes...)
}

// A world is the registry of host web1 in fleet f.
type world struct {
	*testing.T
	*registry.Service
	store *store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, store: new(store)}
	w.open()
	return w
}

// open opens the registry again.
func (w *world) open() {
	s, err := registry.Open(registry.Config{
		Store: w.store,
		Discoverer: &initiator.Discoverer{
			InitiatorName: "iqn.2026-11.com.example:host", NothingExists: true,
			Enforcer: &scene.FakeEnforcer{Aggressive: true}, PSK: scene.GroupKey,
		},
		Secrets: func(_ context.Context, ref string) (auth.Secret, error) {
			if ref != "cred:there" && ref != "cred:target" {
				return auth.Secret{}, errors.New("there is no such credential")
			}
			return auth.NewSecret([]byte("secret of " + ref)), nil
		},
		Addresses: func() ([]ports.Address, error) {
			return []ports.Address{{Addr: netip.MustParseAddr("192.0.2.2"), Interface: "eth0", Up: true}}, nil
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Service = s
}

// apply applies what is wanted.
func (w *world) apply(is *host.Wanted) settle.Result {
	w.Helper()
	r, err := settle.Apply(w.Context(), w.Service, "f", is, "web1", "cred:key", "cred:password")
	if err != nil {
		w.Fatal(err)
	}
	entries, err := settle.EntriesOf(w.Context(), w.Service, "f")
	if err != nil || fmt.Sprint(entries) != fmt.Sprint(r.Entries) {
		w.Errorf("got entries %v, %v, and of the result %v", entries, err, r.Entries)
	}
	return r
}

// wants applies what is wanted, and holds what was done against what was to be.
func (w *world) wants(is *host.Wanted, changed, kept, faults int) settle.Result {
	w.Helper()
	r := w.apply(is)
	if r.Changed != changed || r.Kept != kept || len(r.Faults) != faults {
		w.Errorf("got %d changed, %d kept, faults %v, want %d, %d and %d", r.Changed, r.Kept, r.Faults, changed, kept, faults)
	}
	if before := w.store.applies; faults == 0 {
		if again := w.apply(is); again.Changed != 0 || w.store.applies != before {
			w.Errorf("got %d changes and %d writes when it was applied again", again.Changed, w.store.applies-before)
		}
	}
	return r
}

// has returns the entries of the registry in a few words.
func (w *world) has(want ...string) {
	w.Helper()
	var got []string
	for p, err := range w.SendTargetPortals(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		s := p.Portal.String()
		if p.Portal.SymbolicName != "" {
			s += " " + p.Portal.SymbolicName
		}
		if p.Port != ports.All {
			s += " from " + p.Instance + " " + p.Port.String()
		}
		if o := p.Login; o.EffectiveAuthType() != login.NoAuth {
			s += fmt.Sprintf(" CHAP %s %s", o.Username, o.PasswordRef)
			if o.EffectiveAuthType() == login.MutualCHAP {
				s += fmt.Sprintf(" mutual %s %s", o.TargetUsername, o.TargetPasswordRef)
			}
		}
		if o := p.Login; o.Has(login.SpecifiedHeaderDigest) {
			s += " " + o.HeaderDigest.String()
		}
		if p.Security != 0 {
			s += " " + p.Security.Hex()
		}
		got = append(got, s)
	}
	if !slices.Equal(got, want) {
		w.Errorf("got  %q\nwant %q", got, want)
	}
}

// policies returns the fleet's.
func (w *world) policies(want ...string) {
	w.Helper()
	var got []string
	for p, err := range w.FleetPolicies(w.Context(), "f") {
		if err != nil {
			w.Fatal(err)
		}
		got = append(got, p.Selector+" "+p.Flags.Hex())
	}
	if !slices.Equal(got, want) {
		w.Errorf("got policies %q, want %q", got, want)
	}
}

// local adds an entry of the host's own.
func (w *world) local(address, name string) {
	w.Helper()
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: address, Port: 3260, SymbolicName: name}, Port: ports.All}
	if _, err := w.StoreSendTargetPortal(w.Context(), p, true); err != nil {
		w.Fatal(err)
	}
}

func at(address string, change ...func(*fleet.Portal)) fleet.Portal {
	p := fleet.Portal{Schema: 1, Address: address, TCPPort: 3260}
	for _, c := range change {
		c(&p)
	}
	return p
}

func with(login string) func(*fleet.Portal) { return func(p *fleet.Portal) { p.Login = login } }
func flagged(f ipsec.Flags) func(*fleet.Portal) {
	return func(p *fleet.Portal) { p.Flags = uint64(f) }
}
func named(name string) func(*fleet.Portal)     { return func(p *fleet.Portal) { p.SymbolicName = name } }
func on(patterns ...string) func(*fleet.Portal) { return func(p *fleet.Portal) { p.Hosts = patterns } }

func portals(all ...fleet.Portal) *host.Wanted { return &host.Wanted{Portals: all} }
