package jsonitem

import "github.com/go-iscsi/discovery/pkg/initiator/registry"

// UnknownProceed and UnknownRefuse are the words of --ipsec-unknown.
const UnknownProceed, UnknownRefuse = "proceed", "refuse"

// ipsecOptions has those of an entry's options for IPsec that were given.
type ipsecOptions struct {
	Key     string `json:"key,omitempty"` // "set"
	KeyRef  Text   `json:"key_ref,omitempty"`
	LocalID Text   `json:"local_id,omitempty"`
	PeerID  Text   `json:"peer_id,omitempty"`
	Offer   Text   `json:"proposals,omitempty"`
	IKE     uint8  `json:"ike,omitempty"`
	Outer   string `json:"outer,omitempty"`
	Unknown string `json:"unknown,omitempty"`
}

func newIPsecOptions(p *registry.StoredPortal) *ipsecOptions {
	o := &p.IPsec
	j := ipsecOptions{KeyRef: Text(o.PSKRef), LocalID: Text(o.LocalID), PeerID: Text(o.PeerID), Offer: Text(o.Proposals), IKE: uint8(o.IKE)}
	if p.IPsecKeySet {
		j.Key = "set"
	}
	if o.Gateway.IsValid() {
		j.Outer = o.Gateway.String()
	}
	if o.RefuseUnknown {
		j.Unknown = UnknownRefuse
	}
	if j == (ipsecOptions{}) {
		return nil
	}
	return &j
}
