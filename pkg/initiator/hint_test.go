package initiator_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// hintOf returns what an error says about what to do.
func hintOf(t testing.TB, err error) string {
	t.Helper()
	var e *initiator.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	scene.JudgeLine(t, e.Error())
	return e.Hint
}

// TestStalledList: a list of which no more comes says how much came, in whole
// responses and in a part of one.
func TestStalledList(t *testing.T) {
	t.Parallel()
	part := func(n int) iscsitest.Step {
		data := pdu.Text("TargetName=iqn.2026-11.com.example:" + strings.Repeat("d", 180) + "\x00")
		return iscsitest.Steps(iscsitest.Mutate(&pdu.TextResponse{Final: true, Data: data}, func(b []byte) []byte {
			return b[:n]
		}), iscsitest.Silence())
	}
	for _, tt := range []struct {
		name    string
		target  *iscsitest.Target
		at      int // the response in whose place it falls silent; of full, 4 is the first of the list
		step    iscsitest.Step
		digests bool
		want    string
	}{
		{name: "nothing", step: iscsitest.Silence(), at: 4, want: "the login worked, but 0 bytes of the list arrived: the cause may be an MTU mismatch on the path"},
		{name: "part of a header", step: part(47), at: 4, want: "0 bytes of the list arrived"},
		{name: "a header", step: part(48), at: 4, want: "0 bytes of the list arrived"},
		{name: "a part", step: part(48 + 100), at: 4, want: "100 bytes of the list arrived: if it stopped there, the cause may be an MTU mismatch on the path"},
		{name: "a header and its digest", step: part(48 + 4), at: 4, digests: true, want: " 0 bytes of the list arrived"},
		{name: "a part behind a digest", step: part(48 + 4 + 100), at: 4, digests: true, want: "100 bytes of the list arrived: "},
		{name: "a response", step: iscsitest.Silence(), at: 5, want: "64 bytes of the list arrived: if it stopped there, the cause may be an MTU mismatch on the path; a long list needs more time (--timeout)"},
		{name: "a response and a part", step: part(48 + 100), at: 5, want: "164 bytes of the list arrived: "},
		{name: "two responses", step: iscsitest.Silence(), at: 6, want: "128 bytes of the list arrived: "},
		{name: "a ping, and nothing", step: iscsitest.Steps(iscsitest.Mutate(&pdu.NOPIn{TTT: 1, Data: make([]byte, 64)}, func(b []byte) []byte { return b[:80] }), iscsitest.Silence()), at: 4, want: " 0 bytes of the list arrived"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.WithMutualCHAP(scene.WithCHAP(scene.Portal(n, scene.Where, instead(full(), tt.at, tt.step)), scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
				if tt.digests {
					p = withAll(p)
				}
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, lost(initiator.StageDiscover))
				if got := " " + hintOf(t, r.Err); !strings.Contains(got, tt.want) {
					t.Errorf("got %q, want %q in it", got, tt.want)
				}
			})
		})
	}
}

