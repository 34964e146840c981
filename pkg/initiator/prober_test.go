package initiator_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// fewAddresses are those of the host that probes.
func fewAddresses() ([]ports.Address, error) {
	return []ports.Address{
		{Addr: netip.MustParseAddr("192.0.2.254"), Interface: "eth0", Up: true},
		{Addr: netip.MustParseAddr("198.51.100.7"), Interface: "eth1"},
	}, nil
}

// newProber returns a Prober on a host with few addresses.
func newProber(d *initiator.Discoverer, kind initiator.ProbeKind) *initiator.Prober {
	p := d.NewProber(kind)
	p.Addresses = fewAddresses
	return p
}

// reaches returns the addresses of the first target of a result with what was found
// out about them.
func reaches(r *initiator.Result) map[string]string {
	found := make(map[string]string)
	for _, a := range r.Targets[0].Addresses {
		found[a.String()] = a.Reach.String()
	}
	return found
}

// TestProbe: what each address comes to, how it was connected to, and from where.
func TestProbe(t *testing.T) {
	t.Parallel()
	loggedIn := &iscsitest.Target{}
	tests := []struct {
		name    string
		address string
		there   []iscsitest.Handler // nil: refuses; empty: hangs
		tcp     string              // what a probe by TCP finds
		login   string              // and one with a login
		dialed  bool
		warning string // of a login
		never   string // why it is not tried
	}{
		{name: "the portal itself", address: scene.Where + ",1", tcp: "reachable", login: "reachable"},
		{name: "another port of it", address: "192.0.2.1:3261,1", there: []iscsitest.Handler{loggedIn}, tcp: "reachable", login: "reachable", dialed: true},
		{name: "another host", address: "192.0.2.2:3260,2", there: []iscsitest.Handler{loggedIn}, tcp: "reachable", login: "reachable", dialed: true},
		{name: "refuses", address: "192.0.2.3:3260,2", tcp: "refused", login: "refused", dialed: true},
		{name: "silent", address: "192.0.2.4:3260,2", there: []iscsitest.Handler{}, tcp: "unreachable", login: "unreachable", dialed: true},
		{
			name: "wants CHAP", address: "192.0.2.5:3260,2", there: []iscsitest.Handler{&iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret}},
			tcp: "reachable", login: "unreachable", dialed: true,
			warning: "192.0.2.5:3260: the login failed: target refused: authentication failure (0x0201)",
		},
		{name: "sends us on", address: "192.0.2.6:3260,2", there: []iscsitest.Handler{scene.Sends("192.0.2.66:3260")}, tcp: "reachable", login: "reachable", dialed: true},
		{
			name: "answers a login with silence", address: "192.0.2.7:3260,2", there: []iscsitest.Handler{&iscsitest.Target{Respond: mute}},
			tcp: "reachable", login: "unreachable", dialed: true,
			warning: "192.0.2.7:3260: the login failed: no answer within 5s",
		},
		{name: "IPv4 in IPv6", address: "[::ffff:192.0.2.2]:3260,2", there: []iscsitest.Handler{loggedIn}, tcp: "reachable", login: "reachable", dialed: true},
		{name: "this host", address: "192.0.2.254:3260,1", tcp: "not tried", login: "not tried", never: "an address of this host"},
		{name: "this host, interface down", address: "198.51.100.7:3260,1", tcp: "not tried", login: "not tried", never: "an address of this host"},
		{name: "loopback", address: "127.0.0.1:3260,1", tcp: "not tried", login: "not tried", never: "an address of this host"},
		{name: "loopback, IPv6", address: "[::1]:3260,1", tcp: "not tried", login: "not tried", never: "an address of this host"},
		{name: "loopback, IPv4 in IPv6", address: "[::ffff:127.0.0.2]:3260,1", tcp: "not tried", login: "not tried", never: "an address of this host"},
		{name: "no host", address: "224.0.0.1:3260,1", tcp: "not tried", login: "not tried", never: "not the address of a host"},
		{name: "no zone", address: "[fe80::1]:3260,1", tcp: "not tried", login: "not tried", never: "link-local, and it is unknown on which link"},
		{name: "a name", address: "array.example:3260,1", tcp: "not tried", login: "not tried", never: "a host name, and host names from targets are not looked up"},
	}
	for _, tt := range tests {
		for _, kind := range []initiator.ProbeKind{initiator.ProbeTCP, initiator.ProbeLogin} {
			t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					p := scene.Portal(n, scene.Where, scene.Showing(tt.address))
					var there netip.AddrPort
					if tt.dialed {
						host, _, _ := strings.Cut(tt.address, ",")
						there = netip.MustParseAddrPort(host)
						there = netip.AddrPortFrom(there.Addr().Unmap(), there.Port())
					}
					if tt.there != nil {
						n.Portal(there.String(), tt.there...)
					}
					r, _ := discover(t, d, p)
					if len(r.Targets) != 1 {
						t.Fatalf("got %+v", r)
					}
					never := tt.never
					if u := r.Targets[0].Addresses[0].Unusable; u != target.Usable {
						never = u.String() // that goes first
					}
					newProber(d, kind).ProbeTargets(t.Context(), &r)
					scene.JudgeResult(t, r)
					want := tt.tcp
					if kind == initiator.ProbeLogin {
						want = tt.login
						if tt.never == "" {
							scene.WantWarnings(t, &r, initiator.WarnProbeLogin, lines(tt.warning)...)
						}
					}
					if got := r.Targets[0].Addresses[0].Reach.String(); got != want {
						t.Errorf("got %q, want %q; %v", got, want, r.Warnings)
					}
					dials := []iscsitest.Dial{{Portal: r.Address}}
					if tt.dialed {
						dials = append(dials, iscsitest.Dial{Source: r.Source, Portal: there})
					}
					if diff := cmp.Diff(dials, n.Dials(), cmp.Comparer(func(a, b iscsitest.Dial) bool { return a == b })); diff != "" {
						t.Errorf("dials (-want +got):\n%s", diff)
					}
					if never != "" && !strings.HasSuffix(scene.Warnings(&r, initiator.WarnNotTried), " was not tried: "+never) {
						t.Errorf("got warnings %v, want %s", r.Warnings, never)
					}
					if tt.dialed && tt.there != nil && len(tt.there) > 0 && kind == initiator.ProbeTCP {
						if s := n.Sessions(there); len(s) != 1 || len(s[0].Requests) != 0 {
							t.Errorf("a probe by TCP sent %+v", s)
						}
					}
				})
			})
		}
	}
}

