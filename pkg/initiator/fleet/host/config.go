package host

import (
	"cmp"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Bounds of what a Host does.
const (
	// MinTTL is how long a host that is gone stays in the view at least. A lease has three
	// intervals, or that.
	MinTTL = 15 * time.Second

	// LeaveTime is how long Run tries to end its lease when its context has ended.
	LeaveTime = 3 * time.Second

	requestTimeout = 10 * time.Second       // of one request to etcd
	writeGap       = 250 * time.Millisecond // between two rounds of writes at least, so that what comes together is written together
	firstPause     = time.Second            // between two tries at first; it doubles up to the interval
)

// A Config says what a Host publishes, and where. Client, Keys, Name and Info are required.
type Config struct {
	Client *clientv3.Client // the caller's, who closes it when Run has returned
	Keys   fleet.Keys
	Name   string // of this host in the fleet, see fleet.CheckHost

	// Info is asked for each connection and once in each interval, and written when it has
	// changed. Its ID tells two hosts of one name apart: the same one is this host after a
	// restart. Host and Unpublished are set by the Host.
	Info func() fleet.Info

	Every time.Duration // interval between two discoveries of one portal; 0: watch.DefaultEvery

	// FromFleet reports entries that are there because config/ says so; nil: none are. It is
	// called within Observe.
	FromFleet func(initiator.Key) bool

	// Wanted is called with what config/ has at the start and after each change; changes that
	// come together are one, and what comes during a call waits for its end. nil: config/ is not read.
	Wanted func(*Wanted)

	Report func(State) // called when the state changes, by one goroutine at a time; nil: nothing is

	limits limits
}

// limits are the bounds that tests change.
type limits struct {
	ttl     time.Duration // of the lease
	request time.Duration // of one request
	first   time.Duration // pause
	kept    int           // bytes of encoded answers
	queued  int           // bytes of targets that wait to be encoded

	encode func([]target.Target) (*fleet.Answer, error)
}

// New returns a Host that does nothing until Run. The error is a *fleet.NameError, or says
// which field is missing.
func New(cfg Config) (*Host, error) {
	if err := fleet.CheckHost(cfg.Name); err != nil {
		return nil, err
	}
	if cfg.Client == nil || cfg.Info == nil || cfg.Keys.Prefix() == "" {
		return nil, errors.New("a host of a fleet needs a client, keys and an info")
	}
	cfg.Every = max(cmp.Or(cfg.Every, watch.DefaultEvery), watch.MinEvery)
	return newHost(cfg), nil
}

// newHost returns a Host with defaults for the limits that are not set.
func newHost(cfg Config) *Host {
	l := &cfg.limits
	l.ttl = cmp.Or(l.ttl, max(3*cfg.Every, MinTTL))
	l.request = cmp.Or(l.request, requestTimeout)
	l.first = min(cmp.Or(l.first, firstPause), cfg.Every)
	l.kept, l.queued = cmp.Or(l.kept, maxKept), cmp.Or(l.queued, maxQueued)
	if l.encode == nil {
		l.encode = fleet.Encode
	}
	h := &Host{cfg: cfg, book: newBook(cfg.Keys, cfg.Name, l.kept), restored: make(chan struct{}, 1)}
	h.intake.room = sync.NewCond(&h.intake.mu)
	return h
}
