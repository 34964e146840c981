package fleetsim

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A Fleet is hosts that were started together. Its methods are for one goroutine at a time.
type Fleet struct {
	Size
	Keys fleet.Keys

	began   time.Time
	lists   [][]target.Target
	hosts   []*host.Host
	clients []*clientv3.Client
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New returns hosts that have asked all their portals once, and have not told anybody.
func New(size Size, keys fleet.Keys, dial func() (*clientv3.Client, error)) (*Fleet, error) {
	f := &Fleet{Size: size, Keys: keys, began: time.Now()}
	for range max(1, size.Clients) {
		client, err := dial()
		if err != nil {
			f.close()
			return nil, err
		}
		f.clients = append(f.clients, client)
	}
	if size.Lists <= maxLists {
		for i := range size.Lists {
			f.lists = append(f.lists, size.list(i))
		}
	}
	for i := range size.Hosts {
		name := size.host(i)
		h, err := host.New(host.Config{Client: f.clients[i%len(f.clients)], Keys: keys, Name: name, Every: size.Every, Info: func() fleet.Info { return f.info(name) }})
		if err != nil {
			f.close()
			return nil, err
		}
		f.hosts = append(f.hosts, h)
	}
	f.Round()
	return f, nil
}

// maxLists is how many lists are in memory; more are made when they are seen.
const maxLists = 1000

// info is what a host says of itself: also after a restart it is the same host.
func (f *Fleet) info(name string) fleet.Info {
	return fleet.Info{
		ID: "id of " + name, Version: "v1.0.0", InitiatorName: "iqn.1994-05.com.redhat:" + name, Started: f.began.UTC(), Every: f.Every.Seconds(),
		Ports: []fleet.Port{{Instance: "eth0", Number: 0, Address: source.String(), Device: "eth0", State: "up"}, {Instance: "eth1", Number: 1, Address: "192.0.2.252", Device: "eth1", State: "up"}},
	}
}

// Start has all hosts begin to publish within some time, each at any time of it; 0: at once.
func (f *Fleet) Start(within time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	for _, h := range f.hosts {
		f.running.Go(func() {
			select {
			case <-time.After(rand.N(within + 1)):
			case <-ctx.Done():
			}
			h.Run(ctx)
		})
	}
}

// PowerOff ends all hosts at once. What they have published stays until their leases end.
func (f *Fleet) PowerOff() {
	f.close()
	f.cancel()
	f.running.Wait()
}

func (f *Fleet) close() {
	for _, c := range f.clients {
		_ = c.Close()
	}
}

// Round has each host ask each of its portals once. All answer as before.
func (f *Fleet) Round() {
	for i := range f.hosts {
		f.Answer(i)
		if behind := i - maxEncoding; behind >= 0 {
			f.encoded(behind)
		}
	}
	for i := max(0, len(f.hosts)-maxEncoding); i < len(f.hosts); i++ {
		f.encoded(i)
	}
}

// maxEncoding is how many hosts have answers in memory at once.
const maxEncoding = 16

// encoded waits until a host has encoded its answers.
func (f *Fleet) encoded(i int) {
	for f.hosts[i].State().Encoding > 0 {
		time.Sleep(time.Millisecond)
	}
}

// Answer has all portals answer host i.
func (f *Fleet) Answer(i int) {
	targets := f.list(i)
	for p := range f.Portals {
		f.see(i, p, targets, nil)
	}
}

// Fail has portal p refuse host i.
func (f *Fleet) Fail(i, p int) { f.see(i, p, nil, syscall.ECONNREFUSED) }

func (f *Fleet) list(i int) []target.Target {
	if f.lists != nil {
		return f.lists[i%f.Lists]
	}
	return f.Size.list(i % f.Lists)
}

// see is what host i's watch tells of portal p.
func (f *Fleet) see(i, p int, targets []target.Target, err error) {
	now := time.Now()
	s := watch.State{Key: entry(p), Since: f.began, LastAttempt: now, Targets: f.Targets, Last: &initiator.Result{Source: source, Complete: err == nil}}
	if err != nil {
		s.FailingSince = now
		s.Last.Err = &initiator.Error{Stage: initiator.StageConnect, Err: err}
	}
	f.hosts[i].Observe(&s, targets)
}

// Connected returns how many hosts have nothing more to write, and an error of one that
// cannot.
func (f *Fleet) Connected() (n int, err error) {
	for _, h := range f.hosts {
		s := h.State()
		if s.Connected && s.Waiting == 0 {
			n++
		}
		err = cmp.Or(err, s.Err)
	}
	return n, err
}
