package auth_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{
			&auth.AlgorithmError{Offered: []auth.Algorithm{auth.SHA256, auth.MD5}, Chosen: 6},
			"CHAP: we offered algorithms 7,5; the target chose 6",
		},
		{
			&auth.AlgorithmError{Offered: []auth.Algorithm{auth.MD5}},
			"CHAP: we offered algorithms 5; the target chose 0",
		},
		{
			&auth.AlgorithmError{Offered: []auth.Algorithm{auth.SHA3_256, auth.MD5}, Answer: "Reject"},
			"CHAP: the target rejected all algorithms that we offered (sha3-256,md5): CHAP_A=Reject",
		},
		{
			&auth.RejectionError{Key: "CHAP_R", Answer: "NotUnderstood"},
			"CHAP: the target rejected our response: CHAP_R=NotUnderstood",
		},
		{
			&auth.ConfigError{Field: auth.FieldSecret, Reason: "missing"},
			"CHAP: secret we authenticate with: missing",
		},
		{
			&auth.KeyError{Key: "CHAP_C", Reason: "malformed", Err: &pdu.ValueError{Kind: "binary value", Reason: "too long"}},
			"CHAP: the target's CHAP_C: malformed: bad binary value: too long",
		},
		{
			&auth.KeyError{Reason: "not expected in this step"},
			"CHAP: the target's keys: not expected in this step",
		},
		{
			&auth.ProofError{Key: "CHAP_R", Reason: "is missing"},
			"CHAP: the target did not authenticate: CHAP_R is missing",
		},
		{&auth.ProofError{Reason: "the target skipped it"}, "CHAP: the target skipped it"},
		{&auth.ReflectionError{Key: "CHAP_C"}, "CHAP: the target sent our own challenge back"},
		{&auth.ReflectionError{Key: "CHAP_R"}, "CHAP: the target authenticated with our secret instead of its own"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestKeyErrorUnwraps(t *testing.T) {
	t.Parallel()
	x := oneWay().Begin()
	step(t, x, nil, false)
	_, _, err := x.Step(nil, text("CHAP_A=5", "CHAP_I=x", "CHAP_C=0x01"))
	if ve := (*pdu.ValueError)(nil); !errors.As(err, &ve) {
		t.Errorf("got %v, want a *pdu.ValueError in it", err)
	}
}

func TestFieldNames(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for f := range auth.FieldAlgorithms + 2 {
		if s := f.String(); seen[s] {
			t.Errorf("two fields are %q", s)
		} else {
			seen[s] = true
		}
	}
}

// TestIsFailure: what a target has a part in is a failure, also wrapped; settings of ours
// are not.
func TestIsFailure(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&auth.ProofError{}, &auth.ReflectionError{}, &auth.KeyError{}, &auth.AlgorithmError{}, &auth.RejectionError{}} {
		if !auth.IsFailure(err) || !auth.IsFailure(fmt.Errorf("login: %w", err)) {
			t.Errorf("%T is no failure", err)
		}
	}
	for _, err := range []error{nil, &auth.ConfigError{}, errors.New("another")} {
		if auth.IsFailure(err) {
			t.Errorf("%T is a failure", err)
		}
	}
}