// TestHints: a hint names the flag that would help.
func TestHints(t *testing.T) {
	t.Parallel()
	const upper, lower = "iqn.1998-01.com.vmware:ESX01-ABC", "iqn.1998-01.com.vmware:esx01-abc"
	const folded = "earlier versions of discover sent the initiator name in lower case: if the portal knows it like that, give --initiator-name " + lower
	refuses := func(status pdu.Status) *iscsitest.Target { return &iscsitest.Target{Status: status} }
	wrong := &iscsitest.Target{User: scene.CHAPUser, Secret: "another-secret", Algorithm: "5"}
	wrongSHA := &iscsitest.Target{User: scene.CHAPUser, Secret: "another-secret", Algorithm: "7"}
	for _, tt := range []struct {
		name   string
		target *iscsitest.Target
		change func(d *initiator.Discoverer, p *initiator.SendTargetPortal)
		want   string // the whole hint
		ends   string // Where it is not empty: how the hint ends
	}{
		{name: "CHAP wanted", target: refuses(pdu.StatusAuthFailure), want: "the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)"},
		{name: "CHAP wanted, capitals", target: refuses(pdu.StatusAuthFailure), change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.InitiatorName = upper },
			want: "the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret); " + folded},
		{name: "refused without a reason, capitals", target: refuses(pdu.StatusInitiatorError), change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.InitiatorName = upper },
			want: "some targets refuse like this if they want CHAP (--chap-user, --chap-secret), or if they do not know the initiator name (--initiator-name); " + folded},
		{name: "not served", target: refuses(pdu.StatusAuthorizationFailed), want: "the portal does not serve initiator " + scene.InitiatorName + ": check under which name it knows this host (--initiator-name)"},
		{name: "not served, capitals", target: refuses(pdu.StatusAuthorizationFailed), change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.InitiatorName = upper },
			want: "the portal does not serve initiator " + upper + ": check under which name it knows this host (--initiator-name); " + folded},
		{name: "not found, capitals", target: refuses(pdu.StatusNotFound), change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.InitiatorName = upper },
			want: "the portal does not serve initiator " + upper + ": check under which name it knows this host (--initiator-name); " + folded},
		{name: "not served, beyond ASCII", target: refuses(pdu.StatusNotFound), change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) {
			d.InitiatorName = "iqn.2026-11.com.example:höst"
		},
			want: `the portal does not serve initiator "iqn.2026-11.com.example:h\u00f6st": check under which name it knows this host (--initiator-name)`},
		{name: "gone", target: refuses(pdu.StatusTargetRemoved), want: "the portal offers no discovery: ask another portal of the array"},
		{name: "too many", target: refuses(pdu.StatusTooManyConnections), want: "the portal has no place for another session of initiator " + scene.InitiatorName + ": check whether other hosts use this name (--initiator-name)"},
		{name: "an objection to the login", target: refuses(pdu.StatusMissingParameter), want: "see the exchange with --trace, or record it for the vendor of the target with --capture"},
		{name: "garbage", target: instead(&iscsitest.Target{}, 0, iscsitest.SendRaw([]byte(strings.Repeat("*", 96)))), want: "what listens there does not speak iSCSI: check the TCP port"},
		{name: "a wrong login", target: instead(&iscsitest.Target{}, 0, iscsitest.Send(&pdu.TextResponse{Final: true})), want: "see the exchange with --trace, or record it for the vendor of the target with --capture"},
		{name: "a wrong list", target: instead(&iscsitest.Target{}, 1, iscsitest.Send(&pdu.LoginResponse{CSG: 1, NSG: 3, Transit: true})), want: "see the exchange with --trace, or record it for the vendor of the target with --capture"},
		{name: "closed in the list", target: instead(&iscsitest.Target{}, 1, iscsitest.Close()), want: "the login worked, and 0 bytes of the list arrived: try again; see what the portal does with --trace"},
		{name: "wrong secret", target: wrong, change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			*p = scene.WithCHAP(*p, scene.CHAPUser, scene.CHAPSecret)
			p.Login.CHAPAlgorithms = []auth.Algorithm{auth.MD5}
		}, want: "check the CHAP name and secret (--chap-user, --chap-secret), and whether CHAP is set up for discovery at the portal"},
		{name: "wrong secret twice, capitals", target: wrongSHA, change: func(d *initiator.Discoverer, p *initiator.SendTargetPortal) {
			d.InitiatorName = upper
			*p = scene.WithCHAP(*p, scene.CHAPUser, scene.CHAPSecret)
			p.Login.NoCHAPFallback = true
		}, ends: "; " + folded},
		{name: "CHAP refused at once", target: refuses(pdu.StatusAuthFailure), change: func(d *initiator.Discoverer, p *initiator.SendTargetPortal) {
			d.InitiatorName = upper
			*p = scene.WithCHAP(*p, scene.CHAPUser, scene.CHAPSecret)
			p.Login.CHAPAlgorithms = []auth.Algorithm{auth.MD5}
		}, want: "check the CHAP name and secret (--chap-user, --chap-secret), the algorithms (--chap-algorithms), and whether CHAP is set up for discovery at the portal; " + folded},
		{name: "no CHAP there", target: answersLogin("AuthMethod=None"), change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			*p = scene.WithCHAP(*p, scene.CHAPUser, scene.CHAPSecret)
		}, want: "the portal does not use CHAP for discovery: ask it without CHAP, or let it choose (--chap-policy preferred)"},
		{name: "header digest", target: &iscsitest.Target{}, change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			p.Login.Specified, p.Login.HeaderDigest = login.SpecifiedHeaderDigest, login.DigestCRC32C
		}, want: "the portal does not support this digest: prefer it instead of requiring it (--header-digest prefer-crc32c)"},
		{name: "data digest", target: &iscsitest.Target{}, change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			p.Login.Specified, p.Login.DataDigest = login.SpecifiedDataDigest, login.DigestCRC32C
		}, want: "the portal does not support this digest: prefer it instead of requiring it (--data-digest prefer-crc32c)"},
		{name: "too long a list", target: &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}}, change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.MaxText = 4 },
			want: "raise the limit if you trust the portal with it (--max-text)"},
		{name: "too many targets", target: &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}, {Name: "iqn.2026-11.com.example:disk2"}}}, change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.MaxTargets = 1 },
			want: "raise the limit if you trust the portal with it (--max-targets)"},
		{name: "a limit that nobody can raise", target: streams(func(int) (string, bool) { return "", false })},
		{name: "redirections not wanted", target: scene.Sends("192.0.2.10"), change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.Redirect = login.RedirectNone },
			want: "to follow it, give --redirect same-host or --redirect any"},
		{name: "redirection with mutual CHAP", target: scene.Sends("192.0.2.10"), change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			*p = scene.WithMutualCHAP(scene.WithCHAP(*p, scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
		}, want: "if that host may have the secrets, give --redirect any"},
		{name: "redirection in a circle", target: scene.Sends(scene.Where)},
		{name: "redirection in a circle by another host, with the secrets", target: scene.Sends("192.0.2.10"), change: func(d *initiator.Discoverer, p *initiator.SendTargetPortal) {
			*p = scene.WithMutualCHAP(scene.WithCHAP(*p, scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
			d.Redirect = login.RedirectAny
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.Portal(n, scene.Where, tt.target)
				scene.Portal(n, "192.0.2.10:3260", scene.Sends(scene.Where))
				if tt.change != nil {
					tt.change(d, &p)
				}
				r, _ := discover(t, d, p)
				if got := hintOf(t, r.Err); tt.ends == "" && got != tt.want || !strings.HasSuffix(got, tt.ends) {
					t.Errorf("got  %s\nwant %s%s\nof   %v", got, tt.want, tt.ends, r.Err)
				}
			})
		})
	}
}

