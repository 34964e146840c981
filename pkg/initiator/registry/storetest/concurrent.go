package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// increment adds one to a counter, as often as it takes.
func increment(ctx context.Context, s registry.Store, key string) error {
	for {
		r, err := s.Get(ctx, key)
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(string(r.Value)) // no record: 0
		err = s.Apply(ctx, registry.Change{Key: key, Version: r.Version, Value: []byte(strconv.Itoa(n + 1))})
		var conflict *registry.ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
	}
}

// count has each store increment one counter from several goroutines, and holds
// the sum.
func count(t *testing.T, stores []registry.Store) {
	t.Helper()
	const goroutines, each = 4, 25
	var wg sync.WaitGroup
	for _, s := range stores {
		for range goroutines {
			wg.Go(func() {
				for range each {
					if err := increment(t.Context(), s, "counter"); err != nil {
						t.Errorf("increment: %v", err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for _, s := range stores {
		want(t, s, "counter", strconv.Itoa(len(stores)*goroutines*each))
	}
}

func testCounter(t *testing.T, s registry.Store) { count(t, []registry.Store{s}) }

// testWholeBatches writes two records in one batch and reads one after the
// other: a reader that sees the first as it is now sees the second so, or newer.
func testWholeBatches(t *testing.T, s registry.Store) {
	const rounds = 100
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range rounds {
			value := fmt.Sprint(i)
			if err := s.Apply(t.Context(), set("b", value), set("a", value)); err != nil {
				t.Errorf("Apply: %v", err)
				return
			}
		}
	})
	for range rounds {
		a, _ := strconv.Atoi(string(get(t, s, "a").Value))
		b, _ := strconv.Atoi(string(get(t, s, "b").Value))
		if b < a {
			t.Errorf("got a of batch %d, and then b of batch %d", a, b)
		}
	}
	wg.Wait()
	want(t, s, "a", fmt.Sprint(rounds-1))
	want(t, s, "b", fmt.Sprint(rounds-1))
}
