package ipsec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// childVariable makes a copy of the test program do a job: without rights, or in
// a guest.
const childVariable = "IPSEC_TEST_JOB"

// What a child may be told to do.
const (
	doHold     = "hold"     // look what exists, and dial held to an association that nobody has
	doDiscover = "discover" // ask a portal
	doTwice    = "twice"    // ask a portal, and meanwhile once more with other flags
	doLook     = "look"     // look what exists
	doPlain    = "plain"    // dial in clear text
	doConnect  = "connect"  // connect, say "connected", and say what becomes of the connection
	doHangUp   = "hang up"  // connect, and close the connection some time before its associations
	doGiveUp   = "give up"  // give up connecting some time before the associations go
	doNothing  = "nothing"  // have the connection prepared, and not make it
	doListen   = "listen"   // at the portal: take connections, and leave them be
	doEcho     = "echo"     // at the portal: take connections, and send back what they say
	doFlood    = "flood"    // at the portal: take connections, and send as much as they take
)

// A job is what a child is told to do.
type job struct {
	Do            string
	Source        netip.Addr
	Portal        netip.AddrPort
	Flags         ipsec.Flags
	Other         ipsec.Flags // doTwice: the second time
	Key           string
	Local, Remote string     // identities; empty: addresses
	PeerID        string     // as the portal has it
	Proposals     string     // likewise
	Outer         netip.Addr // in tunnel mode
	Charon        string     // its socket; empty: the kernel's policies alone
	Timeout       time.Duration
	Patience      time.Duration // doGiveUp: for the connection
	Repeat        int           // discoveries at once; 0: one

	told *notices // by the enforcer, of no portal; nil: there is none yet
}

// A report is what became of it.
type report struct {
	Existing string // kind of what was found
	Found    string // its name
	Plan     string
	Targets  []string
	Proof    *enforce.Proof
	Error    string
	Code     string
	NotHeld  bool   // the error is a HoldError
	Lost     bool   // a LostError
	WrongKey bool   // a KeyError
	OtherID  string // of an IdentityError: the identity that the peer gave
	Told     []ipsec.Warning
	Unproven string // why there is no proof in the end
}

func childEnv(j job) string {
	b, err := json.Marshal(j)
	if err != nil {
		panic(err)
	}
	return childVariable + "=" + string(b)
}

// readReport finds the report, which is the last line.
func readReport(t *testing.T, text string) (r report) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("%v in what the child printed: %s", err, text)
	}
	return r
}

// runChild does a job and prints a report.
func runChild(text string) int {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	r := j.run(context.Background())
	b, err := json.Marshal(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("%s\n", b)
	return 0
}

func (j *job) run(ctx context.Context) (r report) {
	defer func() { r.Told = j.told.all() }()
	if j.Timeout == 0 {
		j.Timeout = 30 * time.Second
	}
	switch j.Do {
	case doHold:
		r.fail(j.hold(ctx, &r))
	case doDiscover:
		j.discover(ctx, &r)
	case doTwice:
		j.twice(ctx, &r)
	case doLook:
		existing, err := j.enforcer().Existing(ctx, j.Source, j.Portal)
		r.Existing, r.Found = existing.Kind.String(), existing.Name
		r.fail(err)
	case doPlain:
		ctx, cancel := context.WithTimeout(ctx, j.Timeout)
		defer cancel()
		nc, err := (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(j.Source, 0))}).DialContext(ctx, "tcp", j.Portal.String())
		if err == nil {
			nc.Close()
		}
		r.fail(err)
	case doConnect:
		r.fail(j.connect(ctx, &r, (*job).listenTo))
	case doHangUp:
		r.fail(j.connect(ctx, &r, (*job).hangUp))
	case doGiveUp:
		r.fail(j.connect(ctx, &r, (*job).giveUp))
	case doNothing:
		r.fail(j.connect(ctx, &r, func(*job, context.Context, enforce.Dialer) error { return nil }))
	case doListen:
		r.fail(j.listen(func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }))
	case doEcho:
		r.fail(j.listen(echo))
	case doFlood:
		r.fail(j.listen(func(nc net.Conn) {
			for b := make([]byte, 1400); ; {
				if _, err := nc.Write(b); err != nil {
					return
				}
			}
		}))
	}
	return r
}

