package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// showing is a target at addresses.
func showing(addresses ...string) *iscsitest.Target {
	return &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: addresses}}}
}

// fewAddresses are those of the host that probes.
func fewAddresses() ([]initiator.HostAddress, error) {
	return []initiator.HostAddress{
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

// warnings returns the messages of a code.
func warnings(r *initiator.Result, code initiator.WarningCode) string {
	var all []string
	for _, w := range r.Warnings {
		if w.Code == code {
			all = append(all, w.Message)
		}
	}
	return strings.Join(all, "\n")
}

// wantWarnings compares the messages of a code.
func wantWarnings(t *testing.T, r *initiator.Result, code initiator.WarningCode, want ...string) {
	t.Helper()
	if got := warnings(r, code); got != strings.Join(want, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", code, got, strings.Join(want, "\n"))
	}
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
		{name: "the portal itself", address: where + ",1", tcp: "reachable", login: "reachable"},
		{name: "another port of it", address: "192.0.2.1:3261,1", there: []iscsitest.Handler{loggedIn}, tcp: "reachable", login: "reachable", dialed: true},
		{name: "another host", address: "192.0.2.2:3260,2", there: []iscsitest.Handler{loggedIn}, tcp: "reachable", login: "reachable", dialed: true},
		{name: "refuses", address: "192.0.2.3:3260,2", tcp: "refused", login: "refused", dialed: true},
		{name: "silent", address: "192.0.2.4:3260,2", there: []iscsitest.Handler{}, tcp: "unreachable", login: "unreachable", dialed: true},
		{
			name: "wants CHAP", address: "192.0.2.5:3260,2", there: []iscsitest.Handler{&iscsitest.Target{User: chapUser, Secret: chapSecret}},
			tcp: "reachable", login: "unreachable", dialed: true,
			warning: "192.0.2.5:3260: the login failed: target refused: authentication failure (0x0201)",
		},
		{name: "sends us on", address: "192.0.2.6:3260,2", there: []iscsitest.Handler{sends("192.0.2.66:3260")}, tcp: "reachable", login: "reachable", dialed: true},
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
		{name: "a name", address: "array.example:3260,1", tcp: "not tried", login: "not tried", never: "a host name, and those are not looked up for a target"},
	}
	for _, tt := range tests {
		for _, kind := range []initiator.ProbeKind{initiator.ProbeTCP, initiator.ProbeLogin} {
			t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
				t.Parallel()
				scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					p := portal(n, where, showing(tt.address))
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
					if u := r.Targets[0].Addresses[0].Unusable; u != initiator.Usable {
						never = u.String() // that goes first
					}
					newProber(d, kind).ProbeTargets(t.Context(), &r)
					judgeResult(t, r)
					want := tt.tcp
					if kind == initiator.ProbeLogin {
						want = tt.login
						if tt.never == "" {
							wantWarnings(t, &r, initiator.WarnProbeLogin, lines(tt.warning)...)
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
					if never != "" && !strings.HasSuffix(warnings(&r, initiator.WarnNotTried), " was not tried: "+never) {
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

// TestProbeLogin: a probe with a login logs in and out, and asks for nothing.
func TestProbeLogin(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := portal(n, where, showing("192.0.2.2:3260,1"))
		there := n.Portal("192.0.2.2:3260", &iscsitest.Target{})
		r, _ := discover(t, d, p)
		newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
		s := n.Sessions(there)
		if len(s) != 1 {
			t.Fatalf("got %d sessions, want 1", len(s))
		}
		var got []string
		for _, request := range s[0].Requests {
			got = append(got, request.Opcode().String())
		}
		if want := []string{"Login Request", "Logout Request"}; !cmp.Equal(got, want) {
			t.Errorf("got requests %v, want %v", got, want)
		}
		if kind, _ := s[0].Key("SessionType"); kind != "Discovery" {
			t.Errorf("got a session of type %q", kind)
		}
		if s[0].Peer.Addr() != r.Source {
			t.Errorf("from %s, want %s", s[0].Peer.Addr(), r.Source)
		}
	})
}

// TestProbeCredentials: credentials go to the host that was asked, and elsewhere
// only where that is said.
func TestProbeCredentials(t *testing.T) {
	t.Parallel()
	const same, other = "192.0.2.1:3261", "192.0.2.2:3260"
	wants := func() *iscsitest.Target {
		return &iscsitest.Target{User: chapUser, Secret: chapSecret, MutualUser: targetUser, MutualSecret: targetSecret}
	}
	tests := []struct {
		name    string
		policy  initiator.RedirectPolicy
		own     initiator.RedirectPolicy // of the portal
		mutual  bool
		to      string
		there   *iscsitest.Target
		method  string // that the address was offered
		reach   string
		without bool // told that it was probed without CHAP
	}{
		{name: "same host", to: same, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "same host, mutual", mutual: true, to: same, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "another host", to: other, there: &iscsitest.Target{}, reach: "reachable", without: true},
		{name: "another host wants them", to: other, there: wants(), reach: "unreachable", without: true},
		{name: "another host, mutual", mutual: true, to: other, there: wants(), reach: "not tried"},
		{name: "another host, no redirects", policy: initiator.RedirectNone, to: other, there: &iscsitest.Target{}, reach: "reachable", without: true},
		{name: "another host, allowed", policy: initiator.RedirectAny, to: other, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "another host, allowed at the portal", own: initiator.RedirectAny, to: other, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "another host, mutual, allowed", policy: initiator.RedirectAny, mutual: true, to: other, there: wants(), method: "CHAP", reach: "reachable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Redirect = tt.policy
				asked := wants()
				asked.Records = showing(tt.to + ",1").Records
				p := withCHAP(portal(n, where, asked), chapUser, chapSecret)
				if tt.mutual {
					p = withMutualCHAP(p, targetUser, targetSecret)
				}
				p.Login.Redirect = tt.own
				there := n.Portal(tt.to, tt.there)
				r, _ := discover(t, d, p)
				judge(t, r.Err, outcome{})
				newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
				judgeResult(t, r)
				if got := r.Targets[0].Addresses[0].Reach.String(); got != tt.reach {
					t.Errorf("got %q, want %q; %v", got, tt.reach, r.Warnings)
				}
				without := "192.0.2.2:3260 was probed without CHAP: the credentials stay with 192.0.2.1 (--redirect any lets them go along)"
				if !tt.without {
					without = ""
				}
				wantWarnings(t, &r, initiator.WarnProbeNoCredentials, lines(without)...)
				sessions := n.Sessions(there)
				if tt.reach == "not tried" {
					if len(sessions) > 0 {
						t.Errorf("asked all the same: %+v", sessions)
					}
					return
				}
				for _, key := range []string{"AuthMethod", "CHAP_N", "CHAP_R"} {
					if _, sent := sessions[0].Key(key); sent != (tt.method != "") {
						t.Errorf("%s sent: %t", key, sent)
					}
				}
			})
		})
	}
}

// TestProbeAfterRedirect: credentials are for the portal that was asked, not for
// the one that it sent us to.
func TestProbeAfterRedirect(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := withCHAP(portal(n, where, sends("192.0.2.2:3260")), chapUser, chapSecret)
		n.Portal("192.0.2.2:3260", showing("192.0.2.2:3260,1", "192.0.2.2:3261,1", where+",1"))
		there := n.Portal("192.0.2.2:3261", &iscsitest.Target{})
		r, _ := discover(t, d, p)
		judge(t, r.Err, outcome{})
		newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
		want := map[string]string{"192.0.2.2:3260,1": "reachable", "192.0.2.2:3261,1": "reachable", where + ",1": "reachable"}
		if diff := cmp.Diff(want, reaches(&r)); diff != "" {
			t.Error(diff)
		}
		if _, sent := n.Sessions(there)[0].Key("AuthMethod"); sent {
			t.Error("credentials went to another host")
		}
		if got := len(n.Dials()); got != 3 {
			t.Errorf("got %d dials, want 3: %v", got, n.Dials())
		}
	})
}

