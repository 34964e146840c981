package etcdtest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// How the health of a server is asked for: again after each answer that is not good, and
// no longer than healthLimit.
const (
	healthEvery = 10 * time.Millisecond
	healthLimit = time.Minute
)

// AwaitHealthy returns when the server says that it is healthy: there is a leader, and
// what is read is the latest.
func (s *Server) AwaitHealthy(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: s.tls(t), DialContext: s.dial,
	}}
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	limit := time.After(healthLimit)
	for {
		if response, err := client.Get(s.URL() + "/health"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-s.process.Done():
			t.Fatalf("%v ended at its start:\n%s", s, s.Log())
		case <-limit:
			t.Fatalf("%v is not healthy in time:\n%s", s, s.Log())
		}
	}
}

// Client returns a client for the test's own use, which may do everything: after
// Authenticate it is root's. It is closed at the end of the test.
func (s *Server) Client(t testing.TB) *clientv3.Client {
	t.Helper()
	cfg := s.Config(t)
	if s.root != "" {
		cfg.Username, cfg.Password = "root", s.root
	}
	client, err := clientv3.New(cfg)
	if err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Config returns how a client reaches the server, from the namespace of the server and
// without a user.
func (s *Server) Config(t testing.TB) clientv3.Config {
	t.Helper()
	return clientv3.Config{
		Endpoints: []string{s.URL()}, TLS: s.tls(t), DialTimeout: 20 * time.Second, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return s.dial(ctx, "tcp", address)
		})},
	}
}

// Compact compacts the history of all keys up to now.
func (s *Server) Compact(t testing.TB) {
	t.Helper()
	client := s.Client(t)
	now, err := client.Get(t.Context(), "now")
	if err == nil {
		_, err = client.Compact(t.Context(), now.Header.Revision, clientv3.WithCompactPhysical())
	}
	if err != nil {
		t.Fatalf("%v: compact: %v", s, err)
	}
}

// tls returns what a client needs; nil: nothing.
func (s *Server) tls(t testing.TB) *tls.Config {
	t.Helper()
	if s.opts.TLS == nil {
		return nil
	}
	c := s.opts.TLS.Client(t, s.opts.TLS.Issue(t, Request{})) // without a name, which would be a user's
	c.InsecureSkipVerify = true                               // whatever certificate the test gives the server
	return c
}

// dial connects from the server's namespace.
func (s *Server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return s.place.Namespace.DialContext(ctx, network, address)
}
