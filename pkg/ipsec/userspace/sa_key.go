package userspace

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/ikev1"
	"github.com/go-iscsi/discovery/internal/ikev2"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// A saKey is what connections have in common that share an IKE security association.
type saKey struct {
	pair
	device        string
	local, remote string
	psk           [sha256.Size]byte // a hash under salt
	version       ipsec.IKEVersion
	aggressive    bool
	proposals     string
}

// salt keeps the hash of a preshared key from being of use outside this process.
var salt = sync.OnceValue(func() []byte {
	b := make([]byte, sha256.Size)
	_, _ = rand.Read(b) // never fails
	return b
})

func keyOf(s *enforce.Request) saKey {
	k := saKey{
		pair: pair{s.Source, s.Peer()}, device: s.Device, local: s.LocalID(), remote: s.RemoteID(),
		version: max(s.IKE, ipsec.IKEv1), aggressive: aggressive(s), proposals: s.Proposals,
	}
	secret := s.PSK.Secret.Reveal()
	defer clear(secret)
	h := hmac.New(sha256.New, salt())
	h.Write(secret)
	h.Sum(k.psk[:0])
	return k
}

// aggressive reports whether aggressive mode is asked for, which IKEv2 does not have.
func aggressive(s *enforce.Request) bool {
	return s.Plan.Exchange == ipsec.AggressiveMode && s.IKE != ipsec.IKEv2
}

// newMachine returns the machine of a request that was admitted.
func newMachine(s *enforce.Request) (ike.Machine, error) {
	p, err := ipsec.ParseProposals(s.Proposals, s.IKE)
	if err != nil {
		return nil, err
	}
	list, err := p.ForIKE(aggressive(s))
	if err != nil {
		return nil, err
	}
	cfg := ike.Config{
		Source: s.Source, Peer: s.Peer(),
		Local: ike.ParseIdentity(s.LocalID()), Remote: ike.ParseIdentity(s.RemoteID()),
		PSK: s.PSK.Secret.Reveal, Aggressive: aggressive(s), Random: rand.Reader,
	}
	for _, text := range list {
		suite, err := ike.ParseIKE(text)
		if err != nil {
			return nil, err
		}
		cfg.Suites = append(cfg.Suites, suite)
	}
	if s.IKE == ipsec.IKEv2 {
		return ikev2.New(cfg), nil
	}
	return ikev1.New(cfg), nil
}

// espSuites returns what is offered for ESP.
func espSuites(s *enforce.Request) ([]ike.ESPSuite, error) {
	p, err := ipsec.ParseProposals(s.Proposals, s.IKE)
	if err != nil {
		return nil, err
	}
	list, err := p.ForESP(s.Plan.PFS)
	if err != nil {
		return nil, err
	}
	var suites []ike.ESPSuite
	for _, text := range list {
		suite, err := ike.ParseESP(text)
		if err != nil {
			return nil, err
		}
		suites = append(suites, suite)
	}
	return suites, nil
}
