package sweep

import (
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// TestMatch: an argument without a TCP port means every port, and what named nothing is known.
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args    []string
		portal  initiator.Portal
		want    bool
		portals []string // that named nothing
		blocks  []string
	}{
		{args: []string{"192.0.2.10"}, portal: initiator.Portal{Address: "192.0.2.10", Port: 3261}, want: true},
		{args: []string{"192.0.2.10:3260"}, portal: initiator.Portal{Address: "192.0.2.10", Port: 3261}, portals: []string{"192.0.2.10:3260"}},
		{args: []string{"192.0.2.10", "192.0.2.10"}, portal: initiator.Portal{Address: "::ffff:192.0.2.10", Port: 1}, want: true},
		{args: []string{"192.0.2.11", "192.0.2.11"}, portal: initiator.Portal{Address: "192.0.2.10", Port: 1}, portals: []string{"192.0.2.11:0"}},
		{args: []string{"192.0.2.0/24", "198.51.100.0/24"}, portal: initiator.Portal{Address: "192.0.2.254", Port: 1}, want: true, blocks: []string{"198.51.100.0/24"}},
		{args: []string{"192.0.2.10-192.0.2.20"}, portal: initiator.Portal{Address: "192.0.2.21", Port: 1}, blocks: []string{"192.0.2.10-192.0.2.20"}},
		{args: []string{"192.0.2.10-192.0.2.20"}, portal: initiator.Portal{Address: "192.0.2.20", Port: 1}, want: true},
		{args: []string{"2001:db8::/120"}, portal: initiator.Portal{Address: "2001:db8::ff", Port: 1}, want: true},
		{args: []string{"2001:db8::/120"}, portal: initiator.Portal{Address: "storage.example", Port: 1}, blocks: []string{"2001:db8::/120"}},
		{args: []string{"Storage.example."}, portal: initiator.Portal{Address: "storage.Example", Port: 1}, want: true},
	} {
		p, err := ParsePortals(tt.args, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := p.Match()
		got := m.Has(tt.portal)
		portals, blocks := m.Unmet()
		var texts []string
		for _, p := range portals {
			texts = append(texts, p.String())
		}
		if got != tt.want || !slices.Equal(texts, tt.portals) || !slices.Equal(blocks, tt.blocks) {
			t.Errorf("%v: got %t, %v, %v, want %+v", tt.args, got, texts, blocks, tt)
		}
	}
}
