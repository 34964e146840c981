package sweep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPastedPortals (issue 19, 4): what tables and -o iscsiadm print is understood, and the
// lines of -o iscsiadm name each portal once.
func TestPastedPortals(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"lines": "192.0.2.10:3260,1 iqn.2026-11.com.example:a\n[2001:db8::10]:3261,2 iqn.2026-11.com.example:a\n" +
			"192.0.2.10:3260,1 iqn.2026-11.com.example:b # the second\n192.0.2.10:3260,-1 host1\n192.0.2.11\n192.0.2.11\n",
	}
	for _, tt := range []struct {
		arg    string
		want   []string
		tagged int
	}{
		{"192.0.2.10:3261,1", []string{"192.0.2.10:3261"}, 1},
		{"192.0.2.10:3261,65535", []string{"192.0.2.10:3261"}, 1},
		{"192.0.2.10:3261,-1", []string{"192.0.2.10:3261"}, 1},
		{"[2001:db8::10]:3260,2", []string{"[2001:db8::10]:3260"}, 1},
		{"storage1:3260,1", []string{"storage1:3260"}, 1},
		{"iqn.example.com", []string{"iqn.example.com:3260"}, 0}, // a host name still
		{"@lines", []string{"192.0.2.10:3260", "[2001:db8::10]:3261", "192.0.2.11:3260", "192.0.2.11:3260"}, 2},
	} {
		p, err := parse([]string{tt.arg}, files)
		if err != nil {
			t.Errorf("%s: got %v", tt.arg, err)
			continue
		}
		if diff := cmp.Diff(tt.want, listed(p, 0)); diff != "" || p.Tagged != tt.tagged {
			t.Errorf("%s: got %d portal group tags, want %d; portals differ (- want, + got):\n%s", tt.arg, p.Tagged, tt.tagged, diff)
		}
	}
}

// TestNoPortals (issue 19, 4): what is no portal gets an error that says what it looks like.
func TestNoPortals(t *testing.T) {
	t.Parallel()
	const comma = "after a comma stands a portal group tag, as in HOST:PORT,TAG; the TCP port follows a colon: write HOST:PORT"
	for _, tt := range []struct{ arg, want string }{
		{"iqn.2026-11.com.example:disk1", errIsName.Error()},
		{"iqn.2026-11.com.example", errIsName.Error()},
		{"IQN.2026-11.com.example:disk1", errIsName.Error()},
		{"iqn.x:y", errIsName.Error()},
		{"eui.0123456789abcdef", errIsName.Error()},
		{"naa.0123456789abcdef", errIsName.Error()},
		{"iqn.2026-11.com.example:a/24", errIsName.Error()},
		{"3260", "a number alone is not a portal: write HOST:PORT, or give the TCP port of all portals with --tcp-port N"},
		{"192.0.2.10 3260", "host and TCP port are two words here: write HOST:PORT"},
		{"192.0.2.10,3260", comma},
		{"[2001:db8::10],3260", comma},
		{"192.0.2.10,1", comma},
		{"192.0.2.10,192.0.2.11", "there is a comma in it: separate portals by spaces"},
		{"192.0.2.10/", "there is a / at its end: write HOST or HOST:PORT"},
		{"192.0.2.10:3260/", "there is a / at its end: write HOST or HOST:PORT"},
		{"192.0.2.10:3260,65536", comma},
		{"192.0.2.10:3260,+1", "there is a comma in it: separate portals by spaces"},
		{"192.0.2.10:0,1", "after"},
	} {
		_, err := parse([]string{tt.arg}, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) && tt.want != "after" {
			t.Errorf("%s: got %v, want %s", tt.arg, err, tt.want)
		}
		if _, _, err := SinglePortal(tt.arg, 3260); err == nil {
			t.Errorf("%s: got no error where one portal is meant", tt.arg)
		}
	}
	for _, arg := range []string{"192.0.2.0/24", "192.0.2.10-192.0.2.20"} {
		if _, _, err := SinglePortal(arg, 3260); err != errIsBlock {
			t.Errorf("%s: got %v, want %v", arg, err, errIsBlock)
		}
	}
}

// FuzzPortalFile: no file makes trouble, and what is taken is a portal each.
func FuzzPortalFile(f *testing.F) {
	for _, s := range []string{"192.0.2.10:3260,1 iqn.2026-11.com.example:a\n", "a b c\n", "# x\n[fe80::1%a]:1,-1 a", "3260", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := &Portals{defaultPort: 3260}
		if err := p.read("f", strings.NewReader(s)); err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("got an error of several lines: %q", err)
			}
			return
		}
		for i, e := range p.entries {
			if e.block == nil && (e.portal.Port == 0 || e.portal.Address == "") {
				t.Errorf("entry %d: got %v of %q", i, e.portal, s)
			}
		}
	})
}
