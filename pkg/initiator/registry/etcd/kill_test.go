package etcd_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// writerVariable makes this test binary a writer of large values, on the server that it
// names.
const writerVariable = "ETCD_TEST_WRITER"

func TestMain(m *testing.M) {
	if url, ok := os.LookupEnv(writerVariable); ok {
		fmt.Fprintln(os.Stderr, writeUntilKilled(context.Background(), url))
		os.Exit(1)
	}
	os.Exit(etcdtest.Main(m))
}

// killedTTL is the lease of the writer's parts: the shortest that servers grant.
const killedTTL = 2 * time.Second

// writeUntilKilled sets two large values a batch, of one letter, and another letter in the
// next.
func writeUntilKilled(ctx context.Context, url string) error {
	client, err := etcd.Dial(ctx, etcd.Config{Endpoints: []string{url}, DialTimeout: 20 * time.Second})
	if err != nil {
		return err
	}
	s, err := etcd.Open(ctx, client, "k/")
	if err != nil {
		return err
	}
	s.SetTTL(killedTTL)
	for i := 0; ; i++ {
		v := value(byte('a'+i%26), 4*etcd.PartLen)
		if err := s.Apply(ctx, set("a", v), set("b", v)); err != nil {
			return err
		}
	}
}

// TestKilled: a writer that is killed while it writes parts leaves both records as they
// were, and its parts go when its lease has ended.
func TestKilled(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built})
	root := server.Client(t)
	s := open(t, dial(t, etcd.Config{Endpoints: []string{server.URL()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}), "k/")
	apply(t, s, set("a", value('-', 4*etcd.PartLen)), set("b", value('-', 4*etcd.PartLen)))
	for round := range 3 {
		before := wantPair(t, s)
		killWriter(t, root, server.URL(), 1+round*2)
		wantMarkersGone(t, root)
		s.Sweep(t.Context())
		wantLeft(t, root, "k/", 8)
		if after := wantPair(t, s); after.Version < before.Version {
			t.Errorf("round %d: version %d after %d", round, after.Version, before.Version)
		}
	}
}

// killWriter starts a writer and kills it when it has written some parts of its second
// batch or a later one.
func killWriter(t *testing.T, root *clientv3.Client, url string, parts int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	watch := root.Watch(ctx, "k/p/", clientv3.WithPrefix(), clientv3.WithFilterDelete(), clientv3.WithCreatedNotify())
	<-watch
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerVariable+"="+url)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for answer := range watch {
		if seen += len(answer.Events); seen >= 8+parts {
			break
		}
	}
	_ = cmd.Process.Kill() // it may have ended, which Wait tells
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writer was not killed: %v: %s", err, said.String())
	}
}

// wantMarkersGone waits until the lease of the writer has ended.
func wantMarkersGone(t *testing.T, root *clientv3.Client) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	watch := root.Watch(ctx, "k/w/", clientv3.WithPrefix(), clientv3.WithFilterPut(), clientv3.WithCreatedNotify())
	<-watch
	for count(t, root, "k/w/") > 0 {
		if _, ok := <-watch; !ok {
			t.Fatal("the writer's marker stays")
		}
	}
}

// wantPair holds the two records to be of one batch, and whole, and returns one of them.
func wantPair(t *testing.T, s *etcd.Store) registry.Record {
	t.Helper()
	var pair []registry.Record
	for r, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		pair = append(pair, r)
	}
	if len(pair) != 2 {
		t.Fatalf("got %d records, want 2", len(pair))
	}
	wantValue(t, s, "a", value(pair[1].Value[0], 4*etcd.PartLen))
	if pair[0].Version != pair[1].Version {
		t.Errorf("got versions %d and %d, want those of one batch", pair[0].Version, pair[1].Version)
	}
	return pair[0]
}
