package job

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Variable of the environment tells a program its Job.
const Variable = "IPSEC_TEST_JOB"

// Reqid is that of an association that neither the kernel nor charon has.
const Reqid = 0x7a000001

// What a program may be told to do.
const (
	Hold     = "hold"     // look what exists, and dial held to an association that the kernel does not have
	Discover = "discover" // ask a portal
	Twice    = "twice"    // ask a portal, and meanwhile once more with other flags
	Look     = "look"     // look what exists
	Plain    = "plain"    // dial in clear text
	Connect  = "connect"  // connect, say "connected", and say what becomes of the connection
	HangUp   = "hang up"  // connect, and close the connection some time before its associations
	GiveUp   = "give up"  // give up connecting some time before the associations go
	Nothing  = "nothing"  // have the connection prepared, and not make it
	Talk     = "talk"     // connect, and for a while have the other end, which echoes, send back what it is sent
	Listen   = "listen"   // at the portal: take connections, and leave them be
	Echo     = "echo"     // at the portal: take connections, and send back what they say
	Serve    = "serve"    // at the portal: list targets
	Flood    = "flood"    // at the portal: take connections, and send as much as they take
)

// Flags of the plans that Jobs carry out.
const (
	FlagsIKE      = ipsec.FlagValid | ipsec.FlagIKE // without mode, exchange and PFS
	MainTransport = FlagsIKE | ipsec.FlagMain | ipsec.FlagTransport
	AggrTransport = FlagsIKE | ipsec.FlagAggressive | ipsec.FlagTransport
	MainTunnelPFS = FlagsIKE | ipsec.FlagMain | ipsec.FlagTunnel | ipsec.FlagPFS
	AggrTunnelPFS = FlagsIKE | ipsec.FlagAggressive | ipsec.FlagTunnel | ipsec.FlagPFS
)

// A Job is what a program is told to do.
type Job struct {
	Do            string
	Source        netip.Addr
	Portal        netip.AddrPort
	Flags         ipsec.Flags
	Other         ipsec.Flags // Twice: the second time
	Key           string
	Local, Remote string // identities; empty: addresses
	PeerID        string // as the portal has it
	Proposals     string // likewise
	IKE           ipsec.IKEVersion
	Outer         netip.Addr // in tunnel mode
	Enforcer      string     // Userspace or Auto; empty: the kernel's policies, or charon
	Charon        string     // its socket; empty: the kernel's policies alone
	Timeout       time.Duration
	Patience      time.Duration // GiveUp: for the connection; Talk: for how long
	Repeat        int           // discoveries at once; 0: one
	Records       int           // Serve: how many targets

	// Unprivileged says that the program was started by the command line of that name.
	// It does nothing where the kernel says otherwise.
	Unprivileged bool

	told *notices // by the enforcer, of no portal; nil: there is none yet
}

// Env returns the environment that tells a program the Job.
func (j *Job) Env() string {
	b, err := json.Marshal(j)
	if err != nil {
		panic(err)
	}
	return Variable + "=" + string(b)
}

// Main does the Job that Variable has, prints a Report, and returns the exit status of
// the program.
func Main(text string) int {
	var j Job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	r := j.Run(context.Background())
	b, err := json.Marshal(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("%s\n", b)
	return 0
}

// Run does the Job in this program.
func (j *Job) Run(ctx context.Context) (r Report) {
	defer func() { r.Told = j.told.all() }()
	if j.Timeout == 0 {
		j.Timeout = 30 * time.Second
	}
	if j.Unprivileged {
		if err := checkUnprivileged(); err != nil {
			r.fail(err)
			return r
		}
	}
	switch j.Do {
	case Hold:
		r.fail(j.hold(ctx, &r))
	case Discover:
		j.discover(ctx, &r)
	case Twice:
		j.twice(ctx, &r)
	case Look:
		existing, err := j.enforcer().Existing(ctx, j.Source, j.Portal)
		r.Existing, r.Found = existing.Kind.String(), existing.Name
		r.fail(err)
	case Plain:
		ctx, cancel := context.WithTimeout(ctx, j.Timeout)
		defer cancel()
		nc, err := (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(j.Source, 0))}).DialContext(ctx, "tcp", j.Portal.String())
		if err == nil {
			nc.Close()
		}
		r.fail(err)
	case Connect:
		r.fail(j.connect(ctx, &r, (*Job).listenTo))
	case HangUp:
		r.fail(j.connect(ctx, &r, (*Job).hangUp))
	case GiveUp:
		r.fail(j.connect(ctx, &r, (*Job).giveUp))
	case Nothing:
		r.fail(j.connect(ctx, &r, func(*Job, context.Context, enforce.Dialer) error { return nil }))
	case Talk:
		r.fail(j.connect(ctx, &r, (*Job).talk))
	case Listen:
		r.fail(j.listen(func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }))
	case Echo:
		r.fail(j.listen(EchoOn))
	case Serve:
		r.fail(j.serve())
	case Flood:
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

func (j *Job) hold(ctx context.Context, r *Report) error {
	existing, err := xfrm.Existing(ctx, j.Source, j.Portal)
	if err != nil {
		return err
	}
	r.Existing, r.Found = existing.Kind.String(), existing.Name
	d := xfrm.Dialer{Hold: xfrm.Demand(xfrm.Association{Mode: ipsec.TransportMode, Local: j.Source, Remote: j.Portal.Addr(), Reqid: Reqid}), Source: j.Source}
	nc, err := d.DialContext(ctx, j.Portal)
	if err == nil {
		nc.Close()
	}
	return err
}

// SendTargetPortal returns the Portal as it is asked under flags.
func (j *Job) SendTargetPortal(flags ipsec.Flags) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{
		Portal: initiator.Portal{Address: j.Portal.Addr().String(), Port: j.Portal.Port()},
		Source: j.Source, Security: flags,
		IPsec: initiator.IPsecOptions{LocalID: j.Local, PeerID: j.PeerID, Proposals: j.Proposals, IKE: j.IKE},
	}
}

func (j *Job) discover(ctx context.Context, r *Report) {
	p := j.SendTargetPortal(j.Flags)
	portals := func(yield func(initiator.SendTargetPortal) bool) {
		for range max(j.Repeat, 1) {
			if !yield(p) {
				return
			}
		}
	}
	for result := range j.Discoverer().DiscoverAll(ctx, portals) {
		r.add(result)
	}
}

// twice asks the portal again while it is being asked. Of the plan it reports that
// of the second time.
func (j *Job) twice(ctx context.Context, r *Report) {
	d := j.Discoverer()
	keys := make(chan bool, 2) // each plan asks for a key
	key := d.PSK
	d.PSK = func(ctx context.Context, from ports.Port, p enforce.Peer) (enforce.PSK, bool, error) {
		keys <- true
		return key(ctx, from, p)
	}
	second := make(chan initiator.Result, 1)
	ask := func() {
		result, _ := d.Discover(ctx, j.SendTargetPortal(j.Other))
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
	result, _ := d.Discover(ctx, j.SendTargetPortal(j.Flags))
	r.add(result)
	r.add(<-second)
}
