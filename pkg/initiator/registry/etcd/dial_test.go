package etcd_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// wantState holds an error to be an *etcd.Error of a state, in one line.
func wantState(t *testing.T, err error, want etcd.State) {
	t.Helper()
	var e *etcd.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *etcd.Error", err)
	}
	if e.State != want {
		t.Errorf("got state %v (%v), want %v", e.State, err, want)
	}
	if text := err.Error(); strings.ContainsAny(text, "\n\r\x1b") || !strings.HasSuffix(text, "; "+want.Hint()) {
		t.Errorf("got %q, want one line that ends in what to do", text)
	}
}

// wantText holds an error's text to have parts.
func wantText(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("got %q, want %q in it", err, p)
		}
	}
}

// testDial: Dial says which endpoint fails, and why.
func testDial(t *testing.T, w *world) {
	closed := closedPort(t)
	good := w.config(t, "pair")
	server := w.server.Address().String()
	other := etcdtest.NewAuthority(t)
	past := etcdtest.Request{From: time.Now().Add(-48 * time.Hour), To: time.Now().Add(-24 * time.Hour)}
	with := func(change func(*etcd.Config)) etcd.Config {
		cfg := good
		change(&cfg)
		return cfg
	}
	for _, tt := range []struct {
		name  string
		cfg   etcd.Config
		state etcd.State
		texts []string
	}{
		{"nothing listens", with(func(c *etcd.Config) { c.Endpoints = []string{"https://" + closed} }), etcd.Unreachable, []string{closed, "connection refused"}},
		{"no such user", with(func(c *etcd.Config) { c.User = "nobody" }), etcd.Unauthenticated, []string{server}},
		{"wrong password", with(func(c *etcd.Config) { c.Password = auth.NewSecret([]byte("wrong")) }), etcd.Unauthenticated, []string{server}},
		{"another authority", with(func(c *etcd.Config) { c.CACert = other.File }), etcd.BadCertificate, []string{server, "not signed by an authority that we know"}},
		{"the system's authorities", with(func(c *etcd.Config) { c.CACert = "" }), etcd.BadCertificate, []string{server, "not signed by an authority that we know"}},
		{"no certificate of ours", with(func(c *etcd.Config) { c.Cert, c.Key = "", "" }), etcd.BadCertificate, []string{server, "refuses our certificate, or wants one"}},
		{"ours of another authority", with(func(c *etcd.Config) { x := other.Issue(t, etcdtest.Request{}); c.Cert, c.Key = x.Cert, x.Key }), etcd.BadCertificate, []string{server, "refuses our certificate"}},
		{"ours has ended", with(func(c *etcd.Config) { x := w.authority.Issue(t, past); c.Cert, c.Key = x.Cert, x.Key }), etcd.BadCertificate, []string{server, "our certificate ended on " + past.To.UTC().Format("2006-01-02")}},
		{"no file", with(func(c *etcd.Config) { c.CACert = "/none/ca.pem" }), etcd.BadCertificate, []string{"/none/ca.pem", "no such file"}},
		{"no PEM", with(func(c *etcd.Config) { c.Cert = c.Key }), etcd.BadCertificate, []string{good.Key, "no PEM"}},
		{"no key file", with(func(c *etcd.Config) { c.Key = "/none/host.key" }), etcd.BadCertificate, []string{": /none/host.key: ", "no such file"}},
		{"the key of another certificate", with(func(c *etcd.Config) { c.Key = w.authority.Issue(t, etcdtest.Request{}).Key }), etcd.BadCertificate, []string{good.Cert, "none of its key in "}},
		{"http to https", with(func(c *etcd.Config) {
			c.Endpoints, c.CACert, c.Cert, c.Key = []string{"http://" + server}, "", "", ""
			c.DialTimeout = 3 * time.Second
		}), etcd.Unreachable, []string{server}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := refusedDial(t, t.Context(), tt.cfg, tt.state)
			wantText(t, err, tt.texts...)
			if strings.Contains(err.Error(), "wrong") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
	t.Run("one member is away", func(t *testing.T) {
		t.Parallel()
		dial(t, with(func(c *etcd.Config) { c.Endpoints = []string{"https://" + closed, server} }))
	})
}

// closedPort returns an address on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestDialMisconfigured: what cannot be meant is refused before anything is dialled, and a
// password in an endpoint is not shown.
func TestDialMisconfigured(t *testing.T) {
	t.Parallel()
	secret := auth.NewSecret([]byte("secret"))
	for _, tt := range []struct {
		name string
		cfg  etcd.Config
	}{
		{"no endpoint", etcd.Config{}},
		{"an empty one", etcd.Config{Endpoints: []string{""}}},
		{"another scheme", etcd.Config{Endpoints: []string{"ftp://host"}}},
		{"a path", etcd.Config{Endpoints: []string{"http://host/secret"}}},
		{"a user in it", etcd.Config{Endpoints: []string{"http://root:secret@host"}}},
		{"a user without a scheme", etcd.Config{Endpoints: []string{"root:secret@host"}}},
		{"both kinds", etcd.Config{Endpoints: []string{"http://a", "https://b"}}},
		{"certificates for http", etcd.Config{Endpoints: []string{"http://a"}, CACert: "ca"}},
		{"no key", etcd.Config{Endpoints: []string{"a"}, Cert: "c"}},
		{"no user", etcd.Config{Endpoints: []string{"a"}, Password: secret}},
		{"no password", etcd.Config{Endpoints: []string{"a"}, User: "a"}},
		{"an escape", etcd.Config{Endpoints: []string{"\x1b[31m\nhost"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := refusedDial(t, t.Context(), tt.cfg, etcd.Misconfigured)
			if strings.Contains(err.Error(), "secret") && tt.name != "a path" {
				t.Errorf("got %q, which has the password", err)
			}
		})
	}
}

// TestDialCancelled: Dial ends with its context, though a server keeps it waiting.
func TestDialCancelled(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
		}
		cancel()
	}()
	err = refusedDial(t, ctx, etcd.Config{Endpoints: []string{l.Addr().String()}, DialTimeout: time.Hour}, etcd.Unreachable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled in it", err)
	}
}

// TestDialServersCertificate: a server's certificate that has ended, or that is for
// another name, is said to be so; and a renewed one of ours counts at the next handshake.
func TestDialServersCertificate(t *testing.T) {
	t.Parallel()
	a := etcdtest.NewAuthority(t)
	loopback := etcdtest.Request{Names: []string{"elsewhere.example"}}
	theirs := a.Issue(t, loopback)
	s := etcdtest.Start(t, etcdtest.Options{TLS: a, Server: theirs})
	ours := a.Issue(t, etcdtest.Request{})
	cfg := etcd.Config{Endpoints: []string{s.URL()}, CACert: a.File, Cert: ours.Cert, Key: ours.Key, DialTimeout: 20 * time.Second}
	wantText(t, refusedDial(t, t.Context(), cfg, etcd.BadCertificate), "for other names")

	yesterday := time.Now().Add(-24 * time.Hour)
	address := []netip.Addr{s.Address().Addr()}
	a.Renew(t, theirs, etcdtest.Request{Addresses: address, From: yesterday.Add(-time.Hour), To: yesterday})
	wantText(t, refusedDial(t, t.Context(), cfg, etcd.BadCertificate), "to "+yesterday.UTC().Format("2006-01-02"), ", and our clock has ")

	a.Renew(t, theirs, etcdtest.Request{Addresses: address})
	if err := os.WriteFile(ours.Cert, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedDial(t, t.Context(), cfg, etcd.BadCertificate)
	a.Renew(t, ours, etcdtest.Request{})
	client := dial(t, cfg)

	// The connection is lost, and our certificate has been renewed meanwhile.
	a.Renew(t, ours, etcdtest.Request{From: yesterday.Add(-time.Hour), To: yesterday})
	s.Kill()
	s.Start(t)
	s.AwaitHealthy(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := client.Get(ctx, "key")
	err = etcd.ExplainFrom(client, "read", "key", err)
	wantState(t, err, etcd.BadCertificate)
	wantText(t, err, "our certificate ended on", ours.Cert)
	a.Renew(t, ours, etcdtest.Request{})
	if _, err := client.Get(t.Context(), "key"); err != nil {
		t.Errorf("with a renewed certificate: %v", err)
	}
}
