package target

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A naiveSet does what a Set does, in the plainest way.
type naiveSet struct {
	repeats bool
	targets []Target
	implied []bool
}

func (s *naiveSet) add(t Target, implied bool) {
	i := slices.IndexFunc(s.targets, func(have Target) bool { return name.Fold(have.Name) == name.Fold(t.Name) })
	if i < 0 || s.repeats {
		t.Addresses = slices.Clone(t.Addresses)
		s.targets, s.implied = append(s.targets, t), append(s.implied, implied)
		return
	}
	have := &s.targets[i]
	if have.Alias == "" {
		have.Alias = t.Alias
	}
	if implied {
		return
	}
	if s.implied[i] {
		s.implied[i], have.Addresses = false, nil
	}
	for _, a := range t.Addresses {
		if !slices.Contains(have.Addresses, a) {
			have.Addresses = append(have.Addresses, a)
		}
	}
}

// contents returns what is in a set.
func contents(s *Set) (all []Target) {
	for i := range s.Len() {
		all = append(all, Target{s.Name(i), s.Alias(i), slices.Collect(s.Addresses(i))})
	}
	return all
}

// randomTarget returns a target that is likely to have something in common with
// others.
func randomTarget(r *rand.Rand) (t Target, implied bool) {
	names := []string{"iqn.2026-11.com.example:disk%d", "iqn.2026-11.com.example:DISK%d", "iqn.2026-11.com.example:straße%d", "iqn.2026-11.com.example:STRASSE%d", "iqn.2026-11.com.example:Ärger%d", "iqn.2026-11.com.example:ärger%d"}
	t.Name = fmt.Sprintf(names[r.IntN(len(names))], r.IntN(20))
	if r.IntN(4) == 0 {
		t.Alias = strings.Repeat("alias ", r.IntN(3))
	}
	if r.IntN(8) == 0 {
		return Target{t.Name, t.Alias, []Address{{Host: "192.0.2.1", Port: 3260, Group: NoGroup}}}, true
	}
	n := 1 + r.IntN(3)
	if r.IntN(20) == 0 {
		n = 1 + r.IntN(60) // as many as are not looked through one by one
	}
	for range n {
		a := Address{Host: fmt.Sprintf("192.0.2.%d", r.IntN(80)), Port: 3260, Group: r.IntN(3) - 1}
		if r.IntN(50) == 0 {
			a.Host, a.Unusable, a.Reach = strings.Repeat("h", 1+r.IntN(255)), LinkLocalWithoutZone, Refused
		}
		t.Addresses = append(t.Addresses, a)
	}
	return t, false
}

// TestTargetSet: a set has what the plain rules make of the same targets, in batches
// of any size, and so have the batches and the values that are made of it.
func TestTargetSet(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		want := naiveSet{repeats: seed%3 == 0}
		got := Set{Repeats: want.repeats}
		var b List
		for range 1 + r.IntN(1000) {
			target, implied := randomTarget(r)
			want.add(target, implied)
			b.Append(&Record{[]byte(target.Name), []byte(target.Alias), target.Addresses, implied})
			if r.IntN(30) == 0 {
				from := r.IntN(b.Len() + 1)
				got.Add(&b, 0, from)
				got.Add(&b, from, b.Len())
				b = List{}
			}
		}
		got.Add(&b, 0, b.Len())
		if diff := cmp.Diff(want.targets, contents(&got)); diff != "" {
			t.Fatalf("seed %d: the set differs (-want +got):\n%.3000s", seed, diff)
		}
		if diff := cmp.Diff(want.targets, got.Targets()); diff != "" {
			t.Fatalf("seed %d: its targets differ (-want +got):\n%.3000s", seed, diff)
		}
		var again Set
		again.Repeats = true
		var implied []bool
		for i := 0; i < got.Len(); {
			var some List
			i = got.AppendTo(&some, i)
			again.Add(&some, 0, some.Len())
			for k := range some.entries {
				implied = append(implied, some.entries[k].implied)
			}
		}
		if diff := cmp.Diff(want.targets, contents(&again)); diff != "" {
			t.Fatalf("seed %d: its batches differ (-want +got):\n%.3000s", seed, diff)
		}
		if !slices.Equal(implied, want.implied) {
			t.Fatalf("seed %d: other addresses are implied", seed)
		}
		for i, target := range want.targets {
			at, ok := got.Find([]byte(strings.ToUpper(target.Name)))
			if ok == want.repeats || ok && name.Fold(got.Name(at)) != name.Fold(target.Name) {
				t.Fatalf("seed %d: %s, the target %d, was found at %d, %t", seed, target.Name, i, at, ok)
			}
		}
		if at, ok := got.Find([]byte("iqn.2026-11.com.example:none")); ok {
			t.Fatalf("seed %d: a name that is not there was found at %d", seed, at)
		}
	}
}

// TestTargetSetAddress: a set keeps each field of an address.
func TestTargetSetAddress(t *testing.T) {
	t.Parallel()
	var full Address
	for v, i := reflect.ValueOf(&full).Elem(), 0; i < v.NumField(); i++ {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("host")
		case reflect.Int:
			f.SetInt(-1)
		default:
			f.SetUint(1<<f.Type().Bits() - 1)
		}
	}
	want := []Address{full, {Host: "h", Group: 1<<16 - 1}, {}, {Host: strings.Repeat("h", 100_000), Port: 1, Group: 1 << 30}, {Host: "i"}}
	var b List
	b.Add(&Target{Name: "a", Addresses: want})
	var s Set
	s.Add(&b, 0, 1)
	if diff := cmp.Diff(want, slices.Collect(s.Addresses(0))); diff != "" {
		t.Errorf("addresses (-want +got):\n%.2000s", diff)
	}
}
