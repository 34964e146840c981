package network

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// A seen is what is to be seen of a session: at which array, from which of our
// addresses.
type seen struct{ array, source int }

// TestRouting: with all ports current routing decides, whatever it is made of; a
// port number is a source address, and routing decides about the cable.
func TestRouting(t *testing.T) {
	tests := []struct {
		name         string
		ip           []string
		all          seen // whoever asks without a number
		port0, port1 seen
	}{
		{
			name:  "main table",
			ip:    []string{"route add PORTAL via VIA0"},
			port1: seen{0, 1},
		},
		{
			name: "metric",
			ip:   []string{"route add PORTAL via VIA0 metric 20", "route add PORTAL via VIA1 metric 10"},
			all:  seen{1, 1}, port0: seen{1, 0}, port1: seen{1, 1},
		},
		{
			name: "longer prefix",
			ip:   []string{"route add default via VIA0", "route add PORTAL via VIA1"},
			all:  seen{1, 1}, port0: seen{1, 0}, port1: seen{1, 1},
		},
		{
			name:  "preferred source",
			ip:    []string{"route add PORTAL via VIA0 src HOST1"},
			all:   seen{0, 1},
			port1: seen{0, 1},
		},
		{
			name: "rule by source",
			ip: []string{"route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100",
				"rule add from HOST1 table 100"},
			port1: seen{1, 1},
		},
		{
			name: "rule by destination",
			ip: []string{"route add PORTAL via VIA0", "route add default via VIA1 table 100",
				"rule add to PORTAL table 100"},
			all: seen{1, 1}, port0: seen{1, 0}, port1: seen{1, 1},
		},
		{
			name: "rule by mark",
			ip: []string{"route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100",
				"rule add not fwmark 0x5 table 100"},
			all: seen{1, 1}, port0: seen{1, 0}, port1: seen{1, 1},
		},
		{
			name: "rule by user",
			ip: []string{"route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100",
				"rule add uidrange 0-0 table 100"},
			all: seen{1, 1}, port0: seen{1, 0}, port1: seen{1, 1},
		},
		{
			name: "rule by TCP port",
			ip: []string{"route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100",
				"rule add ipproto tcp dport 3260 table 100"},
			all: seen{1, 1}, port0: seen{1, 0}, port1: seen{1, 1},
		},
		{
			name: "rule by another TCP port",
			ip: []string{"route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100",
				"rule add ipproto tcp dport 860 table 100"},
			port1: seen{0, 1},
		},
		{
			name: "several tables",
			ip: []string{"route add PORTAL via VIA0 table 100", "route add PORTAL via VIA1 table 101",
				"rule add from HOST0 table 100", "rule add from HOST1 table 101", "rule add to PORTAL table 101 priority 40000"},
			all: seen{1, 1}, port0: seen{0, 0}, port1: seen{1, 1},
		},
		{
			name: "only from one source",
			ip:   []string{"route add PORTAL via VIA1 table 100", "rule add from HOST1 table 100"},
			all:  seen{1, 1}, port0: seen{array: none}, port1: seen{1, 1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachFamily(t, func(t *testing.T, w *ways) {
				w.set(tt.ip...)
				w.asks(all(""), tt.all)
				w.asks(all("host"), tt.all)
				w.asks(w.at(w.family.host[0]), tt.port0)
				w.asks(w.at(w.family.host[1]), tt.port1)
				// With another instance around, none is asked for in a
				// different way.
				w.addInstance(ports.Instance{Name: "other", Interfaces: []string{"none"}})
				w.asks(all(""), tt.all)
			})
		})
	}
}

// none is the array of a session that cannot be.
const none = -1

// asks asks the portal and compares what the arrays saw, and what the result
// says, with what was to be.
func (w *ways) asks(f from, want seen) {
	w.t.Helper()
	if want.array == none {
		w.refused(f, w.portal, isdsc.ConnectionFailed)
		w.first.saw()
		w.second.saw()
		return
	}
	r := w.ask(f, w.portal)
	source := w.family.host[want.source]
	arrays := []*array{w.first, w.second}
	arrays[want.array].saw(source)
	arrays[1-want.array].saw()
	if r.Source.String() != source || r.InitiatorPort.Address != r.Source || r.InitiatorPort != w.port(r.InitiatorPort.Instance, source) {
		w.t.Errorf("asked from %+v: result has source %s and port %+v; the array saw %s", f, r.Source, r.InitiatorPort, source)
	}
	if len(r.Targets) != 1 || r.Targets[0].Name != arrays[want.array].disk {
		w.t.Errorf("targets %v, want %s", r.Targets, arrays[want.array].disk)
	}
}

func (h *host) addInstance(i ports.Instance) {
	h.t.Helper()
	if err := h.AddInstance(h.t.Context(), i); err != nil {
		h.t.Fatal(err)
	}
}
