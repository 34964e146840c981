package registry

import (
	"net/netip"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A KnownTarget is a target that the Service knows of, and how.
type KnownTarget struct {
	Name       string // as it was sent; names are compared folded
	Alias      string // of the first mechanism that has one
	Mechanisms []Mechanism
}

// A Mechanism is one way in which a target was found: the records of two are
// kept apart, as in the reference API.
type Mechanism struct {
	// Text is the reference API's name of the mechanism, such as
	// "SendTargets:*192.0.2.10 0003260 host ", or "Static".
	Text string

	Portal    initiator.Key    // of the entry that found it; zero for a static target
	Static    bool             // configured, not found
	ISNS      initiator.Portal // the iSNS server that named it; zero: none did
	Alias     string
	Addresses []target.Address // of this mechanism alone

	FirstSeen    time.Time
	LastSeen     time.Time
	MissingSince time.Time // when a portal that answered first left it out; zero: it did not

	// Changed is when the addresses last became others than they had been, and Was are
	// those; zero: they never did.
	Changed time.Time
	Was     []target.Address

	// At is the address at which it was last listed, where it advertised addresses that
	// cannot be connected to from here; else invalid.
	At netip.AddrPort

	// NotJudgedSince is when the answers of the portal that found it began to fail
	// or to leave targets out: since then nothing of that portal becomes missing.
	// Zero: its last answer was complete.
	NotJudgedSince time.Time

	// Stale is set where the entry that found it is no longer in the registry:
	// no refresh looks any more.
	Stale bool

	// Unlisted is set beside Stale where the portal was not in the registry when it
	// was last asked, and so was not removed from it since.
	Unlisted bool

	Flags TargetFlags // of a static target
}

// staticMechanism is the mechanism of targets that are configured.
const staticMechanism = "Static"

// A foundRecord is a target by one mechanism, as it is stored.
type foundRecord struct {
	Name         string        `json:"name"`
	Alias        string        `json:"alias,omitempty"`
	Addresses    []addressJSON `json:"addresses"`
	Portal       *keyRecord    `json:"portal,omitempty"` // none: an iSNS server named it, or it is static
	ISNS         *serverRecord `json:"isns,omitempty"`
	FirstSeen    time.Time     `json:"first_seen"`
	LastSeen     time.Time     `json:"last_seen"`
	MissingSince *time.Time    `json:"missing_since,omitempty"`

	// Changed is when the addresses became others, and Was are those before.
	Changed *time.Time    `json:"changed,omitempty"`
	Was     []addressJSON `json:"was,omitempty"`

	// Passed: the last answer, which was not complete, does not have it. LastSeen holds
	// then, as where it is missing; otherwise it may be later, see answerRecord.Seen.
	Passed bool `json:"passed,omitempty"`

	// At is the address in use; stored only where an advertised one is unusable.
	At netip.AddrPort `json:"at,omitzero"`

	// Unlisted: the portal was not in the registry when it was asked.
	Unlisted bool `json:"unlisted,omitempty"`

	Static *staticRecord `json:"static,omitempty"`
}

// An addressJSON is a TargetAddress as it is stored.
type addressJSON struct {
	Host     string          `json:"host"`
	Port     uint16          `json:"port"`
	Group    int             `json:"group"`
	Unusable target.Unusable `json:"unusable,omitempty"` // by its number
}

func newAddressJSON(a target.Address) addressJSON {
	return addressJSON{Host: a.Host, Port: a.Port, Group: a.Group, Unusable: a.Unusable}
}

func (a addressJSON) address() target.Address {
	return target.Address{Host: a.Host, Port: a.Port, Group: a.Group, Unusable: a.Unusable}
}

// A serverRecord is an iSNS server as it is stored with its targets.
type serverRecord struct {
	Address string `json:"address"`
	TCPPort uint16 `json:"tcp_port"`
}

func newServerRecord(p initiator.Portal) *serverRecord {
	return &serverRecord{Address: p.Host(), TCPPort: p.Port}
}

func (r *serverRecord) server() initiator.Portal {
	return initiator.Portal{Address: r.Address, Port: r.TCPPort}
}

// A keyRecord is a Key as it is stored.
type keyRecord struct {
	Instance string `json:"instance,omitempty"`
	Port     uint32 `json:"port"`
	Address  string `json:"address"`
	TCPPort  uint16 `json:"tcp_port"`
}

func newKeyRecord(k initiator.Key) *keyRecord {
	return &keyRecord{Instance: k.Instance, Port: k.Port.Uint32(), Address: k.Portal.Host(), TCPPort: k.Portal.Port}
}

func (k *keyRecord) key() initiator.Key {
	return initiator.Key{Instance: k.Instance, Port: ports.N(k.Port), Portal: initiator.Portal{Address: k.Address, Port: k.TCPPort}}
}

// mechanism returns what is reported of a record.
func (r *foundRecord) mechanism() Mechanism {
	m := Mechanism{Text: staticMechanism, Alias: r.Alias, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, At: r.At, Unlisted: r.Unlisted}
	m.Addresses, m.Was = r.targetAddresses(), targetAddresses(r.Was)
	if r.Changed != nil {
		m.Changed = *r.Changed
	}
	if r.MissingSince != nil {
		m.MissingSince = *r.MissingSince
	}
	switch {
	case r.Portal != nil:
		m.Portal = r.Portal.key()
		m.Text = rowkey.Mechanism(m.Portal)
	case r.ISNS != nil:
		m.ISNS = r.ISNS.server()
		m.Text = rowkey.ISNSMechanism(m.ISNS)
	default:
		m.Static = true
	}
	if r.Static != nil {
		m.Flags = r.Static.Flags
	}
	return m
}

// setAt notes the address in use, where it is needed beside the advertised ones.
func (r *foundRecord) setAt(at netip.AddrPort, addresses []target.Address) {
	r.At = netip.AddrPort{}
	if slices.ContainsFunc(addresses, func(a target.Address) bool { return a.Unusable != target.Usable }) {
		r.At = at
	}
}

// setAddresses replaces the addresses.
func (r *foundRecord) setAddresses(addresses []target.Address) {
	r.Addresses = make([]addressJSON, len(addresses))
	for i, a := range addresses {
		r.Addresses[i] = newAddressJSON(a)
	}
}

// targetAddresses returns the addresses.
func (r *foundRecord) targetAddresses() []target.Address { return targetAddresses(r.Addresses) }

func targetAddresses(stored []addressJSON) (all []target.Address) {
	for _, a := range stored {
		all = append(all, a.address())
	}
	return all
}

// says reports that nothing but when the target was seen differs in two records.
func (r *foundRecord) says(o *foundRecord) bool {
	return r.Name == o.Name && r.Alias == o.Alias && r.At == o.At && r.Unlisted == o.Unlisted && r.Passed == o.Passed &&
		(r.MissingSince == nil) == (o.MissingSince == nil) && o.Portal != nil && *r.Portal == *o.Portal &&
		slices.Equal(r.Addresses, o.Addresses)
}

// The record by which a target of a mechanism is found says in short what the record of the
// target says: a sum where the last answer has it (see answer.Sums), else a word. Both are
// written together, and the first is trusted as long as the entry has a digest: a version
// that does not know of it leaves it as it is, or {}, and drops the digest. It is compared,
// and never parsed.
const (
	indexBegin = `{"says":"`
	indexEnd   = `"}`

	indexMissing = indexBegin + "missing" + indexEnd
	indexPassed  = indexBegin + "passed" + indexEnd // see foundRecord.Passed
)
