package ipsec

import (
	"cmp"
	"strconv"
	"time"
)

// A Source is the call or the server that defined flags for a portal. Where revisions
// and times are equal, the lower Source comes first: the reference API does not say.
type Source uint8

// The sources.
const (
	SourceIKEInfo   Source = iota // IKE info for the portal's identity (SetIScsiIKEInfo)
	SourceSamePort                // an earlier add of the portal with the same initiator port
	SourceOtherPort               // an earlier add of the portal with another initiator port
	SourceISNS                    // the portal security bitmap of an iSNS server
)

// String returns words for the Source, for messages.
func (s Source) String() string {
	switch s {
	case SourceIKEInfo:
		return "IKE info for the portal"
	case SourceSamePort:
		return "an earlier add with this initiator port"
	case SourceOtherPort:
		return "an earlier add with another initiator port"
	case SourceISNS:
		return "iSNS"
	}
	return "source " + strconv.Itoa(int(s))
}

// Previous are flags that were defined for a portal (address and TCP port)
// before. Without FlagValid they define nothing and are passed over.
type Previous struct {
	Flags  Flags
	Source Source

	// Revision says in which order definitions were made: the highest counts. It is a
	// count that the registry keeps, since a clock may be set back. Those of one
	// revision, as 0 of a registry that kept none yet, are compared by their Time.
	Revision uint64
	Time     time.Time // of the definition
}

// newest returns the definition that counts.
func newest(all []Previous) (best Previous, ok bool) {
	for _, p := range all {
		if !p.Flags.Has(FlagValid) {
			continue
		}
		age := cmp.Or(cmp.Compare(p.Revision, best.Revision), p.Time.Compare(best.Time))
		if !ok || age > 0 || age == 0 && p.Source < best.Source {
			best, ok = p, true
		}
	}
	return best, ok
}
