package session_test

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestLoginOptions: the keys that are offered only where they are set, and the
// answers that we take.
func TestLoginOptions(t *testing.T) {
	t.Parallel()
	number := func(n uint32) session.Number { return session.Number{Specified: true, Value: n} }
	connections := func(c *session.LoginConfig) { c.MaxConnections = number(4) }
	wait := func(c *session.LoginConfig) { c.DefaultTime2Wait = number(5) }
	retain := func(c *session.LoginConfig) { c.DefaultTime2Retain = number(30) }
	tests := []struct {
		name   string
		change func(*session.LoginConfig)
		offer  string
		good   []string
		bad    []string
	}{
		{
			name: "MaxConnections", change: connections, offer: "4",
			good: []string{"1", "4", "0x2", "Irrelevant", "Reject"},
			bad:  []string{"0", "5", "65536", "Yes", "NotUnderstood", "", "-1", "None"},
		},
		{
			name: "DefaultTime2Wait", change: wait, offer: "5",
			good: []string{"5", "6", "3600", "Irrelevant", "Reject"},
			bad:  []string{"4", "0", "3601", "NotUnderstood", "", "None"},
		},
		{
			name: "DefaultTime2Retain", change: retain, offer: "30",
			good: []string{"30", "0", "0x1e", "Irrelevant", "Reject"},
			bad:  []string{"31", "3600", "NotUnderstood", "", "None"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			tt.change(&cfg)
			for _, value := range tt.good {
				l := logIn(t, cfg, says("1", tt.name+"="+value), says("1>3"))
				if !l.done || l.sent[1] != "1>3" {
					t.Errorf("%q: done %t, requests %q, error %v", value, l.done, l.sent, l.err)
				}
				if want := "1>3 " + operationalKeys + " " + tt.name + "=" + tt.offer; l.sent[0] != want {
					t.Errorf("got  %s\nwant %s", l.sent[0], want)
				}
			}
			for _, value := range tt.bad {
				l := logIn(t, cfg, says("1>3", tt.name+"="+value))
				e := as[*pdu.NegotiationError](t, l.err)
				if l.done || e.Key != tt.name || e.Offered != tt.offer {
					t.Errorf("%q: done %t, %v", value, l.done, e)
				}
			}
			// No answer at all leaves the default in force.
			if l := logIn(t, cfg, says("1>3")); !l.done {
				t.Error(l.err)
			}
		})
	}
	// Zero, where it is set, is sent.
	cfg := config()
	cfg.DefaultTime2Wait, cfg.DefaultTime2Retain = number(0), number(0)
	l := logIn(t, cfg, says("1>3", "DefaultTime2Wait=2", "DefaultTime2Retain=0"))
	if want := "DefaultTime2Wait=0 DefaultTime2Retain=0"; !l.done || !strings.HasSuffix(l.sent[0], want) {
		t.Errorf("done %t, sent %q", l.done, l.sent)
	}
}

// TestLoginDigests: what each preference offers, and which answers it takes.
func TestLoginDigests(t *testing.T) {
	t.Parallel()
	const none, must, prefer = session.DigestNone, session.DigestCRC32C, session.DigestPreferCRC32C
	refused := func(offered, chosen string) string {
		return "%: we offered " + offered + ", the target " + chosen
	}
	tests := []struct {
		name   string
		pref   session.DigestPreference
		offer  string
		answer string // "-": no answer
		on     bool
		err    string
	}{
		{name: "none, none", pref: none, offer: "None", answer: "None"},
		{name: "none, silence", pref: none, offer: "None", answer: "-"},
		{name: "none, rejected", pref: none, offer: "None", answer: "Reject"},
		{name: "none, irrelevant", pref: none, offer: "None", answer: "Irrelevant"},
		{name: "none, CRC32C", pref: none, offer: "None", answer: "CRC32C", err: refused("None", "chose CRC32C")},
		{name: "none, a list", pref: none, offer: "None", answer: "CRC32C,None", err: refused("None", "chose CRC32C,None")},
		{name: "none, not understood", pref: none, offer: "None", answer: "NotUnderstood", err: refused("None", "chose NotUnderstood")},
		{name: "CRC32C", pref: must, offer: "CRC32C", answer: "CRC32C", on: true},
		{name: "CRC32C, none", pref: must, offer: "CRC32C", answer: "None", err: refused("CRC32C", "chose None")},
		{name: "CRC32C, silence", pref: must, offer: "CRC32C", answer: "-", err: refused("CRC32C", "did not answer")},
		{name: "CRC32C, rejected", pref: must, offer: "CRC32C", answer: "Reject", err: refused("CRC32C", "chose Reject")},
		{name: "CRC32C, irrelevant", pref: must, offer: "CRC32C", answer: "Irrelevant", err: refused("CRC32C", "chose Irrelevant")},
		{name: "CRC32C, a list", pref: must, offer: "CRC32C", answer: "CRC32C,None", err: refused("CRC32C", "chose CRC32C,None")},
		{name: "CRC32C, another", pref: must, offer: "CRC32C", answer: "X-com.example.sum", err: refused("CRC32C", "chose X-com.example.sum")},
		{name: "CRC32C, lower case", pref: must, offer: "CRC32C", answer: "crc32c", err: refused("CRC32C", "chose crc32c")},
		{name: "CRC32C, empty", pref: must, offer: "CRC32C", answer: "", err: refused("CRC32C", `chose ""`)},
		{name: "preferred", pref: prefer, offer: "CRC32C,None", answer: "CRC32C", on: true},
		{name: "preferred, none", pref: prefer, offer: "CRC32C,None", answer: "None"},
		{name: "preferred, silence", pref: prefer, offer: "CRC32C,None", answer: "-"},
		{name: "preferred, rejected", pref: prefer, offer: "CRC32C,None", answer: "Reject"},
		{name: "preferred, a list", pref: prefer, offer: "CRC32C,None", answer: "CRC32C,None", err: refused("CRC32C,None", "chose CRC32C,None")},
		{name: "preferred, empty", pref: prefer, offer: "CRC32C,None", answer: "", err: refused("CRC32C,None", `chose ""`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, key := range []string{"HeaderDigest", "DataDigest"} {
				cfg := config()
				set := map[string]*session.DigestPreference{"HeaderDigest": &cfg.HeaderDigest, "DataDigest": &cfg.DataDigest}
				*set[key] = tt.pref
				answer := says("1>3", key+"="+tt.answer)
				if tt.answer == "-" {
					answer = says("1>3")
				}
				l := logIn(t, cfg, answer)
				if !strings.Contains(l.sent[0], " "+key+"="+tt.offer+" ") {
					t.Errorf("sent %q", l.sent[0])
				}
				judge(t, l.err, strings.ReplaceAll(tt.err, "%", key))
				on := map[string]bool{"HeaderDigest": l.result.HeaderDigest, "DataDigest": l.result.DataDigest}
				if l.done != (tt.err == "") || on[key] != tt.on || on["HeaderDigest"] && on["DataDigest"] {
					t.Errorf("done %t, digests %v", l.done, on)
				}
			}
		})
	}
}

// TestLoginDigestEarly: an answer counts also where it came in an earlier
// response of the stage.
func TestLoginDigestEarly(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.HeaderDigest, cfg.DataDigest = session.DigestCRC32C, session.DigestPreferCRC32C
	l := logIn(t, cfg, says("1", "HeaderDigest=CRC32C"), says("1", "DataDigest=CRC32C"), says("1>3"))
	if !l.done || !l.result.HeaderDigest || !l.result.DataDigest {
		t.Errorf("done %t, %+v, error %v", l.done, l.result, l.err)
	}
}
