package ipsec_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// observed is the outcome of Resolve, in the oracle's words.
func observed(p ipsec.Plan, err error) outcome {
	var (
		flags   *ipsec.FlagsError
		require *ipsec.RequireError
		unknown *ipsec.UnknownError
		o       outcome
	)
	switch {
	case errors.As(err, &flags):
		return outcome{err: "FlagsError"}
	case errors.As(err, &require):
		o.err = "RequireError"
	case errors.As(err, &unknown):
		o.err = "UnknownError"
	case err != nil:
		o.err = err.Error()
	}
	o.origin, o.flags, o.result = p.Origin.String(), p.Flags, "clear"
	if p.IPsec {
		list := []string{"IPsec", p.Mode.String(), p.Exchange.String()}
		if p.PFS {
			list = append(list, "PFS")
		}
		o.result = strings.Join(strings.Fields(strings.Join(list, " ")), " ")
	}
	return o
}

var (
	older = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	newer = older.Add(time.Hour)
)

func someExisting() []ipsec.Existing {
	return []ipsec.Existing{
		{},
		{Kind: ipsec.ExistingUnknown},
		{Kind: ipsec.ExistingPartial, Name: "kernel policy 3", Flags: 0x27},
		{Kind: ipsec.ExistingRule, Name: "policy 192.0.2.0/24", Flags: 0x27},
		{Kind: ipsec.ExistingRule, Name: "policy tag=1", Flags: 0x5b},
		{Kind: ipsec.ExistingRule, Name: "policy off", Flags: 0x01},
		{Kind: ipsec.ExistingRule, Name: "contradictory", Flags: 0x63},
		{Kind: ipsec.ExistingRule, Name: "not valid", Flags: 0x26},
		{Kind: ipsec.ExistingProtection, Name: "kernel policy 7"},
		{Kind: ipsec.ExistingProtection, Name: "connection a", Flags: 0x57},
		{Kind: ipsec.ExistingProtection, Name: "nested", Flags: 0x6e},
	}
}

func somePrevious() [][]ipsec.Previous {
	return [][]ipsec.Previous{
		nil,
		{{Flags: 0x27, Source: ipsec.SourceIKEInfo, Time: older}},
		{{Flags: 0x43, Source: ipsec.SourceSamePort}},
		{{Flags: 0x1b, Source: ipsec.SourceOtherPort, Time: older}},
		{{Flags: 0x13, Source: ipsec.SourceISNS, Time: older}},
		{{Flags: 0x01, Source: ipsec.SourceIKEInfo, Time: older}},                                                                      // off
		{{Flags: 0x31, Source: ipsec.SourceSamePort, Time: older}},                                                                     // without ike
		{{Flags: 0x43, Source: ipsec.SourceISNS, Time: older}, {Flags: 0x0b, Source: ipsec.SourceISNS, Time: older}},                   // as given
		{{Flags: 0x26, Source: ipsec.SourceIKEInfo, Time: older}},                                                                      // not valid
		{{Flags: 0x6f, Source: ipsec.SourceISNS, Time: older}},                                                                         // contradictory
		{{Flags: 0x27, Source: ipsec.SourceIKEInfo, Time: older}, {Flags: 0x43, Source: ipsec.SourceISNS, Time: newer}},                // the newer
		{{Flags: 0x27, Source: ipsec.SourceIKEInfo, Time: older}, {Flags: 0x42, Source: ipsec.SourceISNS, Time: newer}},                // the older, as the newer is not valid
		{{Flags: 0x43, Source: ipsec.SourceISNS, Time: older}, {Flags: 0x0b, Source: ipsec.SourceOtherPort, Time: older}},              // by source
		{{Flags: 0x43, Source: ipsec.SourceOtherPort, Time: older}, {Flags: 0x0b, Source: ipsec.SourceSamePort, Time: older}},          // by source
		{{Flags: 0x43, Source: ipsec.SourceSamePort, Time: older}, {Flags: 0x0b, Source: ipsec.SourceIKEInfo, Time: older}},            // by source
		{{Flags: 0x43, Source: ipsec.SourceISNS}, {Flags: 0x0b, Source: ipsec.SourceISNS}, {Flags: 0x27, Source: ipsec.SourceIKEInfo}}, // without a time
	}
}

