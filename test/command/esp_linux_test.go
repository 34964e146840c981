package command

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// An espWorld is a host with a kernel that has ESP, on which the command runs, and
// an array that answers under IPsec alone.
type espWorld struct {
	host *uml.Guest
	peer *uml.Peer

	here, there netip.Addr
}

// TestESP runs the command where IPsec is real: what it prints is what went over
// the wire.
func TestESP(t *testing.T) {
	t.Parallel()
	prefixes := func(list ...string) (all []netip.Prefix) {
		for _, s := range list {
			all = append(all, netip.MustParsePrefix(s))
		}
		return all
	}
	n := netns.New(t)
	near := prefixes("192.0.2.254/24", "2001:db8::fe/64")
	guests := uml.StartTogether(t,
		uml.Config{Namespace: n, Bridge: "lan", Near: near, Far: prefixes(hostAddress+"/24", "2001:db8::2/64"),
			Programs: []uml.Program{{Name: "discover", Package: "github.com/go-iscsi/discovery/cmd/discover"}}},
		uml.Config{Namespace: n, Bridge: "lan", Near: near, Far: prefixes(arrayAddress+"/24", "2001:db8::10/64"), Interface: "uml1"},
	)
	w := &espWorld{host: guests[0], peer: guests[1].StartPeer(t)}
	w.here, w.there = w.host.Addresses[0], w.peer.Addresses[0]
	charon := w.host.StartCharon(t, uml.CharonConfig{Options: []string{uml.AllowAggressive}})
	w.host.Run(t, "ln", "-s", charon.Socket, "/run/charon.vici") // where it is on other hosts
	w.peer.LIO.Add(t, uml.LIOTarget{Name: "iqn.2026-11.com.example:disk1"})
	t.Run("scan", w.testScan)
	t.Run("registry", w.testRegistry)
	t.Run("wrong key", w.testWrongKey)
}

// discover runs the command on the host, and returns all that it printed.
func (w *espWorld) discover(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := w.host.Exec(t.Context(), uml.Command{
		Args: append([]string{"discover", "--registry", "/run/registry.db"}, args...),
		Env:  []string{"PSK=" + uml.GroupKey, "WRONG=another key"},
	}, &out)
	t.Logf("discover %s\n%s%v", strings.Join(args, " "), out.String(), err)
	return out.String(), err
}

// watched looks at the wire while f runs.
func (w *espWorld) watched(t *testing.T, f func()) *wire.Traffic {
	t.Helper()
	c := targets.StartCapture(t, targets.CaptureConfig{Namespace: w.peer.Namespace, Interface: w.peer.Interface})
	f()
	c.Stop()
	return wire.Check(t, c.File, append(w.host.Addresses, w.peer.Addresses...)...)
}

