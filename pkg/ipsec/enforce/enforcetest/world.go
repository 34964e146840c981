package enforcetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// limit bounds each step of a test.
var limit = 20 * time.Second

// A world is the Setup of a running test.
type world struct {
	Setup
	t      *testing.T
	before []string // what was installed
}

// plans returns each plan that the world is ready for.
func (w *world) plans() (all []ipsec.Plan) {
	w.t.Helper()
	for _, f := range w.Flags {
		all = append(all, w.plan(f))
	}
	if w.InPlace {
		all = append(all, w.planInPlace(w.Portal))
	}
	if len(all) == 0 {
		w.t.Fatal("the Setup has no plan")
	}
	return all
}

// plan returns the plan of flags.
func (w *world) plan(f ipsec.Flags) ipsec.Plan {
	w.t.Helper()
	p, err := ipsec.Settings{Flags: f | ipsec.FlagValid | ipsec.FlagIKE}.Resolve()
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// planInPlace returns the plan of what the enforcer finds.
func (w *world) planInPlace(dst netip.AddrPort) ipsec.Plan {
	w.t.Helper()
	found, err := w.Enforcer.Existing(w.t.Context(), w.Source, dst)
	if err != nil || found.Kind != ipsec.ExistingProtection {
		w.t.Fatalf("what exists to %s: got %s (%s), %v; want protection", dst, found.Kind, found.Name, err)
	}
	p, err := ipsec.Settings{Existing: found}.Resolve()
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// request returns the request of a plan.
func (w *world) request(p ipsec.Plan) enforce.Request {
	s := enforce.Request{Plan: p, Source: w.Source, Portal: w.Portal}
	if !p.InPlace() {
		s.PSK, s.Gateway = w.Key, w.Outer
	}
	return s
}

// each runs a test for each plan.
func (w *world) each(run func(w *world, p ipsec.Plan)) {
	w.t.Helper()
	for _, p := range w.plans() {
		name := p.AsFlags().String()
		if p.InPlace() {
			name = "in place"
		}
		w.t.Run(name, func(t *testing.T) {
			inner := *w
			inner.t = t
			run(&inner, p)
			inner.wantClean()
		})
	}
}

// wantClean fails the test where something left in clear text, or stays installed.
func (w *world) wantClean() {
	w.t.Helper()
	for _, packet := range w.Left().Clear {
		w.t.Errorf("left in clear text: %s", packet)
	}
	for _, item := range w.Installed(w.t) {
		if !slices.Contains(w.before, item) {
			w.t.Errorf("stays installed: %s", item)
		}
	}
}

// wantSilence fails the test where anything left since a moment, or stays installed.
func (w *world) wantSilence(since Left) {
	w.t.Helper()
	if now := w.Left(); now.Packets > since.Packets {
		w.t.Errorf("%d packets left, want none", now.Packets-since.Packets)
	}
	w.wantClean()
}

// wantType fails the test where an error is not of one of the types that are wanted,
// or is not discreet.
func (w *world) wantType(err error, want ...string) {
	w.t.Helper()
	if got := fmt.Sprintf("%T", err); !slices.Contains(want, got) {
		w.t.Errorf("got %v (%s), want %s", err, got, strings.Join(want, " or "))
	}
	w.discreet(err)
}

// failed is the type of what could not be set up.
const failed = "*ipsec.ConfigureError"

// discreet fails the test where an error, or one that it wraps, has a key in it, or
// where its text has more than one line.
func (w *world) discreet(err error) {
	w.t.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		w.noKey("the error", text)
	}
	if strings.Contains(err.Error(), "\n") {
		w.t.Errorf("the error has more than one line: %q", err)
	}
	switch e := err.(type) { //nolint:errorlint // the whole tree is looked through
	case interface{ Unwrap() error }:
		w.inner(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			w.inner(inner)
		}
	}
}

// inner looks for keys in what an error wraps, which may have several lines.
func (w *world) inner(err error) {
	w.t.Helper()
	if err == nil {
		return
	}
	w.noKey("a wrapped error", err.Error())
	w.inner(errors.Unwrap(err))
}

// noKey fails the test where a text has a key in it.
func (w *world) noKey(what, text string) {
	w.t.Helper()
	for _, key := range []string{string(w.Key.Secret.Reveal()), wrongKey} {
		if key != "" && strings.Contains(text, key) {
			w.t.Errorf("%s has the key in it: %s", what, text)
		}
	}
}

// dial has a connection prepared and made. Where that fails nothing stays.
func (w *world) dial(ctx context.Context, s enforce.Request) (enforce.Dialer, net.Conn, error) {
	d, err := w.Enforcer.Dialer(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	nc, err := d.DialContext(ctx)
	if err != nil {
		if cerr := d.Close(); cerr != nil {
			w.t.Errorf("close, after %v: %v", err, cerr)
		}
		return nil, nil, err
	}
	return d, nc, nil
}

// refused has a connection attempted that must not come to be, and returns why.
func (w *world) refused(ctx context.Context, s enforce.Request) error {
	w.t.Helper()
	done := make(chan error, 1)
	go func() {
		d, nc, err := w.dial(ctx, s)
		if err == nil {
			w.t.Error("connected")
			nc.Close()
			_ = d.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		w.discreet(err)
		return err
	case <-time.After(limit):
		w.t.Errorf("it goes on after %s", limit)
		return errEndless
	}
}

var errEndless = errors.New("it did not end")

// echo says something and reads it back.
func echo(nc net.Conn, text string) error {
	if err := nc.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := io.WriteString(nc, text); err != nil {
		return err
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(nc, b); err != nil {
		return err
	}
	if string(b) != text {
		return fmt.Errorf("got %q back, want %q", b, text)
	}
	return nil
}
