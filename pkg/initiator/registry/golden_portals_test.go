package registry_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// wantPortals are the portals, by the keys of their records.
func wantPortals(recent bool) map[string]registry.StoredPortal {
	all := make(map[string]registry.StoredPortal)
	add := func(record string, changes ...func(*registry.StoredPortal)) {
		all["portal/"+record] = wantPortal(record, changes)
	}
	add("192.0.2.10/03260//4294967295", targets(2))
	add("192.0.2.10/03260/host/0000000001", targets(2), from("host", 1), func(p *registry.StoredPortal) {
		p.Login.Redirect, p.Login.BindDevice = login.RedirectNone, true
	})
	add("192.0.2.10/03260/lab%2F1/4294967295", targets(2), fromAny("lab/1"))
	add("192.0.2.11/03261//4294967295", func(p *registry.StoredPortal) {
		if recent {
			p.Last.LeftOut = 1
		}
	})
	add("192.0.2.12/03260//4294967295", fails("login", isdsc.AuthorizationFailure))
	add("192.0.2.15/03999//4294967295", fails("connect", isdsc.ConnectionFailed))
	add("2001:db8::10/03260//4294967295", func(p *registry.StoredPortal) {
		p.Portal.Address, p.Last.Source = "2001:DB8:0::10", "2001:db8::10"
	})
	add("localhost/03999//4294967295", fails("connect", isdsc.ConnectionFailed), func(p *registry.StoredPortal) {
		p.Portal.Address, p.Portal.SymbolicName, p.Last.Source = "LocalHost", "none", "127.0.0.1"
	})
	addCHAP(add)
	addIPsec(add)
	if recent {
		addRecent(add)
	}
	return all
}

// wantPortal is a portal of which one target was found, and what changes make of it.
func wantPortal(record string, changes []func(*registry.StoredPortal)) registry.StoredPortal {
	parts := strings.Split(record, "/")
	p := registry.StoredPortal{Last: registry.LastResult{Source: "192.0.2.1", Targets: 1}}
	p.Portal.Address = parts[0]
	_, _ = fmt.Sscanf(parts[1], "%d", &p.Portal.Port)
	for _, change := range changes {
		change(&p)
	}
	return p
}

// An adder adds a portal by the key of its record, without the prefix.
type adder func(record string, changes ...func(*registry.StoredPortal))

func addCHAP(add adder) {
	for _, n := range []int{20, 25, 27} {
		add(fmt.Sprintf("192.0.2.%d/03260//4294967295", n), chap("disc"))
	}
	add("192.0.2.21/03260//4294967295", chap("disc"), func(p *registry.StoredPortal) { p.Login.PasswordRef = "cred:chap" })
	add("192.0.2.22/03260//4294967295", chap("disc"), mutual, func(p *registry.StoredPortal) { p.TargetPasswordSet = true })
	add("192.0.2.23/03260//4294967295", chap("disc"), mutual)
	add("192.0.2.24/03260//4294967295", chap("other"), fails("login", isdsc.AuthenticationFailure))
	add("192.0.2.20/03260/san/4294967295", fromAny("San"), chap("disc"), func(p *registry.StoredPortal) {
		o := &p.Login
		o.Specified, o.Flags, o.MaximumConnections, o.DefaultTime2Wait, o.DefaultTime2Retain = 0xff, login.MultipathEnabled, 1, 5, 6
	})
	add("192.0.2.26/03260/san/0000000000", from("San", 0), chap("disc"), mutual, func(p *registry.StoredPortal) {
		o := &p.Login
		o.Specified, o.Flags, o.MaximumConnections, o.DefaultTime2Wait, o.DefaultTime2Retain = 0xff, login.MultipathEnabled, 2, 3, 4
		o.HeaderDigest, o.DataDigest = login.DigestPreferCRC32C, login.DigestCRC32C
		o.CHAPAlgorithms, o.NoCHAPFallback = []auth.Algorithm{auth.SHA256, auth.MD5}, true
		o.InitiatorName, o.Redirect = "iqn.2026-11.com.example:other", login.RedirectAny
		p.Portal.SymbolicName, p.TargetPasswordSet = "Bäckup<&>", true
	})
}

func addIPsec(add adder) {
	add("192.0.2.32/03260//4294967295", func(p *registry.StoredPortal) { p.Security = 0x01 })
	add("198.51.100.10/03260//4294967295", unroutable, func(p *registry.StoredPortal) {
		p.Security, p.IPsecKeySet, p.IPsec.LocalID, p.Login.Flags = 0x37, true, "Host1.Example", login.RequireIPsec
	})
	add("198.51.100.11/03260//4294967295", unroutable, func(p *registry.StoredPortal) {
		p.Security, p.IPsecKeySet = 0x43, true
		p.IPsec.PSKRef, p.IPsec.Gateway, p.IPsec.RefuseUnknown = "cred:psk", netip.MustParseAddr("203.0.113.1"), true
	})
}

// addRecent adds those with options that the command of ac73c42 did not know.
func addRecent(add adder) {
	add("192.0.2.28/03260//4294967295", chap("disc"), func(p *registry.StoredPortal) { p.Login.ShortSecrets = true })
	add("192.0.2.29/03260//4294967295", func(p *registry.StoredPortal) { p.Login.RedirectNames = true })
	add("192.0.2.30/03260//4294967295", chap("disc"), func(p *registry.StoredPortal) { p.Login.CHAPPolicy = login.CHAPPreferred })
	add("192.0.2.31/03260/"+url.PathEscape(longInstance)+"/4294967295", fromAny(longInstance))
	add("198.51.100.12/03260//4294967295", unroutable, func(p *registry.StoredPortal) {
		p.Security, p.IPsec.PeerID, p.IPsec.Proposals = 0x2b, "User@Array.Example", "aes256-sha1-modp2048"
	})
	add("198.51.100.13/03260//4294967295", unroutable, func(p *registry.StoredPortal) {
		p.Security, p.IPsec.Proposals, p.Login.RedirectNames = 0x23, "legacy", true
	})
}

func targets(n int) func(*registry.StoredPortal) {
	return func(p *registry.StoredPortal) { p.Last.Targets = n }
}

func from(instance string, number uint32) func(*registry.StoredPortal) {
	return func(p *registry.StoredPortal) { p.Instance, p.SendTargetPortal.Port = instance, ports.N(number) }
}

func fromAny(instance string) func(*registry.StoredPortal) {
	return func(p *registry.StoredPortal) { p.Instance = instance }
}

func fails(stage string, code uint32) func(*registry.StoredPortal) {
	return func(p *registry.StoredPortal) { p.Last.Stage, p.Last.Code, p.Last.Targets = stage, code, 0 }
}

func unroutable(p *registry.StoredPortal) {
	fails("select-port", isdsc.ConnectionFailed)(p)
	p.Last.Source = ""
}

func chap(user string) func(*registry.StoredPortal) {
	return func(p *registry.StoredPortal) {
		p.Login.Specified = login.SpecifiedAuthType | login.SpecifiedUsername | login.SpecifiedPassword
		p.Login.AuthType, p.Login.Username, p.PasswordSet = login.CHAP, user, true
	}
}

func mutual(p *registry.StoredPortal) {
	p.Login.AuthType, p.Login.TargetUsername = login.MutualCHAP, "tgtout"
}
