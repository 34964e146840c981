package jsonitem

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is written quickly is what encoding/json writes.
func TestQuickResult(t *testing.T) {
	t.Parallel()
	usual := Result{
		Portal: "192.0.2.10:3260", Address: "192.0.2.10:3260", InitiatorPort: "all", InitiatorName: "iqn.2026-11.com.example:us", Source: "192.0.2.1",
		Interface: "eth0", Status: "ok", CodeName: "ISDSC_SUCCESS", Warnings: []Warning{}, Redirects: []redirect{},
		IPsec: protection{Plan: "none", Origin: "default", Existing: "none"}, Auth: authentication{Method: authNone}, ElapsedMS: 1.3,
		PhasesMS: phases{Resolve: 0.5, Connect: 0.07, Login: 0.4, Discover: 0.33},
	}
	yes, no := true, false
	tests := []struct {
		name string
		set  func(j *Result)
		slow bool // it is left to encoding/json
	}{
		{name: "usual", set: func(*Result) {}},
		{name: "from a port", set: func(j *Result) {
			j.Instance, j.InstanceUsed, j.InitiatorPortUsed = "fabric-a", "fabric-a", "0"
		}},
		{name: "bound", set: func(j *Result) { j.BoundDevice, j.Stored, j.Code = "eth0", true, math.MaxUint32 }},
		{name: "what cannot be seen", set: func(j *Result) { j.Portal, j.Instance = "a\x1b[2J\u202e<&>\"\\\xff", "ä\n" }},
		{name: "CHAP", set: func(j *Result) {
			j.Auth = authentication{Method: authCHAP, Algorithm: "md5", Mutual: &no}
		}},
		{name: "mutual CHAP with a name that is not fit to be seen", set: func(j *Result) {
			j.Auth = authentication{Method: authCHAP, Algorithm: "sha3-256", Mutual: &yes, TargetUser: "a\x1b[2J\u202e<&>\"\\\xff\u2028"}
		}},
		{name: "CHAP that was tried", set: func(j *Result) {
			j.Auth = authentication{Method: authNone, Attempted: authCHAP}
		}},
		{name: "CHAP that came to an algorithm", set: func(j *Result) {
			j.Auth = authentication{Method: authNone, Attempted: authCHAP, Algorithm: "sha256"}
		}},
		{name: "no time", set: func(j *Result) { j.ElapsedMS = 0 }},
		{name: "a long time", set: func(j *Result) { j.ElapsedMS = 1e9 + 0.1 }},
		{name: "for ever", set: func(j *Result) { j.ElapsedMS = 1e22 }, slow: true},
		{name: "failed", set: func(j *Result) { j.Error = &resultError{} }, slow: true},
		{name: "with targets", set: func(j *Result) { j.Targets = &TargetsPlace{} }, slow: true},
		{name: "warned", set: func(j *Result) { j.Warnings = []Warning{{}} }, slow: true},
		{name: "redirected", set: func(j *Result) { j.Redirects = []redirect{{}} }, slow: true},
		{name: "under IPsec", set: func(j *Result) { j.IPsec.PFS = &yes }, slow: true},
		{name: "proved", set: func(j *Result) { j.IPsec.Proof = &proof{} }, slow: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := usual
			tt.set(&j)
			got, quick := j.AppendQuick([]byte("{"))
			if quick == tt.slow {
				t.Fatalf("written quickly: %t", quick)
			}
			if tt.slow {
				return
			}
			want, err := Marshal(&j)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, '}', '\n'); !json.Valid(got) {
				t.Errorf("no JSON: %s", got)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("fields differ (- encoding/json, + quick):\n%s", diff)
			}
		})
	}
}

// eight bytes are plain where each of them is.
func TestPlainJSON(t *testing.T) {
	t.Parallel()
	for at := range 8 {
		for c := range 256 {
			for _, filler := range []string{" ", "~", "a", "!", "#", "[", "]"} {
				b := []byte(strings.Repeat(filler, 8))
				b[at] = byte(c)
				if got, want := arePlainJSON(eight(b, 0)), plainJSON[c]; got != want {
					t.Errorf("%q: got %t, want %t", b, got, want)
				}
			}
		}
	}
}
