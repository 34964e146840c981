package registry_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRules (issue 13, 6): rules hold for the portals of a Discoverer, are those of the
// moment when they were read, and go before what the Discoverer knows itself.
func TestRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	w.network.Portal("192.0.2.11:3260", &iscsitest.Target{})
	for _, persist := range []bool{true, false} { // also what ends with the Service
		id := map[bool]string{true: "192.0.2.10", false: "192.0.2.11"}[persist]
		scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: id, Key: scene.PSK("of " + id)}, persist), isdsc.Success)
		tunnel := registry.TunnelAddress{Destination: netip.MustParseAddr(id), Outer: netip.MustParseAddr("203.0.113.1")}
		scene.WantCode(t, w.SetTunnelModeOuterAddress(t.Context(), tunnel, persist), isdsc.Success)
	}
	scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "192.0.2.0/24", Flags: 0x47}), isdsc.Success)
	rules, err := w.Rules(t.Context())
	scene.WantCode(t, err, isdsc.Success)
	scene.WantCode(t, w.RemovePolicy(t.Context(), "192.0.2.0/24"), isdsc.Success) // too late

	e := &scene.FakeEnforcer{Network: w.network}
	d := &initiator.Discoverer{
		InitiatorName: scene.InitiatorName, Dial: w.network.Dial, Enforcer: e, Rules: rules,
		PSK: func(context.Context, ports.Port, enforce.Peer) (enforce.PSK, bool, error) {
			return enforce.PSK{Secret: scene.PSK("the Discoverer's")}, true, nil
		},
	}
	for _, tt := range []struct{ address, key string }{{"192.0.2.10", "the Discoverer's"}, {"192.0.2.11", "the Discoverer's"}} {
		e.Asked = nil
		_, err := d.Discover(t.Context(), scene.At(netip.MustParseAddrPort(tt.address+":3260")))
		scene.WantCode(t, err, isdsc.Success)
		// The peer is the gateway, for which the registry has no key.
		if len(e.Asked) != 1 || !e.Asked[0].PSK.Secret.Equal(scene.PSK(tt.key)) || e.Asked[0].Gateway != netip.MustParseAddr("203.0.113.1") {
			t.Errorf("%s: asked %+v", tt.address, e.Asked)
		}
		p := scene.At(netip.MustParseAddrPort(tt.address + ":3260"))
		p.IPsec.PeerID = tt.address // so it has
		e.Asked = nil
		_, err = d.Discover(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if len(e.Asked) != 1 || !e.Asked[0].PSK.Secret.Equal(scene.PSK("of "+tt.address)) {
			t.Errorf("%s: asked %+v", tt.address, e.Asked)
		}
	}
}

// TestRulesDamaged (issue 13, 6): a rule that cannot be read fails portals, rather than
// to let them be asked without it.
func TestRulesDamaged(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"policy/x", "psk/192.0.2.10//4294967295", "bitmap/192.0.2.10/03260/x", "setting/default-security-flags"} {
		var store registry.Store
		w := newWorld(t, func(cfg *registry.Config) { store = cfg.Store })
		w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
		if err := store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte("{")}); err != nil {
			t.Fatal(err)
		}
		rules, err := w.Rules(t.Context())
		scene.WantCode(t, err, isdsc.Success)
		d := &initiator.Discoverer{InitiatorName: scene.InitiatorName, Dial: w.network.Dial, Rules: rules, NothingExists: true}
		r, err := d.Discover(t.Context(), scene.At(netip.MustParseAddrPort("192.0.2.10:3260")))
		if err == nil || len(r.Targets) > 0 || len(w.network.Dials()) > 0 {
			t.Errorf("%s: got %v, and %d connections", key, err, len(w.network.Dials()))
		}
	}
}

// A countingStore counts the calls of a Store that are not about the records of one
// portal and its targets.
type countingStore struct {
	registry.Store
	mu    sync.Mutex // guards calls
	calls map[string]int
	delay time.Duration // of each call, from now on
}

func (s *countingStore) count(call, key string) {
	s.mu.Lock()
	delay := s.delay
	kind, rest, _ := strings.Cut(key, "/")
	switch own := rest != ""; {
	case kind == "portal" && own, kind == "bitmap" && own, kind == "found" && own, kind == "target" && own:
	case kind == "long":
	default:
		s.calls[call+" "+key]++
	}
	s.mu.Unlock()
	time.Sleep(delay)
}

func (s *countingStore) Get(ctx context.Context, key string) (registry.Record, error) {
	s.count("Get", key)
	return s.Store.Get(ctx, key)
}

func (s *countingStore) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	s.count("List", prefix)
	return s.Store.List(ctx, prefix)
}

