package initiator_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A stressPortal is a portal and what has to come of it.
type stressPortal struct {
	kind  string
	host  string
	port  uint16
	addrs []netip.Addr // of the host, where that is a name that exists
	begin func()       // is called when the portal is yielded; nil: nothing is to be done

	names   []string // of the targets; where it fails, those that may be found before
	stages  []initiator.Stage
	codes   []uint32 // that it fails with; nil: it does not fail
	first   bool     // its first address refuses, which is the error where the second has no time
	endless bool     // it fails with the end of its time or of the run, at stages[0]
}

// ask returns how to ask it. Its label is its place in the sequence.
func (p *stressPortal) ask(index int) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{Portal: initiator.Portal{SymbolicName: fmt.Sprint(index), Address: p.host, Port: p.port}}
}

// A stressMaker makes portals in a place.
type stressMaker struct {
	rng   *rand.Rand
	place stressPlace
}

// at is a portal at an address.
func (m *stressMaker) at(kind string, addr netip.AddrPort) *stressPortal {
	return &stressPortal{kind: kind, host: addr.Addr().String(), port: addr.Port()}
}

// target returns a target that behaves well, with the names of what it lists.
func (m *stressMaker) target(i int, counts ...int) (*iscsitest.Target, []string) {
	var names []string
	for j := range pick(m.rng, counts...) {
		names = append(names, stressName(i, j))
	}
	t := &iscsitest.Target{
		Records: scene.Records(names...), Split: pick(m.rng, iscsitest.SplitPairs, iscsitest.SplitAnywhere),
		MaxText: pick(m.rng, 0, 512, 8192), NOPIn: m.rng.IntN(8) == 0, NoLogout: m.rng.IntN(50) == 0, FirstStatSN: m.rng.Uint32(),
	}
	return t, names
}

// lives is a portal that answers.
func (m *stressMaker) lives(i int) *stressPortal {
	t, names := m.target(i, 0, 1, 1, 1, 1, 3, 3, 40, 300, pick(m.rng, 1, 1, 1, 1, 5000))
	addr := m.place.serve(t)
	var p *stressPortal
	switch m.rng.IntN(6) {
	case 0:
		p = m.at("sent on", m.place.serve(scene.Sends(addr.String())))
	case 1:
		p = m.named("named", i, addr.Port(), addr.Addr())
	case 2:
		refuses := m.place.refuses(addr.Port())
		p = m.named("refuses at its first address", i, addr.Port(), refuses.Addr(), addr.Addr())
		p.first = true
	default:
		p = m.at("lives", addr)
	}
	p.names = names
	return p
}

func (m *stressMaker) named(kind string, i int, port uint16, addrs ...netip.Addr) *stressPortal {
	return &stressPortal{kind: kind, host: fmt.Sprintf("array%d.example", i), port: port, addrs: addrs}
}

// late is a portal whose connection takes longer.
func (m *stressMaker) late(i int) *stressPortal {
	t, names := m.target(i, 1, 3)
	addr, begin := m.place.late(t)
	p := m.at("late", addr)
	p.names, p.begin = names, begin
	return p
}

// silent is a portal that does not answer the first packet.
func (m *stressMaker) silent() *stressPortal {
	p := m.at("silent", m.place.silent())
	p.endless, p.stages = true, []initiator.Stage{initiator.StageConnect}
	return p
}

// mute is a portal that answers nothing more, from the login or from the text on.
func (m *stressMaker) mute(i int) *stressPortal {
	var p *stressPortal
	if m.rng.IntN(2) == 0 {
		p = m.at("mute", m.place.serve(iscsitest.Script{iscsitest.Silence()}))
		p.stages = []initiator.Stage{initiator.StageLogin}
	} else {
		t, _ := m.target(i, 1)
		p = m.at("mute at the text", m.place.serve(atText(t, iscsitest.Silence())))
		p.stages = []initiator.Stage{initiator.StageDiscover}
	}
	p.endless = true
	return p
}

// atText makes a target take a step in the place of its Text Responses.
func atText(t *iscsitest.Target, step iscsitest.Step) *iscsitest.Target {
	t.NOPIn = false
	t.Respond = func(request, _ pdu.PDU) iscsitest.Step {
		if _, ok := request.(*pdu.TextRequest); ok {
			return step
		}
		return nil
	}
	return t
}

// leaves is a handler to whom the initiator may go at any point.
type leaves struct{ iscsitest.Handler }

func (l leaves) Handle(c *iscsitest.Conn) error {
	if err := l.Handler.Handle(c); err != nil && !iscsitest.Gone(err) {
		return err
	}
	return nil
}

// fails is a portal that fails.
func (m *stressMaker) fails(i int) *stressPortal {
	login := iscsitest.Check(func(*pdu.LoginRequest) error { return nil })
	script := func(steps ...iscsitest.Step) netip.AddrPort { return m.place.serve(leaves{iscsitest.Script(steps)}) }
	closed := []uint32{isdsc.TransportError, isdsc.SendFailed}
	var p *stressPortal
	fails := func(at initiator.Stage, codes ...uint32) { p.stages, p.codes = append(p.stages, at), codes }
	switch m.rng.IntN(11) {
	case 0:
		p = m.at("closes at once", script(iscsitest.Close()))
		fails(initiator.StageLogin, closed...)
	case 1:
		p = m.at("resets at the login", script(login, iscsitest.Reset()))
		fails(initiator.StageLogin, closed...)
	case 2:
		t, _ := m.target(i, 3)
		p = m.at("closes at the text", m.place.serve(atText(t, iscsitest.Close())))
		fails(initiator.StageDiscover, closed...)
	case 3:
		t, names := m.target(i, 100)
		p = m.at("breaks off", m.place.serve(iscsitest.CutAfter(1+m.rng.IntN(4000), t)))
		p.names = names
		fails(initiator.StageLogin)
		fails(initiator.StageDiscover, closed...)
	case 4:
		p = m.at("another protocol", script(login, iscsitest.UntilGone(iscsitest.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\n")))))
		fails(initiator.StageLogin, isdsc.LoginFailed)
	case 5:
		p = m.at("zeros", script(login, iscsitest.UntilGone(iscsitest.SendRaw(make([]byte, 4096)))))
		fails(initiator.StageLogin, isdsc.LoginFailed)
	case 6:
		p = m.at("denies", m.place.serve(&iscsitest.Target{Status: pdu.StatusAuthFailure}))
		fails(initiator.StageLogin, isdsc.AuthenticationFailure)
	case 7:
		p = m.named("unknown name", i, pdu.DefaultPort)
		fails(initiator.StageResolve, isdsc.DNSNameUnresolved)
	case 8:
		p = m.at("no port", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
		fails(initiator.StageValidate, isdsc.Win32InvalidParameter)
	default:
		p = m.at("refuses", m.place.refuses(0))
		fails(initiator.StageConnect, isdsc.ConnectionFailed)
	}
	return p
}

// wants reports whether the portal may fail so.
func (p *stressPortal) wants(stage initiator.Stage, code uint32) bool {
	return slices.Contains(p.stages, stage) && slices.Contains(p.codes, code)
}
