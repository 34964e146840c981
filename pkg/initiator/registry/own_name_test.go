package registry_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestStoredNames: what a Service keeps of names of ours: that of all, of an
// instance, of a portal. They are kept byte for byte.
func TestStoredNames(t *testing.T) {
	t.Parallel()
	for _, tt := range scene.OwnNames {
		if tt.Own == "" {
			continue // which takes the name away
		}
		for _, strict := range []bool{false, true} {
			t.Run(tt.Name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(c *registry.Config) { c.Discoverer.StrictNames = strict })
				code := isdsc.Success
				if tt.Harmful || tt.Unusual && strict {
					code = isdsc.InvalidISCSIName
				}
				p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
				p.Login.InitiatorName = tt.Own
				_, err := w.AddSendTargetPortal(t.Context(), p)
				scene.WantCode(t, err, code)
				scene.WantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "san", NodeName: tt.Own}), code)
				scene.WantCode(t, w.SetInitiatorNodeName(t.Context(), tt.Own), code)
				name, err := w.InitiatorNodeName(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if code != isdsc.Success {
					if got := w.portals(); len(got) != 0 || len(w.instances()) != 1 || name != scene.InitiatorName {
						t.Errorf("portals %v, instances %v, name %s", got, w.instances(), name)
					}
					return
				}
				if got := w.portals()[0].Login.InitiatorName; got != tt.Own {
					t.Errorf("portal: got %q, want %q", got, tt.Own)
				}
				if got := w.instances()[1].NodeName; got != tt.Own {
					t.Errorf("instance: got %q, want %q", got, tt.Own)
				}
				if name != tt.Own {
					t.Errorf("got %q, want %q", name, tt.Own)
				}
			})
		}
	}
}
