package fleetverbs

import (
	"context"
	"encoding/json"
	"iter"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/output"
)

// A scanned is the document of a scan.
type scanned struct {
	Results []struct {
		Portal, Host, Source, Status, Outcome string
		Targets                               []struct{ Name string }
	}
	Blocks []struct {
		Block                               string
		Addresses, Answered, Failed, Silent int
		NotAsked                            int            `json:"not_asked"`
		ISCSIFailed                         map[string]int `json:"iscsi_failed_why"`
	}
	Scan struct {
		Portals, Asked, Answered, Shards int
		Hosts                            []struct{ Host string }
		NotAllowed                       []string                     `json:"not_allowed"`
		Refused                          []struct{ Host, Why string } `json:"refused_hosts"`
	}
}

func document(t *testing.T, o outcome) (d scanned) {
	t.Helper()
	if err := json.Unmarshal([]byte(o.stdout), &d); err != nil {
		t.Fatalf("%v: %s", err, o.stdout)
	}
	return d
}

// TestScan: the results of all hosts come in one stream, each portal once, with who asked; what
// a host says cannot do anything to the terminal, and one that delivers what is none is named
// and taken out.
func TestScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads("lead")
	caught := w.lies("liar", "192.0.2.0/24")
	w.scans("h1", "192.0.2.0/24", after(caught))
	w.scans("h2", "192.0.2.0/25", after(caught))
	liar := "warning: host liar was taken out of the scan, and its addresses are asked by others: it says that it delivered what cannot be of shard"
	o := w.want(3, nil, []string{liar}, "scan", "-o", "json", "--all", "--shard", "16", "192.0.2.0/24", "192.0.2.9")
	d := document(t, o)
	seen := map[string]int{}
	for _, r := range d.Results {
		seen[r.Portal]++
		if r.Host == "liar" || (r.Status == "ok") != (len(r.Targets) == 1) || (r.Status == "ok") != strings.HasSuffix(r.Portal, "0:3260") {
			t.Errorf("got %+v", r)
		}
	}
	for p, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", p, n)
		}
	}
	if len(seen) != 254 || d.Scan.Asked != 254 || d.Scan.Answered != 25 || d.Scan.Shards != 16 || len(d.Scan.Hosts) != 2 || len(d.Scan.Refused) != 1 || d.Scan.Refused[0].Host != "liar" {
		t.Errorf("got %d portals, %+v", len(seen), d.Scan)
	}
	if len(d.Blocks) != 1 || d.Blocks[0].ISCSIFailed[`CHAP \x1b[2J\u202e%s\x0d\x0afake`] != 26 || d.Blocks[0].Addresses != 254 || d.Blocks[0].Answered != 25 || d.Blocks[0].Failed != 26 || d.Blocks[0].Silent != 203 || d.Blocks[0].NotAsked != 0 {
		t.Errorf("got %+v", d.Blocks)
	}

	o = w.want(3, []string{"192.0.2.10:3260: 1 target (asked by h", `iqn.x:192.0.2.10  192.0.2.10:3260,1  "\x1b[2J\u202e%s\x0d\x0afake"`},
		[]string{`192.0.2.8-192.0.2.20: 2 of 13 addresses answered, 1 failed in iSCSI`, "13 of 13 portals asked by", `login refused \x1b[2J\u202e%s\x0d\x0afake`},
		"scan", "192.0.2.8-192.0.2.20")
	if strings.Contains(o.stderr, "no answer\n") {
		t.Errorf("silent addresses are listed: %s", o.stderr)
	}
	o = w.want(0, []string{`{"type":"target","portal":"192.0.2.20:3260","host":"h`, `{"type":"portal","portal":"192.0.2.20:860","host":"h`, `{"type":"fleet-scan","job":"`}, []string{""},
		"scan", "-o", "jsonl", "--tcp-port", "860", "--tcp-port", "3260", "192.0.2.20")
	for line := range strings.Lines(o.stdout) {
		var item struct{ Type string }
		if err := json.Unmarshal([]byte(line), &item); err != nil || item.Type == "" {
			t.Errorf("line %q: type %q, error %v", line, item.Type, err)
		}
	}
	fleettest.AwaitGone(t, w.client, w.keys.Scans())
}

