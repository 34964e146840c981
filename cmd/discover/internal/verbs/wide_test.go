package verbs

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// wideTargets are targets whose names, aliases and addresses take more or fewer columns
// than they have characters or bytes.
func wideTargets() *iscsitest.Target {
	return &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:磁盘", Alias: "磁\u2764\ufe0f\u200d", Addresses: []string{"存储.example:3260,1", "192.0.2.10:3260,2"}},
		{Name: "iqn.2026-11.com.example:disk", Alias: "e\u0301\x1b[2J", Addresses: []string{"192.0.2.10:3260,1"}},
		{Name: "iqn.2026-11.com.example:한글-long", Alias: "plain", Addresses: []string{"[2001:db8::10]:3260,1"}},
	}}
}

// TestWideTables: columns stand in line on a terminal, whatever a target sends: wide
// characters take two columns, marks none, and what cannot be seen is escaped first
// (issue 19, 2).
func TestWideTables(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", wideTargets(), wideTargets(), wideTargets(), wideTargets())
		discover := l.inRegistry(t)
		if r := discover("portal", "add", "192.0.2.10", "--symbolic-name", "配列1"); r.status != machine.ExitOK {
			t.Fatal(r)
		}
		for _, tt := range []struct{ args, want string }{
			{"scan 192.0.2.10", `
192.0.2.10:3260: 3 targets
  iqn.2026-11.com.example:磁盘       存储.example:3260,1     "磁❤\ufe0f\u200d"
                                     192.0.2.10:3260,2
  iqn.2026-11.com.example:disk       192.0.2.10:3260,1       "é\x1b[2J"
  iqn.2026-11.com.example:한글-long  [2001:db8::10]:3260,1   "plain"
`},
			{"scan --initiator-port each 192.0.2.10", ""},
			{"portal list", ""},
			{"target list", ""},
		} {
			r := discover(strings.Fields(tt.args)...)
			t.Logf("%s\n%s%s", tt.args, r.stdout, r.stderr)
			if tt.want != "" && r.stdout != tt.want[1:] {
				t.Errorf("%s: got\n%s\nwant\n%s", tt.args, r.stdout, tt.want[1:])
			}
		}
	})
}
