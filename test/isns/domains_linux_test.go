package isns

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// Clients: one is a member of the domain "red", the other of none.
const (
	member   = hostName
	stranger = "iqn.2026-11.com.example:stranger"
)

// TestDomains: a member sees the other members of its domain, with the domain; a client
// that is in none sees nothing or, with the default domain, what is in none. isnsd answers
// all of them with success, and without a registration. A restart changes nothing.
func TestDomains(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, conf       string
		member, stranger []string
	}{
		{name: "no default domain", conf: "0", member: []string{disk1 + ` in 1 "red" 192.0.2.20:3260,1 0x00 ""`}},
		{name: "default domain", conf: "1", member: []string{disk1 + ` in 1 "red" 192.0.2.20:3260,1 0x00 ""`},
			stranger: []string{disk2 + inDefault + ` 192.0.2.20:3260,1 0x00 ""`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startISNSD(t, "DefaultDiscoveryDomain = "+tt.conf)
			d.keep()
			d.register("array", portal("192.0.2.20:3260"), node(disk1, isns.Target), node(disk2, isns.Target))
			d.addDomain("red", disk1, member)
			for _, when := range []string{"before", "after a restart"} {
				for who, want := range map[string][]string{member: tt.member, stranger: tt.stranger} {
					a := d.ask(d.as(who))
					if diff := cmp.Diff(want, lines(a)); diff != "" {
						t.Errorf("%s, %s: want (-) and got (+):\n%s", who, when, diff)
					}
					if !a.Complete || len(a.Warnings) > 0 || a.Domains != (len(want) > 0) {
						t.Errorf("%s, %s: got complete %t, warnings %v, domains told %t", who, when, a.Complete, a.Warnings, a.Domains)
					}
				}
				d.restart()
			}
		})
	}
}

// TestTwoDomains: all domains of a target that the client may know are told.
func TestTwoDomains(t *testing.T) {
	t.Parallel()
	d := startISNSD(t)
	d.register("array", portal("192.0.2.20:3260"), node(disk1, isns.Target))
	d.addDomain("red", disk1, member)
	d.addDomain("blue")
	d.admin("--local", "--dd-register", "dd-id=2", "member-name="+disk1, "member-name="+member)
	want := []string{disk1 + ` in 1 "red" in 2 "blue" 192.0.2.20:3260,1 0x00 ""`}
	if diff := cmp.Diff(want, lines(d.ask(d.as(member)))); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

// sorted returns lines in order.
func sorted(lines []string) []string { return slices.Sorted(slices.Values(lines)) }
