package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

const secret = "correct-horse-battery"

// A scene is a Handler on a registry of its own.
type scene struct {
	t       *testing.T
	handler *Handler
	store   *memstore.Store
	names   map[string][]netip.Addr
	lookups atomic.Int32
}

func newScene(t *testing.T, allow ...string) *scene {
	t.Helper()
	s := &scene{t: t, store: &memstore.Store{}, names: make(map[string][]netip.Addr)}
	config := registry.Config{Store: s.store, Discoverer: s.discoverer(), Secrets: func(context.Context, string) (auth.Secret, error) { return auth.NewSecret([]byte(secret)), nil }}
	service, err := registry.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	guard := &Guard{Entries: func(context.Context) (*registry.Service, error) { return service, nil }}
	for _, a := range allow {
		guard.Allow = append(guard.Allow, netip.MustParsePrefix(a))
	}
	s.handler = NewHandler(Handler{
		Guard: guard, Config: config, Discoverer: s.discoverer, Timeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler),
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			s.lookups.Add(1)
			if found := s.names[host]; found != nil {
				return found, nil
			}
			return nil, errors.New("no such host")
		},
	})
	return s
}

func (s *scene) discoverer() *initiator.Discoverer {
	return &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i"}
}

// add puts an entry into the registry. It is not asked.
func (s *scene) add(host string, port uint16, module string, o login.Options) {
	s.t.Helper()
	cfg := s.handler.Config
	cfg.Discoverer = &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i", Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		return nil, errors.New("not asked")
	}, Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("not asked") }}
	service, err := registry.Open(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	r, _ := service.AddSendTargetPortal(s.t.Context(), initiator.SendTargetPortal{Portal: initiator.Portal{SymbolicName: module, Address: host, Port: port}, Login: o})
	if !r.Stored {
		s.t.Fatal(r.Err)
	}
	s.handler.Guard.Forget()
}

// probe asks the Handler, and returns status and body.
func (s *scene) probe(query string, header ...string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/probe?"+query, nil)
	if len(header) > 0 {
		r.Header.Set(scrapeTimeout, header[0])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func target(at netip.AddrPort) string { return "target=" + url.QueryEscape(at.String()) }

func wantSeries(t *testing.T, body string, series ...string) {
	t.Helper()
	for _, want := range series {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("there is no %q in\n%s", want, body)
		}
	}
}

var twoTargets = &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.example:a"}, {Name: "iqn.2026-11.example:b"}}}

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

// TestGivenUp: a scrape that is given up ends the session.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	arrived, closed := make(chan bool), make(chan bool)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		c, err := silent.Accept()
		if err != nil {
			return
		}
		b := make([]byte, 1)
		_, _ = c.Read(b)
		close(arrived)
		_, _ = io.Copy(io.Discard, c) // until the initiator closes
		close(closed)
		c.Close()
	}()
	s := newScene(t, "127.0.0.0/8")
	s.handler.Timeout = time.Hour
	server := httptest.NewServer(s.handler)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/probe?target="+silent.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-arrived
	cancel()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the session goes on")
	}
}

// TestScrapeTimeout: what a scrape allows is the probe's time, less half a second.
func TestScrapeTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		want   time.Duration // 0: refused
	}{
		{"", 15 * time.Second}, {"10", 9500 * time.Millisecond}, {"0.6", 100 * time.Millisecond}, {"0.1", minTimeout}, {"1e300", 15 * time.Second},
		{"15.2", 14700 * time.Millisecond}, {"x", 0}, {"NaN", 0}, {"-1", 0}, {"0", 0}, {"+Inf", 15 * time.Second},
	} {
		got, err := timeoutOf(tt.header, 15*time.Second)
		if got != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%q: got %v, %v, want %v", tt.header, got, err, tt.want)
		}
	}
	silent := quietAccepter(t)
	s := newScene(t, "127.0.0.0/8")
	begun := time.Now()
	_, body := s.probe("target="+silent, "0.8")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	wantSeries(t, body, "probe_success 0")
}

// quietAccepter returns the address of a listener whose connections stay silent.
func quietAccepter(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// TestBadParameters: each is refused in one line.
func TestBadParameters(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, query := range []string{
		"", "target=", "target=a&target=b", "target=a;b", "target=%zz", "target=a:0", "target=a:99999", "target=http://a/", "target=u@a", "target=a&modul=x",
		"target=a&module=", "target=a&debug=maybe", "target=%0aa", "target=a%00", "target=" + strings.Repeat("a", 3000), "target=0.0.0.0", "target=224.0.0.1",
	} {
		code, body := s.probe(query)
		if code != http.StatusBadRequest || strings.Count(body, "\n") != 1 || len(body) > 300 {
			t.Errorf("%.60s: got %d %q, want 400 and one line", query, code, body)
		}
	}
	if code, _ := s.probe("target=192.0.2.1", "soon"); code != http.StatusBadRequest {
		t.Errorf("a bad header: got %d", code)
	}
}

// TestBusy: no more probes than MaxProbes are under way.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := newScene(t, "127.0.0.0/8")
	for range MaxProbes {
		s.handler.slots <- struct{}{}
	}
	r := httptest.NewRequest(http.MethodGet, "/probe?target=127.0.0.1", nil)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// TestRegistryGone: a registry that cannot be read allows nothing.
func TestRegistryGone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.handler.Guard.Entries = func(context.Context) (*registry.Service, error) { return nil, errors.New("gone") }
	if code, body := s.probe("target=192.0.2.1"); code != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", code, body)
	}
}
