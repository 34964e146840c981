package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestProbe: an entry's portal is asked, and nothing is stored.
func TestProbe(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	server := iscsitest.Listen(t, twoTargets)
	s.add("127.0.0.1", server.Addr.Port(), "", login.Options{})
	before := records(t, s.store)
	code, body := s.probe(target(server.Addr))
	if code != http.StatusOK {
		t.Fatalf("got %d %s", code, body)
	}
	wantSeries(t, body, "probe_success 1", "probe_iscsi_targets 2", "probe_iscsi_redirects 0", "# TYPE probe_duration_seconds gauge")
	for _, phase := range []string{"resolve", "connect", "secure", "login", "discover"} {
		if !strings.Contains(body, `probe_iscsi_phase_duration_seconds{phase="`+phase+`"}`) {
			t.Errorf("there is no phase %s", phase)
		}
	}
	if after := records(t, s.store); after != before {
		t.Errorf("the registry was\n%s\nand is\n%s", before, after)
	}
}

func records(t *testing.T, store registry.Store) string {
	t.Helper()
	var b strings.Builder
	for r, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d %s\n", r.Key, r.Version, r.Value)
	}
	return b.String()
}

// TestRefused: what is not allowed is refused with a reason, and nothing is sent: the
// listener sees no connection.
func TestRefused(t *testing.T) {
	t.Parallel()
	untouched := quietListener(t)
	s := newScene(t)
	s.add("192.0.2.1", 3260, "array", login.Options{})
	s.names["inside.example"] = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	port := fmt.Sprint(untouched.Port())
	for _, query := range []string{
		target(untouched),
		"target=localhost:" + port,
		"target=inside.example:" + port,
		"target=[::ffff:127.0.0.1]:" + port,
		"target=192.0.2.1:" + port,
		target(untouched) + "&module=array",
		"target=192.0.2.1&module=other",
	} {
		code, body := s.probe(query)
		if code != http.StatusForbidden || strings.Count(body, "\n") != 1 {
			t.Errorf("%s: got %d %q, want 403 and one line", query, code, body)
		}
	}
	if n := s.lookups.Load(); n != 0 {
		t.Errorf("%d names were looked up", n)
	}
}

// quietListener returns the address of a listener that must see no connection.
func quietListener(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(50 * time.Millisecond))
		if c, err := l.Accept(); err == nil {
			c.Close()
			t.Error("there was a connection")
		}
		l.Close()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// TestNames: a name is looked up once, checked, and asked at the addresses that were
// checked, though the name server says something else the next time.
func TestNames(t *testing.T) {
	t.Parallel()
	untouched := quietListener(t)
	server := iscsitest.Listen(t, twoTargets)
	s := newScene(t, "127.0.0.1/32")
	inner := s.handler.Lookup
	s.handler.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
		if s.lookups.Load() > 0 {
			s.lookups.Add(1)
			return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
		}
		return inner(ctx, host)
	}
	s.names["array.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("127.0.0.1")}
	code, body := s.probe(fmt.Sprint("target=array.example:", server.Addr.Port()))
	if code != http.StatusOK || s.lookups.Load() != 1 {
		t.Errorf("got %d after %d lookups", code, s.lookups.Load())
	}
	wantSeries(t, body, "probe_success 1")
	code, body = s.probe(fmt.Sprint("target=array.example:", untouched.Port()))
	if code != http.StatusForbidden {
		t.Errorf("the name leads elsewhere now: got %d %s", code, body)
	}
	s.handler.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	code, body = s.probe("target=gone.example")
	if code != http.StatusOK {
		t.Errorf("got %d", code)
	}
	wantSeries(t, body, "probe_success 0", `probe_iscsi_failure_info{code_name="ISDSC_DNS_NAME_UNRESOLVED",login_status="",stage="resolve"} 1`)
}

// TestModule: a module's login options go to the portals of its entries, and a probe
// without a module has none.
func TestModule(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	chap := &iscsitest.Target{User: "host", Secret: secret, Records: twoTargets.Records}
	server := iscsitest.Listen(t, chap)
	other := iscsitest.Listen(t, &iscsitest.Target{Respond: func(request, _ pdu.PDU) iscsitest.Step {
		if m, ok := request.(*pdu.LoginRequest); ok && strings.Contains(string(m.Data), "CHAP") {
			t.Errorf("the other portal was offered CHAP: %q", m.Data)
		}
		return nil
	}})
	o := login.Options{Specified: login.SpecifiedAuthType | login.SpecifiedUsername | login.SpecifiedPassword, AuthType: login.CHAP, Username: "host", PasswordRef: "env:S"}
	s.add("127.0.0.1", server.Addr.Port(), "array", o)
	s.add("127.0.0.1", other.Addr.Port(), "", login.Options{})

	_, body := s.probe(target(server.Addr) + "&module=array")
	wantSeries(t, body, "probe_success 1", "probe_iscsi_targets 2")
	_, body = s.probe(target(server.Addr))
	wantSeries(t, body, "probe_success 0", `probe_iscsi_failure_info{code_name="ISDSC_AUTHENTICATION_FAILURE",login_status="0x0201",stage="login"} 1`)
	if code, body := s.probe(target(other.Addr) + "&module=array"); code != http.StatusForbidden {
		t.Errorf("got %d %s", code, body)
	}
	_, body = s.probe(target(other.Addr))
	wantSeries(t, body, "probe_success 1")

	_, body = s.probe(target(server.Addr) + "&module=array&debug=true")
	for _, want := range []string{"CHAP_N=host", "CHAP_R=", "2 targets", "probe_success 1", "TargetName=iqn.2026-11.example:a"} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %q in the log\n%s", want, body)
		}
	}
	if strings.Contains(body, secret) {
		t.Error("the secret is in the log")
	}
	for line := range strings.Lines(body) {
		if _, response, ok := strings.Cut(line, "CHAP_R=0x"); ok && strings.Trim(response, "0\n") != "" {
			t.Errorf("a CHAP response is in the log: %s", line)
		}
	}
}

// TestRedirect: a redirection is followed to what may be probed, and nowhere else.
func TestRedirect(t *testing.T) {
	t.Parallel()
	untouched := quietListener(t)
	inside := iscsitest.Listen(t, twoTargets)
	away := iscsitest.Listen(t, &iscsitest.Target{Redirect: untouched.String() + ",1"})
	home := iscsitest.Listen(t, &iscsitest.Target{Redirect: inside.Addr.String() + ",1"})
	s := newScene(t)
	for _, at := range []netip.AddrPort{inside.Addr, away.Addr, home.Addr} {
		s.add("127.0.0.1", at.Port(), "m", login.Options{})
	}
	for _, module := range []string{"", "&module=m"} {
		_, body := s.probe(target(home.Addr) + module)
		wantSeries(t, body, "probe_success 1", "probe_iscsi_redirects 1", "probe_iscsi_targets 2")
		_, body = s.probe(target(away.Addr) + module + "&debug=true")
		wantSeries(t, body, "probe_success 0")
		if !strings.Contains(body, "redirected to "+untouched.String()+": it may not be probed") {
			t.Errorf("the reason is not told:\n%s", body)
		}
	}
}
