package iscsicli

import (
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Request is what a command line asks for: one of the types below. All are
// understood, and none is held against the rules of the reference API yet.
type Request interface{ request() }

// AddTargetPortal is also QAddTargetPortal.
type AddTargetPortal struct {
	Portal initiator.SendTargetPortal // without login options
	Login  Login
}

// RemoveTargetPortal removes an entry of the registry.
type RemoveTargetPortal struct{ Key initiator.Key }

// RefreshTargetPortal asks a portal again.
type RefreshTargetPortal struct{ Key initiator.Key }

// ListTargetPortals lists the entries of the registry.
type ListTargetPortals struct{}

// ListTargets lists the targets that are known.
type ListTargets struct{ ForceUpdate bool }

// TargetInfo shows what is known of a target.
type TargetInfo struct {
	Name      string
	Mechanism string // empty: which there are
}

// AddTarget is also QAddTarget.
type AddTarget struct {
	Target   registry.StaticTarget
	Login    Login
	Mappings int
}

// RemoveTarget removes a static target.
type RemoveTarget struct{ Name string }

// ListInitiators lists the initiator instances.
type ListInitiators struct{}

// NodeName sets our iSCSI name; empty: the default.
type NodeName struct{ Name string }

// CHAPSecret sets the secret by which targets prove themselves; one that is not
// specified clears it.
type CHAPSecret struct{ Secret Secret }

// PSKey is also GroupKey: a preshared key of a peer, or of all.
type PSKey struct {
	Info    registry.IKEInfo // without the key
	Key     Secret
	Persist bool
}

// GetPSKey shows the flags that came with a preshared key.
type GetPSKey struct {
	ID       string
	Instance string
	Port     ports.Number
}

// TunnelAddr sets the gateway of a destination.
type TunnelAddr struct {
	Tunnel  registry.TunnelAddress // without a gateway: there is none any more
	Persist bool
}

// AddiSNSServer stores an iSNS server, and asks it.
type AddiSNSServer struct{ Server initiator.Portal }

// RemoveiSNSServer removes an iSNS server of the registry.
type RemoveiSNSServer struct{ Server initiator.Portal }

// RefreshiSNSServer asks an iSNS server again; without an address all.
type RefreshiSNSServer struct{ Server initiator.Portal }

// ListiSNSServers lists the iSNS servers of the registry.
type ListiSNSServers struct{}

// Ping tells whether a portal can be reached.
type Ping struct {
	Instance string
	Portal   initiator.Portal
	Count    int
	Sized    bool          // a size was asked for, which means nothing here
	Timeout  time.Duration // 0: not specified
}

// Unavailable is a verb of the tool's that is not here.
type Unavailable struct{ Verb *Verb }

func (AddTargetPortal) request() {}

func (RemoveTargetPortal) request() {}

func (RefreshTargetPortal) request() {}

func (ListTargetPortals) request() {}

func (ListTargets) request() {}

func (TargetInfo) request() {}

func (AddTarget) request() {}

func (RemoveTarget) request() {}

func (ListInitiators) request() {}

func (NodeName) request() {}

func (CHAPSecret) request() {}

func (PSKey) request() {}

func (GetPSKey) request() {}

func (TunnelAddr) request() {}

func (AddiSNSServer) request() {}

func (RemoveiSNSServer) request() {}

func (RefreshiSNSServer) request() {}

func (ListiSNSServers) request() {}

func (Ping) request() {}

func (Unavailable) request() {}

func (r *reader) addTargetPortal() Request {
	a := AddTargetPortal{Portal: initiator.SendTargetPortal{Portal: r.portal()}}
	a.Portal.Instance, a.Portal.Port = r.instance(), r.initiatorPort()
	flags, _ := r.number(0, 1<<64-1)
	a.Portal.Security = ipsec.Flags(flags)
	a.Login = r.login()
	return a
}

func (r *reader) qAddTargetPortal() Request {
	a := AddTargetPortal{Portal: initiator.SendTargetPortal{Portal: initiator.Portal{Address: r.address(), Port: pdu.DefaultPort}}}
	if r.more() {
		a.Login.credentials(r)
		a.Login.Options.Specified |= login.SpecifiedAuthType
		a.Login.Options.AuthType = login.CHAP
	}
	return a
}

func (r *reader) listTargets() Request { return ListTargets{r.boolean(false)} }

func (r *reader) targetInfo() Request { return TargetInfo{Name: r.text(), Mechanism: r.text()} }

func (r *reader) addTarget() Request {
	a := AddTarget{Target: registry.StaticTarget{Name: r.text(), Alias: r.text()}}
	a.reach(r.portal())
	flags, _ := r.number(0, 1<<32-1)
	a.Target.Flags, a.Target.Persist = registry.TargetFlags(flags), r.boolean(true)
	a.Login = r.login()
	count, _ := r.number(0, maxMappings)
	a.Mappings = int(count)
	if there := (len(r.args) - r.at) / r.verb.repeat; there != a.Mappings {
		r.refuseFor("it differs from the number of mappings that follow")
	}
	for r.more() {
		r.required(0, 1<<64-1) // TargetLun
		for range 3 {
			r.required(0, 1<<32-1)
		}
	}
	return a
}

// maxMappings bounds a number that no command line reaches.
const maxMappings = 1 << 16

func (r *reader) qAddTarget() Request {
	a := AddTarget{Target: registry.StaticTarget{Name: r.text(), Persist: true}}
	a.reach(initiator.Portal{Address: r.address(), Port: pdu.DefaultPort})
	return a
}

// reach adds a portal to the target, if there is one.
func (a *AddTarget) reach(p initiator.Portal) {
	if p.Address == "" {
		return
	}
	host := p.Address
	if addr, err := netip.ParseAddr(unbracketed(host)); err == nil {
		host = addr.Unmap().String()
	}
	a.Target.Addresses = []target.Address{{Host: host, Port: p.Port, Group: target.NoGroup}}
}

func (r *reader) groupKey() Request {
	return PSKey{Info: registry.IKEInfo{ID: ipsec.GroupID}, Key: r.secret(), Persist: r.boolean(true)}
}

// chapSecret takes an empty secret for a mistake: only * clears it.
func (r *reader) chapSecret() Request {
	c := CHAPSecret{r.secret()}
	if c.Secret.Empty() {
		r.refuseFor("it is empty")
	}
	return c
}

func (r *reader) psKey() Request {
	k := PSKey{Info: registry.IKEInfo{Instance: r.instance(), Port: r.initiatorPort()}}
	flags, _ := r.number(0, 1<<64-1)
	k.Info.Flags, k.Info.ID = ipsec.Flags(flags), r.identity()
	k.Key, k.Persist = r.secret(), r.boolean(true)
	return k
}

func (r *reader) getPSKey() Request {
	return GetPSKey{Instance: r.instance(), Port: r.initiatorPort(), ID: r.identity()}
}

func (r *reader) tunnelAddr() Request {
	t := TunnelAddr{Tunnel: registry.TunnelAddress{Instance: r.instance(), Port: r.initiatorPort()}}
	if t.Tunnel.Destination = r.ip(); !t.Tunnel.Destination.IsValid() {
		r.refuse()
	}
	t.Tunnel.Outer, t.Persist = r.ip(), r.boolean(true)
	return t
}

func (r *reader) ping() Request {
	p := Ping{Instance: r.instance(), Portal: initiator.Portal{Address: r.address(), Port: pdu.DefaultPort}, Count: usualPings}
	if n, given := r.number(1, 65535); given {
		p.Count = int(n)
	}
	_, p.Sized = r.number(0, 65535)
	n, _ := r.number(1, 3600000)
	p.Timeout = time.Duration(n) * time.Millisecond
	return p
}

// usualPings is how often a portal is tried, as by Windows' ping.
const usualPings = 4
