package auth_test

import (
	"bytes"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// challenged returns an exchange that has sent its challenge, and that one.
func challenged(t *testing.T, c *auth.CHAP) (x auth.Exchange, challenge string) {
	t.Helper()
	x = c.Begin()
	step(t, x, nil, false)
	return x, values(t, step(t, x, text("CHAP_A=7", "CHAP_I=1", "CHAP_C=0x010203"), true))["CHAP_C"]
}

// shared returns mutual CHAP with random challenges that c is told of.
func shared(c *auth.Challenges) *auth.CHAP {
	m := mutual()
	m.Rand, m.Outstanding = nil, c
	return m
}

func reflect(t *testing.T, x auth.Exchange, challenge string) error {
	t.Helper()
	step(t, x, nil, false)
	out, _, err := x.Step(nil, text("CHAP_A=7", "CHAP_I=1", "CHAP_C="+challenge))
	if err != nil && len(out) > 0 {
		t.Errorf("got an answer of %d bytes", len(out))
	}
	return err
}

func TestReflectionAcrossExchanges(t *testing.T) {
	t.Parallel()
	var outstanding auth.Challenges
	first, challenge := challenged(t, shared(&outstanding))
	if got := outstanding.Len(); got != 1 {
		t.Fatalf("got %d challenges, want 1", got)
	}
	inFront := "0xff" + challenge[2:]
	cut := "0x" + challenge[4:]
	oneWayToo := oneWay()
	oneWayToo.Outstanding = &outstanding
	for _, tt := range []struct {
		name      string
		c         *auth.CHAP
		challenge string
	}{
		{"mutual", shared(&outstanding), challenge},
		{"one-way", oneWayToo, challenge},
		{"with a byte in front", shared(&outstanding), inFront},
		{"without its first byte", shared(&outstanding), cut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := tt.c.Begin()
			judge(t, reflect(t, x, tt.challenge), reflection("CHAP_C"))
			x.Close()
		})
	}
	if got := outstanding.Len(); got != 1 {
		t.Errorf("got %d challenges, want the first one alone", got)
	}

	// A failed or finished exchange keeps its challenge until it is closed.
	judge(t, first.Finish(nil), proof("CHAP_N"))
	judge(t, reflect(t, shared(&outstanding).Begin(), challenge), reflection("CHAP_C"))
	first.Close()
	if got := outstanding.Len(); got != 0 {
		t.Errorf("got %d challenges after Close, want none", got)
	}
	judge(t, reflect(t, shared(&outstanding).Begin(), challenge), accepted)
}

func TestConcurrentExchanges(t *testing.T) {
	t.Parallel()
	var outstanding auth.Challenges
	c := shared(&outstanding)
	a, challengeA := challenged(t, c)
	b, challengeB := challenged(t, c)
	if challengeA == challengeB {
		t.Fatal("two exchanges made one challenge")
	}
	for _, challenge := range []string{challengeA, challengeB} {
		judge(t, reflect(t, c.Begin(), challenge), reflection("CHAP_C"))
	}
	a.Close()
	a.Close() // takes nothing of b
	judge(t, reflect(t, c.Begin(), challengeB), reflection("CHAP_C"))
	b.Close()
	if got := outstanding.Len(); got != 0 {
		t.Errorf("got %d challenges, want none", got)
	}
}

// Without shared Challenges, exchanges know nothing of each other.
func TestReflectionOwnOnly(t *testing.T) {
	t.Parallel()
	x, challenge := challenged(t, mutual())
	defer x.Close()
	judge(t, reflect(t, oneWay().Begin(), challenge), accepted)
}

// Our challenge is never one that is in flight, neither the target's nor ours,
// even where the random source yields it.
func TestChallengeUnlikeOthers(t *testing.T) {
	t.Parallel()
	theirs := bytes.Repeat([]byte{0x11}, 32)
	inFlight := bytes.Repeat([]byte{0x22}, 32)
	fresh := bytes.Repeat([]byte{0x33}, 32)
	draw := func(challenges ...[]byte) *bytes.Reader {
		var b []byte
		for i, c := range challenges {
			b = append(append(b, byte(i)), c...)
		}
		return bytes.NewReader(b)
	}
	var outstanding auth.Challenges
	c := shared(&outstanding)
	c.Rand = draw(inFlight)
	first, _ := challenged(t, c)
	defer first.Close()

	run := func(c *auth.CHAP) (pdu.Text, error) {
		x := c.Begin()
		defer x.Close()
		step(t, x, nil, false)
		out, _, err := x.Step(nil, text("CHAP_A=7", "CHAP_I=0", "CHAP_C=0x"+string(bytes.Repeat([]byte("11"), 32))))
		return out, err
	}
	c.Rand = draw(theirs, inFlight, fresh)
	out, err := run(c)
	if err != nil {
		t.Fatal(err)
	}
	keys := values(t, out)
	if want := "0x" + string(bytes.Repeat([]byte("33"), 32)); keys["CHAP_C"] != want || keys["CHAP_I"] != "2" {
		t.Errorf("got CHAP_I=%s CHAP_C=%s, want 2 and %s", keys["CHAP_I"], keys["CHAP_C"], want)
	}

	c.Rand = draw(theirs, theirs, theirs, theirs, fresh)
	if out, err := run(c); err == nil {
		t.Errorf("got %q from a source that repeats itself, want an error", out)
	}
	if got := outstanding.Len(); got != 1 {
		t.Errorf("got %d challenges, want 1", got)
	}
}
