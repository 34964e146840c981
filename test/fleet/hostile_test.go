package fleet

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// evil is the name of a host that is hostile, and of its user at etcd.
const evil = "evil"

// What hostile texts are made of: a terminal's commands, a page's, and a line's direction.
const hostile = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>\u202egnp\r\n"

// Portals that only the hostile host has.
const (
	failing  = "203.0.113.1"
	listing  = "203.0.113.2"
	millions = "203.0.113.3"
	counting = "203.0.113.4"
)

// maxMemory is what the host that leads may take at most, in bytes.
const maxMemory = 256 << 20

// badInput writes what no honest host or administrator writes.
func (l *lab) badInput(t *testing.T) {
	l.trespass(t)
	foreign := l.writeForeign(t)
	h := l.writeHostile(t)
	l.console.expect(t, true, "host-appeared evil", "portal-failed "+failing+":3260: 1 of 1", "answer-lie evil")
	lie := l.console.all(t)
	if i := slices.IndexFunc(lie, func(e event) bool { return e.Type == "answer-lie" }); !strings.Contains(lie[i].Reason, "it has more than 33554432 bytes") {
		t.Errorf("the lie is %q", lie[i].Reason)
	}
	l.awaitTold(t, foreign)
	l.lookClean(t)
	l.lieAboutName(t, h)
	for _, one := range l.hosts {
		if one.process.Ended() {
			t.Errorf("discoverd of %s has ended", one.name)
		}
		if n := peakMemory(t, one.process.Pid()); n > maxMemory {
			t.Errorf("discoverd of %s took %d bytes, want %d at most", one.name, n, maxMemory)
		}
	}
	l.cleanUp(t, h, foreign)
}

// trespass writes where a host may not.
func (l *lab) trespass(t *testing.T) {
	t.Helper()
	client := l.client(t, evil)
	for _, key := range []string{
		l.keys.Info("host1"), l.keys.Known("host1"), l.keys.Leader() + "/0", l.keys.Config() + "portal/192.0.2.1,3260", l.keys.Want("host1", fleettest.Answer(t, "x").Digest),
	} {
		if _, err := client.Put(t.Context(), key, "x"); err != rpctypes.ErrPermissionDenied { //nolint:errorlint // it is that
			t.Errorf("write %s: got %v, want that it is denied", key, err)
		}
	}
}

// writeForeign writes keys that are none, and records that cannot be read. It returns the keys.
func (l *lab) writeForeign(t *testing.T) []string {
	t.Helper()
	records := map[string]string{
		l.keys.Prefix() + hostile:                                     "x",
		l.keys.Config() + "portal/192.0.2.99,3260":                    `{"schema":99,"address":"192.0.2.99"}`,
		l.keys.Config() + "portal/" + "not a portal":                  "{}",
		l.keys.Config() + "login/broken":                              hostile,
		l.keys.Hosts() + "\xff\xfe/info":                              "{}",
		l.keys.View() + "host/host9":                                  `{"schema":1,"host":"host1"}`,
		l.keys.Leader() + "/" + "ffffffffffffffff":                    hostile,
		l.keys.Prefix() + strings.Repeat("long", 1000):                "x",
		l.keys.Hosts() + "host1/portal/192.0.2.77,3260/,4294967295/x": "x",
		l.keys.Hosts() + evil + "/portal/192.0.2.78,3260/,4294967295": `{"schema":1,"up":true,"targets":4611686018427387904,"since":"2026-11-30T00:00:00Z"}`,
	}
	root := l.members[0].Client(t)
	var keys []string
	for key, value := range records {
		fleettest.Put(t, root, key, value)
		keys = append(keys, key)
	}
	return keys
}

// writeHostile writes as a host whose texts and answers are hostile, and delivers what it is
// asked for: one of its lists has a million targets.
func (l *lab) writeHostile(t *testing.T) *fleettest.Host {
	t.Helper()
	client := l.client(t, evil)
	lease, err := client.Grant(t.Context(), 600)
	if err != nil {
		t.Fatal(err)
	}
	h := fleettest.HostOf(t, client, l.keys, evil, lease.ID)
	list := fleettest.Answer(t, "iqn.2026-11.com.example:"+hostile, hostile)
	million := newMillion(t)
	h.Serve(func(d fleet.Digest) {
		if d == million.Digest {
			h.Deliver(d, million.Parts...)
		} else {
			h.Deliver(d, list.Parts...)
		}
	})
	info := &fleet.Info{Host: evil, ID: hostile, Version: hostile, InitiatorName: hostile, Every: 1, Ports: []fleet.Port{{Instance: hostile, Address: hostile, Device: hostile, State: hostile}}}
	h.Put(l.keys.Info(evil), info.Encode())
	h.Fail(failing, hostile, hostile)
	h.Path(listing, &fleet.Path{Up: true, Targets: list.Targets, Answer: list.Digest, Source: hostile})
	h.Path(millions, &fleet.Path{Up: true, Targets: million.Targets, Answer: million.Digest})
	h.Path(counting, &fleet.Path{Up: true, Targets: math.MaxInt32})
	return h
}

