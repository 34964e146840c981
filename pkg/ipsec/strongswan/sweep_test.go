package strongswan

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
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
	wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
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
