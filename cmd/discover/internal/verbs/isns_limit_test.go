package verbs

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestISNSLimit: an answer with more targets than --max-targets shows those that fit, and one
// line says what to do; the limit can be raised for all that ask.
func TestISNSLimit(t *testing.T) {
	t.Parallel()
	const line = "query iSNS server 192.0.2.5:3205 from 192.0.2.254: more than %d targets; raise the limit if you trust the server with it (--max-targets), or have its administrator put this initiator into a discovery domain with fewer targets\n"
	for _, tt := range []struct {
		args          string
		most, targets int // the limit, and how many the server has
	}{
		{"isns query 192.0.2.5 --max-targets 2", 2, 3},
		{"isns query 192.0.2.5 --max-targets 3", 0, 3},
		{"isns query 192.0.2.5", 65536, 66000},
		{"isns add 192.0.2.5 --max-targets 2", 2, 3},
		{"isns refresh --max-targets 2", 2, 3},
		{"scan --isns 192.0.2.5 --max-targets 2", 2, 3},
		{"target list --refresh --max-targets 2", 2, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			names := make([]string, tt.targets)
			for i := range names {
				names[i] = fmt.Sprintf("iqn.2026-11.com.example:disk%d", i)
			}
			l := newLab(t)
			l.isns(t, isnstest.Config{Database: isnstest.Targets(names...)})
			discover := l.inRegistry(t)
			if strings.Contains(tt.args, "refresh") {
				discover("isns", "add", "192.0.2.5")
			}
			r := discover(strings.Fields(tt.args)...)
			want := ""
			if tt.most > 0 {
				want = fmt.Sprintf(line, tt.most)
			}
			if (r.status == exit.OK) != (want == "") || !strings.Contains(r.stderr, want) {
				t.Errorf("%s: got %d %s, want %s", tt.args, r.status, r.stderr, want)
			}
			if got := strings.Count(r.stdout, "\n  iqn."); strings.HasPrefix(tt.args, "isns query") && got != min(tt.targets, tt.most) && want != "" {
				t.Errorf("%s: got %d targets", tt.args, got)
			}
		})
	}
}
