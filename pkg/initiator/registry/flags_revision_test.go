package registry_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// define stores flags for the portal 192.0.2.10: by an add from an initiator port, or as
// those of its key.
func (w *world) define(flags ipsec.Flags, byKey bool, port uint32) {
	w.t.Helper()
	if byKey {
		scene.WantCode(w.t, w.SetIKEInfo(w.t.Context(), registry.IKEInfo{ID: "192.0.2.10", Port: ports.All, Flags: flags, Key: auth.NewSecret([]byte("k"))}, true), isdsc.Success)
		return
	}
	p := initiator.SendTargetPortal{
		Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}, Instance: ports.Host, Port: ports.N(port), Security: flags,
	}
	if r, _ := w.AddSendTargetPortal(w.t.Context(), p); !r.Stored {
		w.t.Fatal(r.Err)
	}
}

// previous returns the flags that were defined before for the portal 192.0.2.10.
func (w *world) previous() ipsec.Flags {
	w.t.Helper()
	r, _ := w.RefreshSendTargetPortal(w.t.Context(), initiator.Key{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}, Port: ports.All})
	if r.IPsec.Origin != ipsec.OriginPrevious {
		w.t.Fatalf("got the plan %+v, %v", r.IPsec, r.Err)
	}
	return r.IPsec.Flags
}

// rewrite changes the fields of a stored record, of which the key begins with prefix.
func (w *world) rewrite(prefix string, change func(fields map[string]any)) {
	w.t.Helper()
	for r, err := range w.store.List(w.t.Context(), prefix) {
		var fields map[string]any
		if err == nil {
			err = json.Unmarshal(r.Value, &fields)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		change(fields)
		value, err := json.Marshal(fields)
		if err == nil {
			err = w.store.Apply(w.t.Context(), registry.Change{Key: r.Key, Version: r.Version, Value: value})
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestPreviousByRevision (issue 13, 46): of several flags that were defined before, those
// count that were stored last, also where the clock was set back meanwhile: an off that
// is older must not switch the IPsec of a portal off.
func TestPreviousByRevision(t *testing.T) {
	t.Parallel()
	const off, transport = ipsec.FlagValid, ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport
	for _, tt := range []struct {
		name                string
		firstKey, secondKey bool
	}{
		{name: "two adds"}, {name: "a key, then an add", firstKey: true}, {name: "an add, then a key", secondKey: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.define(off, tt.firstKey, 0)
			w.clock = w.clock.Add(-time.Hour)
			w.define(transport, tt.secondKey, 1)
			if got := w.previous(); got != transport {
				t.Errorf("got %s, want what was defined last", got)
			}
			w.clock = w.clock.Add(-time.Hour)
			w.define(off, tt.firstKey, 0)
			if got := w.previous(); got != off {
				t.Errorf("got %s, want what was defined last", got)
			}
		})
	}
}

// TestPreviousOfEarlierVersions (issue 13, 46): records without a revision count by
// their time, and less than any with one; a count that is damaged is made anew.
func TestPreviousOfEarlierVersions(t *testing.T) {
	t.Parallel()
	const off, transport, pfs = ipsec.FlagValid, ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport, ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagPFS
	w := newWorld(t)
	w.define(off, false, 0)
	w.clock = w.clock.Add(time.Hour)
	w.define(transport, false, 1)
	w.rewrite("bitmap/", func(fields map[string]any) {
		if _, ok := fields["revision"]; !ok {
			t.Error("the record has no revision")
		}
		delete(fields, "revision")
	})
	if got := w.previous(); got != transport {
		t.Errorf("without revisions: got %s, want the newer flags", got)
	}
	w.clock = w.clock.Add(-24 * time.Hour)
	w.define(pfs, true, 0)
	if got := w.previous(); got != pfs {
		t.Errorf("got %s, want those with a revision", got)
	}
	const count = "setting/flags-revision"
	r, err := w.store.Get(t.Context(), count)
	if err == nil {
		err = w.store.Apply(t.Context(), registry.Change{Key: count, Version: r.Version, Value: []byte(strings.Repeat("x", 3))})
	}
	if err != nil || r.Version == 0 {
		t.Fatal(r, err)
	}
	w.clock = w.clock.Add(-24 * time.Hour)
	w.define(transport, false, 1)
	if got := w.previous(); got != transport {
		t.Errorf("after damage: got %s, want what was defined last", got)
	}
}
