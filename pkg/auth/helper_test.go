package auth_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

const (
	secret       = "secret-secret12"
	targetSecret = "outsecret-1234"
)

// text joins pairs.
func text(pairs ...string) (t pdu.Text) {
	for _, p := range pairs {
		t = append(append(t, p...), 0)
	}
	return t
}

// oneWay and mutual are the settings that the tests start from. Our identifier
// is 0x63 and our challenge a0 a1 … there.
func oneWay() *auth.CHAP {
	return &auth.CHAP{User: "disc", Secret: auth.NewSecret([]byte(secret))}
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

// step is a Step that must succeed.
func step(t *testing.T, x auth.Exchange, in pdu.Text, wantLast bool) pdu.Text {
	t.Helper()
	out, last, err := x.Step(nil, in)
	if err != nil {
		t.Fatal(err)
	}
	if last != wantLast {
		t.Fatalf("got last %v, want %v", last, wantLast)
	}
	return out
}

// refusal says which error is wanted.
type refusal func(err error) bool

var accepted refusal

func key(name string) refusal {
	return func(err error) bool {
		var e *auth.KeyError
		return errors.As(err, &e) && e.Key == name
	}
}

func chosen(n uint64) refusal {
	return func(err error) bool {
		var e *auth.AlgorithmError
		return errors.As(err, &e) && e.Chosen == n && e.Answer == ""
	}
}

// rejectedAll is all algorithms rejected with a word.
func rejectedAll(word string) refusal {
	return func(err error) bool {
		var e *auth.AlgorithmError
		return errors.As(err, &e) && e.Answer == word && len(e.Offered) > 0
	}
}

// rejected is a key of our response rejected with a word.
func rejected(name, word string) refusal {
	return func(err error) bool {
		var e *auth.RejectionError
		return errors.As(err, &e) && e.Key == name && e.Answer == word
	}
}

func proof(name string) refusal {
	return func(err error) bool {
		var e *auth.ProofError
		return errors.As(err, &e) && e.Key == name
	}
}

func reflection(name string) refusal {
	return func(err error) bool {
		var e *auth.ReflectionError
		return errors.As(err, &e) && e.Key == name
	}
}

// judge compares an error with the one that is wanted, and its text with the
// rules for all of them.
func judge(t *testing.T, err error, want refusal) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	if err == nil || !want(err) {
		t.Fatalf("got %T %v, want another error", err, err)
	}
	s := err.Error()
	if !strings.HasPrefix(s, "CHAP: ") || strings.ContainsAny(s, "\n\x00\x1b") || strings.Contains(s, "pdu: ") {
		t.Errorf("got %q", s)
	}
	for _, leak := range []string{"evil", "secret-", "outsecret", hex.EncodeToString([]byte(secret))} {
		if strings.Contains(s, leak) {
			t.Errorf("the error shows %q: %s", leak, s)
		}
	}
}