// answersLogin is a target that answers the first login request with a key.
func answersLogin(key string) *iscsitest.Target {
	return instead(&iscsitest.Target{}, 0, iscsitest.Send(&pdu.LoginResponse{Transit: true, CSG: pdu.SecurityNegotiation, NSG: pdu.LoginOperationalNegotiation, Data: iscsitest.Text(key)}))
}

// TestMeantPort: an IPv6 address without brackets may end in what was meant as a
// TCP port.
func TestMeantPort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		portal string
		port   uint16 // where none is named
		meant  string // empty: no question
	}{
		{portal: "fd03::546c:3260", meant: "[fd03::546c]:3260"},
		{portal: "fd03:0:0:1::3:3260", meant: "[fd03:0:0:1::3]:3260"},
		{portal: "fe80::1%eth0:3260", meant: "[fe80::1%eth0]:3260"},
		{portal: "fd03::546c:3261", port: 3261, meant: "[fd03::546c]:3261"},
		{portal: "fd03::546c:3260", port: 3261, meant: "[fd03::546c]:3260"},
		{portal: "fd03::546c:3261"},
		{portal: "fd03::546c:860"},
		{portal: "fd03::3260"},         // fd03: is no address
		{portal: "1:2:3:4:5:6:7:3260"}, // nor are seven groups
		{portal: "fd03::546c:326"},
		{portal: "fd03::3260:1"},
		{portal: "192.0.2.10:3260"},
		{portal: "[fd03::546c]:3260"},
	} {
		t.Run(tt.portal, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				if tt.port == 0 {
					tt.port = pdu.DefaultPort
				}
				d.Dial = func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) { return nil, errors.New("no") }
				where, err := initiator.ParsePortal(tt.portal, tt.port)
				if err != nil {
					t.Fatal(err)
				}
				r, _ := discover(t, d, initiator.SendTargetPortal{Portal: where})
				want := ""
				if tt.meant != "" {
					want = "did you mean " + tt.meant + "? An IPv6 address with a port is written in brackets"
				}
				if got := hintOf(t, r.Err); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}
