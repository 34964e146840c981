package ipsec_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// childVariable makes a copy of the test program do a job: without rights, or in
// a guest.
const childVariable = "IPSEC_TEST_JOB"

// What a child may be told to do.
const (
	doHold     = "hold"     // look what exists, and dial held to an association that nobody has
	doDiscover = "discover" // ask a portal
	doPlain    = "plain"    // dial in clear text
	doConnect  = "connect"  // connect, say "connected", and say what becomes of the connection
	doHangUp   = "hang up"  // connect, and close the connection some time before its associations
	doListen   = "listen"   // at the portal: take connections, and leave them be
	doFlood    = "flood"    // at the portal: take connections, and send as much as they take
)

// A job is what a child is told to do.
type job struct {
	Do      string
	Source  netip.Addr
	Portal  netip.AddrPort
	Flags   ipsec.Flags
	Key     string
	Outer   netip.Addr // in tunnel mode
	Charon  string     // its socket; empty: the kernel's policies alone
	Timeout time.Duration
	Repeat  int // discoveries at once; 0: one
}

// A report is what became of it.
type report struct {
	Existing string // kind of what was found
	Found    string // its name
	Plan     string
	Targets  []string
	Proof    *initiator.Proof
	Error    string
	Code     string
	NotHeld  bool // the error is a HoldError
	Lost     bool // a LostError
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
	if j.Timeout == 0 {
		j.Timeout = 30 * time.Second
	}
	switch j.Do {
	case doHold:
		r.fail(j.hold(ctx, &r))
	case doDiscover:
		j.discover(ctx, &r)
	case doPlain:
		ctx, cancel := context.WithTimeout(ctx, j.Timeout)
		defer cancel()
		nc, err := (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(j.Source, 0))}).DialContext(ctx, "tcp", j.Portal.String())
		if err == nil {
			nc.Close()
		}
		r.fail(err)
	case doConnect:
		r.fail(j.connect(ctx, (*job).listenTo))
	case doHangUp:
		r.fail(j.connect(ctx, (*job).hangUp))
	case doListen:
		r.fail(j.listen(func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }))
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
	r.Error, r.Code = err.Error(), initiator.CodeName(initiator.Code(err))
	var hold *xfrm.HoldError
	var lost *xfrm.LostError
	r.NotHeld, r.Lost = errors.As(err, &hold), errors.As(err, &lost)
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

func (j *job) enforcer() initiator.Enforcer {
	if j.Charon == "" {
		return &xfrm.Enforcer{}
	}
	return &strongswan.Enforcer{Socket: j.Charon}
}

func (j *job) discoverer() *initiator.Discoverer {
	return &initiator.Discoverer{
		InitiatorName: "iqn.2026-11.com.example:host1",
		Timeout:       j.Timeout,
		Enforcer:      j.enforcer(),
		Key: func(context.Context, initiator.Port, initiator.Peer) (initiator.PSK, bool, error) {
			return initiator.PSK{Secret: auth.NewSecret([]byte(j.Key))}, j.Key != "", nil
		},
		Outer: func(context.Context, initiator.Port, netip.Addr) (netip.Addr, bool, error) {
			return j.Outer, j.Outer.IsValid(), nil
		},
	}
}

func (j *job) discover(ctx context.Context, r *report) {
	p := initiator.SendTargetPortal{
		Portal: initiator.Portal{Address: j.Portal.Addr().String(), Port: j.Portal.Port()},
		Source: j.Source, Security: j.Flags,
	}
	portals := func(yield func(initiator.SendTargetPortal) bool) {
		for range max(j.Repeat, 1) {
			if !yield(p) {
				return
			}
		}
	}
	for result := range j.discoverer().DiscoverAll(ctx, portals) {
		r.Existing, r.Found, r.Plan = result.IPsec.Existing.Kind.String(), result.IPsec.Existing.Name, result.IPsec.String()
		r.Proof = result.Proof
		for _, target := range result.Targets {
			r.Targets = append(r.Targets, target.Name)
		}
		r.fail(result.Err)
	}
}

// connect makes a protected connection, and returns what becomes of it.
func (j *job) connect(ctx context.Context, use func(*job, net.Conn) error) error {
	plan, err := ipsec.Settings{Flags: j.Flags}.Resolve()
	if err != nil {
		return err
	}
	d, err := j.enforcer().Dialer(ctx, initiator.Secured{
		Plan: plan, Source: j.Source, Portal: j.Portal, Outer: j.Outer,
		Key: initiator.PSK{Secret: auth.NewSecret([]byte(j.Key))},
	})
	if err != nil {
		return err
	}
	defer d.Close()
	nc, err := d.DialContext(ctx)
	if err != nil {
		return err
	}
	defer nc.Close()
	fmt.Println("connected")
	return use(j, nc)
}

// listenTo waits for what ends a connection of which this end says nothing, and
// then tries to say something.
func (j *job) listenTo(nc net.Conn) error {
	if err := nc.SetReadDeadline(time.Now().Add(j.Timeout)); err != nil {
		return err
	}
	_, err := bufio.NewReader(nc).ReadByte()
	if err == nil {
		return errors.New("the target said something")
	}
	_, werr := nc.Write([]byte("not one byte of this may leave"))
	return errors.Join(err, werr)
}

// hangUp closes the connection, and leaves the associations for a while, in which
// the other end may go on.
func (j *job) hangUp(nc net.Conn) error {
	if err := nc.Close(); err != nil {
		return err
	}
	time.Sleep(j.Timeout)
	return nil
}

// listen takes connections at the portal, and treats each of them.
func (j *job) listen(treat func(net.Conn)) error {
	l, err := net.Listen("tcp", j.Portal.String())
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		// When we are stopped nothing of it shall stay, to be sent again and
		// again until another test sees it.
		if err := nc.(*net.TCPConn).SetLinger(0); err != nil {
			return err
		}
		go treat(nc)
	}
}