// TestProbeAlgorithm: the algorithm of CHAP that worked at the portal is offered
// alone, so that no second try is needed.
func TestProbeAlgorithm(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		asked := &iscsitest.Target{User: chapUser, Secret: chapSecret, Algorithm: "5", Records: showing("192.0.2.1:3261,1").Records}
		p := withCHAP(portal(n, where, asked), chapUser, chapSecret)
		there := n.Portal("192.0.2.1:3261", &iscsitest.Target{User: chapUser, Secret: chapSecret, Algorithm: "5"})
		r, _ := discover(t, d, p)
		newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
		if got, _ := n.Sessions(there)[0].Key("CHAP_A"); got != "5" || r.Targets[0].Addresses[0].Reach != initiator.Reachable {
			t.Errorf("offered %q; %+v", got, r.Targets)
		}
	})
}

// TestProbeOnce: each address is tried once in a run, whichever portals and targets
// advertise it, and however often; from another source it is tried anew.
func TestProbeOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []initiator.ProbeKind{initiator.ProbeTCP, initiator.ProbeLogin} {
		scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			show := showing("192.0.2.9:3260,1", "192.0.2.9:3260,2", "192.0.2.8:3260,1")
			show.Records = append(show.Records, iscsitest.Record{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"192.0.2.9:3260,1"}})
			n.Portal("192.0.2.9:3260", &iscsitest.Target{})
			first, second := portal(n, where, show), portal(n, "192.0.2.2:3260", show)
			p := newProber(d, kind)
			want := map[string]string{"192.0.2.9:3260,1": "reachable", "192.0.2.9:3260,2": "reachable", "192.0.2.8:3260,1": "refused"}
			probe := func(s initiator.SendTargetPortal) {
				t.Helper()
				r, _ := discover(t, d, s)
				p.ProbeTargets(t.Context(), &r)
				if diff := cmp.Diff(want, reaches(&r)); diff != "" {
					t.Error(diff)
				}
				if got := r.Targets[1].Addresses[0].Reach; got != initiator.Reachable {
					t.Errorf("of the second target: %v", got)
				}
			}
			probe(first)
			probe(second)
			probe(first)
			first.Source = netip.MustParseAddr("192.0.2.253")
			probe(first)
			probe(first)
			count := make(map[iscsitest.Dial]int)
			for _, d := range n.Dials() {
				if d.Portal.Addr().String() >= "192.0.2.8" {
					count[d]++
				}
			}
			if len(count) != 4 {
				t.Errorf("got %v, want two addresses from two sources", count)
			}
			for d, times := range count {
				if times != 1 {
					t.Errorf("%v was tried %d times", d, times)
				}
			}
		})
	}
}

