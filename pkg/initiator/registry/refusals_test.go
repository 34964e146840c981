package registry_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRefusals are the inputs of the reference API that are refused, with the
// code of each: nothing is stored and nothing is sent.
func TestRefusals(t *testing.T) {
	t.Parallel()
	secret := func(n int) auth.Secret { return auth.NewSecret([]byte(strings.Repeat("s", n))) }
	chap := func(p *initiator.SendTargetPortal) {
		p.Login.Specified |= login.SpecifiedAuthType | login.SpecifiedPassword
		p.Login.AuthType, p.Login.Password = login.CHAP, secret(12)
	}
	options := func(s login.Specified, set func(*login.Options)) func(*initiator.SendTargetPortal) {
		return func(p *initiator.SendTargetPortal) {
			p.Login.Specified |= s
			set(&p.Login)
		}
	}
	tests := []struct {
		name   string
		change func(*initiator.SendTargetPortal)
		strict bool
		code   uint32 // 0: it is taken
	}{
		{name: "nothing special", change: func(*initiator.SendTargetPortal) {}},

		{name: "port number without instance", code: isdsc.Win32InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Port = ports.N(1) }},
		{name: "port zero without instance", code: isdsc.Win32InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Port = ports.N(0) }},
		{name: "instance, all ports", change: func(p *initiator.SendTargetPortal) { p.Instance = "host" }},
		{name: "instance, port", change: func(p *initiator.SendTargetPortal) { p.Instance, p.Port = "Host", ports.N(0) }},
		{name: "unknown port", code: isdsc.InvalidPortNumber, change: func(p *initiator.SendTargetPortal) { p.Instance, p.Port = "host", ports.N(7) }},
		{name: "port of another family", code: isdsc.AddressTypeNotSupported, change: func(p *initiator.SendTargetPortal) { p.Instance, p.Port = "host", ports.N(2) }},
		{name: "unknown instance", code: isdsc.InitiatorInstanceNotFound, change: func(p *initiator.SendTargetPortal) { p.Instance = "hba7" }},
		{name: "instance too long", code: isdsc.Win32InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Instance = strings.Repeat("i", 256) }},
		{name: "source that is not ours", code: isdsc.InvalidPortNumber, change: func(p *initiator.SendTargetPortal) { p.Source = netip.MustParseAddr("192.0.2.77") }},

		{name: "no address", code: isdsc.NoPortalSpecified, change: func(p *initiator.SendTargetPortal) { p.Portal.Address = "" }},
		{name: "address too long", code: isdsc.Win32InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Portal.Address = strings.Repeat("a.", 128) }},
		{name: "symbolic name too long", code: isdsc.Win32InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Portal.SymbolicName = strings.Repeat("a", 256) }},
		{name: "TCP port 0", code: isdsc.Win32InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Portal.Port = 0 }},
		{name: "multicast", code: isdsc.InvalidHost, change: func(p *initiator.SendTargetPortal) { p.Portal.Address = "224.0.0.1" }},
		{name: "unspecified", code: isdsc.InvalidHost, change: func(p *initiator.SendTargetPortal) { p.Portal.Address = "[::]" }},

		{name: "version", code: isdsc.Win32InvalidParameter, change: options(0, func(o *login.Options) { o.Version = 1 })},
		{name: "unknown bit", code: isdsc.Win32InvalidParameter, change: options(0x100, func(*login.Options) {})},
		{name: "value without its bit", code: isdsc.Win32InvalidParameter, change: options(0, func(o *login.Options) { o.MaximumConnections, o.HeaderDigest, o.AuthType = 70000, 9, 9 })},
		{name: "header digest", code: isdsc.InvalidParameter, change: options(login.SpecifiedHeaderDigest, func(o *login.Options) { o.HeaderDigest = 2 })},
		{name: "data digest", code: isdsc.InvalidParameter, change: options(login.SpecifiedDataDigest, func(o *login.Options) { o.DataDigest = 2 })},
		{name: "no connections", code: isdsc.InvalidParameter, change: options(login.SpecifiedMaximumConnections, func(*login.Options) {})},
		{name: "connections", code: isdsc.InvalidParameter, change: options(login.SpecifiedMaximumConnections, func(o *login.Options) { o.MaximumConnections = 65536 })},
		{name: "time2wait", code: isdsc.InvalidParameter, change: options(login.SpecifiedDefaultTime2Wait, func(o *login.Options) { o.DefaultTime2Wait = 3601 })},
		{name: "time2retain", code: isdsc.InvalidParameter, change: options(login.SpecifiedDefaultTime2Retain, func(o *login.Options) { o.DefaultTime2Retain = 3601 })},
		{name: "auth type", code: isdsc.InvalidLogonAuthType, change: options(login.SpecifiedAuthType, func(o *login.Options) { o.AuthType = 3 })},
		{name: "reserved flag", code: isdsc.Win32InvalidParameter, change: options(0, func(o *login.Options) { o.Flags = login.Reserved1 })},
		{name: "unknown flag", code: isdsc.Win32InvalidParameter, change: options(0, func(o *login.Options) { o.Flags = 0x40 })},
		{name: "RADIUS", code: isdsc.RequestNotSupported, change: options(0, func(o *login.Options) { o.Flags = login.UseRADIUSResponse })},
		{name: "multipath", change: options(0, func(o *login.Options) { o.Flags = login.MultipathEnabled })},
		{name: "credentials that are not used", change: options(login.SpecifiedUsername|login.SpecifiedPassword, func(o *login.Options) { o.Username, o.Password = "u", secret(3) })},

		{name: "CHAP without a secret", code: isdsc.InvalidTargetCHAPSecret, change: options(login.SpecifiedAuthType, func(o *login.Options) { o.AuthType = login.CHAP })},
		{name: "CHAP, 11 bytes", code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.Password = secret(11) }},
		{name: "CHAP, 12 bytes", change: chap},
		{name: "CHAP, 16 bytes, strict", strict: true, change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.Password = secret(16) }},
		{name: "CHAP, 17 bytes", change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.Password = secret(17) }},
		{name: "CHAP, 17 bytes, strict", strict: true, code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.Password = secret(17) }},
		{name: "CHAP, 256 bytes", code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.Password = secret(256) }},
		{name: "mutual CHAP without a secret of the target's", code: isdsc.InvalidInitiatorCHAPSecret, change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.AuthType = login.MutualCHAP }},
		{name: "mutual CHAP, equal secrets", code: isdsc.InvalidCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			chap(p)
			p.Login.AuthType, p.Login.TargetPassword = login.MutualCHAP, secret(12)
		}},
		{name: "a reference that nobody resolves", code: isdsc.TargetAuthInfoUnavailable, change: func(p *initiator.SendTargetPortal) { chap(p); p.Login.PasswordRef = "file:/nowhere" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Strict = tt.strict })
			p := scene.At(w.network.Portal("192.0.2.10:3260", iscsitest.Script{iscsitest.Close()}))
			tt.change(&p)
			r, err := w.AddSendTargetPortal(t.Context(), p)
			if tt.code == 0 {
				// It is taken, and fails on the network.
				if !r.Stored || len(w.portals()) != 1 {
					t.Errorf("not stored: %v", err)
				}
				return
			}
			scene.WantCode(t, err, tt.code)
			if r.Stored || len(w.portals()) != 0 || len(w.network.Dials()) != 0 {
				t.Errorf("stored %v, entries %v, dials %v", r.Stored, w.portals(), w.network.Dials())
			}
			if r.Err == nil || !strings.HasPrefix(err.Error(), "portal") {
				t.Errorf("error %q", err)
			}
		})
	}
}

