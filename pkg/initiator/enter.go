package initiator

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// enter logs in to an address from a port and asks, and goes where it is sent.
// method is nil for no authentication. A login with CHAP may be tried twice.
func (a *attempt) enter(ctx context.Context, from ports.Port, addr netip.AddrPort, method *auth.CHAP) error {
	a.startAnew()
	err := a.tries(ctx, from, zoned(addr, from), method)
	err = a.bothFailed(ctx, err)
	a.firstTry = nil
	return a.fail(err)
}

// tries makes one connection after the other, until one of them ends neither in
// a redirection that is followed nor in a refusal that MD5 alone may help with.
func (a *attempt) tries(ctx context.Context, from ports.Port, addr netip.AddrPort, method *auth.CHAP) error {
	own := method // of the portal; a hop to another host goes without
	way := redirects{d: a.d, policy: a.redirectPolicy(), names: a.followsNames(), source: a.fixedSource(), own: a.ownAddresses(), first: addr}
	for {
		err := a.session(ctx, from, addr, method)
		a.further = true
		var login *pdu.LoginError
		switch {
		case stageOf(err) == StageLogin && errors.As(err, &login) && login.Status.Class() == pdu.ClassRedirection:
			a.ctxShared = true
			a.phase(&a.phases.Resolve)
			to, err := way.follow(ctx, addr, login)
			if err != nil {
				return at(StageLogin, err)
			}
			a.redirected(addr, to, login.Status)
			if method, err = a.credentials(&way, to, own, login.Status); err != nil {
				return at(StageLogin, err)
			}
			if from, err = a.portTo(ctx, from, to); err != nil {
				return err
			}
			addr = to
		case err != nil && len(way.visited) == 0 && a.mayFallBack(err):
			own = a.fallBack(method, err)
			method = own
		default:
			return err
		}
	}
}

// startAnew forgets what an earlier address or port has left: neither its hops nor
// its plan are those of the next.
func (a *attempt) startAnew() {
	a.otherHost, a.further = false, false
	a.result.Redirects, a.result.IPsec, a.result.Auth = nil, ipsec.Plan{}, auth.Outcome{}
}

// redirected notes a hop.
func (a *attempt) redirected(from, to netip.AddrPort, status pdu.Status) {
	permanent := status == pdu.StatusMovedPermanently
	a.result.Redirects = append(a.result.Redirects, Redirect{From: from, To: to, Status: status, Permanent: permanent})
	if permanent {
		a.warnings.add(WarnMovedForGood, "%s has moved permanently to %s", from, to)
	}
}

// credentials returns what goes along to the next hop.
func (a *attempt) credentials(way *redirects, to netip.AddrPort, method *auth.CHAP, status pdu.Status) (*auth.CHAP, error) {
	a.otherHost = to.Addr() != way.first.Addr()
	if method == nil || !a.otherHost || way.policy == login.RedirectAny {
		return method, nil
	}
	if method.Mutual {
		return nil, &RedirectError{Status: status, Address: to.String(), Reason: "in mutual CHAP the target must authenticate, and the secrets are not sent to another host than the one they were given for"}
	}
	a.warnings.add(WarnNoCredentials, "%s was asked without CHAP, because it is another host than %s", to, way.first)
	return nil, nil
}

// session is one connection to the portal: login, SendTargets, logout.
func (a *attempt) session(ctx context.Context, from ports.Port, addr netip.AddrPort, method *auth.CHAP) error {
	a.result.Address, a.result.Source, a.result.InitiatorPort, a.result.Bound = addr, from.Address, from, false
	a.result.Auth = auth.Outcome{} // of an earlier address or hop
	a.replayed = false
	nc, secure, err := a.connect(ctx, from, addr, method)
	switch {
	case err == nil:
	case a.replayed || errors.Is(err, errSuspended):
		return err
	default:
		return at(stageOf(err), cause(ctx, unstaged(err)))
	}
	a.count(StageConnect)
	a.watch.Within(a.d.LoginTimeout)
	if secure != nil {
		defer a.release(secure)
	}
	if a.d.Wrap != nil {
		nc = a.d.Wrap(nc)
	}
	defer a.hangUp(nc, secure == nil)
	a.watch.Guard(nc)
	defer a.watch.Guard(nil)
	a.result.Bound = a.bindDevice() && (secure != nil || a.d.Dial == nil)
	if a.result.Source = dial.LocalAddr(nc); !from.Address.IsValid() {
		a.result.InitiatorPort = a.portAt(a.result.Source)
	}
	c := a.conn
	c.reset(nc)
	c.index, c.address, c.source = a.index, addr, a.result.Source

	numbers := &c.numbers
	numbers.Reset()
	a.phase(&a.phases.Login)
	if err := a.login(ctx, numbers, method); err != nil {
		return at(StageLogin, err)
	}
	a.count(StageLogin)
	a.fellBackWell()
	a.phase(&a.phases.Discover)
	if err := a.sendTargets(ctx, numbers, addr); err != nil {
		return at(StageDiscover, err)
	}
	a.watch.Within(0)
	a.phase(&a.phases.Secure)
	if err := a.prove(ctx, secure); err != nil {
		return at(StageSecure, err)
	}
	// The result is complete, and does not wait for the logout.
	a.finish(nil)
	a.logout(ctx, numbers)
	return nil
}