// TestProbeBounds: a run tries 256 addresses, some at once, and each for a time.
func TestProbeBounds(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var advertised []string
		for i := range initiator.MaxProbes + 1 {
			advertised = append(advertised, fmt.Sprintf("203.0.%d.%d:3260,1", 113+i/200, 1+i%200))
			host, _, _ := strings.Cut(advertised[i], ",")
			n.Portal(host) // silent
		}
		p := portal(n, where, showing(advertised...))
		r, _ := discover(t, d, p)
		prober := newProber(d, initiator.ProbeTCP)
		prober.Parallel = 32
		start := time.Now()
		prober.ProbeTargets(t.Context(), &r)
		if took, want := time.Since(start), initiator.MaxProbes/32*initiator.ProbeTimeout; took != want {
			t.Errorf("it took %s, want %s", took, want)
		}
		count := make(map[string]int)
		for _, a := range r.Targets[0].Addresses {
			count[a.Reach.String()]++
		}
		if want := map[string]int{"unreachable": 256, "not tried": 1}; !cmp.Equal(count, want) {
			t.Errorf("got %v, want %v", count, want)
		}
		if got := len(n.Dials()); got != 1+initiator.MaxProbes {
			t.Errorf("got %d dials", got)
		}
		wantWarnings(t, &r, initiator.WarnNotTried, "203.0.114.57:3260 was not tried: more addresses than one run tries (256)")

		// The bound is of the run: another portal's addresses do not get more.
		again, _ := discover(t, d, portal(n, "192.0.2.2:3260", showing("203.0.113.1:3260,1", "192.0.2.77:3260,1")))
		prober.ProbeTargets(t.Context(), &again)
		if got, want := reaches(&again), map[string]string{"203.0.113.1:3260,1": "unreachable", "192.0.2.77:3260,1": "not tried"}; !cmp.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestProbeTimeout: a probe has its own time, and no more than a portal has.
func TestProbeTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ timeout, own, want time.Duration }{
		{10 * time.Second, 0, initiator.ProbeTimeout},
		{2 * time.Second, 0, 2 * time.Second},
		{10 * time.Second, 8 * time.Second, 8 * time.Second},
		{2 * time.Second, 8 * time.Second, 2 * time.Second},
	} {
		scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Timeout = tt.timeout
			n.Portal("192.0.2.9:3260")
			r, _ := discover(t, d, portal(n, where, showing("192.0.2.9:3260,1")))
			p := newProber(d, initiator.ProbeTCP)
			p.Timeout = tt.own
			start := time.Now()
			p.ProbeTargets(t.Context(), &r)
			if took := time.Since(start); took != tt.want {
				t.Errorf("%+v: took %s", tt, took)
			}
		})
	}
}