// Every value of the seven flags meets everything else that there is.
func TestResolveAll(t *testing.T) {
	t.Parallel()
	for _, existing := range someExisting() {
		t.Run(existing.Kind.String()+" "+existing.Name, func(t *testing.T) {
			t.Parallel()
			for _, previous := range somePrevious() {
				for _, byDefault := range []ipsec.Flags{0, 0x01, 0x37, 0x36, 0x61} {
					for _, flags := range interestingFlags() {
						for setting := range 4 {
							s := ipsec.Settings{
								Existing: existing, Flags: flags, Previous: previous, Default: byDefault,
								RequireIPsec: setting&1 != 0, RefuseUnknown: setting&2 != 0,
							}
							p, err := s.Resolve()
							if got, want := observed(p, err), oracle(s); got != want {
								t.Fatalf("%+v\ngot  %+v\nwant %+v", s, got, want)
							}
							if promise := broken(s, p, err); promise != "" {
								t.Fatalf("%+v\n%+v\nerror %v\nbroken: %s", s, p, err, promise)
							}
						}
					}
				}
			}
		})
	}
}

// broken names a promise that a resolution does not keep; empty: it keeps all.
func broken(s ipsec.Settings, p ipsec.Plan, err error) string {
	var fe *ipsec.FlagsError
	none := errors.As(err, &fe)
	switch {
	case s.Validate() != nil && !none:
		return "what must not be stored is not resolved"
	case none && !cmp.Equal(p, ipsec.Plan{}):
		return "there is no plan where flags are unusable"
	case none != (p.Why == ""):
		return "a plan explains itself"
	case strings.ContainsAny(p.Why, "\n") || strings.HasSuffix(p.Why, "."):
		return "an explanation is one line without a full stop"
	case p.Protects() != p.IPsec:
		return "IPsec and nothing else protects"
	case p.InPlace() && !p.Protects():
		return "what is in place protects"
	case err == nil && !p.IPsec && p.Flags.Has(ipsec.FlagValid|ipsec.FlagIKE):
		return "a decision for IPsec never ends in clear text"
	case err == nil && s.RequireIPsec && !p.IPsec:
		return "what is required is there"
	case err == nil && p.IPsec && !p.InPlace() && (p.Mode == 0 || p.Exchange == 0):
		return "a plan leaves nothing open to an enforcer"
	case (p.String() == "none") != !p.IPsec:
		return "none means no IPsec"
	}
	return ""
}

// The order in which earlier definitions are given says nothing, unless two are
// of one time and one source.
func TestPreviousInAnyOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var all []ipsec.Previous
		for _, i := range rng.Perm(8)[:rng.IntN(8)] {
			all = append(all, ipsec.Previous{
				Flags: ipsec.Flags(rng.IntN(128)), Source: ipsec.Source(i % 4), Time: older.Add(time.Duration(i/4) * time.Hour), Revision: uint64(rng.IntN(3)),
			})
		}
		p, err := ipsec.Settings{Previous: all}.Resolve()
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		q, again := ipsec.Settings{Previous: all}.Resolve()
		if diff := cmp.Diff(p, q); diff != "" || (err == nil) != (again == nil) {
			t.Fatalf("%+v: errors %v, %v (-first +shuffled):\n%s", all, err, again, diff)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		settings ipsec.Settings
		want     string
	}{
		{
			name:     "required, and turned off",
			settings: ipsec.Settings{Flags: 0x01, RequireIPsec: true},
			want:     "flags off: IPsec is required (require-ipsec), and they turn it off: set ike, or give no flags",
		},
		{
			name:     "required, and nothing defined",
			settings: ipsec.Settings{RequireIPsec: true},
			want:     "protection is required, but there is no IPsec: the portal has no flags, none were defined before, and no default is set",
		},
		{
			name:     "required, and an administrator turned it off",
			settings: ipsec.Settings{RequireIPsec: true, Existing: ipsec.Existing{Kind: ipsec.ExistingRule, Name: "policy 192.0.2.0/24", Flags: 0x01}},
			want:     "protection is required, but there is no IPsec: policy 192.0.2.0/24 says off, and what exists comes before flags",
		},
		{
			name:     "unknown",
			settings: ipsec.Settings{Flags: 0x47, RefuseUnknown: true, Existing: ipsec.Existing{Kind: ipsec.ExistingUnknown}},
			want:     "it is unknown which IPsec exists, so the plan (tunnel) is refused: run with the right to read the system's policies, or proceed on unknown",
		},
		{
			name:     "contradictory before",
			settings: ipsec.Settings{Previous: []ipsec.Previous{{Flags: 0x6f, Source: ipsec.SourceISNS}}},
			want:     "flags 0x6f (previous): transport and tunnel exclude each other: choose one",
		},
		{
			name:     "contradictory default",
			settings: ipsec.Settings{Default: 0x1f},
			want:     "flags 0x1f (default): main and aggressive exclude each other: choose one",
		},
		{
			name:     "rule that says nothing",
			settings: ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingRule, Flags: 0x26}},
			want:     "flags 0x26 (existing): a rule needs valid flags",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := tt.settings.Resolve(); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
