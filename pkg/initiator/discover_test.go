package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func targetOf(name string, addresses ...target.Address) target.Target {
	return target.Target{Name: name, Addresses: addresses}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3261,2"}},
		{Name: "iqn.2026-11.com.example:none"},
		{Name: "eui.02004567A425678D", Addresses: []string{"array.example,1"}},
	}})
	r, err := scene.NewDiscoverer().Discover(t.Context(), scene.At(server.Addr))
	if err != nil {
		t.Fatal(err)
	}
	want := []target.Target{
		targetOf("iqn.2026-11.com.example:disk1",
			target.Address{Host: "192.0.2.10", Port: 3260, Group: 1},
			target.Address{Host: "2001:db8::10", Port: 3261, Group: 2}),
		targetOf("iqn.2026-11.com.example:none",
			target.Address{Host: "127.0.0.1", Port: server.Addr.Port(), Group: target.NoGroup}),
		targetOf("eui.02004567A425678D", target.Address{Host: "array.example", Port: 3260, Group: 1}),
	}
	if diff := cmp.Diff(want, r.Targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if r.Address != server.Addr || r.Source != server.Addr.Addr() || r.TargetsFound != 3 || len(r.Warnings) != 0 {
		t.Errorf("result %+v", r)
	}
}

// TestLoginKeys holds what is sent to what RFC 7143 wants sent, and to no more.
func TestLoginKeys(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, &iscsitest.Target{})
	p := scene.At(server.Addr)
	if _, err := scene.NewDiscoverer().Discover(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.Login.Specified = login.SpecifiedMaximumConnections | login.SpecifiedDefaultTime2Wait | login.SpecifiedDefaultTime2Retain
	p.Login.MaximumConnections, p.Login.DefaultTime2Wait = 4, 0
	p.Login.DefaultTime2Retain = 30
	if _, err := scene.NewDiscoverer().Discover(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	plain := []string{
		"InitiatorName=" + scene.InitiatorName, "SessionType=Discovery",
		"HeaderDigest=None", "DataDigest=None", "MaxRecvDataSegmentLength=262144",
	}
	want := [][]string{plain, append(slices.Clone(plain), "MaxConnections=4", "DefaultTime2Wait=0", "DefaultTime2Retain=30")}
	for i, session := range server.Sessions() {
		login, ok := session.Requests[0].(*pdu.LoginRequest)
		if !ok || len(session.Requests) != 3 {
			t.Fatalf("session %d: requests %v", i, session.Requests)
		}
		var got []string
		for pair, err := range login.Data.Pairs() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(pair.Key)+"="+string(pair.Value))
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("session %d: keys of the login (-want +got):\n%s", i, diff)
		}
	}
}

func TestCHAP(t *testing.T) {
	t.Parallel()
	const user, secret, targetUser, targetSecret = "disc", "secret-secret12", "tgtout", "outsecret-1234"
	tests := []struct {
		name   string
		target iscsitest.Target
		change func(*initiator.SendTargetPortal)
		mutual bool
		code   uint32 // 0: it works
	}{
		{name: "one-way"},
		{name: "mutual", mutual: true},
		{name: "wrong secret", code: isdsc.AuthenticationFailure, change: func(p *initiator.SendTargetPortal) {
			p.Login.Password = auth.NewSecret([]byte("not-the-secret-1"))
		}},
		{name: "wrong target secret", mutual: true, code: isdsc.AuthenticationFailure, change: func(p *initiator.SendTargetPortal) {
			p.Login.TargetPassword = auth.NewSecret([]byte("not-the-secret-1"))
		}},
		{name: "wrong target user", mutual: true, code: isdsc.AuthenticationFailure, change: func(p *initiator.SendTargetPortal) {
			p.Login.TargetUsername = "another"
		}},
		{name: "no credentials", code: isdsc.AuthenticationFailure, change: func(p *initiator.SendTargetPortal) {
			p.Login = login.Options{}
		}},
		{name: "short secret", code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			p.Login.Password = auth.NewSecret([]byte("eleven-byte"))
		}},
		{name: "no secret", code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			p.Login.Password = auth.Secret{}
		}},
		{name: "no target secret", mutual: true, code: isdsc.InvalidInitiatorCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			p.Login.TargetPassword = auth.Secret{}
		}},
		{name: "equal secrets", mutual: true, code: isdsc.InvalidCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			p.Login.TargetPassword = auth.NewSecret([]byte(secret))
		}},
		{name: "algorithm not taken", target: iscsitest.Target{Algorithm: "6"}, code: isdsc.AuthenticationFailure, change: func(p *initiator.SendTargetPortal) {
			p.Login.CHAPAlgorithms = []auth.Algorithm{auth.MD5}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := tt.target
			target.User, target.Secret = user, secret
			target.MutualUser, target.MutualSecret = targetUser, targetSecret
			target.Records = []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}
			server := iscsitest.Listen(t, &target)
			p := scene.WithCHAP(scene.At(server.Addr), user, secret)
			if tt.mutual {
				p = scene.WithMutualCHAP(p, targetUser, targetSecret)
			}
			if tt.change != nil {
				tt.change(&p)
			}
			r, err := scene.NewDiscoverer().Discover(t.Context(), p)
			if got := initiator.Code(err); got != tt.code {
				t.Fatalf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(tt.code), err)
			}
			if err == nil && (r.Auth.Mutual != tt.mutual || len(r.Targets) != 1) {
				t.Errorf("result %+v", r)
			}
			var config *isdsc.Error
			if errors.As(err, &config) && len(server.Sessions()) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

