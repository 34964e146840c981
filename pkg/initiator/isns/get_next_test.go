package isns_test

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// nextOf has a server answer DevGetNext alone, and spoils that.
func nextOf(spoil func(q *isns.DevGetNext, r *isnstest.Reply)) func(q *isnstest.Request, r *isnstest.Reply) {
	return func(q *isnstest.Request, r *isnstest.Reply) {
		switch b := q.Body.(type) {
		case *isns.DevAttrQry:
			r.Payload = isnstest.Refusal(isns.StatusNotSupported)
		case *isns.DevGetNext:
			spoil(b, r)
		}
	}
}

// TestGetNextHostile: a server that goes round in circles, or answers with another kind of
// object, is left, and what came before is kept.
func TestGetNextHostile(t *testing.T) {
	t.Parallel()
	name := func(s string) isns.Attribute { return isns.TextAttribute(isns.TagISCSIName, s) }
	end, target := isns.Empty(isns.TagDelimiter), isns.NumberAttribute(isns.TagNodeType, uint32(isns.Target))
	count := 0
	for _, tt := range []struct {
		name  string
		spoil func(q *isns.DevGetNext, r *isnstest.Reply)
		err   string
		nodes int
	}{
		{"circle", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			r.Payload = isnstest.Attributes(name("iqn.a:x"), end, name("iqn.a:x"), target)
		}, "goes round in circles", 1},
		{"circle of two", func(q *isns.DevGetNext, r *isnstest.Reply) {
			next := "iqn.a:x"
			if s, _ := q.Key[0].Text(); s == next {
				next = "iqn.a:y"
			}
			r.Payload = isnstest.Attributes(name(next), end, name(next), target)
		}, "goes round in circles", 2},
		{"endless", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			count++
			next := "iqn.a:" + strings.Repeat("x", 1+count%100) + strings.Repeat("y", 1+count/100)
			r.Payload = isnstest.Attributes(name(next), end, name(next), target)
		}, "more than 10 targets", 10},
		{"endless, of no node", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			count++
			r.Payload = isnstest.Attributes(name("iqn.b:" + strings.Repeat("x", 1+count%100) + strings.Repeat("y", 1+count/100)))
		}, "more than 40 objects", 0},
		{"another kind", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			r.Payload = isnstest.Attributes(isns.NumberAttribute(isns.TagPGIndex, 1), end)
		}, "another kind", 0},
		{"no key", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			r.Payload = isnstest.Attributes(end, name("iqn.a:x"), target)
		}, "the key of the next object", 1},
		{"no type", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			r.Payload = isnstest.Attributes(name("iqn.a:x"), end, name("iqn.a:x"))
		}, "goes round in circles", 0},
		{"empty key", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			r.Payload = isnstest.Attributes(isns.Empty(isns.TagISCSIName), end)
		}, "does not name an object", 0},
		{"long key", func(_ *isns.DevGetNext, r *isnstest.Reply) {
			r.Payload = isnstest.AppendAttribute(isnstest.Attributes(), isns.TagISCSIName, make([]byte, 4096))
		}, "does not name an object", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Spoil: nextOf(tt.spoil)})
			c := isns.Client{Name: us, Dial: s.Dial, Limits: isns.Limits{MaxTargets: 10}}
			a, err := c.Query(t.Context(), s.Addr)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got %v, want %q", err, tt.err)
			}
			if len(a.Nodes) != tt.nodes || a.Complete {
				t.Errorf("got %d nodes, complete %t, want %d", len(a.Nodes), a.Complete, tt.nodes)
			}
		})
	}
}