// TestProbeCancel: when the context ends, what is left was not tried, and nothing
// is waited for.
func TestProbeCancel(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		n.Portal("192.0.2.8:3260")
		n.Portal("192.0.2.9:3260")
		r, _ := discover(t, d, portal(n, where, showing("192.0.2.8:3260,1", "192.0.2.9:3260,1", where+",1")))
		p := newProber(d, initiator.ProbeTCP)
		p.Parallel = 1
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		p.ProbeTargets(ctx, &r)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s", took)
		}
		want := map[string]string{"192.0.2.8:3260,1": "not tried", "192.0.2.9:3260,1": "not tried", where + ",1": "reachable"}
		if diff := cmp.Diff(want, reaches(&r)); diff != "" {
			t.Error(diff)
		}
		wantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.8:3260, 192.0.2.9:3260 were not tried: the run was cancelled")
	})
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
			name: "by its address", reach: "not tried", why: "it cannot be reached from 192.0.2.2, the source that was asked for",
			change: func(p *initiator.SendTargetPortal) { p.Source = netip.MustParseAddr("192.0.2.2") },
		},
		{
			name: "by its number", reach: "not tried", why: "it cannot be reached from 192.0.2.2, the source that was asked for",
			change: func(p *initiator.SendTargetPortal) { p.Instance, p.Port = "host", initiator.Number(0) },
		},
		{
			name: "an instance", reach: "reachable", source: "2001:db8::2",
			change: func(p *initiator.SendTargetPortal) { p.Instance = "host" },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Ports = &initiator.PortSelector{
					Instances: []string{"host"},
					Ports: []initiator.Port{
						{Instance: "host", Number: initiator.Number(0), Address: netip.MustParseAddr("192.0.2.2")},
						{Instance: "host", Number: initiator.Number(1), Address: netip.MustParseAddr("2001:db8::2")},
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
				p := portal(n, where, showing(v6, "192.0.2.9:3260,1", "192.0.2.2:3260,1"))
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
				wantWarnings(t, &r, initiator.WarnNotTried, never...)
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
		{&initiator.ConfigError{What: "proxy", Reason: "it is not set up"}, "not tried"},
	} {
		scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
				if dst.String() == where {
					return n.Dial(ctx, source, dst)
				}
				return nil, tt.err
			}
			r, _ := discover(t, d, portal(n, where, showing("192.0.2.9:3260,1")))
			newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
			if got := r.Targets[0].Addresses[0].Reach.String(); got != tt.want {
				t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
			}
			if said := warned(r, initiator.WarnNotTried) == 1; said != (tt.want == "not tried") {
				t.Errorf("%v: warnings %v", tt.err, r.Warnings)
			}
		})
	}
}

// TestProbeOwnUnknown: where it cannot be told which addresses are this host's, none
// is tried.
func TestProbeOwnUnknown(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, portal(n, where, showing("192.0.2.9:3260,1", where+",1")))
		p := d.NewProber(initiator.ProbeTCP)
		p.Addresses = func() ([]initiator.HostAddress, error) { return nil, errors.New("netlink: busy") }
		p.ProbeTargets(t.Context(), &r)
		if got, want := reaches(&r), map[string]string{"192.0.2.9:3260,1": "not tried", where + ",1": "reachable"}; !cmp.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		wantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.9:3260 was not tried: it is not known which addresses this host has: netlink: busy")
		if got := len(n.Dials()); got != 1 {
			t.Errorf("got %d dials", got)
		}
	})
}

// TestProbeUnusable: an address that is marked unusable is not tried.
func TestProbeUnusable(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, portal(n, where, &iscsitest.Target{}))
		addresses := []initiator.TargetAddress{
			{Host: "192.0.2.9", Port: 3260, Group: 1, Unusable: initiator.BroadcastAddress},
			{Host: "192.0.2.8", Port: 3260, Group: 1, Unusable: initiator.LoopbackAddress},
		}
		newProber(d, initiator.ProbeTCP).Probe(t.Context(), &r, addresses)
		for _, a := range addresses {
			if a.Reach != initiator.NotTried {
				t.Errorf("%s: got %v", a, a.Reach)
			}
		}
		wantWarnings(t, &r, initiator.WarnNotTried,
			"192.0.2.9:3260 was not tried: a broadcast address", "192.0.2.8:3260 was not tried: a loopback address of the target")
		if got := len(n.Dials()); got != 1 {
			t.Errorf("got %d dials", got)
		}
	})
}

// TestProbeReport: of many addresses with one reason there is one warning.
func TestProbeReport(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var advertised []string
		for i := range 7 {
			advertised = append(advertised, fmt.Sprintf("array%d.example:3260,1", i+1))
		}
		r, _ := discover(t, d, portal(n, where, showing(advertised...)))
		newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
		wantWarnings(t, &r, initiator.WarnNotTried,
			"array1.example:3260, array2.example:3260, array3.example:3260, array4.example:3260, array5.example:3260 and 2 more were not tried: "+
				"a host name, and those are not looked up for a target")
	})
}

// TestProbeSharesNothing: the targets of a result may share the memory of their
// addresses with others, which a probe leaves as they are.
func TestProbeSharesNothing(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, portal(n, where, showing(where+",1")))
		kept, before := r.Targets, r.Warnings
		newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
		if kept[0].Addresses[0].Reach != initiator.NotProbed || r.Targets[0].Addresses[0].Reach != initiator.Reachable || len(before) != 0 {
			t.Errorf("before %+v, now %+v", kept, r.Targets)
		}
	})
}
