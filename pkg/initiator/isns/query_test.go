package isns_test

import (
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestTargetTypes: a server that compares the whole type of a node is asked for each type
// that a target may have, and one that compares bits only until it shows that.
func TestTargetTypes(t *testing.T) {
	t.Parallel()
	const both = isns.Target | isns.Initiator
	db := isnstest.Targets(disk, disk+"2", us)
	db.Nodes[1].Type, db.Nodes[2].Type = both, isns.Initiator
	usual := isnstest.Targets(disk, disk+"2", us)
	usual.Nodes[2].Type = isns.Initiator
	for _, tt := range []struct {
		name  string
		db    isnstest.Database
		whole bool
		want  []isns.NodeType // asked for
	}{
		{"whole types", db, true, []isns.NodeType{isns.Target, both, isns.Target | isns.Control, both | isns.Control}},
		{"bits", db, false, []isns.NodeType{isns.Target}},
		{"bits, and targets are nothing else", usual, false, []isns.NodeType{isns.Target, both}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked []isns.NodeType
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: tt.db, Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
				b, ok := q.Body.(*isns.DevAttrQry)
				if !ok || b.Key[0].Tag != isns.TagNodeType {
					return
				}
				n, _ := b.Key[0].Number()
				asked = append(asked, isns.NodeType(n))
				if !tt.whole {
					return
				}
				all := []isns.Attribute{b.Key[0], isns.Empty(isns.TagDelimiter)}
				for i := range tt.db.Nodes {
					if node := &tt.db.Nodes[i]; node.Type == isns.NodeType(n) || node.Type == 0 && n == uint32(isns.Target) {
						all = append(all, isns.TextAttribute(isns.TagISCSIName, node.Name), isns.NumberAttribute(isns.TagNodeType, n))
					}
				}
				r.Payload = isnstest.Attributes(all...)
			}})
			c := isns.Client{Name: us, Dial: s.Dial}
			a, err := c.Query(t.Context(), s.Addr)
			if err != nil || len(a.Nodes) != 2 || !a.Complete || len(a.Warnings) != 0 {
				t.Errorf("got %+v, %v, want two targets and no warning", a, err)
			}
			if !slices.Equal(asked, tt.want) {
				t.Errorf("asked for %v, want %v", asked, tt.want)
			}
		})
	}
}