// TestRulesAreReadOnce (issue 13, 21): what the registry says of all portals is read
// once for a refresh of 100, also with a policy for a portal group, and never by a
// connection.
func TestRulesAreReadOnce(t *testing.T) {
	t.Parallel()
	const most = 2 // calls of one kind: one to read the rules, and one by the run itself
	var before map[string]int
	for _, portals := range []int{1, 100} {
		store := &countingStore{calls: make(map[string]int)}
		w := newWorld(t, func(cfg *registry.Config) {
			store.Store, cfg.Store = cfg.Store, store
		})
		scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "tag=1", Flags: ipsec.FlagValid | ipsec.FlagIKE}), isdsc.Success)
		scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "203.0.113.0/24", Flags: ipsec.FlagValid}), isdsc.Success)
		_, err := w.SetInitiatorCHAPSecret(t.Context(), auth.NewSecret([]byte(scene.TargetSecret)), "")
		scene.WantCode(t, err, isdsc.Success)
		scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: ipsec.GroupID, Key: auth.NewSecret([]byte("preshared"))}, true), isdsc.Success)
		var keys []initiator.Key
		for i := range portals {
			target := func() *iscsitest.Target {
				return &iscsitest.Target{Records: []iscsitest.Record{{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%d", i), Addresses: []string{"192.0.2.200:3260,1"}}}}
			}
			p := scene.At(w.network.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), target(), target(), target()))
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, isdsc.Success)
			keys = append(keys, r.Asked.Key())
		}
		for name, refresh := range map[string]iter.Seq[initiator.Result]{
			"Refresh": w.Refresh(t.Context(), keys), "RefreshAll": w.RefreshAll(t.Context()),
		} {
			store.mu.Lock()
			clear(store.calls)
			store.mu.Unlock()
			n := 0
			for r := range refresh {
				if n++; r.Err != nil {
					t.Error(r.Err)
				}
			}
			for call, times := range store.calls {
				if times > most {
					t.Errorf("%s of %d portals: %q %d times", name, portals, call, times)
				}
			}
			if n != portals || store.calls["List policy/"] != 1 {
				t.Errorf("%s: %d results, %v", name, n, store.calls)
			}
		}
		clear(store.calls)
		for range w.RefreshAll(t.Context()) {
			break
		}
		if before != nil && len(before) != len(store.calls) {
			t.Errorf("100 portals: %v, 1 portal: %v", store.calls, before)
		}
		before = maps.Clone(store.calls)
	}
}

// TestSlowRegistryIsNotThePortals (issue 13, 21): a registry that takes longer to read
// than a portal has costs no portal its time.
func TestSlowRegistryIsNotThePortals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &countingStore{calls: make(map[string]int)}
		w := newWorld(t, func(cfg *registry.Config) {
			store.Store, cfg.Store = cfg.Store, store
			cfg.Discoverer.Timeout = time.Second
		})
		scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "tag=1", Flags: ipsec.FlagValid | ipsec.FlagIKE}), isdsc.Success)
		p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}, &iscsitest.Target{}))
		store.delay = 2 * time.Second
		if _, err := w.AddSendTargetPortal(t.Context(), p); err != nil {
			t.Error(err)
		}
		for r := range w.RefreshAll(t.Context()) {
			if r.Err != nil || r.Elapsed >= time.Second {
				t.Errorf("got %v after %v", r.Err, r.Elapsed)
			}
		}
	})
}

// TestSlowSecretIsNotThePortals (issue 13, 21): nor does the time that it takes to have
// the key of a peer, and that time is bounded by itself.
func TestSlowSecretIsNotThePortals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		takes time.Duration
		want  string
	}{
		{3 * time.Second, "the enforcer was asked"},
		{time.Hour, "no preshared key for 192.0.2.1 or for all peers: no answer within 5s"},
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Timeout = time.Second
			d.Enforcer = refusingEnforcer{}
			d.PSK = func(ctx context.Context, _ ports.Port, _ enforce.Peer) (enforce.PSK, bool, error) {
				select {
				case <-time.After(tt.takes):
					return enforce.PSK{Secret: auth.NewSecret([]byte("preshared"))}, true, nil
				case <-ctx.Done():
					return enforce.PSK{}, false, context.Cause(ctx)
				}
			}
			p := scene.Portal(n, scene.Where)
			p.Security = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
			_, err := d.Discover(t.Context(), p)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A refusingEnforcer finds nothing, and makes no connection.
type refusingEnforcer struct{}

func (refusingEnforcer) Means() ipsec.Means {
	return ipsec.Means{Enforcer: "refusing", Can: ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagTransport}
}

func (refusingEnforcer) Existing(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
	return ipsec.Existing{}, nil
}

func (refusingEnforcer) Dialer(context.Context, enforce.Request) (enforce.Dialer, error) {
	return nil, errors.New("the enforcer was asked")
}