// lines returns a text as a list; nil where it is empty.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// mute never answers.
func mute(pdu.PDU, pdu.PDU) iscsitest.Step {
	return func(c *iscsitest.Conn) error { return c.WaitGone() }
}

// TestProbeSource: a probe comes from the source of the session. Where that cannot
// be, another is found as for the portal, unless the portal named its own.
func TestProbeSource(t *testing.T) {
	t.Parallel()
	const v6 = "[2001:db8::9]:3260,1"
	for _, tt := range []struct {
		name   string
		change func(*initiator.SendTargetPortal)
		reach  string
		source string // of the probe; empty: none was asked for
		why    string
	}{
		{name: "left to routing", reach: "reachable"},
		{
			name: "by its address", reach: "not tried", why: "it cannot be reached from 192.0.2.2, the given source address",
			change: func(p *initiator.SendTargetPortal) { p.Source = netip.MustParseAddr("192.0.2.2") },
		},
		{
			name: "by its number", reach: "not tried", why: "it cannot be reached from 192.0.2.2, the given source address",
			change: func(p *initiator.SendTargetPortal) { p.Instance, p.Port = "host", ports.N(0) },
		},
		{
			name: "an instance", reach: "reachable", source: "2001:db8::2",
			change: func(p *initiator.SendTargetPortal) { p.Instance = "host" },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Selector = &ports.Selector{
					Instances: []string{"host"},
					Ports: []ports.Port{
						{Instance: "host", Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.2")},
						{Instance: "host", Number: ports.N(1), Address: netip.MustParseAddr("2001:db8::2")},
					},
					Route: func(_ context.Context, source, dst netip.Addr) (netip.Addr, error) {
						switch {
						case source.IsValid():
							return source, nil
						case dst.Is4():
							return netip.MustParseAddr("192.0.2.2"), nil
						}
						return netip.MustParseAddr("2001:db8::2"), nil
					},
				}
				n.Portal("[2001:db8::9]:3260", &iscsitest.Target{})
				n.Portal("192.0.2.9:3260", &iscsitest.Target{})
				p := scene.Portal(n, scene.Where, scene.Showing(v6, "192.0.2.9:3260,1", "192.0.2.2:3260,1"))
				if tt.change != nil {
					tt.change(&p)
				}
				r, _ := discover(t, d, p)
				newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
				want := map[string]string{v6: tt.reach, "192.0.2.9:3260,1": "reachable", "192.0.2.2:3260,1": "not tried"}
				if diff := cmp.Diff(want, reaches(&r)); diff != "" {
					t.Error(diff)
				}
				never := []string{"192.0.2.2:3260 was not tried: an address of this host"}
				if tt.why != "" {
					never = append([]string{"[2001:db8::9]:3260 was not tried: " + tt.why}, never...)
				}
				scene.WantWarnings(t, &r, initiator.WarnNotTried, never...)
				for _, dial := range n.Dials()[1:] {
					switch {
					case dial.Portal.Addr().Is4() && dial.Source != r.Source:
						t.Errorf("%v, want it from %s", dial, r.Source)
					case dial.Portal.Addr().Is6() && dial.Source.IsValid() && dial.Source.String() != tt.source:
						t.Errorf("%v, want it from %s", dial, tt.source)
					}
				}
			})
		})
	}
}

// TestProbeDialErrors: what the network says of an address, and what only says that
// this host could not try.
func TestProbeDialErrors(t *testing.T) {
	t.Parallel()
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{op(syscall.ECONNREFUSED), "refused"},
		{op(syscall.EHOSTUNREACH), "unreachable"},
		{op(syscall.ETIMEDOUT), "unreachable"},
		{op(syscall.EACCES), "unreachable"},
		{context.DeadlineExceeded, "unreachable"},
		{op(syscall.EADDRNOTAVAIL), "not tried"},
		{op(syscall.ENOBUFS), "not tried"},
		{op(syscall.EMFILE), "not tried"},
		{&isdsc.Error{What: "proxy", Reason: "it is not set up"}, "not tried"},
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
				if dst.String() == scene.Where {
					return n.Dial(ctx, source, dst)
				}
				return nil, tt.err
			}
			r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing("192.0.2.9:3260,1")))
			newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
			if got := r.Targets[0].Addresses[0].Reach.String(); got != tt.want {
				t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
			}
			if said := scene.Warned(r, initiator.WarnNotTried) == 1; said != (tt.want == "not tried") {
				t.Errorf("%v: warnings %v", tt.err, r.Warnings)
			}
		})
	}
}
