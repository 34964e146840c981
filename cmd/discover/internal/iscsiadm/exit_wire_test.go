package iscsiadm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// The credentials of the targets of these tests.
const (
	chapUser, chapSecret     = "host1", "secret-of-host1"
	targetUser, targetSecret = "array", "secret-of-array"
)

// A cause is a portal that answers in a certain way, and how iscsiadm ends.
type cause struct {
	name    string
	target  iscsitest.Handler // nil: nothing listens there
	silent  bool              // the address does not answer
	host    string            // asked for in the place of an address
	mutual  bool              // CHAP in both directions; else one where user is set
	user    string
	secret  string
	change  func(p *initiator.SendTargetPortal, d *initiator.Discoverer)
	cancels bool
	exit    int
	line    string
}

// TestStatusOverTheWire has what a target can do: the answers of iscsiadm 2.1.8 to the
// same targets, but for refusals in words and answers without a usable name, of which it
// says that no portal was found.
func TestStatusOverTheWire(t *testing.T) {
	t.Parallel()
	disk := []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}
	chap := func() *iscsitest.Target {
		return &iscsitest.Target{User: chapUser, Secret: chapSecret, MutualUser: targetUser, MutualSecret: targetSecret, Records: disk}
	}
	for _, c := range []cause{
		{name: "targets", target: &iscsitest.Target{Records: disk}, exit: 0},
		{name: "CHAP", target: chap(), user: chapUser, secret: chapSecret, exit: 0},
		{name: "mutual CHAP", target: chap(), user: chapUser, secret: chapSecret, mutual: true, exit: 0},
		{name: "no targets", target: &iscsitest.Target{}, exit: 21, line: "No portals found"},

		{name: "no such host", host: "nosuch.invalid", exit: 4, line: noConnection},
		{name: "refused", exit: 11, line: timedOut},
		{name: "silent", silent: true, exit: 11, line: timedOut},
		{name: "interrupted", silent: true, cancels: true, exit: 1, line: "caught SIGINT, exiting..."},

		{name: "closes at once", target: iscsitest.Script{first, iscsitest.Close()}, exit: 11, line: timedOut},
		{name: "resets at once", target: iscsitest.Script{first, iscsitest.Reset()}, exit: 11, line: timedOut},
		{name: "an HTTP server", target: iscsitest.Script{first, iscsitest.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\nServer: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")), iscsitest.Close()}, exit: 11, line: timedOut},
		{name: "no login answer", target: iscsitest.Script{first, iscsitest.Silence()}, exit: 19, line: loginFailure},
		{name: "another answer to the login", target: inLogin(iscsitest.Send(&pdu.TextResponse{Final: true})), exit: 19, line: loginFailure},
		{name: "a rejected login", target: inLogin(iscsitest.Send(&pdu.Reject{Reason: pdu.RejectProtocolError})), exit: 19, line: loginFailure},
		{name: "a login without '='", target: inLogin(accept("TargetPortalGroupTag")), exit: 19, line: loginFailure},
		{name: "a digest that was not offered", target: inLogin(accept("TargetPortalGroupTag=1", "HeaderDigest=CRC32C")), exit: 19, line: loginFailure},

		{name: "0200", target: status(0x0200), exit: 19, line: loginFailure},
		{name: "0201", target: status(0x0201), exit: 24, line: unauthorized},
		{name: "0202", target: status(0x0202), exit: 24, line: unauthorized},
		{name: "0203", target: status(0x0203), exit: 19, line: loginFailure},
		{name: "0301", target: status(0x0301), exit: 11, line: timedOut},
		{name: "0500", target: status(0x0500), exit: 11, line: timedOut},
		{name: "redirected nowhere", target: status(0x0101), exit: 11, line: timedOut},
		{name: "redirected to a name", target: &iscsitest.Target{Redirect: "nosuch.invalid:3260,1"}, exit: 11, line: timedOut},
		{name: "redirected to itself", target: &iscsitest.Target{Redirect: "192.0.2.1:3260,1"}, exit: 11, line: timedOut},
		{name: "redirected to a closed port", target: &iscsitest.Target{Redirect: "192.0.2.2:3260,1"}, exit: 11, line: timedOut},

		{name: "CHAP is wanted", target: chap(), exit: 24, line: unauthorized},
		{name: "a wrong secret", target: chap(), user: chapUser, secret: "wrong-secret-1", exit: 24, line: unauthorized},
		{name: "a target without CHAP", target: inLogin(iscsitest.Send(&pdu.LoginResponse{CSG: pdu.SecurityNegotiation, NSG: pdu.LoginOperationalNegotiation, Transit: true, Data: iscsitest.Text("AuthMethod=None")})), user: chapUser, secret: chapSecret, exit: 19, line: loginFailure},
		{name: "a wrong secret of the target", target: &iscsitest.Target{User: chapUser, Secret: chapSecret, MutualUser: targetUser, MutualSecret: "wrong-of-array", Records: disk}, user: chapUser, secret: chapSecret, mutual: true, exit: 19, line: loginFailure},
		{name: "equal secrets", target: chap(), user: chapUser, secret: targetSecret, mutual: true, exit: 7},

		{name: "closes before the list", target: inList(iscsitest.Close()), exit: 11, line: timedOut},
		{name: "no list", target: inList(iscsitest.Silence()), exit: 11, line: timedOut},
		{name: "a rejected request", target: inList(iscsitest.Send(&pdu.Reject{Reason: pdu.RejectProtocolError})), exit: 11, line: timedOut},
		{name: "the session is ended", target: inList(iscsitest.Send(&pdu.AsyncMessage{Event: pdu.AsyncDropSession})), exit: 11, line: timedOut},
		{name: "another answer", target: inList(iscsitest.Send(&pdu.NOPIn{TTT: pdu.NoTag})), exit: 11, line: timedOut},
		{name: "refused in words", target: inList(text("SendTargets=Reject\x00")), exit: 11, line: timedOut},
		{name: "no pair", target: inList(text("hello world")), exit: 11, line: timedOut},
		{name: "no name", target: inList(text("TargetAddress=192.0.2.10:3260,1\x00")), exit: 11, line: timedOut},
		{name: "a harmful name", target: inList(text("TargetName=iqn.2026-11.com.example:a/../b\nc\x00")), exit: 11, line: timedOut},
		{name: "more targets than a limit", target: &iscsitest.Target{Records: append(disk, iscsitest.Record{Name: "iqn.2026-11.com.example:disk2"})},
			change: func(_ *initiator.SendTargetPortal, d *initiator.Discoverer) { d.MaxTargets = 1 }, exit: 11, line: timedOut},
		{name: "IPsec that is not there", target: &iscsitest.Target{Records: disk},
			change: func(p *initiator.SendTargetPortal, _ *initiator.Discoverer) {
				p.Security = ipsec.FlagValid | ipsec.FlagIKE
			}, exit: 19, line: loginFailure},
		{name: "a portal that is none", host: "192.0.2.1 ", exit: 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, c.run)
		})
	}
}

