package etcd_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A relay is a way to a server on which answers can be lost.
type relay struct {
	listener net.Listener
	server   string

	mu    sync.Mutex // guards the following
	holds bool       // answers are read and not passed on
	conns []net.Conn // of clients
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, server: server}
	t.Cleanup(func() { l.Close(); r.cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *relay) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		client.Close()
		return
	}
	r.mu.Lock()
	r.conns = append(r.conns, client)
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, client) // until one of them ends
		server.Close()
	}()
	_, _ = io.Copy(answers{r, client}, server)
	client.Close()
}

// answers is where the server's answers go.
type answers struct {
	*relay
	client net.Conn
}

func (a answers) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.holds {
		return len(b), nil
	}
	return a.client.Write(b)
}

// hold loses answers from now on.
func (r *relay) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holds = true
}

// cut ends all connections; those that come are whole again.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holds = false
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

// TestAnswerLost: a change whose answer is lost is made once, whatever others do to its
// record before it is sent again; where that cannot be found out, the error says so.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built})
	root := server.Client(t)
	other := open(t, root, "a/")
	way := newRelay(t, server.Address().String())
	s := open(t, dial(t, etcd.Config{Endpoints: []string{way.listener.Addr().String()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}), "a/")
	for _, tt := range []struct {
		name      string
		change    registry.Change
		meanwhile func(t *testing.T)
		uncertain bool
		want      string // the value in the end; "": none
	}{
		{"set", registry.Change{Value: []byte("ours")}, nil, false, "ours"},
		{"set, and set by another", registry.Change{Value: []byte("ours")}, func(t *testing.T) { apply(t, other, set("k", []byte("1"))); apply(t, other, set("k", []byte("2"))) }, false, "2"},
		{"set, and deleted by another", registry.Change{Value: []byte("ours")}, func(t *testing.T) { apply(t, other, remove("k")) }, true, ""},
		{"set, set by another, and compacted", registry.Change{Value: []byte("ours")}, func(t *testing.T) { apply(t, other, set("k", []byte("1"))); server.Compact(t) }, true, "1"},
		{"deleted", registry.Change{Delete: true}, nil, false, ""},
	} {
		apply(t, other, set("k", []byte("before")))
		before, err := s.Get(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		tt.change.Key, tt.change.Version = "k", before.Version
		way.hold()
		lose(t, root, way, before.Version, func() { err = s.Apply(t.Context(), tt.change) }, tt.meanwhile)
		var e *etcd.Error
		if uncertain := errors.As(err, &e) && e.Uncertain; uncertain != tt.uncertain || !uncertain && err != nil {
			t.Errorf("%s: got %v, want uncertain %v", tt.name, err, tt.uncertain)
		}
		if uncertainText := "whether the change was made is not known"; tt.uncertain {
			wantText(t, err, uncertainText)
		}
		wantValue(t, other, "k", []byte(tt.want))
	}
}

// lose loses the answer of a change, with what happens before it is sent again.
func lose(t *testing.T, root *clientv3.Client, way *relay, version uint64, change func(), meanwhile func(*testing.T)) {
	t.Helper()
	events := root.Watch(t.Context(), "a/r/k", clientv3.WithRev(int64(version)+1))
	done := make(chan struct{})
	go func() {
		defer close(done)
		change()
	}()
	select {
	case <-events:
	case <-time.After(time.Minute):
		t.Fatal("the change does not come")
	}
	if meanwhile != nil {
		meanwhile(t)
	}
	way.cut()
	<-done
}