// TestCancel: breaking out of Run leaves nothing behind, wherever it stands.
func TestCancel(t *testing.T) {
	t.Parallel()
	silent := iscsitest.Listen(t, iscsitest.Script{iscsitest.Silence()})
	good := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}})
	portals := slices.Values([]initiator.SendTargetPortal{scene.At(silent.Addr), scene.At(good.Addr), scene.At(silent.Addr)})
	found := 0
	for e := range scene.NewDiscoverer().Run(t.Context(), portals) {
		if _, ok := e.(initiator.TargetFound); ok {
			found++
			break
		}
	}
	if found != 1 {
		t.Errorf("%d targets, want 1", found)
	}
}

// TestContext: a context that ends stops what is under way, and says so.
func TestContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := scene.NewDiscoverer()
		d.Dial = pipes(t, iscsitest.Script{iscsitest.Silence()})
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := d.Discover(ctx, scene.At(netip.MustParseAddrPort("192.0.2.1:3260")))
		if !errors.Is(err, context.Canceled) || initiator.Code(err) != isdsc.Win32Cancelled {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestTimeout: a silent portal costs its timeout and no more.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := scene.NewDiscoverer()
		d.Dial = pipes(t, iscsitest.Script{iscsitest.Silence()})
		start := time.Now()
		_, err := d.Discover(t.Context(), scene.At(netip.MustParseAddrPort("192.0.2.1:3260")))
		var at *initiator.Error
		if !errors.As(err, &at) || at.Stage != initiator.StageLogin || !errors.Is(err, context.DeadlineExceeded) || !initiator.Retryable(err) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != d.Timeout {
			t.Errorf("it took %s, want %s", took, d.Timeout)
		}
	})
}

// TestShares: each of a name's addresses has its share of the time, and the
// first that logs in is the one.
func TestShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := scene.NewDiscoverer()
		addr := func(s string) netip.Addr { return netip.MustParseAddr(s) }
		d.Lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{addr("192.0.2.1"), addr("2001:db8::2"), addr("192.0.2.3"), addr("192.0.2.4")}, nil
		}
		silent := pipes(t, iscsitest.Script{iscsitest.Silence()})
		good := pipes(t, &iscsitest.Target{})
		d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (nc netConn, err error) {
			if dst.Addr() == addr("192.0.2.3") {
				return good(ctx, source, dst)
			}
			return silent(ctx, source, dst)
		}
		start := time.Now()
		r, err := d.Discover(t.Context(), initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != d.Timeout/2 {
			t.Errorf("it took %s, want %s", took, d.Timeout/2)
		}
		if r.Address.Addr() != addr("192.0.2.3") || len(r.Warnings) != 2 {
			t.Errorf("address %s, warnings %v", r.Address, r.Warnings)
		}
	})
}

// TestSlowConsumer: the time that the consumer takes does not count.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := scene.NewDiscoverer()
		target := &iscsitest.Target{MaxText: 64} // a target in each response
		for i := range 6 {
			target.Records = append(target.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%d", i)})
		}
		d.Dial = pipes(t, target)
		found := 0
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.At(netip.MustParseAddrPort("192.0.2.1:3260"))})) {
			switch e := e.(type) {
			case initiator.TargetFound:
				found++
				time.Sleep(2 * d.Timeout)
			case initiator.PortalDone:
				if e.Result.Err != nil {
					t.Error(e.Result.Err)
				}
				if e.Result.Elapsed != 0 {
					t.Errorf("elapsed %s", e.Result.Elapsed)
				}
			}
		}
		if found != 6 {
			t.Errorf("%d targets, want 6", found)
		}
	})
}

// TestNoLogoutAnswer: a target that never answers the logout costs a second of
// the worker, and nothing of the result.
func TestNoLogoutAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := scene.NewDiscoverer()
		d.Dial = pipes(t, &iscsitest.Target{NoLogout: true})
		start := time.Now()
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.At(netip.MustParseAddrPort("192.0.2.1:3260"))})) {
			if done := e.(initiator.PortalDone); done.Result.Err != nil || time.Since(start) != 0 {
				t.Errorf("after %s: %v", time.Since(start), done.Result.Err)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s, want 1s", took)
		}
	})
}

// TestDiscoverAll: results come in the order of the portals.
func TestDiscoverAll(t *testing.T) {
	t.Parallel()
	good := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}})
	slow := iscsitest.Listen(t, &iscsitest.Target{NOPIn: true, MaxText: 16, Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk2"}}})
	var portals []initiator.SendTargetPortal
	for range 20 {
		portals = append(portals, scene.At(slow.Addr), scene.At(good.Addr))
	}
	i := 0
	for r := range scene.NewDiscoverer().DiscoverAll(t.Context(), slices.Values(portals)) {
		want := "iqn.2026-11.com.example:disk1"
		if i%2 == 0 {
			want = "iqn.2026-11.com.example:disk2"
		}
		if r.Err != nil || len(r.Targets) != 1 || r.Targets[0].Name != want {
			t.Errorf("result %d: %v, error %v", i, r.Targets, r.Err)
		}
		i++
	}
	if i != len(portals) {
		t.Errorf("%d results, want %d", i, len(portals))
	}
}