// testScan: one shot, with all that it takes on the command line.
func (w *espWorld) testScan(t *testing.T) {
	for _, tt := range []struct {
		list string
		how  uml.Protection
		v6   bool
	}{
		{list: "transport", how: uml.Protection{}},
		{list: "transport,pfs", how: uml.Protection{PFS: true}, v6: true},
		{list: "tunnel,aggressive,pfs", how: uml.Protection{Tunnel: true, Aggressive: true, PFS: true}},
	} {
		t.Run(tt.list, func(t *testing.T) {
			here, there := w.here, w.there
			if tt.v6 {
				here, there = w.host.Addresses[1], w.peer.Addresses[1]
			}
			w.peer.Require(t, here, there, tt.how)
			clear := "/run/" + tt.list + ".pcapng"
			args := []string{"scan", "--ipsec", tt.list, "--ipsec-psk", "env:PSK", "--capture", clear, "-o", "json", there.String()}
			if tt.how.Tunnel {
				args = append(args, "--ipsec-outer", there.String())
			}
			var out string
			var err error
			traffic := w.watched(t, func() { out, err = w.discover(t, args...) })
			if err != nil || traffic.IKE == 0 || traffic.ESP == 0 {
				t.Fatalf("%v; got traffic %+v, want IKE and ESP", err, traffic)
			}
			if got := w.host.Run(t, "grep", "-c", "SendTargets=All", clear); got != "1\n" {
				t.Errorf("got %q lines with SendTargets in the capture of what was protected, want 1", got)
			}
			var document struct {
				Results []struct {
					Targets []struct{ Name string }
					IPsec   struct {
						Plan, Origin, Mode, Exchange string
						PFS                          bool
						Proof                        *struct {
							Enforcer, Mode, Exchange string
							Algorithms, SPIs         []string
							BytesOut                 int `json:"bytes_out"`
							BytesIn                  int `json:"bytes_in"`
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(out), &document); err != nil || len(document.Results) != 1 || len(document.Results[0].Targets) != 1 {
				t.Fatalf("%v: got %s", err, out)
			}
			i := document.Results[0].IPsec
			mode, exchange := "transport", "main"
			if tt.how.Tunnel {
				mode = "tunnel"
			}
			if tt.how.Aggressive {
				exchange = "aggressive"
			}
			if i.Plan != mode || i.Mode != mode || i.Exchange != exchange || i.PFS != tt.how.PFS || i.Origin != "flags" {
				t.Errorf("got plan %+v", i)
			}
			p := i.Proof
			if p == nil || p.Enforcer != "strongswan" || p.Mode != mode || p.Exchange != exchange || len(p.Algorithms) == 0 || len(p.SPIs) != 2 || p.BytesOut == 0 || p.BytesIn == 0 {
				t.Errorf("got proof %+v", p)
			}
		})
	}
}

// testRegistry: the same by what is in the registry: key, policy, default; and what
// is explained beforehand is what happens then.
func (w *espWorld) testRegistry(t *testing.T) {
	w.peer.Require(t, w.here, w.there, uml.Protection{PFS: true})
	run := func(want string, args ...string) {
		t.Helper()
		if out, err := w.discover(t, args...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%v, got %q, %v; want %q in it", args, out, err, want)
		}
	}
	run("stored", "ipsec", "psk", "set", "group", "env:PSK")
	run("added", "ipsec", "policy", "add", w.there.String()+"/32", "transport,pfs")
	traffic := w.watched(t, func() { run("enforcer  strongswan\n", "ipsec", "explain", w.there.String()) })
	if traffic.IKE+traffic.ESP > 0 {
		t.Errorf("explain: got traffic %+v, want none", traffic)
	}
	protected := func(f func()) {
		t.Helper()
		if traffic := w.watched(t, f); traffic.IKE == 0 || traffic.ESP == 0 {
			t.Errorf("got traffic %+v, want IKE and ESP", traffic)
		}
	}
	const how = "  under IPsec, transport mode, main mode of IKE, with PFS "
	// The policy comes before flags that are against it.
	protected(func() { run(how+"(existing); strongswan: ", "portal", "add", "--ipsec", "off", w.there.String()) })
	run("removed", "portal", "remove", w.there.String())
	protected(func() { run(how+"(existing); strongswan: ", "portal", "add", w.there.String()) })
	run("removed", "ipsec", "policy", "remove", w.there.String()+"/32")
	run("IPsec", "ipsec", "default", "transport,pfs")
	protected(func() { run(how+"(default); strongswan: ", "portal", "refresh") })
	protected(func() { run("disk1", "target", "list", "--refresh") })
}

// testWrongKey: there is no clear text instead.
func (w *espWorld) testWrongKey(t *testing.T) {
	w.peer.Require(t, w.here, w.there, uml.Protection{})
	traffic := w.watched(t, func() {
		out, err := w.discover(t, "scan", "--timeout", "1m", "-o", "json", "--ipsec", "transport", "--ipsec-psk", "env:WRONG", w.there.String())
		if err == nil || !strings.Contains(out, `"code_name":"ISDSC_FAILED_TO_CONFIGURE_IPSEC"`) || !strings.Contains(out, "the peer seems to have a different preshared key") {
			t.Errorf("got %q, %v", out, err)
		}
	})
	if traffic.IKE == 0 || traffic.ESP > 0 {
		t.Errorf("got traffic %+v, want IKE alone", traffic)
	}
}
