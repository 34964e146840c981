package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// each returns the ports from which a portal could be reached.
func (h *host) each(instance, portal string) []ports.Port {
	h.t.Helper()
	selector, err := h.Selector(h.t.Context(), true)
	if err != nil {
		h.t.Fatal(err)
	}
	ports, err := selector.Each(h.t.Context(), instance, netip.MustParseAddr(portal))
	if err != nil {
		h.t.Fatal(err)
	}
	return ports
}

// TestEach: one session from every port that could reach a portal. What comes of
// it is a matrix of ports, portals and targets, and the arrays saw the same.
func TestEach(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		h0, h1 := w.family.host[0], w.family.host[1]
		w.addr(nic0, w.other+w.bits)
		w.set("route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100", "rule add from HOST1 table 100")
		w.addInstance(ports.Instance{Name: "backup", Interfaces: []string{nic1}})

		// By port, portal and what is found there.
		got := func(instance string) (matrix []string) {
			for _, portal := range []string{w.portal, w.array[0], w.array[1]} {
				for _, p := range w.each(instance, portal) {
					r := w.ask(from{p.Instance, p.Number}, portal)
					if r.Source != p.Address || r.InitiatorPort != p {
						t.Errorf("port %+v: source %s, port %+v", p, r.Source, r.InitiatorPort)
					}
					there, not := w.first, w.second
					if r.Targets[0].Name == w.second.disk {
						there, not = not, there
					}
					there.saw(p.Address.String())
					not.saw()
					matrix = append(matrix, fmt.Sprintf("%s %s %s", p.Address, portal, strings.TrimPrefix(there.disk, "iqn.2026-11.com.example:")))
				}
			}
			slices.Sort(matrix)
			return matrix
		}
		want := []string{
			h0 + " " + w.portal + " first", w.other + " " + w.portal + " first", h1 + " " + w.portal + " second",
			h0 + " " + w.array[0] + " first", w.other + " " + w.array[0] + " first", h1 + " " + w.array[0] + " first",
			h0 + " " + w.array[1] + " second", w.other + " " + w.array[1] + " second", h1 + " " + w.array[1] + " second",
		}
		slices.Sort(want)
		for _, instance := range []string{"", "host"} { // no source address comes twice
			if m := got(instance); !slices.Equal(m, want) {
				t.Errorf("instance %q: got\n%s\nwant\n%s", instance, strings.Join(m, "\n"), strings.Join(want, "\n"))
			}
		}
		if ports := w.each("backup", w.portal); len(ports) != 1 || ports[0].Address.String() != h1 {
			t.Errorf("backup: ports %v", ports)
		}

		w.Down(t, nic1)
		for _, p := range w.each("host", w.portal) {
			if p.Interface != nic0 {
				t.Errorf("%s is down: port %+v", nic1, p)
			}
		}
		selector, err := w.Selector(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		_, err = selector.Each(t.Context(), "backup", netip.MustParseAddr(w.portal))
		wantCode(t, err, isdsc.ConnectionFailed)
	})
}
