package registry_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// securedPortal is the portal that the server of these tests has a bitmap of.
const securedPortal = "192.0.2.10:3260"

// withBitmap returns a database in which the portal has a bitmap.
func withBitmap(flags ipsec.Flags) isnstest.Database {
	at := netip.MustParseAddrPort(securedPortal)
	return isnstest.Database{
		Nodes:   []isnstest.Node{{Name: iSNSA, Access: []isnstest.Access{{Portal: at, Group: 1}}}},
		Portals: []isnstest.Portal{{Address: at, Security: flags}},
	}
}

// secured has an enforcer and a key.
func secured(e *scene.FakeEnforcer) func(*registry.Config) {
	return func(c *registry.Config) { c.Discoverer.Enforcer, c.Discoverer.PSK = e, scene.GroupKey }
}

// The portal security bitmap of a server makes a plan stronger, and never weaker, whatever
// it is that says otherwise: flags, earlier adds, policies, the default. Where neither is
// the weaker the portal is not asked.
func TestISNSBitmap(t *testing.T) {
	t.Parallel()
	const (
		transport  = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
		tunnel     = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTunnel | ipsec.FlagMain
		aggressive = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagAggressive
		pfs        = ipsec.FlagPFS
		off        = ipsec.FlagValid
	)
	for _, tt := range []struct {
		name                    string
		flags, prev, rule, deft ipsec.Flags
		bitmap                  ipsec.Flags
		want                    ipsec.Flags // that decide; 0: no IPsec
		decides                 bool        // the bitmap
		ignored                 bool        // it is said to be
		code                    uint32
	}{
		{name: "nothing else", bitmap: transport, want: transport, decides: true},
		{name: "flags off", flags: off, bitmap: transport, want: transport, decides: true},
		{name: "earlier add off", prev: off, bitmap: transport, want: transport, decides: true},
		{name: "policy off", rule: off, bitmap: transport, want: transport, decides: true},
		{name: "default off", deft: off, bitmap: transport, want: transport, decides: true},
		{name: "flags less", flags: transport, bitmap: transport | pfs, want: transport | pfs, decides: true},
		{name: "flags more", flags: transport | pfs, bitmap: transport, want: transport | pfs, ignored: true},
		{name: "earlier add more", prev: transport | pfs, bitmap: transport, want: transport | pfs, ignored: true},
		{name: "policy more", rule: transport | pfs, bitmap: transport, want: transport | pfs, ignored: true},
		{name: "default more", deft: transport | pfs, bitmap: transport, want: transport | pfs, ignored: true},
		{name: "main mode goes first", bitmap: transport | ipsec.FlagAggressive, want: transport, decides: true},
		{name: "both modes", bitmap: transport | ipsec.FlagTunnel, want: transport, decides: true},
		{name: "bitmap off, flags", flags: transport, bitmap: off, want: transport},
		{name: "bitmap off, policy", rule: transport, bitmap: off, want: transport},
		{name: "bitmap off, default", deft: transport, bitmap: off, want: transport},
		{name: "bitmap off", bitmap: off},
		{name: "bitmap not valid", bitmap: transport &^ ipsec.FlagValid},
		{name: "reserved bits", bitmap: transport | 0xff00, want: transport, decides: true},
		{name: "the same", flags: transport, bitmap: transport, want: transport},
		{name: "another mode", flags: transport, bitmap: tunnel, code: isdsc.FailedToConfigureIPsec},
		{name: "aggressive with PFS", rule: transport, bitmap: aggressive | pfs, code: isdsc.FailedToConfigureIPsec},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &scene.FakeEnforcer{Aggressive: true}
			w, _ := newISNSWorld(t, isnstest.Config{Database: withBitmap(tt.bitmap)}, secured(e))
			e.Network = w.network
			asked := w.network.Portal(securedPortal, &iscsitest.Target{}, &iscsitest.Target{}, &iscsitest.Target{})
			if tt.prev != 0 {
				p := scene.At(asked)
				p.Security = tt.prev
				_, err := w.AddSendTargetPortal(t.Context(), p)
				scene.WantCode(t, err, isdsc.Success)
			}
			if tt.rule != 0 {
				scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: securedPortal, Flags: tt.rule}), isdsc.Success)
			}
			if tt.deft != 0 {
				scene.WantCode(t, w.SetDefaultSecurityFlags(t.Context(), tt.deft), isdsc.Success)
			}
			w.addServer()
			sessions := len(w.network.Sessions(asked))
			p := scene.At(asked)
			p.Security, p.IPsec.Gateway = tt.flags, netip.MustParseAddr("203.0.113.1")
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			for _, warning := range r.Warnings {
				if warning.Code == initiator.WarnGroupPolicy {
					t.Errorf("got %+v", warning)
				}
			}
			all, _, explained := w.ExplainEntry(t.Context(), p.Key())
			if explained != nil || len(all) != 1 {
				t.Fatalf("got %+v, %v", all, explained)
			}
			const undo = "; if the server is wrong, remove it: discover isns remove 192.0.2.205"
			const server = "the portal security bitmap of iSNS server 192.0.2.205"
			if tt.code != isdsc.Success {
				if len(w.network.Sessions(asked)) != sessions || !strings.Contains(err.Error(), server+" requires ") || !strings.Contains(err.Error(), "; change one of the two") || !strings.HasSuffix(err.Error(), undo) || all[0].Err == nil {
					t.Errorf("got %d sessions, %v, %v", len(w.network.Sessions(asked)), err, all[0].Err)
				}
				return
			}
			if got := r.IPsec.Flags &^ ipsec.FlagValid; r.IPsec.IPsec != (tt.want != 0) || tt.want != 0 && got != tt.want&^ipsec.FlagValid {
				t.Errorf("got plan %+v, want %s", r.IPsec, tt.want.Hex())
			}
			if decides := strings.Contains(all[0].Plan.Why, server); decides != tt.decides {
				t.Errorf("got why %q", all[0].Plan.Why)
			}
			if ignored := len(all[0].Ignored) == 1 && strings.HasPrefix(all[0].Ignored[0], server+" ("); ignored != tt.ignored {
				t.Errorf("got ignored %q", all[0].Ignored)
			}
		})
	}
}

