package isns_test

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/capture"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestWireshark: Wireshark decodes a captured exchange, each message of it, and finds
// nothing wrong with it.
func TestWireshark(t *testing.T) {
	t.Parallel()
	tshark := need.Program(t, "tshark")
	db := isnstest.Targets(disk, disk+"2")
	db.Portals = []isnstest.Portal{{Address: netip.MustParseAddrPort("192.0.2.1:3260"), Name: "left", Security: ipsec.FlagValid | ipsec.FlagIKE}}
	db.Domains = []isnstest.Domain{{ID: 1, Name: "lab", Members: []string{us, disk, disk + "2"}}}
	for _, tt := range []struct {
		name string
		cfg  isnstest.Config
		want []string // functions, in order
	}{
		{"queries", isnstest.Config{}, slices.Repeat([]string{"2", "32770"}, 3)},
		{"register", isnstest.Config{MustRegister: true}, []string{"2", "32770", "1", "32769", "2", "32770", "2", "32770", "2", "32770", "4", "32772"}},
		{"one by one", isnstest.Config{Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
			if q.Function == isns.FuncDevAttrQry {
				r.Payload = isnstest.Refusal(isns.StatusNotSupported)
			}
		}}, slices.Concat([]string{"2", "32770"}, slices.Repeat([]string{"3", "32771"}, 3*3), slices.Repeat([]string{"2", "32770"}, 2))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "isns.pcapng")
			out, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			w, err := capture.NewWriter(out, false)
			if err != nil {
				t.Fatal(err)
			}
			tt.cfg.Database = db
			s := isnstest.New(t, "192.0.2.1:3205", tt.cfg)
			c := isns.Client{Name: us, Dial: s.Dial, Register: true, Wrap: func(nc net.Conn) net.Conn { return w.Conn(nc) }}
			if a, err := c.Query(t.Context(), s.Addr); err != nil || len(a.Nodes) != 2 {
				t.Fatalf("got %+v, %v, want two targets", a, err)
			}
			if err := w.Err(); err != nil {
				t.Fatal(err)
			}
			judge := exec.Command(tshark, "-r", file, "-Y", "tcp.len > 0", "-T", "fields", "-e", "isns.functionid", "-e", "_ws.malformed", "-e", "_ws.expert.message")
			said, err := judge.Output()
			if err != nil {
				t.Fatalf("tshark: %v", err)
			}
			var got []string
			for line := range strings.Lines(string(said)) {
				fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
				got = append(got, strings.Split(fields[0], ",")...)
				if rest := strings.Join(fields[1:], ""); rest != "" {
					t.Errorf("Wireshark: %s", rest)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Wireshark decodes functions %v, want %v", got, tt.want)
			}
		})
	}
}
