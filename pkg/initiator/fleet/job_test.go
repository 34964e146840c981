package fleet

import (
	"math"
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

func rangeOf(t testing.TB, text string) (r Range) {
	t.Helper()
	if err := r.UnmarshalText([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

func testJob(t testing.TB, ranges ...string) *Job {
	t.Helper()
	j := &Job{ID: jobOfTests, Ports: []uint16{860, 3260}, ShardSize: 4, ShardTime: 60}
	for _, r := range ranges {
		j.Ranges = append(j.Ranges, rangeOf(t, r))
	}
	return j
}

// TestJobShards: the shards of a job have each portal once, and those of one range alone.
func TestJobShards(t *testing.T) {
	t.Parallel()
	j := testJob(t, "2001:db8::ffff:ffff:ffff:fffe-2001:db8::ffff:ffff:ffff:ffff", "192.0.2.7-192.0.2.16", "192.0.2.10-192.0.2.12", "192.0.2.17-192.0.2.17", "198.51.100.254-198.51.100.255")
	if err := j.Check(); err == nil {
		t.Error("a job whose ranges overlap passes")
	}
	j.Normalize()
	got, err := DecodeJob(jobOfTests, j.Encode())
	if err != nil || !reflect.DeepEqual(got, j) {
		t.Fatalf("got %+v, %v; want %+v", got, err, j)
	}
	if got, want := j.Shards(), 4+1+1+1; got != want {
		t.Errorf("got %d shards, want %d", got, want)
	}
	seen := map[netip.AddrPort]bool{}
	for n := range j.Shards() {
		s, ok := j.Shard(n)
		if !ok {
			t.Fatalf("shard %d is none", n)
		}
		if _, low := halves(s.First); low%4 != 0 && !slices.ContainsFunc(j.Ranges, func(r Range) bool { return r.First == s.First }) {
			t.Errorf("shard %d begins at %s, want a multiple of 4", n, s.First)
		}
		for i := range s.Count() {
			p := s.At(i)
			if seen[p] || !s.Contains(p.Addr()) {
				t.Errorf("shard %d: %s is there twice, or not of %s", n, p, s.Range)
			}
			seen[p] = true
		}
	}
	if len(seen) != j.Portals() || len(seen) != 2*(10+1+2+2) {
		t.Errorf("got %d portals, Portals says %d", len(seen), j.Portals())
	}
	for _, n := range []int{-1, j.Shards()} {
		if s, ok := j.Shard(n); ok {
			t.Errorf("shard %d: got %+v", n, s)
		}
	}
}

func TestJobCheck(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Job){
		"id":          func(j *Job) { j.ID = "../../0123456789" },
		"no ports":    func(j *Job) { j.Ports = nil },
		"port 0":      func(j *Job) { j.Ports = []uint16{0} },
		"ports twice": func(j *Job) { j.Ports = []uint16{1, 1} },
		"weaker":      func(j *Job) { j.Flags = 2 },
		"no ranges":   func(j *Job) { j.Ranges = nil },
		"invalid":     func(j *Job) { j.Ranges = []Range{{}} },
		"backwards":   func(j *Job) { j.Ranges = []Range{rangeOf(t, "192.0.2.2-192.0.2.1")} },
		"an address twice": func(j *Job) {
			j.Ranges = []Range{rangeOf(t, "192.0.2.1-192.0.2.5"), rangeOf(t, "192.0.2.5-192.0.2.9")}
		},
		"not in order": func(j *Job) {
			j.Ranges = []Range{rangeOf(t, "192.0.2.6-192.0.2.9"), rangeOf(t, "192.0.2.1-192.0.2.5")}
		},
		"mixed":            func(j *Job) { j.Ranges = []Range{rangeOf(t, "192.0.2.2-2001:db8::1")} },
		"zone":             func(j *Job) { j.Ranges = []Range{rangeOf(t, "fe80::1%a-fe80::1%a")} },
		"multicast":        func(j *Job) { j.Ranges = []Range{rangeOf(t, "224.0.0.1-224.0.0.1")} },
		"mapped":           func(j *Job) { j.Ranges = []Range{rangeOf(t, "::ffff:192.0.2.1-::ffff:192.0.2.1")} },
		"too many":         func(j *Job) { j.Ranges = []Range{rangeOf(t, "10.0.0.0-10.255.255.255")} },
		"far too many":     func(j *Job) { j.Ranges = []Range{rangeOf(t, "::1-2001::1")} },
		"all of IPv6":      func(j *Job) { j.Ranges = []Range{rangeOf(t, "2001:db8::-2001:db8::ffff:ffff:ffff:ffff")} },
		"too many shards":  func(j *Job) { j.ShardSize, j.Ranges = 1, []Range{rangeOf(t, "10.0.0.0-10.0.32.0")} },
		"no shard":         func(j *Job) { j.ShardSize = 0 },
		"large shard":      func(j *Job) { j.ShardSize = MaxShardPortals },
		"overflow":         func(j *Job) { j.ShardSize = math.MaxInt },
		"no time":          func(j *Job) { j.ShardTime = 0 },
		"not a number":     func(j *Job) { j.Timeout = math.NaN() },
		"negative timeout": func(j *Job) { j.Timeout = -1 },
		"long":             func(j *Job) { j.ShardTime = 1e300 },
	} {
		j := testJob(t, "192.0.2.1-192.0.2.9")
		if err := j.Check(); err != nil {
			t.Fatal(err)
		}
		if change(j); j.Check() == nil {
			t.Errorf("%s: %+v passes", name, j)
		}
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	r := rangeOf(t, "192.0.2.64-192.0.2.127")
	for text, want := range map[string][2]bool{ // within, overlaps
		"192.0.2.64/26": {true, true}, "192.0.2.0/24": {true, true}, "192.0.2.64/27": {false, true}, "192.0.2.100/32": {false, true},
		"192.0.2.128/25": {false, false}, "0.0.0.0/0": {true, true}, "::/0": {false, false}, "192.0.2.127/25": {true, true},
	} {
		p := netip.MustParsePrefix(text)
		if got := [2]bool{r.Within([]netip.Prefix{p}), r.Overlaps(p)}; got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	if r.Within(nil) || r.Overlaps(netip.Prefix{}) || r.Within(make([]netip.Prefix, 1)) {
		t.Error("no prefix has the range")
	}
	for _, text := range []string{"", "192.0.2.1", "192.0.2.1-", "192.0.2.1-192.0.2.2-192.0.2.3", "192.0.2.01-192.0.2.2", "2001:DB8::1-2001:db8::2"} {
		if err := new(Range).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a range", text)
		}
	}
}

// TestNormalizeManyAddresses: single addresses are neighbours, and only where they would be too
// many ranges are they one: hosts may allow each for itself.
func TestNormalizeManyAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		first string
		n     int
		want  int
	}{
		{"192.0.2.0", MaxScanRanges, MaxScanRanges},
		{"192.0.2.0", MaxScanRanges + 1, 1},
		{"2001:db8::ffff:ffff:ffff:ff00", MaxScanRanges + 1, 2}, // the second half of an address has an end
		{"255.255.255.0", 256, 256},
	} {
		j := &Job{}
		for a, i := netip.MustParseAddr(tt.first), 0; i < tt.n; a, i = a.Next(), i+1 {
			j.Ranges = append(j.Ranges, Range{a, a})
		}
		slices.Reverse(j.Ranges)
		all := 0
		j.Normalize()
		for _, r := range j.Ranges {
			n, ok := r.count()
			if all += n; !ok {
				t.Errorf("%s is no range", r)
			}
		}
		if len(j.Ranges) != tt.want || all != tt.n {
			t.Errorf("%d from %s: got %d ranges of %d addresses, want %d", tt.n, tt.first, len(j.Ranges), all, tt.want)
		}
	}
}