// run asks the portal of c.
func (c cause) run(t *testing.T) {
	n := iscsitest.NewNetwork(t)
	switch {
	case c.silent:
		n.Portal("192.0.2.1:3260")
	case c.target != nil:
		n.Portal("192.0.2.1:3260", c.target)
	}
	d := &initiator.Discoverer{
		InitiatorName: "iqn.2026-11.com.example:host1", Timeout: 10 * time.Second, Dial: n.Dial,
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		},
	}
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "192.0.2.1", Port: 3260}}
	if c.host != "" {
		p.Portal.Address = c.host
	}
	if c.user != "" {
		p.Login.UseCHAP(c.user, auth.NewSecret([]byte(c.secret)))
	}
	if c.mutual {
		p.Login.UseMutualCHAP(c.user, auth.NewSecret([]byte(c.secret)), targetUser, auth.NewSecret([]byte(targetSecret)))
	}
	if c.change != nil {
		c.change(&p, d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if c.cancels {
		time.AfterFunc(time.Second, cancel)
	}
	r, err := d.Discover(ctx, p)
	if !errors.Is(err, r.Err) {
		t.Errorf("error %v, result has %v", err, r.Err)
	}
	if exit, line := Status(&r); exit != c.exit || line != c.line {
		t.Errorf("got %d %q, want %d %q: %v", exit, line, c.exit, c.line, err)
	}
}

// first takes the first Login Request, whatever is in it.
var first = iscsitest.Check(func(*pdu.LoginRequest) error { return nil })

// inLogin takes a step in the place of each Login Response.
func inLogin(step iscsitest.Step) *iscsitest.Target {
	return &iscsitest.Target{Respond: func(request, _ pdu.PDU) iscsitest.Step {
		if _, login := request.(*pdu.LoginRequest); login {
			return step
		}
		return nil
	}}
}

// inList takes a step in the place of each Text Response.
func inList(step iscsitest.Step) *iscsitest.Target {
	return &iscsitest.Target{Respond: func(request, _ pdu.PDU) iscsitest.Step {
		if _, list := request.(*pdu.TextRequest); list {
			return step
		}
		return nil
	}}
}

// accept ends the login with keys.
func accept(pairs ...string) iscsitest.Step {
	return iscsitest.Send(&pdu.LoginResponse{CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase, Transit: true, Data: iscsitest.Text(pairs...)})
}

// status refuses the login.
func status(s pdu.Status) *iscsitest.Target { return &iscsitest.Target{Status: s} }

// text answers SendTargets.
func text(s string) iscsitest.Step {
	return iscsitest.Send(&pdu.TextResponse{Final: true, Data: pdu.Text(s)})
}
