package sweep

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRepeats (issue 19, 4): which portals are there already.
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want string // for each portal the index of its first place
	}{
		{"192.0.2.10 192.0.2.11", ""},
		{"192.0.2.10 192.0.2.10:3260", "0 0"},
		{"192.0.2.10 192.0.2.10:3261", ""},
		{"192.0.2.10:3260,1 192.0.2.10:3260,2", "0 0"},
		{"192.0.2.8/30 192.0.2.10 192.0.2.8/29", "0 1 1 0 1 5 6 7 8"},
		{"192.0.2.10 192.0.2.8/30 192.0.2.9-192.0.2.10", "0 1 0 1 0"},
		{"2001:db8::a [2001:DB8:0::a]:3260", "0 0"},
		{"fe80::1%eth0 fe80::1%eth1 fe80::1", ""},
		{"fe80::1%eth0 fe80::1%eth0", "0 0"},
		{"host host other host:3261 host", "0 0 2 3 0"},
		{"192.0.2.10 ::ffff:192.0.2.10", "0 0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 0.0.0.1 0.0.0.1 255.255.255.254", "0 1 1 3"},
		{"192.0.2.8/31 192.0.2.8/31 192.0.2.8/31", "0 1 0 1 0 1"},
	} {
		p, err := parse(strings.Fields(tt.args), nil)
		if err != nil {
			t.Fatalf("%s: got %v", tt.args, err)
		}
		r := NewRepeats(p)
		if tt.want == "" {
			if r != nil {
				t.Errorf("%s: got runs %v, want none", tt.args, r.runs)
			}
			continue
		}
		if r == nil {
			t.Errorf("%s: got no runs", tt.args)
			continue
		}
		if got := firsts(r, p); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.args, got, tt.want)
		}
	}
}

// firsts lists the first place of each portal.
func firsts(r *Repeats, p *Portals) string {
	var all []string
	for i := range p.Count {
		first, ok := r.Of(i)
		if !ok {
			first = i
		}
		all = append(all, fmt.Sprint(first))
	}
	return strings.Join(all, " ")
}

// TestRandomRepeats holds the intervals against a set of addresses.
func TestRandomRepeats(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(19, 4))
	for range 300 {
		var args []string
		for range 1 + random.IntN(8) {
			low := random.IntN(20)
			switch random.IntN(4) {
			case 0:
				args = append(args, fmt.Sprintf("192.0.2.%d", low))
			case 1:
				args = append(args, fmt.Sprintf("192.0.2.%d:3261", low))
			case 2:
				args = append(args, fmt.Sprintf("192.0.2.%d-192.0.2.%d", low, low+random.IntN(20)))
			case 3:
				args = append(args, fmt.Sprintf("192.0.2.%d/%d", low, 28+random.IntN(5)))
			}
		}
		p, err := parse(args, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkRepeats(t, p, args)
	}
}

// checkRepeats compares all that Repeats says with what a set of portals says.
func checkRepeats(t *testing.T, p *Portals, args []string) {
	t.Helper()
	seen, later := map[string]int{}, map[int][]int{}
	var want, asked []string
	for i := range p.Count {
		s := p.At(i).String()
		first, known := seen[s]
		if !known {
			seen[s], first = i, i
			asked = append(asked, s)
		} else {
			later[first] = append(later[first], i)
		}
		want = append(want, fmt.Sprint(first))
	}
	r := NewRepeats(p)
	if (r == nil) != (len(later) == 0) {
		t.Fatalf("%v: got %v, want repeats: %v", args, r, later)
	}
	if r == nil {
		return
	}
	if got := firsts(r, p); got != strings.Join(want, " ") {
		t.Errorf("%v: got %s, want %v", args, got, want)
	}
	if diff := cmp.Diff(asked, listed(r.Asked, 0)); diff != "" {
		t.Errorf("%v: asked differs (- want, + got):\n%s", args, diff)
	}
	for i := range r.Asked.Count {
		first := r.Given(i)
		if p.At(first) != r.Asked.At(i) || !cmp.Equal(r.places(first), later[first]) || r.later(first) != len(later[first]) {
			t.Errorf("%v: %d is given at %d and %v, want %v", args, i, first, r.places(first), later[first])
		}
	}
}

// TestLargeRepeats: two blocks of half a million addresses each are one run.
func TestLargeRepeats(t *testing.T) {
	t.Parallel()
	p, err := parse([]string{"10.0.0.0/13", "10.0.0.0/13"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRepeats(p)
	if len(r.runs) != 1 || r.Asked.Count != p.Count/2 || len(r.Asked.entries) != 1 {
		t.Errorf("got %d runs and %d portals in %d entries, want one run and half of the portals in one", len(r.runs), r.Asked.Count, len(r.Asked.entries))
	}
}
