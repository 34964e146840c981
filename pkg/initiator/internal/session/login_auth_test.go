package session_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestLoginOrNone: where None is offered behind CHAP the target may choose either,
// and nothing in between.
func TestLoginOrNone(t *testing.T) {
	t.Parallel()
	const (
		offer = "0 AuthMethod=CHAP,None"
		leave = "0>1"
		late  = "CHAP: the target's CHAP_N: not expected in this step"
	)
	none, method, asks := says("0", "AuthMethod=None"), says("0", "AuthMethod=CHAP"), says("0", challenge()...)
	offered := func(chosen string) string { return "AuthMethod: we offered CHAP,None, the target " + chosen }
	tests := []struct {
		name    string
		replies []reply
		sent    []string
		method  string // of the outcome
		err     string
	}{
		{name: "CHAP", replies: []reply{method, asks, says("0>1"), says("1>3")}, sent: []string{offer, algorithm, response, operation}, method: "CHAP"},
		{name: "None", replies: []reply{none, says("0>1"), says("1>3")}, sent: []string{offer, leave, operation}, method: "None"},
		{name: "None, and on later", replies: []reply{none, says("0"), says("0>1"), says("1>3")}, sent: []string{offer, leave, leave, operation}, method: "None"},
		{name: "None, with a key of its own", replies: []reply{says("0", "AuthMethod=None", "X-a=1"), says("0>1"), says("1>3")}, sent: []string{offer, "0>1 X-a=NotUnderstood", operation}, method: "None"},

		{name: "both", replies: []reply{says("0", "AuthMethod=CHAP,None")}, sent: []string{offer}, err: offered("chose CHAP,None")},
		{name: "rejected", replies: []reply{says("0", "AuthMethod=Reject")}, sent: []string{offer}, err: offered("chose Reject")},
		{name: "another", replies: []reply{says("0", "AuthMethod=KRB5")}, sent: []string{offer}, err: offered("chose KRB5")},
		{name: "other case", replies: []reply{says("0", "AuthMethod=none")}, sent: []string{offer}, err: offered("chose none")},
		{name: "no answer", replies: []reply{says("0")}, sent: []string{offer}, err: offered("did not answer")},
		{name: "no answer, and on", replies: []reply{says("0>1")}, sent: []string{offer}, err: offered("did not answer")},
		{name: "None, and on before we asked", replies: []reply{says("0>1", "AuthMethod=None")}, sent: []string{offer}, method: "None", err: breaks + "it leaves the stage before we asked"},
		{name: "None, straight through", replies: []reply{none, says("0>3")}, sent: []string{offer, leave}, method: "None", err: breaks + "it goes on to FullFeaturePhase, which we did not ask for"},
		{name: "CHAP, and skipped (LIO)", replies: []reply{says("0>1", "AuthMethod=CHAP")}, sent: []string{offer}, method: "CHAP", err: "CHAP: the target skipped it"},

		{name: "None, with a challenge", replies: []reply{says("0", append([]string{"AuthMethod=None"}, challenge()...)...)}, sent: []string{offer}, method: "None", err: "CHAP: the target's CHAP_A: not expected in this step"},
		{name: "None, then a challenge", replies: []reply{none, asks}, sent: []string{offer, leave}, method: "None", err: "CHAP: the target's CHAP_A: not expected in this step"},
		{name: "None, then a proof with the end", replies: []reply{none, says("0>1", "CHAP_N=t", "CHAP_R=0x00")}, sent: []string{offer, leave}, method: "None", err: late},
		{name: "None, then a rejection", replies: []reply{none, says("0", "CHAP_A=Reject")}, sent: []string{offer, leave}, method: "None", err: "CHAP: the target's CHAP_A: not expected in this step"},
		{name: "None, then a proof later", replies: []reply{none, says("0"), says("0>1", "CHAP_N=t")}, sent: []string{offer, leave, leave}, method: "None", err: breaks + "CHAP keys after the last step of CHAP"},
		{name: "None, then keys in the next stage", replies: []reply{none, says("0>1"), says("1>3", "CHAP_N=t")}, sent: []string{offer, leave, operation}, method: "None", err: breaks + "CHAP_N outside the security stage"},
		{name: "None, then CHAP", replies: []reply{none, method}, sent: []string{offer, leave}, method: "None", err: breaks + "it sends AuthMethod twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := withCHAP(config(), oneWay())
			cfg.OrNone = true
			l := logIn(t, cfg, tt.replies...)
			judge(t, l.err, tt.err)
			if l.done != (tt.err == "") || l.outcome.Method != tt.method {
				t.Errorf("done %t, outcome %+v, want %q", l.done, l.outcome, tt.method)
			}
			if diff := cmp.Diff(tt.sent, l.sent); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoginProgress: how far authentication came, and with which outcome, at each
// point where a login may end.
func TestLoginProgress(t *testing.T) {
	t.Parallel()
	method, asks := says("0", "AuthMethod=CHAP"), says("0", challenge()...)
	refuses := but(says("0"), func(m *pdu.LoginResponse) { m.Status = pdu.StatusAuthFailure })
	chap := auth.Outcome{Method: "CHAP"}
	chosen := auth.Outcome{Method: "CHAP", Algorithm: auth.MD5}
	done := auth.Outcome{Method: "CHAP", Algorithm: auth.MD5, Done: true}
	tests := []struct {
		name    string
		cfg     session.LoginConfig
		replies []reply
		want    session.AuthProgress
		outcome auth.Outcome
	}{
		{name: "without", cfg: config(), outcome: auth.Outcome{}},
		{name: "without, done", cfg: config(), replies: []reply{says("1>3")}, outcome: auth.Outcome{Method: "None"}},
		{name: "without, refused", cfg: config(), replies: []reply{refuses}, outcome: auth.Outcome{}},
		{name: "method offered", cfg: withCHAP(config(), oneWay())},
		{name: "method refused", cfg: withCHAP(config(), oneWay()), replies: []reply{refuses}},
		{name: "list offered", cfg: withCHAP(config(), oneWay()), replies: []reply{method}, want: session.AuthOffered, outcome: chap},
		{name: "list refused", cfg: withCHAP(config(), oneWay()), replies: []reply{method, refuses}, want: session.AuthOffered, outcome: chap},
		{name: "list rejected", cfg: withCHAP(config(), oneWay()), replies: []reply{method, says("0", "CHAP_A=Reject")}, want: session.AuthOffered, outcome: chap},
		{name: "challenge in pieces", cfg: withCHAP(config(), oneWay()), replies: []reply{method, says("0+", "CHAP_A=5")}, want: session.AuthOffered, outcome: chap},
		{name: "answered", cfg: withCHAP(config(), oneWay()), replies: []reply{method, asks}, want: session.AuthAnswered, outcome: chosen},
		{name: "answer refused", cfg: withCHAP(config(), oneWay()), replies: []reply{method, asks, refuses}, want: session.AuthAnswered, outcome: chosen},
		{name: "answer rejected", cfg: withCHAP(config(), oneWay()), replies: []reply{method, asks, says("0", "CHAP_R=Reject")}, want: session.AuthAnswered, outcome: chosen},
		{name: "answer to come in pieces", cfg: withCHAP(config(), mutual()), replies: []reply{method, asks, says("0+")}, want: session.AuthAnswered, outcome: chosen},
		{name: "finished, stage goes on", cfg: withCHAP(config(), oneWay()), replies: []reply{method, asks, says("0")}, want: session.AuthFinished, outcome: done},
		{name: "finished, then refused", cfg: withCHAP(config(), oneWay()), replies: []reply{method, asks, says("0"), refuses}, want: session.AuthFinished, outcome: done},
		{name: "not proved", cfg: withCHAP(config(), mutual()), replies: []reply{method, asks, says("0>1")}, want: session.AuthAnswered, outcome: chosen},
		{
			name: "proved", cfg: withCHAP(config(), mutual()), replies: []reply{method, asks, proves("0>1", targetSecret)}, want: session.AuthFinished,
			outcome: auth.Outcome{Method: "CHAP", Algorithm: auth.MD5, Done: true, Mutual: true, TargetUser: "tgt"},
		},
		{name: "refused in the next stage", cfg: withCHAP(config(), oneWay()), replies: []reply{method, asks, says("0>1"), refuses}, want: session.AuthFinished, outcome: done},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, tt.cfg, tt.replies...)
			if l.progress != tt.want || l.outcome != tt.outcome {
				t.Errorf("got step %d, %+v\nwant %d, %+v (%v)", l.progress, l.outcome, tt.want, tt.outcome, l.err)
			}
		})
	}
}