// awaitTold waits until each host has said what it cannot use of config/, and the console and
// each page tell all keys that cannot be read.
func (l *lab) awaitTold(t *testing.T, foreign []string) {
	t.Helper()
	for _, h := range l.hosts {
		h.awaitSaid(t, 0, "a newer version wrote it (schema 99")
		h.awaitSaid(t, 0, "login/broken")
		until(t, h.name+" counts the keys that cannot be read", func() string {
			if n := h.api(t, "hosts").Fleet.Unreadable; n != len(foreign) {
				return strconv.Itoa(n)
			}
			return ""
		})
	}
	d := l.console.read(t, "diff")
	n := 0
	for _, row := range d.Differences {
		if row.Kind == "key-unreadable" {
			n++
		}
	}
	if n != len(foreign) {
		t.Errorf("got %d keys that cannot be read, want %d: %q", n, len(foreign), kinds(d.Differences))
	}
}

// lookClean looks at all that shows hostile texts.
func (l *lab) lookClean(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"hosts"}, {"paths"}, {"diff"}, {"targets"}, {"portal", "list"}} {
		until(t, args[0]+" shows what is hostile", func() string {
			out, errs, _ := l.console.try(args...) // targets fails, since a list cannot be read
			clean(t, args[0], out+errs)
			if args[0] != "portal" && !strings.Contains(out, "script>") {
				return out + errs
			}
			return ""
		})
		if out, _, _ := l.console.try(append(args, "-o", "json")...); !utf8.ValidString(out) || !json.Valid([]byte(out)) {
			t.Errorf("%s -o json is no JSON, or not UTF-8: %q", args[0], out)
		}
	}
	clean(t, "watch", l.console.warned.String())
	for _, h := range l.hosts {
		clean(t, h.name, h.said.String())
		_, page := h.get(t, "/fleet")
		clean(t, "the page of "+h.name, page)
		if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert(1)") {
			t.Errorf("the page of %s is not escaped:\n%s", h.name, page)
		}
		for _, what := range []string{"hosts", "paths", "diff", "events"} {
			h.api(t, what)
		}
	}
}

// clean refuses what a terminal obeys.
func clean(t *testing.T, what, s string) {
	t.Helper()
	for i, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == utf8.RuneError {
			t.Errorf("%s has %q: %q", what, r, s[max(0, i-100):min(len(s), i+100)])
			return
		}
	}
}

// lieAboutName has the hostile host say that it is another one, and then that it is newer.
func (l *lab) lieAboutName(t *testing.T, h *fleettest.Host) {
	t.Helper()
	for _, tt := range []struct{ value, state, why string }{
		{string((&fleet.Info{Host: "host1", ID: "x"}).Encode()), "unreadable", "it says that it is of another host"},
		{`{"schema":99,"host":"evil"}`, "newer", "a newer version wrote it (schema 99; this one reads up to 1): update discover here"},
	} {
		h.Put(l.keys.Info(evil), []byte(tt.value))
		until(t, "the host is "+tt.state, func() string {
			rows := l.console.read(t, "hosts").Hosts
			i := slices.IndexFunc(rows, func(r hostRow) bool { return r.Host == evil })
			if rows[i].State != tt.state || rows[i].Error != tt.why {
				return fmt.Sprintf("%+v", rows[i])
			}
			return ""
		})
	}
	if rows := l.console.read(t, "hosts").Hosts; !slices.ContainsFunc(rows, func(r hostRow) bool { return r.Host == "host1" && r.State == "up" && r.PathsUp == 2 }) {
		t.Errorf("host1 is not as it was: %+v", rows)
	}
}

// cleanUp takes all away: what is left is that the host lied, and is silent.
func (l *lab) cleanUp(t *testing.T, h *fleettest.Host, foreign []string) {
	t.Helper()
	root := l.members[0].Client(t)
	for _, key := range foreign {
		if _, err := root.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	h.End()
	l.console.expect(t, true, "host-silent evil: had 4")
	l.awaitDiff(t, "host-silent  evil", "answer-lie  evil")
}

// peakMemory returns how many bytes a process has had at most.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
