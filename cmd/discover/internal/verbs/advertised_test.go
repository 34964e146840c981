package verbs

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A note where no target is where the targets were asked, once for each portal and in
// each format; none where one may be, or the user has said what leads where.
func TestAdvertisedElsewhere(t *testing.T) {
	t.Parallel()
	const here = "192.0.2.10:3260,1"
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("10.0.0.%d:3260,1", i+1))
	}
	for _, tt := range []struct {
		name      string
		portal    string     // empty: the usual one
		addresses [][]string // of the targets; nil: none
		args      string
		want      string // what they advertise; empty: no note
		shown     bool   // the note says that they are shown elsewhere
	}{
		{name: "one", addresses: [][]string{{"10.0.0.5:3260,1"}}, want: "10.0.0.5:3260"},
		{name: "two", addresses: [][]string{{"10.0.0.5:3260,1"}, {"10.0.0.6:3260,1", "10.0.0.5:3261,1"}}, want: "10.0.0.5:3260 and 1 other address"},
		{name: "several", addresses: [][]string{{"[fd00::5]:3260,1", "10.0.0.5:3260,1"}, {"10.0.0.6:3260,1"}}, want: "[fd00::5]:3260 and 2 other addresses"},
		{name: "the portal", addresses: [][]string{{here}}},
		{name: "another port of it", addresses: [][]string{{"192.0.2.10:3261,1"}}},
		{name: "the portal, later", addresses: [][]string{{"10.0.0.5:3260,1"}, {"10.0.0.6:3260,1", here}}},
		{name: "no address", addresses: [][]string{{}}},
		{name: "a name", addresses: [][]string{{"10.0.0.5:3260,1", "array.example:3260,1"}}},
		{name: "no targets"},
		{name: "too many to tell", addresses: [][]string{many}},
		{name: "filtered", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--within 10.0.0.0/8", want: "10.0.0.5:3260"},
		{name: "probed", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--probe", want: "10.0.0.5:3260"},
		{name: "rewritten", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--rewrite 10.0.0.9=192.0.2.9"},
		{name: "by the portal", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--via-portal", want: "10.0.0.5:3260", shown: true},
		{name: "by the portal, which it is", addresses: [][]string{{here}}, args: "--via-portal"},
		{name: "on loopback", portal: "127.0.0.1:3260", addresses: [][]string{{"10.0.0.5:3260,1"}}},
		{name: "on loopback, probed", portal: "127.0.0.1:3260", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--probe", want: "10.0.0.5:3260"},
		{name: "on loopback, by the portal", portal: "127.0.0.1:3260", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--via-portal", want: "10.0.0.5:3260", shown: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range render.Formats {
				l := newLab(t)
				show := &iscsitest.Target{MaxText: 60}
				for i, addresses := range tt.addresses {
					show.Records = append(show.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%d", i), Addresses: addresses})
				}
				portal := cmp.Or(tt.portal, "192.0.2.10:3260")
				l.Portal(portal, show)
				r := l.discover(t.Context(), append([]string{"scan", "-o", format, portal, portal}, strings.Fields(tt.args)...)...)
				text := "the targets advertise " + tt.want + ", but were asked at " + portal + "; if there is NAT in between, see --rewrite and --via-portal"
				if tt.shown {
					text = "the targets advertise " + tt.want + ", but are shown at " + portal + ", where they were asked"
				}
				code := `{"code":"advertised-elsewhere","message":"`
				want := strings.Repeat("discover: warning: "+portal+": "+text+"\n", 2)
				if tt.want == "" {
					want = ""
				}
				switch {
				case format == render.FormatTable || format == render.FormatISCSIADM:
					if r.stderr != want {
						t.Errorf("-o %s: got %s, want %s", format, r.stderr, want)
					}
				case strings.Count(r.stdout, code) != strings.Count(want, "\n") || strings.Count(r.stdout, code+text) != strings.Count(want, "\n"):
					t.Errorf("-o %s: got %s, want %s", format, r.stdout, text)
				}
			}
		})
	}
}

// No note where the portal sent the login on to where the targets are, nor where the
// answer was cut short.
func TestAdvertisedElsewhereUnknown(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.20:3260", &iscsitest.Target{Redirect: "192.0.2.10:3260"})
	l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.20:3261,1"}}}})
	l.names["sends.example"] = []string{"192.0.2.20"}
	for _, portal := range []string{"192.0.2.20", "sends.example"} {
		l.discover(t.Context(), "scan", "-o", "iscsiadm", portal).want(t, exit.OK, "192.0.2.20:3261,1 iqn.2026-11.com.example:disk1\n", "")
	}
	l.Portal("192.0.2.30:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}})
	l.names["array.example"] = []string{"192.0.2.30"}
	r := l.discover(t.Context(), "scan", "--max-text", "20", "192.0.2.30")
	if strings.Contains(r.stderr, "were asked at") {
		t.Errorf("got %+v", r)
	}
	r = l.discover(t.Context(), "scan", "array.example")
	if !strings.Contains(r.stderr, "the targets advertise 192.0.2.10:3260, but were asked at 192.0.2.30:3260") {
		t.Errorf("got %+v", r)
	}
}