// TestLoginCHAPRejected: a target may reject what we offer, or our response, in a
// key that it has sent itself before.
func TestLoginCHAPRejected(t *testing.T) {
	t.Parallel()
	const (
		rejectsAll = "CHAP: the target rejected all algorithms that we offered (md5): CHAP_A="
		rejects    = "CHAP: the target rejected our response: "
	)
	method, asks := says("0", "AuthMethod=CHAP"), says("0", challenge()...)
	tests := []struct {
		name    string
		replies []reply
		err     string
	}{
		{name: "list", replies: []reply{says("0", "CHAP_A=Reject")}, err: rejectsAll + "Reject"},
		{name: "list, with T", replies: []reply{says("0>1", "CHAP_A=Reject")}, err: rejectsAll + "Reject"},
		{name: "list not understood", replies: []reply{says("0", "CHAP_A=NotUnderstood")}, err: rejectsAll + "NotUnderstood"},
		{name: "response", replies: []reply{asks, says("0", "CHAP_R=Reject")}, err: rejects + "CHAP_R=Reject"},
		{name: "response, with T", replies: []reply{asks, says("0>1", "CHAP_R=Reject")}, err: rejects + "CHAP_R=Reject"},
		{name: "algorithm, late", replies: []reply{asks, says("0", "CHAP_A=Reject")}, err: rejects + "CHAP_A=Reject"},
		{name: "challenge, late", replies: []reply{asks, says("0", "CHAP_C=Reject")}, err: rejects + "CHAP_C=Reject"},
		{name: "twice", replies: []reply{asks, says("0", "CHAP_R=Reject", "CHAP_R=Reject")}, err: rejects + "CHAP_R=Reject"},
		{name: "after the end", replies: []reply{asks, says("0"), says("0", "CHAP_R=Reject")}, err: breaks + "CHAP keys after the last step of CHAP"},
		{name: "in the next stage", replies: []reply{asks, says("0>1"), says("1", "CHAP_R=Reject")}, err: breaks + "CHAP_R outside the security stage"},
		{name: "the method, late", replies: []reply{asks, says("0", "AuthMethod=Reject")}, err: breaks + "it sends AuthMethod twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			judge(t, logIn(t, withCHAP(config(), oneWay()), append([]reply{method}, tt.replies...)...).err, tt.err)
		})
	}
}
