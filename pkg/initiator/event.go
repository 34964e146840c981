package initiator

import (
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An Event is a [TargetFound] or a [PortalDone].
type Event interface{ event() }

// A TargetFound is a target, the moment that it was read. It stands even where
// its portal fails later. Targets at the same addresses may share the memory of
// these: they can be appended to, but not changed in place.
type TargetFound struct {
	Index  int // of the portal in the sequence, from 0
	Portal Portal
	Target target.Target
}

// A PortalDone is the end of a portal's discovery: the last event of it.
type PortalDone struct {
	Index  int // of the portal in the sequence, from 0
	Result Result
}

func (TargetFound) event() {}

func (PortalDone) event() {}

// A Result is what became of one portal.
type Result struct {
	Asked         SendTargetPortal // as asked for
	InitiatorName string

	Address       netip.AddrPort // connected to last; invalid: none
	Source        netip.Addr     // our address there; invalid: none
	InitiatorPort ports.Port     // the initiator port that has it; its Instance is empty where none is known
	Bound         bool           // the connection was bound to the port's interface, too

	// Targets are those that were read, also where Err is set, one for each
	// name, in the order of the answer. Targets at the same addresses may share the
	// memory of these: they can be appended to, but not changed in place. They are nil in the events of Run, which
	// has handed them on before.
	Targets      []target.Target
	TargetsFound int // how many targets were read; a repeated name counts again in Run

	// Complete reports that the answer was read to its end and no target was left
	// out of it: a name that is not here is not at this portal. LeftOut counts the
	// targets that were left out since their names are harmful.
	Complete bool
	LeftOut  int

	IPsec ipsec.Plan     // under which it was asked
	Proof *enforce.Proof // of that; nil where the plan needs none
	// Auth is what happened of authentication on the last connection. Its Method is
	// CHAP or None, as agreed on; empty: the login did not come so far.
	Auth auth.Outcome

	Warnings  []Warning
	Redirects []Redirect    // in order
	Elapsed   time.Duration // from the start to the last target, without the time that the consumer took

	// Stored is set where the portal is in the registry after AddSendTargetPortal,
	// also where the discovery failed; only a Service sets it.
	Stored bool

	Err error // an *Error; nil: the portal answered

	omitted int // how many warnings the last one stands for, where it is a WarnMore
}

// A Redirect is one hop that the login was sent on.
type Redirect struct {
	From, To  netip.AddrPort
	Status    pdu.Status
	Permanent bool // the portal ought to be entered at its new address
}
