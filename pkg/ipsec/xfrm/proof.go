package xfrm

import (
	"context"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// A stateKey tells security associations apart, as packets do.
type stateKey struct {
	to       netip.Addr
	spi      uint32
	protocol byte
}

// counted returns what went through each association so far.
func counted(states []state) map[stateKey]uint64 {
	m := make(map[stateKey]uint64, len(states))
	for _, s := range states {
		m[stateKey{s.to, s.spi, s.protocol}] = s.bytes
	}
	return m
}

// Proof compares the counters of the associations that the connection may use
// with what they were before. Other connections may use them, too, so the bytes
// are its own at most.
func (d *secureDialer) Proof(ctx context.Context) (enforce.Proof, error) {
	states, err := listStates(ctx)
	if err != nil {
		return enforce.Proof{}, failed(err)
	}
	return d.prove(states)
}

func (d *secureDialer) prove(states []state) (enforce.Proof, error) {
	p := enforce.Proof{Enforcer: Name}
	out, in := flows(d.dialer.Source, d.portal)
	weak := ""
	for _, way := range []struct {
		templates []template
		flow      flow
		bytes     *uint64
	}{
		{d.dialer.Hold.out, out, &p.BytesOut},
		{d.dialer.Hold.in, in, &p.BytesIn},
	} {
		for _, s := range d.used(states, way.templates, way.flow) {
			*way.bytes += s.bytes - d.before[stateKey{s.to, s.spi, s.protocol}]
			p.SPIs = append(p.SPIs, s.spi)
			p.Mode = s.mode.String()
			if name := s.algorithms(); !slices.Contains(p.Algorithms, name) {
				p.Algorithms = append(p.Algorithms, name)
			}
			if s.cipher == "" || s.digest == "" {
				weak = s.algorithms()
			}
		}
	}
	switch {
	case p.BytesOut == 0 || p.BytesIn == 0:
		return p, &ipsec.ConfigureError{Reason: "the kernel counted no bytes under IPsec in one direction or both"}
	case weak != "":
		return p, &ipsec.ConfigureError{Reason: "the security association of the host does not encrypt and authenticate (" + weak + ")"}
	}
	return p, nil
}

// used returns the associations for ESP that packets went through since before,
// of those that the templates demand.
func (d *secureDialer) used(states []state, templates []template, f flow) []state {
	var list []state
	for _, s := range states {
		for i := range templates {
			t := &templates[i]
			if t.protocol() == protoESP && s.serves(t, f) && s.bytes > d.before[stateKey{s.to, s.spi, s.protocol}] {
				list = append(list, s)
				break
			}
		}
	}
	return list
}