// fail notes an error.
func (r *report) fail(err error) {
	if err == nil {
		return
	}
	r.Error, r.Code = err.Error(), isdsc.Name(initiator.Code(err))
	var hold *xfrm.HoldError
	var lost *xfrm.LostError
	r.NotHeld, r.Lost = errors.As(err, &hold), errors.As(err, &lost)
	var key *strongswan.KeyError
	r.WrongKey = errors.As(err, &key)
	var identity *strongswan.IdentityError
	if errors.As(err, &identity) {
		r.OtherID = identity.Got
	}
}

func (j *job) hold(ctx context.Context, r *report) error {
	existing, err := xfrm.Existing(ctx, j.Source, j.Portal)
	if err != nil {
		return err
	}
	r.Existing, r.Found = existing.Kind.String(), existing.Name
	d := xfrm.Dialer{Hold: xfrm.Demand(xfrm.Association{Mode: ipsec.TransportMode, Local: j.Source, Remote: j.Portal.Addr(), Reqid: reqid}), Source: j.Source}
	nc, err := d.DialContext(ctx, j.Portal)
	if err == nil {
		nc.Close()
	}
	return err
}

func (j *job) enforcer() enforce.Enforcer {
	if j.Charon == "" {
		return &xfrm.Enforcer{}
	}
	if j.told == nil {
		j.told = new(notices)
	}
	return &strongswan.Enforcer{Socket: j.Charon, Warn: j.told.add}
}

func (j *job) psk() enforce.PSK {
	return enforce.PSK{Secret: auth.NewSecret([]byte(j.Key)), Local: j.Local, Remote: j.Remote}
}

func (j *job) discoverer() *initiator.Discoverer {
	return &initiator.Discoverer{
		InitiatorName: "iqn.2026-11.com.example:host1",
		Timeout:       j.Timeout,
		Enforcer:      j.enforcer(),
		PSK: func(context.Context, ports.Port, enforce.Peer) (enforce.PSK, bool, error) {
			return j.psk(), j.Key != "", nil
		},
		Gateway: func(context.Context, ports.Port, netip.Addr) (netip.Addr, bool, error) {
			return j.Outer, j.Outer.IsValid(), nil
		},
	}
}

func (j *job) portal(flags ipsec.Flags) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{
		Portal: initiator.Portal{Address: j.Portal.Addr().String(), Port: j.Portal.Port()},
		Source: j.Source, Security: flags,
		IPsec: initiator.IPsecOptions{LocalID: j.Local, PeerID: j.PeerID, Proposals: j.Proposals},
	}
}

func (j *job) discover(ctx context.Context, r *report) {
	p := j.portal(j.Flags)
	portals := func(yield func(initiator.SendTargetPortal) bool) {
		for range max(j.Repeat, 1) {
			if !yield(p) {
				return
			}
		}
	}
	for result := range j.discoverer().DiscoverAll(ctx, portals) {
		r.add(result)
	}
}

// add notes a result.
func (r *report) add(result initiator.Result) {
	r.Existing, r.Found, r.Plan = result.IPsec.Existing.Kind.String(), result.IPsec.Existing.Name, result.IPsec.String()
	r.Proof = result.Proof
	for _, target := range result.Targets {
		r.Targets = append(r.Targets, target.Name)
	}
	r.fail(result.Err)
}

// twice asks the portal again while it is being asked. Of the plan it reports that
// of the second time.
func (j *job) twice(ctx context.Context, r *report) {
	d := j.discoverer()
	keys := make(chan bool, 2) // each plan asks for a key
	key := d.PSK
	d.PSK = func(ctx context.Context, from ports.Port, p enforce.Peer) (enforce.PSK, bool, error) {
		keys <- true
		return key(ctx, from, p)
	}
	second := make(chan initiator.Result, 1)
	ask := func() {
		result, _ := d.Discover(ctx, j.portal(j.Other))
		second <- result
		keys <- false
	}
	var once sync.Once
	d.Trace = func(e initiator.TraceEvent) {
		if _, ok := e.PDU.(*pdu.TextRequest); ok {
			once.Do(func() {
				<-keys // our own
				go ask()
				<-keys // the second plan is made
			})
		}
	}
	result, _ := d.Discover(ctx, j.portal(j.Flags))
	r.add(result)
	r.add(<-second)
}