// TestScanNotAllowed: what no host allows is named soon, and the rest is scanned.
func TestScanNotAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(1, nil, []string{"no host leads the fleet", "--fleet-lead"}, "scan", "192.0.2.0/24")
	w.leads("lead")
	fleettest.NewHost(t, w.client, w.keys, "idle")
	fleettest.AwaitThere(t, w.client, w.keys.Known("idle"))
	w.want(1, nil, []string{"the only host of the fleet", "does not allow a scan of 192.0.2.1-192.0.2.254: give --fleet-scan-allow CIDR"}, "scan", "192.0.2.0/24")
	w.scans("h1", "192.0.2.0/25", answers)
	o := w.want(3, nil, []string{"none of the 2 hosts of the fleet", "allows a scan of 192.0.2.128-192.0.2.254, 198.51.100.0-198.51.100.1"}, "scan", "-o", "json", "192.0.2.0/24", "198.51.100.0/31")
	d := document(t, o)
	if d.Scan.Asked != 127 || len(d.Scan.NotAllowed) != 2 || d.Blocks[0].NotAsked != 127 || d.Blocks[1].NotAsked != 2 {
		t.Errorf("got %+v, %+v", d.Scan, d.Blocks)
	}
	fleettest.AwaitGone(t, w.client, w.keys.Scans())
}

// TestScanInterrupted: an interrupt ends the job on all hosts; what was found is there.
func TestScanInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads("lead")
	begun := make(chan struct{}, 1000)
	w.scans("h1", "192.0.2.0/24", func(ctx context.Context, job *fleet.Job, portals iter.Seq[netip.AddrPort]) iter.Seq[fleet.Finding] {
		return func(yield func(fleet.Finding) bool) {
			for p := range portals {
				if p.Addr().As4()[3] >= 64 {
					begun <- struct{}{}
					<-ctx.Done()
				}
				if !yield(found(p)) {
					return
				}
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr output.Buffer
	ended := make(chan int, 1)
	go func() { ended <- runWith(ctx, w.env(), &stdout, &stderr, "scan", "-o", "json", "192.0.2.0/24") }()
	<-begun
	if err := stdout.Await(fleettest.Limit, "192.0.2.60:3260"); err != nil {
		t.Fatalf("the first shard does not come: %v %s", err, stderr.String())
	}
	cancel()
	if status := <-ended; status != 3 {
		t.Errorf("got exit status %d: %s", status, stderr.String())
	}
	if d := document(t, outcome{stdout: stdout.String()}); d.Scan.Asked != 63 || d.Scan.Answered != 6 {
		t.Errorf("got %+v", d.Scan)
	}
	fleettest.AwaitGone(t, w.client, w.keys.Scans())
	fleettest.AwaitGone(t, w.client, w.keys.HostScans("h1"))
}

// TestScanUsage: what a fleet cannot scan is said in one line, and nothing is written.
func TestScanUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for args, want := range map[string]string{
		"":                                      "fleet scan needs BLOCK",
		"example.com":                           "may know another address by this name",
		"fe80::1%eth0":                          "a zone has a meaning on one host alone",
		"192.0.2.1:860":                         "give them with --tcp-port N",
		"--ipsec off 192.0.2.1":                 "and not to do without",
		"--shard 100 192.0.2.1":                 "a power of two",
		"--timeout 2m 192.0.2.1":                "a portal takes up to 1m0s",
		"--all --open 192.0.2.1":                "exclude each other",
		"--tcp-port 0 192.0.2.1":                "from 1 to 65535",
		"10.0.0.0/8":                            "more than 1048576 addresses",
		"224.0.0.1":                             "range of addresses in it is none",
		"--tcp-port 1 --tcp-port 2 10.0.0.0/12": "it has more than 1048576 portals",
	} {
		w.want(2, nil, []string{want}, append([]string{"scan"}, strings.Fields(args)...)...)
	}
}
