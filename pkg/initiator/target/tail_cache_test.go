package target

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-iscsi/discovery/pkg/initiator/target/targettest"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestAlike: a record that is taken as a whole is what it would be pair by pair,
// wherever the text is cut.
func TestAlike(t *testing.T) {
	t.Parallel()
	for name, text := range targettest.Texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := listOf([]byte(text), len(text), targettest.Most, pairByPair)
			for size := 1; size <= len(text); size += 1 + size/20 {
				got := listOf([]byte(text), size, targettest.Most, (*Parser).Text)
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(listing{})); diff != "" {
					t.Fatalf("in pieces of %d (-want +got):\n%s", size, diff)
				}
			}
		})
	}
}

// TestAlikeElsewhere: what followed a name at one portal means what it means at the
// next.
func TestAlikeElsewhere(t *testing.T) {
	t.Parallel()
	var got []string
	l := Parser{Warning: func(string, string, ...any) {}}
	collect(&l, 100, func(t Target, _ bool) { got = append(got, t.Addresses[0].Host) })
	var text, want []string
	for i := range 6 {
		text = append(text, targettest.Record(fmt.Sprintf("disk%d", i), "TargetAddress=[fe80::1]:3260,1"))
	}
	for _, zone := range []string{"eth0", "eth1"} {
		l.Reset(netip.MustParseAddrPort("[fe80::9%"+zone+"]:3260"), 100)
		if err := errors.Join(l.Text(pdu.Text(strings.Join(text, ""))), l.flush()); err != nil {
			t.Fatal(err)
		}
		want = append(want, slices.Repeat([]string{"fe80::1%" + zone}, 6)...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// TestTextsFit: the texts of targettest are made for what is kept here.
func TestTextsFit(t *testing.T) {
	t.Parallel()
	if maxTails != targettest.Tails || maxTail != targettest.TailLen || manyMisses != targettest.Misses {
		t.Error("targettest has other limits")
	}
}
