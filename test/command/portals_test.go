package command

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A portal is a target, or something that is none, on the loopback interface.
type portal struct {
	server *iscsitest.Server
	asked  chan struct{} // closed at the first request
}

// startPortal starts a portal of a kind:
//
//	targets N             N targets
//	chap USER SECRET      a target behind CHAP
//	mutual USER SECRET TARGET-USER TARGET-SECRET
//	redirect NAME         sends to another portal
//	refuse STATUS         answers the login with a status
//	break                 closes after the first of two targets
//	silent                takes the request and says nothing
//	close, reset          ends the connection at the request
//	garbage               answers with something that is no PDU
//	http, ssh             answers as such a server does
//	hostile               names and addresses that are made to do harm
func startPortal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: portal NAME KIND ARGS...")
	}
	s, name := of(ts), args[0]
	p := &portal{asked: make(chan struct{})}
	h := p.handler(ts, args[1], args[2:])
	p.server = iscsitest.Listen(s.tb, h)
	s.portals[name] = p
	ts.Setenv(name, p.server.Addr.String())
	ts.Setenv(name+"_port", strconv.Itoa(int(p.server.Addr.Port())))
}

func (p *portal) handler(ts *testscript.TestScript, kind string, args []string) iscsitest.Handler {
	var once sync.Once
	request := func(c *iscsitest.Conn) error {
		_, err := c.Receive()
		once.Do(func() { close(p.asked) })
		return err
	}
	arg := func(i int) string {
		if i >= len(args) {
			ts.Fatalf("portal: an argument is missing")
		}
		return args[i]
	}
	switch kind {
	case "targets":
		n, err := strconv.Atoi(arg(0))
		ts.Check(err)
		return &iscsitest.Target{Records: records(n), MaxText: 32 << 10}
	case "chap":
		return &iscsitest.Target{Records: records(2), User: arg(0), Secret: arg(1)}
	case "mutual":
		return &iscsitest.Target{Records: records(2), User: arg(0), Secret: arg(1), MutualUser: arg(2), MutualSecret: arg(3)}
	case "redirect":
		return &iscsitest.Target{Redirect: ts.Getenv(arg(0))}
	case "refuse":
		status, err := strconv.ParseUint(arg(0), 0, 16)
		ts.Check(err)
		return &iscsitest.Target{Status: pdu.Status(status)}
	case "break":
		return &iscsitest.Target{Records: records(2), MaxText: 100, Respond: func(_, response pdu.PDU) iscsitest.Step {
			if m, ok := response.(*pdu.TextResponse); ok && m.Final {
				return iscsitest.Close()
			}
			return nil
		}}
	case "silent":
		return iscsitest.Script{request, iscsitest.Silence()}
	case "close":
		return iscsitest.Script{request, iscsitest.Close()}
	case "reset":
		return iscsitest.Script{request, iscsitest.Reset()}
	case "garbage":
		return iscsitest.Script{request, iscsitest.SendRaw([]byte("\x00\x01\x02\x03\xff\xfe\xfd\x1b[2Jgarbage, and plenty of it: more than a header is long\n")), iscsitest.Silence()}
	case "http":
		return iscsitest.Script{request, iscsitest.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request")), iscsitest.Close()}
	case "ssh":
		return iscsitest.Script{iscsitest.SendRaw([]byte("SSH-2.0-OpenSSH_10.0p2\r\n")), request, iscsitest.SendRaw([]byte("Invalid SSH identification string.\r\n")), iscsitest.Close()}
	case "hostile":
		return hostile()
	}
	ts.Fatalf("portal: no kind %q", kind)
	return nil
}

// records are targets that each have an IPv4 and an IPv6 address.
func records(n int) []iscsitest.Record {
	list := make([]iscsitest.Record, n)
	for i := range list {
		list[i] = iscsitest.Record{
			Name:      fmt.Sprintf("iqn.2026-11.com.example:disk%d", i+1),
			Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3260,1"},
		}
	}
	return list
}

// hostile shows one good target among names and addresses that would forge a
// line, clear a screen, turn the direction of writing, leave a directory.
func hostile() *iscsitest.Target {
	t := &iscsitest.Target{}
	for _, name := range []string{
		"iqn.2026-11.com.example:a\n192.0.2.66:3260,1 iqn.2026-11.com.example:forged",
		"iqn.2026-11.com.example:a 192.0.2.66:3260,1",
		"iqn.2026-11.com.example:\x1b[2J\x1b]0;owned\x07",
		"iqn.2026-11.com.example:\u202ekcab",
		"iqn.2026-11.com.example:../../etc/passwd",
		`iqn.2026-11.com.example:","forged":"`,
		"iqn.2026-11.com.example:\xff\xfe",
		"",
	} {
		t.Records = append(t.Records, iscsitest.Record{Name: name, Addresses: []string{"192.0.2.10:3260,1"}})
	}
	t.Records = append(t.Records, iscsitest.Record{Name: "iqn.2026-11.com.example:good", Addresses: []string{
		"192.0.2.10:3260,1\n192.0.2.66:3260,1 iqn.2026-11.com.example:forged", "\x1b[2J:3260,1", "192.0.2.10:3260,99999", "192.0.2.10:3260,1",
	}})
	t.Respond = func(_, response pdu.PDU) iscsitest.Step {
		if m, ok := response.(*pdu.TextResponse); ok && m.Final {
			m.Data = m.Data.Append(pdu.KeyTargetAlias, "\x1b[31mred\u202e \"alias\"\nforged")
		}
		return nil
	}
	return t
}

func waitAsked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || of(ts).portals[args[0]] == nil {
		ts.Fatalf("usage: asked NAME")
	}
	<-of(ts).portals[args[0]].asked
}
