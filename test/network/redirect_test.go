package network

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRedirect: a login that is sent to another subnet has its source chosen
// anew; one from a port that is named does not.
func TestRedirect(t *testing.T) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			w := newWays(t, f, func(target *iscsitest.Target) { target.Redirect = bracketed(f.array[1]) + ":3260,1" })
			w.set("route add PORTAL via VIA0")
			h0, h1 := f.host[0], f.host[1]
			w.addInstance(ports.Instance{Name: "backup", Interfaces: []string{nic1}, NodeName: backupName})
			for _, tt := range []struct {
				from          from
				first, second string
			}{
				{all(""), h0, h1},
				{all("host"), h0, h1},
				{w.at(h0), h0, h0},
				{all("backup"), h1, h1},
			} {
				r := w.ask(tt.from, w.portal)
				w.first.saw(tt.first)
				w.second.saw(tt.second)
				if len(r.Redirects) != 1 || r.Source.String() != tt.second || r.InitiatorPort.Address != r.Source {
					t.Errorf("%+v: redirects %v, source %s, port %+v", tt.from, r.Redirects, r.Source, r.InitiatorPort)
				}
			}
		})
	}
}

func bracketed(addr string) string {
	if !strings.Contains(addr, ":") {
		return addr
	}
	return "[" + addr + "]"
}

// TestRedirectToOwnHost (issue 13, 9): a target does not send us to this host, by
// whichever of its addresses.
func TestRedirectToOwnHost(t *testing.T) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			w := newWays(t, f, func(target *iscsitest.Target) { target.Redirect = bracketed(f.host[1]) + ":3260,1" })
			w.set("route add PORTAL via VIA0")
			for _, from := range []from{all(""), all("host"), w.at(f.host[0])} {
				err := w.refused(from, w.portal, isdsc.TargetMovedTemporarily)
				if w.first.saw(f.host[0]); err == nil || !strings.Contains(err.Error(), "it leads to this host itself") {
					t.Errorf("%+v: %v", from, err)
				}
			}
			p := all("").to(w.portal)
			r, err := (&initiator.Discoverer{InitiatorName: initiatorName, Timeout: patience}).Discover(t.Context(), p)
			if w.first.saw(f.host[0]); initiator.Code(err) != isdsc.TargetMovedTemporarily || len(r.Redirects) != 0 {
				t.Errorf("without a registry: %v", err)
			}
		})
	}
}

// TestRedirectOtherFamily: where routing decides it goes there by the other
// family; a port that is named cannot.
func TestRedirectOtherFamily(t *testing.T) {
	w := newWays(t, families[0], func(target *iscsitest.Target) { target.Redirect = "[fd00::10]:3260,1" })
	w.addr(nic1, "fd00::1/64")
	w.second.addr(nic1, "fd00::10/64")
	one, other := w.at("10.0.0.1"), w.at("fd00::1")
	w.ask(all("host"), w.array[0])
	w.first.saw("10.0.0.1")
	w.second.saw("fd00::1")
	w.refused(one, w.array[0], isdsc.AddressTypeNotSupported)
	w.first.saw("10.0.0.1")
	w.second.saw()
	w.refused(other, w.array[0], isdsc.AddressTypeNotSupported)
	w.first.saw()
}

// TestRedirectOnLink: a link-local address that a link-local portal sends to is
// on the same link.
func TestRedirectOnLink(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	to := l.second.open(3261, &iscsitest.Target{Redirect: "[fe80::10]:3260,1", Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:to"}}})
	for _, f := range []from{all(""), all("host"), l.at(1)} {
		p := f.to(linkLocalPortal + "%san1")
		p.Portal.Port = 3261
		r := l.store(p)
		to.saw("fe80::2")
		l.second.saw("fe80::2")
		l.first.saw()
		if got, want := r.Address.String(), "[fe80::10%san1]:3260"; got != want {
			t.Errorf("address %s, want %s", got, want)
		}
	}
}
