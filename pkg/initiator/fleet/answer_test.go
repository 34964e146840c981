package fleet

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

func addressOf(host string, port uint16, group int) target.Address {
	return target.Address{Host: host, Port: port, Group: group}
}

func targetsOfTests() []target.Target {
	return []target.Target{
		{Name: "iqn.2026-11.com.example:a", Addresses: []target.Address{addressOf("192.0.2.10", 3260, 1), addressOf("2001:db8::1", 3260, target.NoGroup)}},
		{Name: "iqn.2026-11.com.example:b", Alias: "\x1b[31mred\u202e", Addresses: []target.Address{addressOf("fe80::1", 3260, 65535), addressOf("array.example", 860, 0)}},
	}
}

func encoded(t testing.TB, targets []target.Target) *Answer {
	t.Helper()
	a, err := Encode(targets)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnswerRoundTrip(t *testing.T) {
	t.Parallel()
	for _, targets := range [][]target.Target{{}, targetsOfTests()} {
		a := encoded(t, targets)
		got, err := Decode(a.Digest, a.Parts)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(targets, got); d != "" {
			t.Errorf("want (-), got (+):\n%s", d)
		}
		if a.Targets != len(targets) {
			t.Errorf("got %d targets, want %d", a.Targets, len(targets))
		}
	}
}

// Hosts that saw the same have one digest, in whatever order, from whatever link, and
// whatever is usable from there.
func TestAnswerIsOfWhatWasSeen(t *testing.T) {
	t.Parallel()
	want := encoded(t, targetsOfTests()).Digest
	same := targetsOfTests()
	same[0], same[1] = same[1], same[0]
	same[0].Addresses[0].Host = "fe80::1%eth7"
	same[1].Addresses[0], same[1].Addresses[1] = same[1].Addresses[1], same[1].Addresses[0]
	same[1].Addresses[0].Unusable = target.Unusable(1)
	if got := encoded(t, same).Digest; got != want {
		t.Errorf("got digest %v, want %v", got, want)
	}
	for name, change := range map[string]func([]target.Target) []target.Target{
		"alias":   func(l []target.Target) []target.Target { l[0].Alias = "x"; return l },
		"group":   func(l []target.Target) []target.Target { l[0].Addresses[0].Group = 2; return l },
		"port":    func(l []target.Target) []target.Target { l[0].Addresses[0].Port = 3261; return l },
		"address": func(l []target.Target) []target.Target { l[0].Addresses = l[0].Addresses[:1]; return l },
		"target":  func(l []target.Target) []target.Target { return l[:1] },
	} {
		if got := encoded(t, change(targetsOfTests())).Digest; got == want {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

func TestAnswerInParts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	targets := make([]target.Target, 60000)
	for i := range targets {
		targets[i] = target.Target{
			Name: fmt.Sprintf("iqn.2026-11.com.example:%06d-%x", i, []uint64{r.Uint64(), r.Uint64(), r.Uint64()}), Addresses: []target.Address{addressOf("192.0.2.10", 3260, 1)},
		}
	}
	a := encoded(t, targets)
	if len(a.Parts) < 2 {
		t.Fatalf("got %d parts, want several", len(a.Parts))
	}
	for i, p := range a.Parts {
		if len(p) > MaxPartLen {
			t.Errorf("part %d has %d bytes", i, len(p))
		}
	}
	got, err := Decode(a.Digest, a.Parts)
	if err != nil || len(got) != len(targets) {
		t.Fatalf("got %d targets, error %v; want %d", len(got), err, len(targets))
	}
	_, err = Decode(a.Digest, a.Parts[:len(a.Parts)-1])
	wantLie(t, err, "cut off")
	_, err = Decode(a.Digest, a.Parts[1:])
	wantLie(t, err, "not compressed")
}

func TestAnswerTooLarge(t *testing.T) {
	t.Parallel()
	long := targetsOfTests()
	for range MaxAddresses {
		long[0].Addresses = append(long[0].Addresses, long[0].Addresses[0])
	}
	wide := make([]target.Target, 100000)
	for i := range wide {
		wide[i] = target.Target{Name: fmt.Sprintf("iqn.2026-11.com.example:%0199d", i), Alias: strings.Repeat("x", 200)}
	}
	for want, targets := range map[string][]target.Target{
		"131073 targets, and an answer is published up to 131072 targets":             make([]target.Target, MaxTargets+1),
		"a target has 1026 addresses, and an answer is published with at most 1024":   long,
		"100000 targets take 46100024 bytes, and an answer is published up to 335544": wide,
	} {
		_, err := Encode(targets)
		if large := (*TooLargeError)(nil); !errors.As(err, &large) || large.Targets != len(targets) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}

func wantLie(t *testing.T, err error, want string) {
	t.Helper()
	if lie := (*LieError)(nil); !errors.As(err, &lie) || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want a lie: %s", err, want)
	}
}

// packed compresses what was written, and returns its digest.
func packed(written string) (Digest, [][]byte) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(written))
	_ = z.Close()
	return sha256.Sum256([]byte(written)), [][]byte{b.Bytes()}
}

func TestAnswerLies(t *testing.T) {
	t.Parallel()
	one := func(target string) string { return `{"schema":1,"targets":[` + target + `]}` }
	many := strings.TrimSuffix(strings.Repeat(`"192.0.2.1:1,1",`, MaxAddresses+1), ",")
	for written, want := range map[string]string{
		"":                 "not JSON",
		"[]":               "value of another kind",
		`{"targets":[]}`:   "no schema number",
		`{"schema":-1}`:    "no schema number",
		`{"schema":2}`:     "a newer version wrote it (schema 2",
		`{"schema":1}x`:    "not JSON",
		one(`{"name":""}`): "impossible name",
		one(`{"name":7}`):  "field targets.name has a value of another kind",
		one(`{"name":"` + strings.Repeat("x", 224) + `"}`):              "impossible name",
		one(`{"name":"x","alias":"` + strings.Repeat("x", 1025) + `"}`): "impossible name",
		one(`{"name":"x","addresses":[` + many + `]}`):                  "too many addresses",
		one(`{"name":"b"},{"name":"a"}`):                                "not in order",
		one(`{"name":"b"},{"name":"b"}`):                                "not in order",
		one(`{"name":"x","addresses":["192.0.2.1:3260"]}`):              "impossible address",
		one(`{"name":"x","addresses":["192.0.2.1:3260,65536"]}`):        "impossible address",
		one(`{"name":"x","addresses":["192.0.2.1:3260,-2"]}`):           "impossible address",
		one(`{"name":"x","addresses":["192.0.2.1:03260,1"]}`):           "impossible address",
		one(`{"name":"x","addresses":[":3260,1"]}`):                     "impossible address",
		one(`{"name":"x","addresses":["fe80::1%eth0:3260,1"]}`):         "impossible address",
		one(`{"name":"x","addresses":["[fe80::1%eth0]:3260,1"]}`):       "impossible address",
		one(`{"name":"x","addresses":["a b:3260,1"]}`):                  "impossible address",
	} {
		d, parts := packed(written)
		_, err := Decode(d, parts)
		wantLie(t, err, want)
	}
	a := encoded(t, targetsOfTests())
	_, err := Decode(digestOfTests, a.Parts)
	wantLie(t, err, "another answer")
	_, err = Decode(a.Digest, nil)
	wantLie(t, err, "0 parts")
	_, err = Decode(a.Digest, make([][]byte, MaxParts+1))
	wantLie(t, err, "parts")
	d, bomb := packed(strings.Repeat(" ", MaxAnswerLen+1))
	_, err = Decode(d, bomb)
	wantLie(t, err, "more than 33554432 bytes")
}

func FuzzDecode(f *testing.F) {
	written := `{"schema":1,"targets":[{"name":"iqn.2026-11.com.example:a","addresses":["192.0.2.1:3260,1","[2001:db8::1]:860,-1","x.example:1,2"]}]}`
	f.Add(written)
	f.Add(strings.Replace(written, "1,1", "1,70000", 1))
	f.Fuzz(func(t *testing.T, written string) {
		d, parts := packed(written)
		targets, err := Decode(d, parts)
		if err != nil {
			if lie := (*LieError)(nil); !errors.As(err, &lie) {
				t.Errorf("got error %v, want a lie", err)
			}
			return
		}
		a := encoded(t, targets) // what was read can be published
		again, err := Decode(a.Digest, a.Parts)
		if err != nil {
			t.Fatalf("read, and not again: %v", err)
		}
		if len(again) != len(targets) {
			t.Errorf("got %d targets again, want %d", len(again), len(targets))
		}
	})
}

// What no reader would take is refused with the target and why, or bounded: never published
// so that readers say that this host lies.
func TestAnswerUnfit(t *testing.T) {
	t.Parallel()
	const iqn = "iqn.2026-11.com.example:a"
	at := []target.Address{addressOf("192.0.2.10", 3260, 1)}
	for _, tt := range []struct {
		name    string
		targets []target.Target
		want    string // of the error; empty: it is published
	}{
		{"no name", []target.Target{{Addresses: at}}, `target "" in the answer: it has no name`},
		{"a long name", []target.Target{{Name: iqn + strings.Repeat("x", 300), Addresses: at}}, "its name is too long"},
		{"a name that is not UTF-8", []target.Target{{Name: iqn + "\xff\x1b", Addresses: at}}, "its name is not UTF-8"},
		{"a name twice", []target.Target{{Name: iqn, Addresses: at}, {Name: iqn + "b", Addresses: at}, {Name: iqn, Addresses: at}}, "it is there twice"},
		{"a host that is none", []target.Target{{Name: iqn, Addresses: []target.Address{addressOf("a\nb", 3260, 1)}}}, "it has an impossible address"},
		{"no host", []target.Target{{Name: iqn, Addresses: []target.Address{addressOf("", 3260, 1)}}}, "it has an impossible address"},
		{"a group that is none", []target.Target{{Name: iqn, Addresses: []target.Address{addressOf("192.0.2.1", 3260, -2)}}}, "it has an impossible address"},
		{"the second of two", []target.Target{{Name: iqn, Addresses: at}, {Name: iqn + "b", Addresses: []target.Address{addressOf(" ", 1, 1)}}}, `target "` + iqn + `b" in the answer`},
		{"a long alias", []target.Target{{Name: iqn, Alias: strings.Repeat("ä", 1000), Addresses: at}}, ""},
		{"an alias that is not UTF-8", []target.Target{{Name: iqn, Alias: strings.Repeat("\xff", 1000), Addresses: at}}, ""},
		{"no addresses", []target.Target{{Name: iqn}, {Name: iqn + "b", Addresses: at}, {Name: iqn + "c"}}, ""},
	} {
		a, err := Encode(tt.targets)
		if tt.want != "" {
			if unfit := (*UnfitError)(nil); !errors.As(err, &unfit) || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n\x1b") || !utf8.ValidString(err.Error()) {
				t.Errorf("%s: got error %v, want %q", tt.name, err, tt.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: got error %v", tt.name, err)
			continue
		}
		got, err := Decode(a.Digest, a.Parts)
		if err != nil || len(got) != len(tt.targets) {
			t.Errorf("%s: got %v, error %v", tt.name, got, err)
		}
	}
}
