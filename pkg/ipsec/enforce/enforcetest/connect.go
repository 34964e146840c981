package enforcetest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// testAnnounced: the name that is announced is the name in the proof, and Announce
// sends nothing and sets nothing up.
func testAnnounced(w *world) {
	a, ok := w.Enforcer.(enforce.Announcer)
	if !ok {
		w.t.Skip("the enforcer announces nothing")
	}
	w.each(func(w *world, p ipsec.Plan) {
		since := w.Left()
		who, err := a.Announce(w.t.Context(), w.request(p))
		if err != nil {
			w.t.Fatal(err)
		}
		w.wantSilence(since)
		proof := w.connect(w.request(p))
		if !w.NoESP && proof.Enforcer != who {
			w.t.Errorf("proven by %q, and announced by %q", proof.Enforcer, who)
		}
	})
}

// testConnection: a connection from the source to the portal, under the plan, with a
// proof of it; and nothing stays.
func testConnection(w *world) {
	w.each(func(w *world, p ipsec.Plan) { w.connect(w.request(p)) })
}

// connect makes a connection, uses it, has it proven and takes it away. Without ESP it
// has to fail.
func (w *world) connect(s enforce.Request) (proof enforce.Proof) {
	w.t.Helper()
	if w.NoESP {
		w.wantType(w.refused(w.t.Context(), s), failed)
		w.wantClean()
		return proof
	}
	proof, err := w.use(s)
	if err != nil {
		w.t.Error(err)
	}
	w.discreet(err)
	w.noKey("the proof", fmt.Sprintf("%+v", proof))
	w.wantClean()
	return proof
}

// use makes a connection, says something, and returns the proof. It is called from
// several goroutines.
func (w *world) use(s enforce.Request) (proof enforce.Proof, err error) {
	d, nc, err := w.dial(w.t.Context(), s)
	if err != nil {
		return proof, err
	}
	err = errors.Join(echo(nc, "what only the peer may read"), ends(s, nc.LocalAddr().String(), nc.RemoteAddr().String()))
	proof, perr := d.Proof(w.t.Context())
	if perr == nil {
		perr = agrees(proof, s.Plan, w.Enforcer.Means())
	}
	return proof, errors.Join(err, perr, nc.Close(), d.Close())
}

// ends says whether a connection has other ends than those that were asked for.
func ends(s enforce.Request, local, remote string) error {
	near, err1 := netip.ParseAddrPort(local)
	far, err2 := netip.ParseAddrPort(remote)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if near.Addr().Unmap() != s.Source.Unmap() || far.Addr().Unmap() != s.Portal.Addr().Unmap() || far.Port() != s.Portal.Port() {
		return fmt.Errorf("a connection from %s to %s, want one from %s to %s", near, far, s.Source, s.Portal)
	}
	return nil
}

// agrees says how a proof differs from the plan.
func agrees(proof enforce.Proof, p ipsec.Plan, m ipsec.Means) error {
	differs := func(what string, got, want any) error {
		return fmt.Errorf("the proof has %s %v, want %v: %+v", what, got, want, proof)
	}
	switch {
	case proof.BytesOut == 0 || proof.BytesIn == 0:
		return differs("bytes", proof.BytesOut+proof.BytesIn, "some in each direction")
	case len(proof.SPIs) < 2 || slices.Contains(proof.SPIs, 0):
		return differs("SPIs", proof.SPIs, "one for each direction")
	case len(proof.Algorithms) == 0:
		return differs("algorithms", proof.Algorithms, "some")
	case p.Mode != 0 && proof.Mode != p.Mode.String():
		return differs("mode", proof.Mode, p.Mode)
	case p.InPlace():
		return nil // its exchange is not known, and the system is the enforcer
	case proof.Exchange != p.Exchange.String():
		return differs("exchange", proof.Exchange, p.Exchange)
	case proof.Enforcer != m.Enforcer:
		return differs("enforcer", proof.Enforcer, m.Enforcer)
	}
	return nil
}

// testForms: an address means the same in each of its forms.
func testForms(w *world) {
	if !w.Source.Unmap().Is4() {
		w.t.Skip("IPv6 has one form")
	}
	mapped := func(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }
	want, err := w.Enforcer.Existing(w.t.Context(), w.Source, w.Portal)
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := w.Enforcer.Existing(w.t.Context(), mapped(w.Source), netip.AddrPortFrom(mapped(w.Portal.Addr()), w.Portal.Port()))
	if err != nil || got != want {
		w.t.Errorf("what exists: got %+v, %v; want %+v", got, err, want)
	}
	w.each(func(w *world, p ipsec.Plan) {
		s := w.request(p)
		s.Source, s.Portal = mapped(s.Source), netip.AddrPortFrom(mapped(s.Portal.Addr()), s.Portal.Port())
		if s.Gateway.IsValid() {
			s.Gateway = mapped(s.Gateway)
		}
		w.connect(s)
	})
}

// testDevice: a connection by the interface that is named, or none.
func testDevice(w *world) {
	w.each(func(w *world, p ipsec.Plan) {
		s := w.request(p)
		if w.Device != "" {
			s.Device = w.Device
			w.connect(s)
		}
		s.Device = "nosuchdevice"
		if err := w.refused(w.t.Context(), s); err == nil {
			w.t.Error("an interface that does not exist: no error")
		}
	})
}

// testSeveral: an enforcer is used by several goroutines at once, and each connection
// that it negotiates has security associations of its own.
func testSeveral(w *world) {
	const many = 4
	w.each(func(w *world, p ipsec.Plan) {
		var all sync.WaitGroup
		var mu sync.Mutex // guards owner
		owner := map[uint32]int{}
		for i := range many {
			all.Go(func() {
				if _, err := w.Enforcer.Existing(w.t.Context(), w.Source, w.Portal); err != nil {
					w.t.Error(err)
				}
				if w.NoESP {
					w.wantType(w.refused(w.t.Context(), w.request(p)), failed)
					return
				}
				proof, err := w.use(w.request(p))
				if err != nil {
					w.t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, spi := range proof.SPIs {
					if j, taken := owner[spi]; taken && j != i && !p.InPlace() {
						w.t.Errorf("SPI %#x is of two connections", spi)
					}
					owner[spi] = i
				}
			})
		}
		all.Wait()
	})
}