// What a server says of security ends with the server, or when it says otherwise; until
// then IPsec may be used.
func TestISNSBitmapEnds(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
	w, server := newISNSWorld(t, isnstest.Config{Database: withBitmap(transport)})
	may := func(want bool) {
		t.Helper()
		if got, err := w.MayUseIPsec(t.Context()); got != want || err != nil {
			t.Errorf("got %t, %v, want %t", got, err, want)
		}
	}
	may(false)
	w.addServer()
	may(true)
	server.Change(func(d *isnstest.Database) { *d = withBitmap(ipsec.FlagValid) })
	w.refreshServer()
	may(false)
	server.Change(func(d *isnstest.Database) { *d = withBitmap(transport) })
	w.refreshServer()
	may(true)
	if err := w.RemoveISNSServer(t.Context(), serverPortal); err != nil {
		t.Fatal(err)
	}
	may(false)
}

// A bitmap that cannot be read fails its portal, and says what to do; others are asked.
func TestISNSBitmapDamaged(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"{", `{"flags":1}`, `{"flags":"x"}`} {
		w := newWorld(t)
		asked := w.network.Portal(securedPortal, &iscsitest.Target{})
		other := w.network.Portal("192.0.2.11:3260", &iscsitest.Target{})
		if err := w.store.Apply(t.Context(), registry.Change{Key: "isns-bitmap/192.0.2.10/03260/192.0.2.205/03205", Version: registry.AnyVersion, Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
		_, err := w.AddSendTargetPortal(t.Context(), scene.At(asked))
		if err == nil || len(w.network.Sessions(asked)) != 0 || !strings.Contains(err.Error(), "; refresh iSNS server 192.0.2.205 to replace it, or remove it") {
			t.Errorf("%s: got %v", value, err)
		}
		_, err = w.AddSendTargetPortal(t.Context(), scene.At(other))
		scene.WantCode(t, err, isdsc.Success)
	}
}

// A portal that a bitmap keeps from being asked says so, and how to end it.
func TestISNSBitmapUndo(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
	w, _ := newISNSWorld(t, isnstest.Config{Database: withBitmap(transport)})
	asked := w.network.Portal(securedPortal, &iscsitest.Target{})
	w.addServer()
	_, err := w.AddSendTargetPortal(t.Context(), scene.At(asked))
	const want = "; if the server is wrong, remove it: discover isns remove 192.0.2.205"
	if err == nil || len(w.network.Sessions(asked)) != 0 || !strings.HasSuffix(err.Error(), want) || !strings.Contains(err.Error(), "the portal security bitmap of iSNS server 192.0.2.205 says") {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := w.RemoveISNSServer(t.Context(), serverPortal); err != nil {
		t.Fatal(err)
	}
	_, err = w.AddSendTargetPortal(t.Context(), scene.At(asked))
	scene.WantCode(t, err, isdsc.Success)
}

// Where portals and servers are asked together, a bitmap that a server says for the first time
// counts for the portals already.
func TestISNSBitmapAtOnce(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
	w, server := newISNSWorld(t, isnstest.Config{Database: withBitmap(ipsec.FlagValid)})
	asked := w.network.Portal(securedPortal, &iscsitest.Target{}, &iscsitest.Target{})
	w.addServer()
	_, err := w.AddSendTargetPortal(t.Context(), scene.At(asked))
	scene.WantCode(t, err, isdsc.Success)
	server.Change(func(d *isnstest.Database) { *d = withBitmap(transport) })
	if err := w.Start(t.Context()); initiator.Code(err) != isdsc.OperationNotAllSuccess || len(w.network.Sessions(asked)) != 1 {
		t.Errorf("got %v and %d sessions, want that the portal is not asked again", err, len(w.network.Sessions(asked)))
	}
}

// An answer that is not complete, and one that fails, take no bitmap back.
func TestISNSBitmapKept(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
	mode := ""
	w, _ := newISNSWorld(t, isnstest.Config{Database: withBitmap(transport), Spoil: func(_ *isnstest.Request, r *isnstest.Reply) {
		switch mode {
		case "harmful":
			r.Payload = isnstest.Attributes(isns.TextAttribute(isns.TagISCSIName, "../b"), isns.NumberAttribute(isns.TagNodeType, 1))
		case "refused":
			r.Payload = isnstest.Refusal(isns.StatusBusy)
		}
	}})
	w.addServer()
	for _, mode = range []string{"harmful", "refused"} {
		r, _ := w.RefreshISNSServer(t.Context(), serverPortal)
		if may, err := w.MayUseIPsec(t.Context()); !may || err != nil || r.Err == nil && r.Answer.Complete {
			t.Errorf("%s: got %t, %v and %+v", mode, may, err, r)
		}
	}
}
