package registrypipe_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/registrypipe"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/storetest"
)

// through returns a client of a store at the other end of a pipe.
func through(t *testing.T, store registry.Store) (*registrypipe.Client, error) {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := registrypipe.Serve(t.Context(), func(context.Context) (registry.Store, error) { return store, nil }, in, out)
		out.Close()
		ended <- err
	}()
	return registrypipe.Open(fromServer, toServer, func() error { return <-ended })
}

// TestStore: a store in another process is a Store.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) registry.Store {
		c, err := through(t, &memstore.Store{MaxChanges: 60, MaxBytes: 17 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
}

// A failing is a store that fails.
type failing struct {
	memstore.Store
	err error
}

func (f *failing) Get(context.Context, string) (registry.Record, error) {
	return registry.Record{}, f.err
}

func (f *failing) List(context.Context, string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) { yield(registry.Record{}, f.err) }
}

// A denied is an error of a store with all that errors of stores answer.
type denied struct{}

func (denied) Error() string { return "not permitted" }

func (denied) Is(target error) bool {
	return target == fs.ErrPermission || target == registry.ErrRegistryDamaged
}

func (denied) Retryable() bool { return true }

// TestErrors: what an error says and answers comes through.
func TestErrors(t *testing.T) {
	t.Parallel()
	c, err := through(t, &failing{err: denied{}})
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		t.Helper()
		if err == nil || err.Error() != "not permitted" || !errors.Is(err, fs.ErrPermission) || !errors.Is(err, registry.ErrRegistryDamaged) || !initiator.Retryable(err) {
			t.Errorf("got %v", err)
		}
	}
	_, err = c.Get(t.Context(), "k")
	check(err)
	for _, err := range c.List(t.Context(), "") {
		check(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpenFails: that the store cannot be opened is told, and so is a program that is none
// of ours.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	fromServer, out := io.Pipe()
	go func() {
		_ = registrypipe.Serve(t.Context(), func(context.Context) (registry.Store, error) { return nil, denied{} }, strings.NewReader(""), out)
		out.Close()
	}()
	_, toServer := io.Pipe()
	if _, err := registrypipe.Open(fromServer, toServer, func() error { return nil }); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	for _, said := range []string{"", "\x00", "\x00\x00\x00\x02{}", "\xff\xff\xff\xff", "usage: nothing"} {
		_, toServer := io.Pipe()
		if c, err := registrypipe.Open(strings.NewReader(said), toServer, func() error { return nil }); err == nil {
			t.Errorf("%q: got %v", said, c)
		}
	}
}

// TestEnded: a process that ends during a call is told.
func TestEnded(t *testing.T) {
	t.Parallel()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, "\x00\x00\x00\x0d"+`{"version":1}`)
		_, _ = in.Read(make([]byte, 4)) // the beginning of a request
		in.Close()
		out.Close()
	}()
	c, err := registrypipe.Open(fromServer, toServer, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.Get(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("got %v", err)
		}
	}
}
