package api

import (
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A FleetSource reads a fleet.
type FleetSource interface {
	Name() string

	// View returns the fleet as it was last read; nil: it is not read.
	View(ctx context.Context) *view.View

	Answer(ctx context.Context, d fleet.Digest) ([]target.Target, error)
	Events() []fleetview.JSONFleetEvent // that are kept, the oldest first
}

// A Fleet answers with what the fleet sees, as discover fleet prints it with -o json. Its
// handlers make the whole answer in memory: a serve.Maker bounds how many do at once.
type Fleet struct{ Source FleetSource }

// Hosts answers with the hosts, as discover fleet hosts does.
func (f Fleet) Hosts(w http.ResponseWriter, r *http.Request) {
	f.answer(w, r, "hosts", "host", func(v *view.View, item func(any) error) error {
		for _, h := range fleetview.Hosts(v) {
			if err := item(fleetview.NewJSONFleetHost(h)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Paths answers with portals and who sees the same there, as discover fleet paths does.
func (f Fleet) Paths(w http.ResponseWriter, r *http.Request) {
	f.answer(w, r, "portals", "portal", func(v *view.View, item func(any) error) error {
		portals := v.Portals()
		for i := range portals {
			if err := item(fleetview.NewJSONFleetPortal(&portals[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Scans answers with the shared scans that run.
func (f Fleet) Scans(w http.ResponseWriter, r *http.Request) {
	f.answer(w, r, "scans", "fleet-scan", func(v *view.View, item func(any) error) error {
		for i := range v.Scans {
			if err := item(fleetview.NewJSONFleetScan(&v.Scans[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Diff answers with the differences, as discover fleet diff does.
func (f Fleet) Diff(w http.ResponseWriter, r *http.Request) {
	f.answer(w, r, "differences", "difference", func(v *view.View, item func(any) error) error {
		d := view.Diff(v, func(d fleet.Digest) ([]target.Target, error) { return f.Source.Answer(r.Context(), d) })
		for _, j := range fleetview.Differences(d) {
			if err := item(j); err != nil {
				return err
			}
		}
		return nil
	})
}

// Events answers with the events behind the number since, as discover fleet watch prints
// them: those since the fleet was read first.
func (f Fleet) Events(w http.ResponseWriter, r *http.Request) {
	since := int64(0)
	if s := r.URL.Query().Get("since"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "since is not the number of an event", http.StatusBadRequest)
			return
		}
		since = n
	}
	f.answer(w, r, "events", "event", func(_ *view.View, item func(any) error) error {
		for _, e := range f.Source.Events() {
			if e.Seq <= since {
				continue
			}
			if err := item(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// answer writes a list. A fleet that was never read is status 503; one that is old says so
// in its head.
func (f Fleet) answer(w http.ResponseWriter, r *http.Request, name, kind string, list func(v *view.View, item func(any) error) error) {
	v := f.Source.View(r.Context())
	if v == nil || v.AsOf.IsZero() {
		text := "the fleet was not read yet"
		if v != nil && v.Err != nil {
			text = "the fleet cannot be read: " + terminal.Visible(v.Err.Error())
		}
		w.Header().Set("Retry-After", "10")
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	var b bytes.Buffer
	out := &render.Listing{W: &b, Format: render.FormatJSON, Name: name, Kind: kind}
	err := out.Describe("fleet", fleetview.NewJSONFleetHead(f.Source.Name(), v))
	if err == nil {
		err = list(v, func(j any) error { return out.Item(j) })
	}
	if err == nil {
		err = out.End()
	}
	if err != nil {
		http.Error(w, "the answer cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b.Bytes())
}
