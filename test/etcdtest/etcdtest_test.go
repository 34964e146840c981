package etcdtest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
)

// eachKind runs a test with each kind of server.
func eachKind(t *testing.T, test func(*testing.T, etcdtest.Kind)) {
	t.Parallel()
	for _, k := range etcdtest.Kinds() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// TestStart: a server has TLS and users as asked, and its data after a crash.
func TestStart(t *testing.T) {
	eachKind(t, func(t *testing.T, k etcdtest.Kind) {
		s := etcdtest.Start(t, etcdtest.Options{Kind: k, TLS: etcdtest.NewAuthority(t)})
		if _, err := s.Client(t).Put(t.Context(), "key", "value"); err != nil {
			t.Fatal(err)
		}
		s.Authenticate(t, etcdtest.User{Name: "reader", Password: "p", Read: []string{"k"}})
		s.Kill()
		s.Start(t)
		s.AwaitHealthy(t)
		got, err := s.Client(t).Get(t.Context(), "key")
		if err != nil || got.Count != 1 {
			t.Errorf("got %v, %v after the server's crash, want its key", got, err)
		}
		cfg := s.Config(t)
		cfg.Username, cfg.Password = "reader", "p"
		reader := newClient(t, cfg)
		if _, err := reader.Get(t.Context(), "key"); err != nil {
			t.Error(err)
		}
		if _, err := reader.Put(t.Context(), "key", ""); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("got %v for a write of a user that may read, want permission denied", err)
		}
	})
}

// TestCluster: three members are one cluster, which goes on without one of them.
func TestCluster(t *testing.T) {
	eachKind(t, func(t *testing.T, k etcdtest.Kind) {
		members := etcdtest.StartCluster(t, etcdtest.Options{Kind: k}, etcdtest.Place{}, etcdtest.Place{}, etcdtest.Place{})
		members[0].Kill()
		put(t, members[1].Client(t), "key")
		members[0].Start(t)
		members[0].AwaitHealthy(t)
		got, err := members[0].Client(t).Get(t.Context(), "key")
		if err != nil || got.Count != 1 {
			t.Errorf("got %v, %v from a member that was away, want the key", got, err)
		}
	})
}

// TestVersion: the version of the nested module is the one that the package tells.
func TestVersion(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("server/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "go.etcd.io/etcd/server/v3 " + etcdtest.Version + " "; !strings.Contains(string(text), want) {
		t.Errorf("server/go.mod does not have %q", want)
	}
}

// TestExpired: a certificate ends when the test says.
func TestExpired(t *testing.T) {
	t.Parallel()
	a := etcdtest.NewAuthority(t)
	past := a.Issue(t, etcdtest.Request{Name: "late", From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)})
	s := etcdtest.Start(t, etcdtest.Options{TLS: a})
	cfg := s.Config(t)
	cfg.TLS = a.Client(t, past)
	if _, err := newClient(t, cfg).Get(timeout(t, time.Second), "key"); err == nil {
		t.Error("got an answer with a certificate that has ended, want none")
	}
}
