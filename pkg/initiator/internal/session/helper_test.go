package session_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

const name = "iqn.2026-11.com.example:host1"

// config is what the tests log in with, unless they say otherwise.
func config() session.LoginConfig {
	return session.LoginConfig{InitiatorName: name, ISID: pdu.ISID{0x80, 1, 2, 3, 4, 5}, MaxRecvDataSegmentLength: 262144}
}

func startNumbers() *session.Numbers {
	n := new(session.Numbers)
	n.Reset()
	return n
}

func startLogin(n *session.Numbers, cfg session.LoginConfig) *session.Login {
	m := new(session.Login)
	m.Reset(n, cfg)
	return m
}

func startSendTargets(n *session.Numbers, yield func(pdu.Text) error) *session.SendTargets {
	m := new(session.SendTargets)
	m.Reset(n, yield)
	return m
}

func startLogout(n *session.Numbers) *session.Logout {
	m := new(session.Logout)
	m.Reset(n)
	return m
}

// text joins pairs.
func text(pairs ...string) (t pdu.Text) {
	for _, p := range pairs {
		t = append(append(t, p...), 0)
	}
	return t
}

// eachPair makes of who takes pairs one who takes texts.
func eachPair(take func(pdu.Pair) error) func(pdu.Text) error {
	return func(text pdu.Text) error {
		for p, err := range text.Pairs() {
			if err == nil {
				err = take(p)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// values returns the pairs of a text.
func values(t testing.TB, text pdu.Text) map[string]string {
	t.Helper()
	m := make(map[string]string)
	for p, err := range text.Pairs() {
		if err != nil {
			t.Fatal(err)
		}
		m[string(p.Key)] = string(p.Value)
	}
	return m
}

// A reply is what a target says to a Login Request. Tag and StatSN are filled in
// before it is asked.
type reply func(request *pdu.LoginRequest, m *pdu.LoginResponse)

// says is a reply in the stage that the flags tell: "1" or, where it goes on to
// another, "1>3"; a "+" behind it says that the text goes on.
func says(flags string, pairs ...string) reply {
	return func(_ *pdu.LoginRequest, m *pdu.LoginResponse) {
		m.CSG = pdu.Stage(flags[0] - '0')
		if len(flags) > 2 && flags[1] == '>' {
			m.Transit, m.NSG = true, pdu.Stage(flags[2]-'0')
		}
		m.Continue = strings.HasSuffix(flags, "+")
		m.Data = text(pairs...)
	}
}

// but changes a reply.
func but(r reply, change func(m *pdu.LoginResponse)) reply {
	return func(request *pdu.LoginRequest, m *pdu.LoginResponse) {
		r(request, m)
		change(m)
	}
}

// A login is what came of one.
type login struct {
	sent    []string           // requests, written like the replies
	raw     []pdu.LoginRequest // the same, without data
	done    bool
	result  session.LoginResult
	numbers *session.Numbers
	err     error

	progress session.AuthProgress
	outcome  auth.Outcome
}

// logIn runs a login until it ends or the replies do.
func logIn(t testing.TB, cfg session.LoginConfig, replies ...reply) (l login) {
	t.Helper()
	l.numbers = startNumbers()
	m := startLogin(l.numbers, cfg)
	var in pdu.PDU
	for i := 0; ; i++ {
		out, done, err := m.Step(in)
		l.progress, l.outcome = m.AuthProgress(), m.Outcome()
		if l.done, l.err = done, err; done || err != nil {
			if out != nil {
				t.Errorf("a request with the end: %v", out)
			}
			l.result = m.Result()
			return l
		}
		request, ok := out.(*pdu.LoginRequest)
		if !ok {
			t.Fatalf("got %v, want a Login Request", out)
		}
		l.sent = append(l.sent, describe(t, request))
		raw := *request
		raw.Data = nil
		l.raw = append(l.raw, raw)
		if i == len(replies) {
			return l
		}
		response := &pdu.LoginResponse{ITT: request.ITT, ISID: request.ISID, StatSN: uint32(100 + i)}
		replies[i](request, response)
		in = response
	}
}

// describe writes a request as says reads a reply, without the keys that all
// logins begin with.
func describe(t testing.TB, m *pdu.LoginRequest) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprint(&b, uint8(m.CSG))
	if m.Transit {
		fmt.Fprintf(&b, ">%d", uint8(m.NSG))
	}
	if m.Continue {
		b.WriteString("+")
	}
	for p, err := range m.Data.Pairs() {
		if err != nil {
			t.Fatal(err)
		}
		switch string(p.Key) {
		case pdu.KeyInitiatorName, pdu.KeySessionType:
			continue
		}
		fmt.Fprintf(&b, " %s=%s", p.Key, p.Value)
	}
	return b.String()
}

// judge compares an error with the one that is wanted, by its text; empty: none.
func judge(t testing.TB, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("error\ngot  %s\nwant %s", got, want)
	}
	if strings.ContainsAny(got, "\x00\x1b\n") {
		t.Errorf("the error is not fit to be shown: %q", got)
	}
}

// as returns the error of type E behind err.
func as[E error](t testing.TB, err error) (e E) {
	t.Helper()
	if !errors.As(err, &e) {
		t.Fatalf("got %T %v, want %T", err, err, e)
	}
	return e
}

// operationalKeys are what every login declares and offers.
const operationalKeys = "HeaderDigest=None DataDigest=None MaxRecvDataSegmentLength=262144"

// newLogin returns a login that has had replies and waits for more.
func newLogin(t testing.TB, cfg session.LoginConfig, replies ...reply) *session.Login {
	t.Helper()
	m := startLogin(startNumbers(), cfg)
	var in pdu.PDU
	for i := 0; ; i++ {
		out, _, err := m.Step(in)
		if err != nil {
			t.Fatal(err)
		}
		if i == len(replies) {
			return m
		}
		response := &pdu.LoginResponse{ITT: out.(*pdu.LoginRequest).ITT, StatSN: uint32(100 + i)}
		replies[i](out.(*pdu.LoginRequest), response)
		in = response
	}
}