// TestVerbatim: what is stored comes back as it was given.
func TestVerbatim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := scene.At(netip.MustParseAddrPort("[2001:db8::10]:3261"))
	p.Portal.Address, p.Portal.SymbolicName = "[2001:DB8::10]", "Bäckup"
	p.Login = login.Options{
		Specified: 0xff, Flags: login.MultipathEnabled, AuthType: login.CHAP,
		HeaderDigest: login.DigestCRC32C, DataDigest: login.DigestPreferCRC32C,
		MaximumConnections: 2, DefaultTime2Wait: 3, DefaultTime2Retain: 4,
		Username: "bin\xffary", Password: auth.NewSecret([]byte("secret-secret12")),
		CHAPAlgorithms: []auth.Algorithm{auth.SHA256, auth.MD5}, NoCHAPFallback: true,
	}
	_, _ = w.AddSendTargetPortal(t.Context(), p)
	got := w.portals()[0]
	want := p
	want.Portal.Address, want.Login.Password = "2001:DB8::10", auth.Secret{}
	if diff := diffPortals(want, got.SendTargetPortal); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	same := initiator.Key{Portal: initiator.Portal{Address: "2001:db8:0::10", Port: 3261}}
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), same), isdsc.Success)
}

// TestKeys: what means one entry.
func TestKeys(t *testing.T) {
	t.Parallel()
	portal := func(address string) initiator.Key {
		return initiator.Key{Portal: initiator.Portal{Address: address, Port: 3260}}
	}
	tests := []struct {
		a, b initiator.Key
		same bool
	}{
		{portal("192.0.2.1"), portal("::ffff:192.0.2.1"), true},
		{portal("2001:db8::1"), portal("[2001:DB8:0:0::1]"), true},
		{portal("fe80::1%eth0"), portal("fe80::1%eth1"), false},
		{portal("Array.Example."), portal("array.example"), true},
		{portal("array.example"), portal("array2.example"), false},
		{initiator.Key{Instance: "HOST", Portal: portal("a").Portal}, initiator.Key{Instance: "host", Portal: portal("a").Portal}, true},
		{initiator.Key{Instance: "host", Portal: portal("a").Portal}, portal("a"), false},
		{initiator.Key{Instance: "host", Port: ports.N(0), Portal: portal("a").Portal}, initiator.Key{Instance: "host", Portal: portal("a").Portal}, false},
		{initiator.Key{Portal: initiator.Portal{Address: "a", Port: 3260, SymbolicName: "x"}}, portal("a"), true},
		{initiator.Key{Portal: initiator.Portal{Address: "a", Port: 3261}}, portal("a"), false},
	}
	for _, tt := range tests {
		if got := tt.a.Same(tt.b); got != tt.same {
			t.Errorf("%s and %s: same %v, want %v", tt.a, tt.b, got, tt.same)
		}
	}
}
