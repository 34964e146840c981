package isns_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestDomainsNotTold: what a server does where it is asked for discovery domains takes
// nothing from its answer about targets.
func TestDomainsNotTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(r *isnstest.Reply)
		want  string // in the warning
	}{
		{"refusal", func(r *isnstest.Reply) { r.Payload = isnstest.Refusal(isns.StatusInvalidQuery) }, "invalid query (5)"},
		{"the connection ends", func(r *isnstest.Reply) { r.Close, r.Silent = true, true }, "closed the connection"},
		{"the connection ends in the answer", func(r *isnstest.Reply) {
			r.Close = true
			r.Edit = func(p [][]byte) [][]byte { return [][]byte{p[0][:14]} }
		}, "closed the connection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
				if b, ok := q.Body.(*isns.DevAttrQry); ok && b.Key[0].Tag == isns.TagDDID {
					tt.spoil(r)
				}
			}})
			c := isns.Client{Name: us, Dial: s.Dial}
			a, err := c.Query(t.Context(), s.Addr)
			if err != nil || len(a.Nodes) != 1 || !a.Complete {
				t.Fatalf("got %+v, %v, want one target", a, err)
			}
			if len(a.Warnings) != 1 || a.Warnings[0].Code != isns.WarnDomains || !strings.Contains(a.Warnings[0].Message, tt.want) {
				t.Errorf("got %+v, want %s", a.Warnings, tt.want)
			}
		})
	}
}

// TestNoSuchEntry: a server may say of a question that nothing matches that there is no such
// entry, though it should not (RFC 4171, section 5.6.5.2).
func TestNoSuchEntry(t *testing.T) {
	t.Parallel()
	both := uint32(isns.Target | isns.Initiator)
	for _, tt := range []struct {
		name string
		some []uint32 // types that there are nodes of
		want int
	}{
		{"none", nil, 0}, {"targets", []uint32{1}, 1}, {"targets that are initiators", []uint32{both}, 1},
	} {
		s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
			b := q.Body.(*isns.DevAttrQry)
			if n, err := b.Key[0].Number(); err == nil && !slices.Contains(tt.some, n) {
				r.Payload = isnstest.Refusal(isns.StatusNoSuchEntry)
			}
		}})
		c := isns.Client{Name: us, Dial: s.Dial}
		a, err := c.Query(t.Context(), s.Addr)
		if err != nil || len(a.Nodes) != tt.want || !a.Complete {
			t.Errorf("%s: got %+v, %v, want %d targets", tt.name, a, err, tt.want)
		}
	}
}
