package fleetverbs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/output"
	"github.com/go-iscsi/discovery/test/poll"
)

// fewHosts makes a fleet: four hosts see two targets, one sees one of them, one fails, one
// is silent.
func (w *world) fewHosts() {
	w.t.Helper()
	both := fleettest.Answer(w.t, "iqn.x:a", "iqn.x:b\x1b[31m")
	w.copyAnswer(both)
	w.copyAnswer(fleettest.Answer(w.t, "iqn.x:a"))
	for _, name := range []string{"h1", "h2", "h3"} {
		fleettest.NewHost(w.t, w.client, w.keys, name).See("192.0.2.1", "iqn.x:a", "iqn.x:b\x1b[31m")
	}
	fleettest.NewHost(w.t, w.client, w.keys, "h4").See("192.0.2.1", "iqn.x:a")
	fleettest.NewHost(w.t, w.client, w.keys, "h5").Fail("192.0.2.1", "connect", "connect to 192.0.2.1:3260: no way\x1b]0;evil\x07; look at it")
	known := &fleet.Known{Host: "h6", First: time.Now(), SilentSince: time.Now().Add(-time.Hour), Paths: 3}
	fleettest.Put(w.t, w.client, w.keys.Known("h6"), string(known.Encode()))
}

// TestRead: the verbs that read tell people and programs what the hosts see.
func TestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fewHosts()
	noLeader := []string{"warning: no host leads the fleet"}
	o := w.want(0, []string{"HOST  STATE", "h6    silent", "had 3", "h1    up", "1 of 1 up", "0 of 1 up"}, noLeader, "hosts")
	if !strings.HasPrefix(strings.Split(o.stdout, "\n")[1], "h6 ") {
		t.Errorf("the silent host is not the first:\n%s", o.stdout)
	}
	w.want(0, []string{"3 of 5", "2 targets", "h1, h2, h3", "1 of 5", `failed at connect: no way\x1b]0;evil\x07`, "h5"}, noLeader, "paths")
	w.want(0, []string{"192.0.2.1:3260  1 of 1  1 target"}, noLeader, "paths", "--host", "h4", "192.0.2.1")
	w.want(0, []string{"iqn.x:a", "4 of 5", `iqn.x:b\x1b[31m`, "3 of 5"}, noLeader, "targets")
	w.want(0, []string{"iqn.x:a  1 of 1"}, noLeader, "targets", "--host", "h4")
	diff := []string{
		"portal-failing", "1 of 5: h5", "1 path failed at connect: no way", "targets-fewer", "1 of 4: h4", `1 target; 3 hosts see 2; lacks iqn.x:b\x1b[31m`,
		"host-silent", "h6", "1h", "it had 3 paths",
	}
	w.want(0, diff, noLeader, "diff")
	w.want(1, diff, noLeader, "diff", "--exit-code")
	w.want(1, nil, []string{"no host h9 in the fleet " + w.name}, "paths", "--host", "h9")
	w.want(1, nil, []string{"no portal 192.0.2.9:3260 in the fleet " + w.name}, "targets", "192.0.2.9")

	for _, verb := range []string{"hosts", "paths", "targets", "diff"} {
		var doc struct {
			Version int
			Fleet   struct {
				Name   string
				Hosts  int
				Silent int
				AsOf   time.Time `json:"as_of"`
			}
		}
		o := w.want(0, nil, noLeader, verb, "-o", "json")
		if err := json.Unmarshal([]byte(o.stdout), &doc); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if doc.Version != 1 || doc.Fleet.Name != w.name || doc.Fleet.Hosts != 6 || doc.Fleet.Silent != 1 || doc.Fleet.AsOf.IsZero() {
			t.Errorf("%s: got %+v", verb, doc)
		}
		for i, line := range strings.Split(strings.TrimSpace(w.want(0, nil, noLeader, verb, "-o", "jsonl").stdout), "\n") {
			var item struct{ Type string }
			if err := json.Unmarshal([]byte(line), &item); err != nil || item.Type == "" || (i == 0) != (item.Type == "fleet") {
				t.Errorf("%s: line %d has type %q, error %v", verb, i, item.Type, err)
			}
		}
	}
}

