package fleet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/test/netns"
)

// A console is where the administrator is. A watch runs there from the beginning on.
type console struct {
	*netns.Namespace
	flags  []string
	events text // that the watch printed
	warned text
	told   int // events that were compared
}

func (l *lab) newConsole(t *testing.T) *console {
	t.Helper()
	c := &console{Namespace: netns.New(t), flags: l.etcdFlags(l.issue(t, "admin"))}
	l.wire.lay(t, c.Namespace, "eth0").lead(t, netip.Prefix{})
	return c
}

// command returns discover fleet.
func (c *console) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(binDir, "discover"), slices.Concat([]string{"fleet"}, args, []string{"--fleet", fleetName}, c.flags)...)
	cmd.Env = []string{"PATH=/nowhere", "TZ=UTC", "LANG=C.UTF-8"}
	return cmd
}

// discover runs discover fleet, which has to succeed.
func (c *console) discover(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, err := c.try(args...)
	if err != nil {
		t.Fatalf("discover fleet %q: %v: %s", args, err, errs)
	}
	return out
}

func (c *console) try(args ...string) (stdout, stderr string, err error) {
	cmd := c.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = c.Run(cmd)
	return out.String(), errs.String(), err
}

// read returns what a verb tells in JSON.
func (c *console) read(t *testing.T, verb string) answer {
	t.Helper()
	return parse(t, c.discover(t, verb, "-o", "json"))
}

// watch starts discover fleet watch.
func (c *console) watch(t *testing.T) {
	t.Helper()
	cmd := c.command("watch", "-o", "jsonl")
	cmd.Stdout, cmd.Stderr = &c.events, &c.warned
	p, err := c.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("discover fleet watch printed:\n%s%s", c.events.String(), c.warned.String())
		}
	})
}

// awaitWatch returns when the watch tells what happens: it says nothing at its beginning, so a
// host comes and goes until it tells that.
func (l *lab) awaitWatch(t *testing.T) {
	t.Helper()
	client, key := l.client(t, evil), l.keys.Info(evil)
	info := string((&fleet.Info{Host: evil}).Encode())
	there := false
	until(t, "the watch begins", func() string {
		var err error
		if there = !there; there {
			_, err = client.Put(t.Context(), key, info)
		} else {
			_, err = client.Delete(t.Context(), key)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(l.console.all(t)) == 0 {
			return "nothing"
		}
		return ""
	})
	if _, err := client.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	until(t, "the watch tells the end", func() string {
		all := l.console.all(t)
		if l.console.told = len(all); all[len(all)-1].Type != "host-silent" {
			return all[len(all)-1].line()
		}
		return ""
	})
}

// An event is one of the fleet.
type event struct {
	Seq            int64
	Type           string
	Host           string
	Portal         string
	Hosts, Failing int
	Changed        int
	Targets        int
	Before         int `json:"targets_before"`
	Paths          int
	Reason         string
	Since          time.Time
}

// line is the event without what differs from run to run.
func (e *event) line() string {
	switch e.Type {
	case "host-silent":
		return fmt.Sprintf("%s %s: had %d", e.Type, e.Host, e.Paths)
	case "portal-failed":
		return fmt.Sprintf("%s %s: %d of %d", e.Type, e.Portal, e.Failing, e.Hosts)
	case "portal-recovered":
		return fmt.Sprintf("%s %s: %d", e.Type, e.Portal, e.Hosts)
	case "targets-fewer":
		return fmt.Sprintf("%s %s %s: %d of %d", e.Type, e.Portal, e.Host, e.Targets, e.Before)
	}
	return strings.TrimSpace(e.Type + " " + e.Host)
}

// all returns the events that were printed.
func (c *console) all(t *testing.T) []event {
	t.Helper()
	var all []event
	for line := range strings.Lines(c.events.String()) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// lines returns the events in order of their texts. A portal that fails for one host after
// the other may be told once, or at half of them and at all: the last counts.
func lines(events []event) []string {
	var all []string
	for i, e := range events {
		if e.Type != "portal-failed" || !failsMore(e, events[i+1:]) {
			all = append(all, e.line())
		}
	}
	slices.Sort(all)
	return all
}

// failsMore reports whether the portal fails for more hosts before it recovers.
func failsMore(e event, later []event) bool {
	for _, l := range later {
		if l.Portal == e.Portal && l.Type == "portal-recovered" {
			return false
		}
		if l.Portal == e.Portal && l.Type == e.Type && l.Failing > e.Failing {
			return true
		}
	}
	return false
}

// expect waits until the watch has told what is wanted since it was asked last, and nothing
// else. Who leads does not count where the leader may be either of the two.
func (c *console) expect(t *testing.T, leads bool, want ...string) {
	t.Helper()
	slices.Sort(want)
	var events []event
	until(t, "events", func() string {
		all := c.all(t)
		events = slices.Clone(all[c.told:])
		if !leads {
			events = slices.DeleteFunc(events, func(e event) bool { return e.Type == "leader-changed" })
		}
		if got := lines(events); !slices.Equal(got, want) {
			return fmt.Sprintf("%q, not %q", got, want)
		}
		c.told = len(all)
		return ""
	})
	checkOrder(t, "discover fleet watch", c.all(t))
}

// led returns the last host of which the watch has told that it leads.
func (c *console) led(t *testing.T) (last string) {
	t.Helper()
	for _, e := range c.all(t) {
		if e.Type == "leader-changed" {
			last = e.Host
		}
	}
	return last
}

// checkOrder holds a list of events against what no list may have: a gap in its numbers, a host
// that falls silent or comes twice. Of each host the first event may be any.
func checkOrder(t *testing.T, who string, events []event) {
	t.Helper()
	last := map[string]string{}
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Errorf("%s: event %d has number %d", who, i+1, e.Seq)
		}
		switch e.Type {
		case "host-silent", "host-back", "host-appeared":
			if before := last[e.Host]; before != "" && (before == "host-silent") == (e.Type == "host-silent") {
				t.Errorf("%s: event %d: %s, after %s", who, i+1, e.line(), before)
			}
			last[e.Host] = e.Type
		}
	}
}

// kinds are the differences, by their kinds, portals and hosts.
func kinds(rows []differenceRow) []string {
	var all []string
	for _, r := range rows {
		all = append(all, strings.TrimSpace(r.Kind+" "+cmp.Or(r.Portal, r.Key)+" "+strings.Join(r.Hosts, ",")))
	}
	slices.Sort(all)
	return all
}
