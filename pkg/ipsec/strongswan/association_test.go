package strongswan

import (
	"testing"
)

// TestNothingThrough: without bytes on the association there is no proof.
func TestNothingThrough(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"bytes-in", "bytes-out"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, func(c *charon) { c.change = func(_, child map[string]string) { child[key] = "0" } })
			e, _ := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured(t, 0))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			_, err = d.Proof(t.Context())
			wantType(t, err, failedToConfigure)
		})
	}
}

// TestAssociationGone: neither is there where it is gone when it is looked at
// again.
func TestAssociationGone(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	d, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	clear(c.up)
	c.mu.Unlock()
	_, err = d.Proof(t.Context())
	wantType(t, err, failedToConfigure)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	c.wantEmpty()
}
