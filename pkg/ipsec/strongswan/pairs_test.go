package strongswan

import (
	"context"
	"errors"
	"net/netip"
	"testing"
)

// TestOneAtATime: of two connections with the same selectors the second waits for
// the first; others do not.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	first, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := secured(t, 0)
	elsewhere.Portal = netip.MustParseAddrPort("192.0.2.10:3261")
	other, err := e.Dialer(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.loaded[0].Text("rekey_time"), c.loaded[1].Text("rekey_time"); a == b {
		t.Errorf("two connections are configured alike: %s", a)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Dialer(ctx, secured(t, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a second connection to wait until it is cancelled", err)
	}
	second := make(chan error)
	go func() {
		d, err := e.Dialer(t.Context(), secured(t, 0))
		if err == nil {
			err = d.Close()
		}
		second <- err
	}()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	c.wantEmpty()
}
