package isns

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/targets"
)

// listener is the name of the host that takes notices.
const listener = "iqn.2026-11.com.example:listener"

// within waits for a value, at most startLimit.
func within[T any](t *testing.T, what string, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(startLimit):
		t.Fatalf("%s: not in %v", what, startLimit)
	}
	return v
}

// TestNotices: tgt registers its targets at isnsd by itself, and isnsd tells a Listener of
// that. After a restart of isnsd, which keeps nothing, the Listener is registered again;
// at its end it is taken out.
func TestNotices(t *testing.T) {
	t.Parallel()
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	var l *isns.Listener
	err := d.ns.Do(func() (err error) {
		l, err = isns.Listen(t.Context(), netip.AddrPortFrom(server.Addr(), 0))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	states, notified := make(chan isns.SubscriptionState, 100), make(chan bool, 100)
	var rooms sync.WaitGroup
	rooms.Go(func() { l.Serve(ctx) })
	rooms.Go(func() {
		l.Subscribe(ctx, &isns.Subscription{
			Client:  d.as(listener),
			Request: isns.Request{Server: initiator.Portal{Address: serverAddr, Port: isns.DefaultPort}},
			Notify:  func() { notified <- true },
			Report:  func(s isns.SubscriptionState) { states <- s },
		})
	})
	end := sync.OnceFunc(func() { cancel(); rooms.Wait() })
	defer end()
	for !within(t, "the Listener is registered", states).Registered {
	}
	for len(notified) > 0 { // of its own registration
		<-notified
	}

	tgt := targets.StartTgt(t, targets.TgtConfig{Namespace: d.ns, Addrs: []netip.Addr{server.Addr()}, Port: 3260, Targets: []string{disk1, disk2}})
	tgt.Admin(t, "--op", "update", "--mode", "sys", "--name", "iSNSServerIP", "-v", serverAddr)
	tgt.Admin(t, "--op", "update", "--mode", "sys", "--name", "iSNS", "-v", "On")
	within(t, "a notice of what tgt registers", notified)
	var got []string
	d.await("tgt has registered its targets", func() bool {
		got = nil
		for _, n := range d.ask(d.as(listener)).Nodes {
			for _, p := range n.Portals {
				got = append(got, n.Name+" "+p.Address.String())
			}
		}
		return len(got) == 2
	})
	if diff := cmp.Diff([]string{disk1 + " 192.0.2.10:3260", disk2 + " 192.0.2.10:3260"}, sorted(got)); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}

	d.restart()
	d.await("the Listener is registered again", func() bool { return d.knows(listener) })
	end()
	if d.knows(listener) {
		t.Error("the Listener is registered after its end")
	}
}

// knows reports whether a node is registered with a type. isnsd has a node without one for
// each source of a registration.
func (d *isnsd) knows(name string) bool {
	d.t.Helper()
	r := d.last(&isns.DevAttrQry{Source: hostName, Key: []isns.Attribute{isns.TextAttribute(isns.TagISCSIName, name)}, Want: []isns.Tag{isns.TagISCSIName, isns.TagNodeType}})
	return slices.ContainsFunc(r.Operating, func(a isns.Attribute) bool { return a.Tag == isns.TagNodeType && !a.IsEmpty() })
}

// TestRegistration: isnsd grants a registration period of its own, and rejects the
// registration for notices of a node that has no portal for them.
func TestRegistration(t *testing.T) {
	t.Parallel()
	d := startISNSD(t)
	const asked = 12345
	node := node(hostName, isns.Initiator)
	r := d.register("host", []isns.Attribute{isns.NumberAttribute(isns.TagRegPeriod, asked)}, node)
	i := slices.IndexFunc(r.Operating, func(a isns.Attribute) bool { return a.Tag == isns.TagRegPeriod })
	if i < 0 {
		t.Errorf("got %v, want a registration period", r.Operating)
	} else if s, err := r.Operating[i].Number(); err != nil || s == asked || s == 0 {
		t.Errorf("got a registration period of %d s, %v, want one of isnsd's own", s, err)
	}
	notices := &isns.SCNReg{Source: hostName, Node: hostName, Bitmap: isns.SCNTargetsOnly | isns.SCNAdded}
	if r := d.last(notices); r.Status != 17 {
		t.Errorf("without a portal: got %s, want SCN registration rejected", r.Status)
	}
	port := portal(serverAddr+":4000", isns.PortAttribute(isns.TagSCNPort, 4000))
	d.exchange(registration("host", port, node), notices)
}
