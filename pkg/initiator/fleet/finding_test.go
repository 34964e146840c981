package fleet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

func testFindings(t testing.TB) (Shard, []Finding) {
	t.Helper()
	j := testJob(t, "192.0.2.1-192.0.2.2")
	s, _ := j.Shard(0)
	return s, []Finding{
		{Portal: s.At(3), Stage: "connect", Code: 7, Message: "refused"},
		{Portal: s.At(0), Up: true, Count: 1, Source: "192.0.2.9", Targets: []target.Target{{Name: "iqn.2026-11.example:a", Addresses: []target.Address{{Host: "192.0.2.1", Port: 860, Group: 1}}}}},
		{Portal: s.At(1), Up: true},
		{Portal: s.At(2), Stage: "login"},
	}
}

func delivery(a *Answer) *Delivery {
	return &Delivery{Host: "a", Offer: 1, Number: 1, Digest: a.Digest, Parts: len(a.Parts), Found: a.Targets}
}

func TestFindingsRoundTrip(t *testing.T) {
	t.Parallel()
	s, all := testFindings(t)
	a, err := EncodeFindings(jobOfTests, 5, s, all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeFindings(jobOfTests, 5, s, delivery(a), a.Parts)
	if err != nil {
		t.Fatal(err)
	}
	want := []Finding{all[1], all[2], all[3], all[0]}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, n := range []int{0, 1, 2, 3} {
		left := append(append([]Finding{}, all[:n]...), all[n+1:]...)
		if _, err := EncodeFindings(jobOfTests, 5, s, left); err == nil {
			t.Errorf("without finding %d: no error", n)
		}
		if _, err := EncodeFindings(jobOfTests, 5, s, append(left, left[0])); err == nil {
			t.Errorf("with a finding twice instead of %d: no error", n)
		}
	}
}

// TestFindingsAreBounded: lists beyond what one answer may have are left out, their counts
// are not.
func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	j := testJob(t, "192.0.2.1-192.0.2.4")
	s, _ := j.Shard(0)
	large := make([]target.Target, 50_000)
	for i := range large {
		large[i].Name = "iqn.2026-11.example:" + strings.Repeat("x", 60) + strconv.Itoa(1e6+i)
	}
	all := make([]Finding, s.Count())
	for i := range all {
		all[i] = Finding{Portal: s.At(i), Up: true, Count: len(large), Targets: large, Message: strings.Repeat("\x01", 5000), Source: strings.Repeat("ä", 50)}
	}
	a, err := EncodeFindings(jobOfTests, 0, s, all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeFindings(jobOfTests, 0, s, delivery(a), a.Parts)
	if err != nil {
		t.Fatal(err)
	}
	if last := got[len(got)-1]; got[0].Omitted || len(got[0].Targets) != len(large) || !last.Omitted || last.Count != len(large) || last.Targets != nil {
		t.Errorf("got the first %v with %d targets, the last %v with %d of %d", got[0].Omitted, len(got[0].Targets), last.Omitted, len(last.Targets), last.Count)
	}
}

func TestFindingsAreRefused(t *testing.T) {
	t.Parallel()
	s, all := testFindings(t)
	good, err := EncodeFindings(jobOfTests, 5, s, all)
	if err != nil {
		t.Fatal(err)
	}
	written, _, _ := inflate(good.Digest, good.Parts)
	for _, tt := range []struct{ name, old, new, want string }{
		{"other portal", "192.0.2.1:3260", "198.51.100.1:3260", "it has another portal where 192.0.2.1:3260 is due"},
		{"schema", `"schema":1`, `"schema":9`, "a newer version wrote it"},
		{"job", jobOfTests, "00" + jobOfTests[2:], "another shard"},
		{"shard", `"shard":5`, `"shard":4`, "another shard"},
		{"count", `"targets":1`, `"targets":1000000`, "is not that of its list"},
		{"negative", `"targets":1`, `"targets":-1`, "is not that of its list"},
		{"name", "iqn.2026-11.example:a", strings.Repeat("a", 5000), "impossible name"},
		{"address", "192.0.2.1:860,1", "192.0.2.1:99999,1", "impossible address"},
		{"message", "refused", strings.Repeat("a", 5000), "too long"},
		{"down with targets", `"up":true`, `"up":false`, "is not that of its list"},
		{"not JSON", `{"portal":"192.0.2.2:860"`, `x`, "not JSON"},
		{"more", `"refused"}`, `"refused"}` + "\n{}", "more than the portals"},
	} {
		b := bytes.Replace(written, []byte(tt.old), []byte(tt.new), 1)
		d := delivery(good)
		d.Digest = sha256.Sum256(b)
		parts := deflate(b)
		d.Parts = len(parts)
		_, err := DecodeFindings(jobOfTests, 5, s, d, parts)
		lie := (*ShardError)(nil)
		if !errors.As(err, &lie) || lie.Host != "a" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, d := range []*Delivery{
		{Host: "a", Digest: good.Digest, Parts: 1, Found: 3}, {Host: "a", Digest: good.Digest, Parts: 2, Found: 4}, {Host: "a", Digest: Digest{1}, Parts: 1, Found: 4},
	} {
		if _, err := DecodeFindings(jobOfTests, 5, s, d, good.Parts); err == nil {
			t.Errorf("%+v: no error", d)
		}
	}
}

func TestScanRecordsRoundTrip(t *testing.T) {
	t.Parallel()
	o := &Offer{Host: "a", Capacity: 2, Allowed: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	if got, err := DecodeOffer("a", o.Encode()); err != nil || !reflect.DeepEqual(got, o) {
		t.Errorf("got %+v, %v", got, err)
	}
	g := &Grant{Host: "a", Offer: 3, Number: 2}
	if got, err := DecodeGrant(g.Encode()); err != nil || *got != *g {
		t.Errorf("got %+v, %v", got, err)
	}
	d := &Delivery{Host: "a", Offer: 3, Number: 2, Digest: digestOfTests, Parts: 1, Found: 9}
	if got, err := DecodeDelivery(d.Encode()); err != nil || *got != *d {
		t.Errorf("got %+v, %v", got, err)
	}
	b := &Blame{Host: "a", Why: "it lies"}
	if got, err := DecodeBlame("a", b.Encode()); err != nil || *got != *b {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []*Offer{{Host: "b", Capacity: 1}, {Host: "a"}, {Host: "a", Capacity: MaxCapacity + 1}, {Host: "a", Capacity: 1, Allowed: make([]netip.Prefix, MaxAllowed+1)}} {
		if _, err := DecodeOffer("a", bad.Encode()); err == nil {
			t.Errorf("%+v is an offer", bad)
		}
	}
	for _, bad := range []*Grant{{Host: "A", Offer: 1, Number: 1}, {Host: "a", Number: 1}, {Host: "a", Offer: 1}} {
		if _, err := DecodeGrant(bad.Encode()); err == nil {
			t.Errorf("%+v is a grant", bad)
		}
	}
	for _, change := range []func(*Delivery){
		func(d *Delivery) { d.Host = "../a" }, func(d *Delivery) { d.Parts = 0 }, func(d *Delivery) { d.Parts = MaxParts + 1 }, func(d *Delivery) { d.Digest = Digest{} },
		func(d *Delivery) { d.Found = 0 }, func(d *Delivery) { d.Found = MaxShardPortals + 1 }, func(d *Delivery) { d.Number = 0 }, func(d *Delivery) { d.Offer = -1 },
	} {
		bad := *d
		change(&bad)
		if _, err := DecodeDelivery(bad.Encode()); err == nil {
			t.Errorf("%+v is a delivery", bad)
		}
	}
	if _, err := DecodeBlame("b", b.Encode()); err == nil {
		t.Error("a blame of another host")
	}
}

func FuzzFindings(f *testing.F) {
	s, all := testFindings(f)
	a, err := EncodeFindings(jobOfTests, 5, s, all)
	if err != nil {
		f.Fatal(err)
	}
	written, _, _ := inflate(a.Digest, a.Parts)
	f.Add(written)
	f.Add([]byte(`{"schema":1,"job":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		parts := deflate(b)
		d := &Delivery{Host: "a", Digest: sha256.Sum256(b), Parts: len(parts), Found: s.Count()}
		all, err := DecodeFindings(jobOfTests, 5, s, d, parts)
		if err != nil {
			return
		}
		if again, err := EncodeFindings(jobOfTests, 5, s, all); err != nil || again.Targets != s.Count() {
			t.Errorf("what was read is not written again: %v", err)
		}
	})
}

// TestFindingsUnfit: a list that no reader would take is left out, so that an honest host is
// not told to lie.
func TestFindingsUnfit(t *testing.T) {
	t.Parallel()
	s, all := testFindings(t)
	all[1].Targets[0].Addresses[0].Host = "a b"
	a, err := EncodeFindings(jobOfTests, 5, s, all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeFindings(jobOfTests, 5, s, delivery(a), a.Parts)
	if err != nil || !got[0].Omitted || got[0].Count != 1 || len(got[0].Targets) != 0 {
		t.Errorf("got %+v, error %v", got, err)
	}
}
