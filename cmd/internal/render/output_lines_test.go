package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// batchOf returns a batch of a portal.
func batchOf(portal string, targets ...target.Target) *initiator.Batch {
	b := &initiator.Batch{Portal: initiator.Portal{Address: portal, Port: 3260}}
	for i := range targets {
		b.Add(&targets[i])
	}
	return b
}

func at(hosts ...string) (all []target.Address) {
	for i, h := range hosts {
		all = append(all, target.Address{Host: h, Port: 3260, Group: i})
	}
	return all
}

// TestLinesOfBatches: whatever neighbours have in common, each line says what its
// target is.
func TestLinesOfBatches(t *testing.T) {
	t.Parallel()
	const name = "iqn.2026-11.com.example:disk"
	var many []target.Target
	for i := range 3000 {
		many = append(many, target.Target{Name: fmt.Sprint(name, i), Addresses: at("192.0.2.1")})
	}
	batches := []*initiator.Batch{
		batchOf("192.0.2.10",
			target.Target{Name: name + "1", Addresses: at("192.0.2.1")}, target.Target{Name: name + "2", Addresses: at("192.0.2.1")},
			target.Target{Name: name + "3", Alias: "an \"alias\"\x1b", Addresses: at("192.0.2.1")}, target.Target{Name: name + "4", Addresses: at("192.0.2.1")},
			target.Target{Name: name + "4\"", Addresses: at("192.0.2.1")}, target.Target{Name: name + "\"12345678", Addresses: at("192.0.2.1")}, target.Target{Name: name + "größe", Addresses: at("192.0.2.1")},
			target.Target{Name: name + "5", Addresses: at("192.0.2.2")}, target.Target{Name: name + "6", Addresses: at("192.0.2.1", "2001:db8::1")}, target.Target{Name: name + "7", Addresses: at("192.0.2.1", "2001:db8::1")},
			target.Target{Name: name + "8", Alias: "x", Addresses: at("192.0.2.1")}),
		batchOf("192.0.2.11", target.Target{Name: name + "1", Addresses: at("192.0.2.1")}),
		batchOf("192.0.2.10", many...),
		batchOf("192.0.2.10"),
	}
	for i := range 20 { // more addresses than are known at once
		batches = append(batches, batchOf("192.0.2.10", target.Target{Name: name, Addresses: at(fmt.Sprintf("192.0.2.%d", i*7%11), "192.0.2.1")}))
	}
	type line struct {
		Type, Portal, Name, Alias string
		Addresses                 []struct {
			Address     string
			Port, Group int
		}
	}
	var want []line
	var wantText strings.Builder
	for _, b := range batches {
		for i := range b.Len() {
			l := line{Type: "target", Portal: b.Portal.String(), Name: string(b.Name(i)), Alias: string(b.Alias(i))}
			for _, a := range b.Addresses(i) {
				l.Addresses = append(l.Addresses, struct {
					Address     string
					Port, Group int
				}{a.Host, int(a.Port), a.Group})
				fmt.Fprintf(&wantText, "%s %s\n", a, b.Name(i))
			}
			want = append(want, l)
		}
	}
	shown := func(o Output, text *strings.Builder) string {
		for _, b := range batches {
			if err := o.Targets(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.HandOn(); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	var text strings.Builder
	var got []line
	for s := range strings.Lines(shown(NewJSONLOutput(&text, nil), &text)) {
		var l line
		if err := json.Unmarshal([]byte(s), &l); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		got = append(got, l)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-o jsonl (- want, + got):\n%.3000s", diff)
	}
	text.Reset()
	if diff := cmp.Diff(wantText.String(), shown(NewISCSIADMOutput(&text, nil), &text)); diff != "" {
		t.Errorf("-o iscsiadm (- want, + got):\n%.3000s", diff)
	}
}

// TestLinesOfAllLengths: wherever the lines are so many that they are written, each target
// has one.
func TestLinesOfAllLengths(t *testing.T) {
	t.Parallel()
	const targets = 400 // more than stream.MaxLines has room for
	for longer := range 200 {
		all := []target.Target{{Name: "iqn.2026-11.com.example:" + strings.Repeat("x", longer), Addresses: at("192.0.2.1")}}
		for i := range targets - 1 {
			all = append(all, target.Target{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%04d", i), Addresses: at("192.0.2.1")})
		}
		var text strings.Builder
		for _, o := range []Output{NewJSONLOutput(&text, nil), NewISCSIADMOutput(&text, nil)} {
			text.Reset()
			if err := errors.Join(o.Targets(batchOf("192.0.2.10", all...)), o.HandOn()); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(text.String(), "\n"); n != targets {
				t.Errorf("%d lines with a first name that is %d bytes longer, want %d", n, longer, targets)
			}
		}
	}
}

// TestLinesOnce: of several sessions each line of a portal is printed once.
func TestLinesOnce(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	o := NewISCSIADMOutput(&text, nil)
	o.Printed, o.Room = new(stream.LineSet), 1<<20
	a, b := "iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b"
	for _, batch := range []*initiator.Batch{
		batchOf("192.0.2.10", target.Target{Name: a, Addresses: at("192.0.2.1")}, target.Target{Name: b, Addresses: at("192.0.2.1")}),
		batchOf("192.0.2.10", target.Target{Name: a, Addresses: at("192.0.2.1", "192.0.2.2")}, target.Target{Name: b, Addresses: at("192.0.2.1")}),
		batchOf("192.0.2.10", target.Target{Name: a, Addresses: at("192.0.2.1", "192.0.2.2", "192.0.2.3")}),
		batchOf("192.0.2.11", target.Target{Name: a, Addresses: at("192.0.2.1")}),
	} {
		if err := o.Targets(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.HandOn(); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("192.0.2.1:3260,0 %[1]s\n192.0.2.1:3260,0 %[2]s\n192.0.2.2:3260,1 %[1]s\n192.0.2.3:3260,2 %[1]s\n192.0.2.1:3260,0 %[1]s\n", a, b)
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("lines (- want, + got):\n%s", diff)
	}
}