// TestReadBad: what a hostile or newer writer left is named, and the rest is shown. A list
// that is not there makes the exit status 3 or 1.
func TestReadBad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fleettest.NewHost(t, w.client, w.keys, "h1").See("192.0.2.1", "iqn.x:a")
	fleettest.Put(t, w.client, w.keys.Info("newer"), `{"schema":99}`)
	fleettest.Put(t, w.client, w.keys.Prefix()+"evil\x1b[2J", "x")
	fleettest.Put(t, w.client, w.keys.Info("damaged"), "{")
	bad := []string{"no host leads", `evil\x1b[2J`, "passed over"}
	w.want(0, []string{"newer    newer", "a newer version wrote it", "damaged  unreadable", "h1       up"}, bad, "hosts")
	w.want(0, []string{"key-unreadable"}, bad, "diff")
	w.want(1, nil, append(bad, "what 1 host saw at 192.0.2.1:3260 is not counted", "is not in etcd"), "targets")
	fleettest.NewHost(t, w.client, w.keys, "h2").See("192.0.2.2", "iqn.x:b")
	w.copyAnswer(fleettest.Answer(t, "iqn.x:b"))
	w.want(3, []string{"iqn.x:b", "1 of 1"}, bad, "targets")
	lie := fleettest.Answer(t, "iqn.x:lie")
	fleettest.NewHost(t, w.client, w.keys, "liar").See("192.0.2.3", "iqn.x:lie")
	fleettest.Put(t, w.client, w.keys.Copied(lie.Digest, 0), string(fleettest.Answer(t, "iqn.x:other").Parts[0]))
	w.want(1, nil, append(bad, "it is another answer"), "targets", "192.0.2.3")
}

// TestReadNothing: an empty fleet says how a host joins, and etcd that is away is one line.
func TestReadNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(0, nil, []string{"no hosts in the fleet " + w.name + "; a host joins it by discoverd --fleet " + w.name}, "hosts")
	w.want(0, nil, []string{"no portals in the fleet " + w.name}, "paths")
	w.want(0, nil, []string{"no differences among 0 hosts"}, "diff")
	w.want(1, nil, []string{"etcd at http://127.0.0.1:1: connect: not reachable: connection refused"}, "hosts", "--etcd", "http://127.0.0.1:1")
}

// TestWatch: what changes is printed as it comes, and an interrupt ends it with status 0.
func TestWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := fleettest.NewHost(t, w.client, w.keys, "h1")
	h.See("192.0.2.1", "iqn.x:a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr output.Buffer
	ended := make(chan int, 1)
	go func() { ended <- runWith(ctx, w.env(), &stdout, &stderr, "watch", "-o", "jsonl", "-v") }()
	n := 0
	poll.Until(t, fleettest.Limit, "the watch has begun", func() string { // it says nothing then
		n++
		fleettest.NewHost(t, w.client, w.keys, fmt.Sprintf("late%d", n))
		if err := stdout.Await(500*time.Millisecond, `"type":"host-appeared","host":"late`); err != nil {
			return err.Error() + stderr.String()
		}
		return ""
	})
	h.Fail("192.0.2.1", "login", "refused\x1b")
	if err := stdout.Await(fleettest.Limit, `"type":"portal-failed","host":"h1","portal":"192.0.2.1:3260","hosts":1,"changed":1,"failing":1`); err != nil {
		t.Fatalf("%v %s", err, stderr.String())
	}
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("got exit status %d: %s", status, stderr.String())
	}
	if strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("got %q", stdout.String())
	}
}

// TestWatchEndsBeforeItBegins: an interrupt that comes before the fleet was read is no failure.
func TestWatchEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr output.Buffer
	if status := runWith(ctx, w.env(), &stdout, &stderr, "watch"); status != 0 || stdout.String() != "" || strings.Contains(stderr.String(), "cancel") {
		t.Errorf("got status %d, %s%s", status, stdout.String(), stderr.String())
	}
}