// count counts the portal in a stage, once.
func (a *attempt) count(stage Stage) {
	s := a.d.Stages
	if s == nil || a.stage >= stage {
		return
	}
	a.stage = stage
	if stage == StageLogin {
		s.LoggedIn.Add(1)
	} else {
		s.Connected.Add(1)
	}
}

// login logs in and switches on what was agreed on.
func (a *attempt) login(ctx context.Context, numbers *session.Numbers, method *auth.CHAP) error {
	if err := a.nameOfLogin(); err != nil {
		return err
	}
	o := &a.result.Asked.Login
	if method != nil && !o.Has(login.SpecifiedUsername) {
		own := *method
		own.User, method = a.result.InitiatorName, &own
	}
	cfg := session.LoginConfig{
		InitiatorName:            a.result.InitiatorName,
		ISID:                     randomISID(),
		MaxRecvDataSegmentLength: maxRecvDataSegmentLength,
		HeaderDigest:             preference(o, login.SpecifiedHeaderDigest, o.HeaderDigest),
		DataDigest:               preference(o, login.SpecifiedDataDigest, o.DataDigest),
		MaxConnections:           session.Number{Specified: o.Has(login.SpecifiedMaximumConnections), Value: o.MaximumConnections},
		DefaultTime2Wait:         session.Number{Specified: o.Has(login.SpecifiedDefaultTime2Wait), Value: o.DefaultTime2Wait},
		DefaultTime2Retain:       session.Number{Specified: o.Has(login.SpecifiedDefaultTime2Retain), Value: o.DefaultTime2Retain},
	}
	if a.chap = method; method != nil {
		cfg.Auth, cfg.Method = method.Begin(), method.Name()
		cfg.OrNone = o.CHAPPolicy == login.CHAPPreferred && !method.Mutual && !a.fellBack
		a.exchanges = append(a.exchanges, cfg.Auth)
		a.warnShortSecret(method)
	}
	m := &a.conn.login
	m.Reset(numbers, cfg)
	err := a.conn.run(ctx, m)
	if a.result.Auth = m.Outcome(); err != nil {
		return err
	}
	agreed := m.Result()
	r, w := &a.conn.r, &a.conn.w
	r.HeaderDigest, r.DataDigest, r.MaxData = agreed.HeaderDigest, agreed.DataDigest, maxRecvDataSegmentLength
	w.HeaderDigest, w.DataDigest, w.MaxData = agreed.HeaderDigest, agreed.DataDigest, agreed.MaxRecvDataSegmentLength
	return nil
}

// randomISID returns the ISID of a new session. Two sessions with one ISID would
// reinstate each other, so each has its own.
func randomISID() pdu.ISID {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return pdu.RandomISID(b)
}

// preference translates a digest option.
func preference(o *login.Options, bit login.Specified, d login.DigestType) session.DigestPreference {
	switch {
	case !o.Has(bit), d == login.DigestNone:
		return session.DigestNone
	case d == login.DigestPreferCRC32C:
		return session.DigestPreferCRC32C
	}
	return session.DigestCRC32C
}

// sendTargets asks for the list and hands the targets on.
func (a *attempt) sendTargets(ctx context.Context, numbers *session.Numbers, addr netip.AddrPort) error {
	a.parser.Strict = a.d.StrictNames
	a.parser.Reset(addr, a.d.maxTargets())
	defer a.endList()
	a.listing = true
	defer func() { a.listing = false }()
	m := &a.conn.list
	m.Reset(numbers, a.text)
	m.Late = true
	m.MaxText = a.d.maxText(a.pool.ahead != nil)
	if err := a.conn.run(ctx, m); err != nil {
		return err
	}
	return a.parser.Close()
}

// beforeRead is called before each PDU that is waited for. What was found is handed on
// first.
func (a *attempt) beforeRead() error {
	err := a.handOn()
	if a.listing {
		a.watch.Within(a.d.ResponseTimeout)
	}
	return err
}

// endList notes what the list left out, also of an answer that broke off.
func (a *attempt) endList() {
	a.result.LeftOut = a.parser.LeftOut
	a.parser.WarnUnusable()
}

// logout closes the session as a guest should. By now nothing that goes wrong
// matters.
func (a *attempt) logout(ctx context.Context, numbers *session.Numbers) {
	a.watch.AtMost(logoutWait)
	m := &a.conn.logout
	m.Reset(numbers)
	_ = a.conn.run(ctx, m)
}

// CheckName holds an initiator name of ours against the rules that d has. unusual says
// what is unusual about a name that may be used, as name.CheckName does.
func (d *Discoverer) CheckName(iqn string) (unusual string, err error) {
	if d.StrictNames {
		return "", name.Validate(iqn)
	}
	return name.CheckName(iqn)
}
