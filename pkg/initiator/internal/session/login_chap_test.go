package session_test

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

const secret, targetSecret = "secret-secret12", "outsecret-1234"

// oneWay and mutual are the CHAP of these tests. Our identifier is 0x63 and our
// challenge a0 a1 … there.
func oneWay() *auth.CHAP {
	return &auth.CHAP{User: "disc", Secret: auth.NewSecret([]byte(secret)), Algorithms: []auth.Algorithm{auth.MD5}}
}

func mutual() *auth.CHAP {
	c := oneWay()
	c.Mutual, c.TargetSecret = true, auth.NewSecret([]byte(targetSecret))
	random := []byte{0x63}
	for i := range 64 {
		random = append(random, byte(0xa0+i))
	}
	c.Rand = bytes.NewReader(random)
	return c
}

func withCHAP(cfg session.LoginConfig, c *auth.CHAP) session.LoginConfig {
	cfg.Auth, cfg.Method = c.Begin(), c.Name()
	return cfg
}

// challenge is what a target asks.
func challenge() []string { return []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=0x0102030405060708"} }

// proves is the reply of a target that answers our challenge with a secret.
func proves(flags, secret string) reply {
	return func(request *pdu.LoginRequest, m *pdu.LoginResponse) {
		keys := make(map[string]string)
		for p := range request.Data.Pairs() {
			keys[string(p.Key)] = string(p.Value)
		}
		id, _ := strconv.Atoi(keys["CHAP_I"])
		c, _ := hex.DecodeString(keys["CHAP_C"][2:])
		response := iscsitest.CHAPResponse("5", byte(id), secret, c)
		says(flags, "CHAP_N=tgt", "CHAP_R=0x"+hex.EncodeToString(response))(request, m)
	}
}

// What we send in the security stage.
var (
	first     = "0 AuthMethod=CHAP"
	algorithm = "0 CHAP_A=5"
	response  = "0>1 CHAP_N=disc CHAP_R=0x" + hex.EncodeToString(iscsitest.CHAPResponse("5", 7, secret, []byte{1, 2, 3, 4, 5, 6, 7, 8}))
	ours      = " CHAP_I=99 CHAP_C=0xa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
	operation = "1>3 " + operationalKeys
)

// TestLoginCHAP: every way through the stages with CHAP, and the ways in which a
// target may try to be spared it.
func TestLoginCHAP(t *testing.T) {
	t.Parallel()
	const (
		skipped = "CHAP: the target skipped it"
		late    = breaks + "CHAP keys after the last step of CHAP"
	)
	method, asks := says("0", "AuthMethod=CHAP"), says("0", challenge()...)
	offered := func(chosen string) string { return "AuthMethod: we offered CHAP, the target " + chosen }
	tests := []struct {
		name    string
		replies []reply
		sent    []string
		waits   bool
		err     string
	}{
		{name: "at once", replies: []reply{method, asks, says("0>1"), says("1>3")}, sent: []string{first, algorithm, response, operation}},
		{name: "later", replies: []reply{method, asks, says("0"), says("0"), says("0>1"), says("1"), says("1>3")}, sent: []string{first, algorithm, response, "0>1", "0>1", operation, "1>3"}},
		{name: "in pieces", replies: []reply{
			says("0+"), method, says("0+", challenge()[:2]...), says("0", challenge()[2]), says("0+"), says("0>1"), says("1+"), says("1>3"),
		}, sent: []string{first, "0", algorithm, "0", response, "0>1", operation, "1>3"}},
		{name: "with keys of its own", replies: []reply{
			says("0", "AuthMethod=CHAP", "X-a=1"), asks, says("0", "X-b=1"), says("0>1", "X-c=1"), says("1", "X-d=1"), says("1>3"),
		}, sent: []string{first, "0 X-a=NotUnderstood CHAP_A=5", response, "0>1 X-b=NotUnderstood", operation, "1>3 X-d=NotUnderstood"}},

		{name: "None", replies: []reply{says("0", "AuthMethod=None")}, sent: []string{first}, err: offered("chose None")},
		{name: "None, and on", replies: []reply{says("0>1", "AuthMethod=None")}, sent: []string{first}, err: offered("chose None")},
		{name: "rejected", replies: []reply{says("0", "AuthMethod=Reject")}, sent: []string{first}, err: offered("chose Reject")},
		{name: "rejected, and on (istgt)", replies: []reply{says("0>1", "AuthMethod=Reject")}, sent: []string{first}, err: offered("chose Reject")},
		{name: "not understood", replies: []reply{says("0", "AuthMethod=NotUnderstood")}, sent: []string{first}, err: offered("chose NotUnderstood")},
		{name: "several", replies: []reply{says("0", "AuthMethod=CHAP,None")}, sent: []string{first}, err: offered("chose CHAP,None")},
		{name: "another", replies: []reply{says("0", "AuthMethod=KRB5")}, sent: []string{first}, err: offered("chose KRB5")},
		{name: "other case", replies: []reply{says("0", "AuthMethod=chap")}, sent: []string{first}, err: offered("chose chap")},
		{name: "empty", replies: []reply{says("0", "AuthMethod=")}, sent: []string{first}, err: offered(`chose ""`)},
		{name: "of control characters", replies: []reply{says("0", "AuthMethod=\x1b[2J")}, sent: []string{first}, err: offered(`chose "\x1b[2J"`)},
		{name: "no answer", replies: []reply{says("0")}, sent: []string{first}, err: offered("did not answer")},
		{name: "no answer, and on", replies: []reply{says("0>1")}, sent: []string{first}, err: offered("did not answer")},
		{name: "no answer, and to the end", replies: []reply{says("0>3")}, sent: []string{first}, err: offered("did not answer")},

		{name: "skipped at the method (LIO)", replies: []reply{says("0>1", "AuthMethod=CHAP")}, sent: []string{first}, err: skipped},
		{name: "skipped to the end", replies: []reply{says("0>3", "AuthMethod=CHAP")}, sent: []string{first}, err: skipped},
		{name: "skipped at the algorithm", replies: []reply{method, says("0>1")}, sent: []string{first, algorithm}, err: skipped},
		{name: "on with the challenge", replies: []reply{method, says("0>1", challenge()...)}, sent: []string{first, algorithm}, err: skipped},
		{name: "on in another stage", replies: []reply{says("1>3")}, sent: []string{first}, err: breaks + "it is in LoginOperationalNegotiation, we are in SecurityNegotiation"},
		{name: "on in another stage later", replies: []reply{method, asks, says("1")}, sent: []string{first, algorithm, response}, err: breaks + "it is in LoginOperationalNegotiation, we are in SecurityNegotiation"},
		{name: "further than asked", replies: []reply{method, asks, says("0>3")}, sent: []string{first, algorithm, response}, err: breaks + "it goes on to FullFeaturePhase, which we did not ask for"},
		{name: "to the same stage", replies: []reply{method, asks, says("0>0")}, sent: []string{first, algorithm, response}, err: breaks + "it goes on to SecurityNegotiation, which we did not ask for"},
		{name: "to the reserved stage", replies: []reply{method, asks, says("0>2")}, sent: []string{first, algorithm, response}, err: breaks + "it goes on to stage 2, which we did not ask for"},
		{name: "back again", replies: []reply{method, asks, says("0>1"), says("0")}, sent: []string{first, algorithm, response, operation}, err: breaks + "it is in SecurityNegotiation, we are in LoginOperationalNegotiation"},

		{name: "a challenge with the method", replies: []reply{says("0", append([]string{"AuthMethod=CHAP"}, challenge()...)...)}, sent: []string{first}, err: "CHAP: the target's CHAP_A: not expected in this step"},
		{name: "no challenge", replies: []reply{method, says("0")}, sent: []string{first, algorithm}, err: "CHAP: the target's CHAP_A: missing"},
		{name: "another algorithm", replies: []reply{method, says("0", "CHAP_A=7", "CHAP_I=1", "CHAP_C=0x01")}, sent: []string{first, algorithm}, err: "CHAP: we offered algorithms 5; the target chose 7"},
		{name: "method twice", replies: []reply{method, says("0", "AuthMethod=CHAP")}, sent: []string{first, algorithm}, err: breaks + "it sends AuthMethod twice"},
		{name: "challenge twice", replies: []reply{method, asks, says("0", challenge()...)}, sent: []string{first, algorithm, response}, err: breaks + "it sends CHAP_A twice"},
		{name: "a proof that nobody asked for", replies: []reply{method, asks, says("0>1", "CHAP_N=t", "CHAP_R=0x00")}, sent: []string{first, algorithm, response}, err: "CHAP: the target's CHAP_N: not expected in this step"},
		{name: "keys after the end", replies: []reply{method, asks, says("0"), says("0>1", "CHAP_N=t")}, sent: []string{first, algorithm, response, "0>1"}, err: late},
		{name: "keys in the next stage", replies: []reply{method, asks, says("0>1"), says("1>3", "CHAP_N=t")}, sent: []string{first, algorithm, response, operation}, err: breaks + "CHAP_N outside the security stage"},
		{name: "method in the next stage", replies: []reply{says("0", "AuthMethod=CHAP"), asks, says("0>1"), says("1>3", "AuthMethod=CHAP")}, sent: []string{first, algorithm, response, operation}, err: breaks + "it sends AuthMethod twice"},
		{name: "refused", replies: []reply{method, asks, but(says("0"), func(m *pdu.LoginResponse) { m.Status = pdu.StatusAuthFailure })}, sent: []string{first, algorithm, response}, err: "target refused: authentication failure (0x0201)"},
		{name: "silence after all", replies: []reply{method, asks, says("0>1")}, sent: []string{first, algorithm, response, operation}, waits: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, withCHAP(config(), oneWay()), tt.replies...)
			judge(t, l.err, tt.err)
			if want := tt.err == "" && !tt.waits; l.done != want {
				t.Errorf("done %t, want %t", l.done, want)
			}
			if diff := cmp.Diff(tt.sent, l.sent); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoginNone: the method that needs no proof goes the same way.
func TestLoginNone(t *testing.T) {
	t.Parallel()
	none := func() session.LoginConfig {
		cfg := config()
		cfg.Auth, cfg.Method = auth.None{}.Begin(), auth.None{}.Name()
		return cfg
	}
	l := logIn(t, none(), says("0", "AuthMethod=None"), says("0>1"), says("1>3"))
	if diff := cmp.Diff([]string{"0 AuthMethod=None", "0>1", operation}, l.sent); diff != "" || !l.done {
		t.Errorf("done %t, error %v, requests (-want +got):\n%s", l.done, l.err, diff)
	}
	judge(t, logIn(t, none(), says("0>1", "AuthMethod=None")).err, breaks+"it leaves the stage before we asked")
}

// TestLoginMutualCHAP: nothing is sent to a target that has not proved itself.
func TestLoginMutualCHAP(t *testing.T) {
	t.Parallel()
	method, asks := says("0", "AuthMethod=CHAP"), says("0", challenge()...)
	sent := []string{first, algorithm, response + ours}
	unproved := func(reason string) string { return "CHAP: the target did not authenticate: " + reason }
	tests := []struct {
		name    string
		replies []reply // from our challenge on
		sent    []string
		err     string
	}{
		{name: "with T", replies: []reply{proves("0>1", targetSecret), says("1>3")}, sent: []string{operation}},
		{name: "and T later", replies: []reply{proves("0", targetSecret), says("0>1"), says("1>3")}, sent: []string{"0>1", operation}},
		{name: "wrong", replies: []reply{proves("0>1", "not-the-secret-1")}, err: unproved("CHAP_R is wrong")},
		{name: "wrong, T later", replies: []reply{proves("0", "not-the-secret-1")}, err: unproved("CHAP_R is wrong")},
		{name: "ours", replies: []reply{proves("0>1", secret)}, err: "CHAP: the target authenticated with our secret instead of its own"},
		{name: "none", replies: []reply{says("0>1")}, err: unproved("CHAP_N is missing")},
		{name: "none, T later", replies: []reply{says("0")}, err: unproved("CHAP_N is missing")},
		{name: "half", replies: []reply{says("0>1", "CHAP_N=tgt")}, err: unproved("CHAP_R is missing")},
		{name: "the other half", replies: []reply{says("0>1", "CHAP_R=0x00")}, err: unproved("CHAP_N is missing")},
		{name: "late", replies: []reply{says("0"), proves("0>1", targetSecret)}, err: unproved("CHAP_N is missing")},
		{name: "too short", replies: []reply{says("0>1", "CHAP_N=tgt", "CHAP_R=0x00")}, err: unproved("CHAP_R has 1 bytes, but md5 makes 16")},
		{name: "our challenge back", replies: []reply{says("0", "CHAP_A=5")}, err: breaks + "it sends CHAP_A twice"},
		{name: "to the end", replies: []reply{proves("0>3", targetSecret)}, err: breaks + "it goes on to FullFeaturePhase, which we did not ask for"},
		{name: "in the next stage", replies: []reply{says("1>3", "CHAP_N=tgt", "CHAP_R=0x00")}, err: breaks + "it is in LoginOperationalNegotiation, we are in SecurityNegotiation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := withCHAP(config(), mutual())
			l := logIn(t, cfg, append([]reply{method, asks}, tt.replies...)...)
			judge(t, l.err, tt.err)
			if proved := cfg.Auth.Outcome().Mutual; l.done != (tt.err == "") || l.done && !proved {
				t.Errorf("done %t, proved %t", l.done, proved)
			}
			if diff := cmp.Diff(append(sent[:3:3], tt.sent...), l.sent); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoginReflection: a challenge of ours is not answered, on whichever session
// it comes back.
func TestLoginReflection(t *testing.T) {
	t.Parallel()
	var outstanding auth.Challenges
	victim := mutual()
	victim.Outstanding = &outstanding
	x := withCHAP(config(), victim)
	if l := logIn(t, x, says("0", "AuthMethod=CHAP"), says("0", challenge()...)); l.err != nil {
		t.Fatal(l.err)
	}
	back := says("0", "CHAP_A=5", "CHAP_I=99", "CHAP_C=0xa0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
	for name, c := range map[string]*auth.CHAP{"one-way": oneWay(), "mutual": mutual()} {
		c.Outstanding = &outstanding
		l := logIn(t, withCHAP(config(), c), says("0", "AuthMethod=CHAP"), back)
		judge(t, l.err, "CHAP: the target sent our own challenge back")
		if len(l.sent) != 2 {
			t.Errorf("%s: requests %q", name, l.sent)
		}
	}
	x.Auth.Close()
	c := oneWay()
	c.Outstanding = &outstanding
	if l := logIn(t, withCHAP(config(), c), says("0", "AuthMethod=CHAP"), back); l.err != nil {
		t.Errorf("once it is closed: %v", l.err)
	}
}
