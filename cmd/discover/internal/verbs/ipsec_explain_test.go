package verbs

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

func TestIPsecExplain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before, args string
		existing           ipsec.Existing
		nobody             bool
		status             int
		stdout, stderr     string
	}{
		{name: "nothing", args: "192.0.2.10", stdout: `
192.0.2.10:3260 from 192.0.2.254
  plan      no IPsec
  origin    default
  why       no IPsec: the portal has no flags, none were defined before, and no default is set
  exists    none
`[1:]},
		{name: "flags", args: "--ipsec transport,pfs --ipsec-psk env:PSK 192.0.2.10:3261", stdout: `
192.0.2.10:3261 from 192.0.2.254
  plan      IPsec, transport mode, main mode of IKE, with PFS
  origin    flags
  why       IPsec, transport, main, with PFS: the portal's flags say ike,transport,pfs, and are valid
  exists    none
  enforcer  fake
  key       there
`[1:]},
		{name: "version 2", args: "--ipsec transport --ipsec-ike 2 --ipsec-peer-id array.example --ipsec-proposals legacy --ipsec-psk env:PSK 192.0.2.10", stdout: `
192.0.2.10:3260 from 192.0.2.254
  plan      IPsec, transport mode, IKE version 2, without PFS
  origin    flags
  why       IPsec, transport, IKE version 2, without PFS: the portal's flags say ike,transport, and are valid
  exists    none
  enforcer  fake
  peer      array.example
  offers    legacy
  key       there
`[1:]},
		{name: "unknown", args: "--ipsec off --source 192.0.2.253 192.0.2.10", existing: ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: "not permitted to look"}, stdout: `
192.0.2.10:3260 from 192.0.2.253
  plan      no IPsec
  origin    flags
  why       no IPsec: the portal's flags say off, and are valid; what exists already could not be seen
  exists    unknown: not permitted to look
`[1:]},
		{name: "policy", before: "ipsec policy add 192.0.2.0/24 tunnel", args: "--ipsec off 192.0.2.10", status: exit.Failed, stdout: `
192.0.2.10:3260 from 192.0.2.254
  plan      IPsec, tunnel mode, main mode of IKE, without PFS
  origin    existing
  why       IPsec, tunnel, main, without PFS: policy 192.0.2.0/24 says ike,tunnel, and what exists comes before flags; the portal's flags, off, have no effect
  exists    policy 192.0.2.0/24
`[1:], stderr: "discover: secure 192.0.2.10:3260 from 192.0.2.254: IPsec: tunnel mode needs the outer address of a gateway, but none is set for 192.0.2.10; give the gateway (--ipsec-outer), or store it (discover ipsec tunnel set); where the portal ends the tunnel itself, its own address is the gateway\n"},
		{name: "aggressive", args: "--ipsec aggressive --ipsec-psk env:PSK 192.0.2.10", status: exit.Failed, stdout: `
192.0.2.10:3260 from 192.0.2.254
  plan      IPsec, transport mode, aggressive mode of IKE, without PFS
  origin    flags
  why       IPsec, transport, aggressive, without PFS: the portal's flags say ike,aggressive, and are valid
  exists    none
  key       there
`[1:], stderr: `
discover: warning: 192.0.2.10:3260: aggressive mode lets others try preshared keys offline: use main mode, or a long random key
discover: secure 192.0.2.10:3260 from 192.0.2.254: IPsec: fake cannot do aggressive
`[1:]},
		{name: "stored", before: "portal add --ipsec transport --ipsec-psk env:PSK 192.0.2.10", args: "192.0.2.10", stdout: `
192.0.2.10:3260 from 192.0.2.254, as it is in the registry
  plan      IPsec, transport mode, main mode of IKE, without PFS
  origin    flags
  why       IPsec, transport, main, without PFS: the portal's flags say ike,transport, and are valid
  exists    none
  enforcer  fake
  key       there
`[1:]},
		{name: "no enforcer", nobody: true, args: "--ipsec transport 192.0.2.10", status: exit.Failed, stdout: `
192.0.2.10:3260 from 192.0.2.254
  plan      IPsec, transport mode, main mode of IKE, without PFS
  origin    flags
  why       IPsec, transport, main, without PFS: the portal's flags say ike,transport, and are valid; what exists already could not be seen
  exists    unknown
`[1:], stderr: "discover: secure 192.0.2.10:3260 from 192.0.2.254: IPsec: the portal must be asked under IPsec (IPsec, transport, main, without PFS: the portal's flags say ike,transport, and are valid; what exists already could not be seen), but nothing on this host can set it up\n"},
		{name: "refused", args: "--security-flags 0x61 192.0.2.10", status: exit.Failed,
			stderr: "discover: portal 192.0.2.10:3260: security flags 0x61: transport and tunnel exclude each other: choose one\n"},
		{name: "no route", args: "--instance host --initiator-port 77 192.0.2.10", status: exit.Failed,
			stderr: "discover: portal 192.0.2.10:3260: initiator port 77 of instance host: it does not exist\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, e := newIPsecLab(t)
			registry := t.TempDir() + "/registry.db"
			discover := func(args string) ran {
				return l.discover(t.Context(), append(strings.Fields(args), "--registry", registry)...)
			}
			if tt.before != "" {
				discover(tt.before)
			}
			before := len(l.Dials())
			e.existing, e.asked = tt.existing, nil
			if tt.nobody {
				l.enforcer = nil
			}
			discover("ipsec explain "+tt.args).want(t, tt.status, tt.stdout, tt.stderr)
			for _, format := range []string{"json", "jsonl"} {
				r := discover("ipsec explain -o " + format + " " + tt.args)
				if r.status != tt.status || !json.Valid([]byte(r.stdout)) || r.stderr != "" {
					t.Errorf("-o %s: got %+v", format, r)
				}
			}
			if got := len(l.Dials()); got != before || len(e.asked) > 0 {
				t.Errorf("got %d dials and %d connections set up, want none", got-before, len(e.asked))
			}
		})
	}
}

func TestIPsecExplainJSON(t *testing.T) {
	t.Parallel()
	l, e := newIPsecLab(t)
	e.existing = ipsec.Existing{Kind: ipsec.ExistingPartial, Name: "a policy for packets out"}
	args := strings.Fields("ipsec explain -o json --ipsec tunnel --ipsec-psk env:PSK --ipsec-outer 203.0.113.1 192.0.2.10 --registry none")
	l.discover(t.Context(), args...).want(t, exit.OK, `
{"version":1,"explanations":[
{"portal":"192.0.2.10:3260","address":"192.0.2.10:3260","instance":"","initiator_port":"all","instance_used":"host","initiator_port_used":"0","source":"192.0.2.254","interface":"eth0","stored":false,"status":"ok","code":0,"code_name":"ISDSC_SUCCESS","warnings":[],"ipsec":{"plan":"tunnel","origin":"flags","existing":"a policy for packets out (partial)","mode":"tunnel","exchange":"main","pfs":false,"flags":"0x43","why":"IPsec, tunnel, main, without PFS: the portal's flags say ike,tunnel, and are valid; a policy for packets out (partial) exists, and does not protect all of the connection"},"existing_kind":"partial","enforcer":"fake","key":"set","outer":"203.0.113.1"}
]}
`[1:], "")
}
