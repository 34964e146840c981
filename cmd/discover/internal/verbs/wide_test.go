package verbs

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// wideTargets are targets whose names, aliases and addresses take more or fewer columns
// than they have characters or bytes.
func wideTargets() iscsitest.Handler {
	text := pdu.Text(iscsitest.Text(
		"TargetName=iqn.2026-11.com.example:磁盘", "TargetAlias=磁\u2764\ufe0f\u200d", "TargetAddress=存储.example:3260,1", "TargetAddress=192.0.2.10:3260,2",
		"TargetName=iqn.2026-11.com.example:disk", "TargetAlias=e\u0301\x1b[2J", "TargetAddress=192.0.2.10:3260,1",
		"TargetName=iqn.2026-11.com.example:한글-long", "TargetAlias=plain", "TargetAddress=[2001:db8::10]:3260,1"))
	return &iscsitest.Target{Respond: func(_, response pdu.PDU) iscsitest.Step {
		if _, ok := response.(*pdu.TextResponse); !ok {
			return nil
		}
		return iscsitest.Send(&pdu.TextResponse{Final: true, Data: text})
	}}
}

// TestWideTables: columns stand in line on a terminal, whatever a target sends: wide
// characters take two columns, marks none, and what cannot be seen is escaped first
// (issue 19, 2).
func TestWideTables(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", wideTargets(), wideTargets(), wideTargets(), wideTargets(), wideTargets(), wideTargets())
		discover := l.inRegistry(t)
		if r := discover("portal", "add", "192.0.2.10", "--symbolic-name", "配列1"); r.status != exit.OK {
			t.Fatal(r)
		}
		for _, tt := range []struct {
			args   string
			column *regexp.Regexp // begins a column in each row that has it
			rows   int
		}{
			{"scan 192.0.2.10", regexp.MustCompile(`  (192\.0|\[2001)`), 3},
			{"scan 192.0.2.10", regexp.MustCompile(`  "`), 3},
			{"scan --initiator-port each 192.0.2.10", regexp.MustCompile(`  yes`), 3},
			{"portal list", regexp.MustCompile(`  (any|INSTANCE)`), 2},
			{"target list", regexp.MustCompile(`  (192\.0|\[2001|ADDRESS)`), 4},
			{"target list", regexp.MustCompile(`  (2000-01|FIRST)`), 4},
		} {
			r := discover(strings.Fields(tt.args)...)
			rows, at := 0, 0
			for line := range strings.Lines(r.stdout) {
				m := tt.column.FindStringIndex(line)
				if m == nil {
					continue
				}
				here := column.Width(line[:m[0]+2])
				if rows++; rows > 1 && here != at {
					t.Errorf("%s: %v is at %d and %d in\n%s", tt.args, tt.column, at, here, r.stdout)
				}
				at = here
			}
			if rows != tt.rows {
				t.Errorf("%s: %v is in %d rows, want %d:\n%s", tt.args, tt.column, rows, tt.rows, r.stdout)
			}
		}
		const want = `
192.0.2.10:3260: 3 targets
  iqn.2026-11.com.example:磁盘       192.0.2.10:3260,2      "磁❤\ufe0f\u200d"
  iqn.2026-11.com.example:disk       192.0.2.10:3260,1      "E\x1b[2J"
  iqn.2026-11.com.example:한글-long  [2001:db8::10]:3260,1  "plain"
`
		if r := discover("scan", "192.0.2.10"); r.stdout != strings.Replace(want[1:], "E", "e\u0301", 1) {
			t.Errorf("got\n%s\nwant\n%s", r.stdout, want[1:])
		}
	})
}
