package strongswan

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// childVariable tells a copy of the test program where charon is.
const childVariable = "STRONGSWAN_TEST_CHARON"

// TestKilled: a process that is killed leaves what it had in charon, and the next
// one takes that out, and nothing else.
func TestKilled(t *testing.T) {
	if socket := os.Getenv(childVariable); socket != "" {
		e, _ := newEnforcer(t, &charon{Socket: socket})
		if _, err := e.Dialer(t.Context(), secured(t, 0)); err != nil {
			t.Fatal(err)
		}
		fmt.Println("\nready")
		select {}
	}
	need.Linux(t) // whether a process is gone is told by /proc
	t.Parallel()
	c := newCharon(t, nil)
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), childVariable+"="+c.Socket)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ready := false
	for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
		ready = lines.Text() == "ready"
	}
	left := c.has()
	if !ready || len(left) != 1 {
		t.Fatalf("ready: %v; in charon: %v, want one name", ready, left)
	}
	// The process lives: another one leaves it alone.
	kept := slices.Concat(left, []string{"host", elsewhere().name(1)})
	slices.Sort(kept)
	c.mu.Lock()
	c.conns["host"] = vici.Section{vici.List("remote_addrs", "192.0.2.99")}
	c.keys[elsewhere().name(1)] = nil
	c.mu.Unlock()
	once(t, c)
	if got := c.has(); !slices.Equal(got, kept) {
		t.Errorf("while it lives: in charon: %v, want %v", got, kept)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	once(t, c)
	kept = slices.DeleteFunc(kept, func(name string) bool { return name == left[0] })
	if got := c.has(); !slices.Equal(got, kept) {
		t.Errorf("after it was killed: in charon: %v, want %v", got, kept)
	}
}

// elsewhere is a process of another namespace, of which nothing is known.
func elsewhere() owner { return owner{process: process{namespace: 1, pid: 1 << 30, start: 1}} }

// once prepares a connection with an Enforcer of its own, and closes it.
func once(t *testing.T, c *charon) {
	t.Helper()
	e, _ := newEnforcer(t, c)
	s := secured(t, ipsec.FlagTransport)
	d, err := e.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLeftover: what cannot be taken out is told.
func TestLeftover(t *testing.T) {
	t.Parallel()
	c := newCharon(t, func(c *charon) { c.sticky = true })
	e, _ := newEnforcer(t, c)
	d, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	var left *LeftoverError
	if err := d.Close(); !errors.As(err, &left) {
		t.Errorf("got %v, want a LeftoverError", err)
	}

	c = newCharon(t, func(c *charon) { c.sticky, c.fails = true, true })
	e, _ = newEnforcer(t, c)
	_, err = e.Dialer(t.Context(), secured(t, 0))
	wantType(t, err, failedToConfigure)
	if !errors.As(err, &left) {
		t.Errorf("got %v, want a LeftoverError in it", err)
	}
}

// TestLeftoverGoes: what could not be taken out goes before the next connection
// comes, though the process that it belongs to is this one.
func TestLeftoverGoes(t *testing.T) {
	t.Parallel()
	c := newCharon(t, func(c *charon) { c.sticky = true })
	e, _ := newEnforcer(t, c)
	for _, sticky := range []bool{true, false} {
		d, err := e.Dialer(t.Context(), secured(t, 0))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); (err != nil) != sticky {
			t.Errorf("got %v, want something left: %v", err, sticky)
		}
		c.mu.Lock()
		c.sticky = false
		c.mu.Unlock()
	}
	c.wantEmpty()
}

// TestLease (issue 13, 37): what a process left that cannot be seen from here stays for
// the time of its lease. Then it goes, and that is told.
func TestLease(t *testing.T) {
	need.Linux(t)
	t.Parallel()
	now := ownerNow()
	running, over := now, now
	running.namespace++
	over.namespace++
	over.expires = 1
	left := map[string]owner{"running": running, "over": over, "old": elsewhere()}
	c := newCharon(t, nil)
	c.conns["host"] = vici.Section{vici.List("remote_addrs", "192.0.2.99")}
	for _, o := range left {
		c.keys[o.name(1)], c.conns[o.name(1)], c.up[o.name(1)] = nil, vici.Section{vici.List("local_addrs", "192.0.2.1")}, true
	}
	e, _ := newEnforcer(t, c)
	var told notices
	told.hear(e)
	if err := useOnce(t, e, secured(t, 0)); err != nil {
		t.Fatal(err)
	}
	kept := []string{"host", left["running"].name(1), left["old"].name(1)}
	slices.Sort(kept)
	if got := c.has(); !slices.Equal(got, kept) {
		t.Errorf("in charon: got %v, want %v", got, kept)
	}
	told.want(t, enforce.WarnSwept, over.name(1))

	// Cleanup takes what belongs to such a process only where it is told to.
	for _, tt := range []struct {
		name     string
		all, dry bool
		removed  []string
	}{
		{name: "not all", removed: nil},
		{name: "dry", all: true, dry: true},
		{name: "all", all: true, removed: []string{left["old"].name(1), left["running"].name(1)}},
	} {
		ours := ourselvesIn(c)
		list, err := e.Cleanup(t.Context(), tt.all, tt.dry)
		if err != nil {
			t.Fatal(err)
		}
		var removed []string
		for _, l := range list {
			if l.Removed {
				removed = append(removed, l.Name)
			}
			want := "unknown"
			if l.Name == ours {
				want = "alive"
			}
			if l.Owner != want || l.Err != nil {
				t.Errorf("%s: got %+v, want it %s", tt.name, l, want)
			}
		}
		slices.Sort(removed)
		slices.Sort(tt.removed)
		if len(list) != 3 || !slices.Equal(removed, tt.removed) {
			t.Errorf("%s: got %+v, want %v removed", tt.name, list, tt.removed)
		}
	}
	if got, want := c.has(), []string{"host", ourselvesIn(c)}; !slices.Equal(got, want) {
		t.Errorf("in charon: got %v, want %v", got, want)
	}
}

// ourselvesIn puts something of this process into charon, and returns its name.
func ourselvesIn(c *charon) string {
	name := owner{process: ourselves()}.name(7)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[name] = nil
	return name
}

// TestSweptNames: many names are counted.
func TestSweptNames(t *testing.T) {
	t.Parallel()
	var e Enforcer
	var told notices
	told.hear(&e)
	e.tellSwept(nil)
	e.tellSwept(strings.Fields(strings.Repeat("name ", maxTold+3)))
	told.want(t, enforce.WarnSwept, "name, name", " and 3 more")
}
