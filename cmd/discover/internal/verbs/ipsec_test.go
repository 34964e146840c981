package verbs

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// What the flags say arrives at the enforcer, and what it proves in every output.
func TestIPsecScan(t *testing.T) {
	t.Parallel()
	l, e := newIPsecLab(t)
	args := strings.Fields("scan 192.0.2.10 --ipsec tunnel,pfs --ipsec-psk env:PSK --ipsec-id host1.example.com --ipsec-outer [::ffff:203.0.113.1] --source 192.0.2.254")
	l.discover(t.Context(), args...).want(t, exit.OK, `
192.0.2.10:3260: 2 targets
  under IPsec, tunnel mode, main mode of IKE, with PFS (flags); fake: ike AES_CBC-256, esp AES_CBC-256 HMAC_SHA2_256_128, SPI 0xc0ffee01 0xc0ffee02, 724 bytes out, 1020 in
  iqn.2026-11.com.example:disk1     192.0.2.10:3260,1
                                    [2001:db8::10]:3260,1
  iqn.2026-11.com.example:disk-two  192.0.2.10:3260
`[1:], "")
	if len(e.asked) != 1 {
		t.Fatalf("got %d connections, want 1", len(e.asked))
	}
	s := e.asked[0]
	if got := string(s.PSK.Secret.Reveal()); got != "a key" || s.PSK.Local != "host1.example.com" || s.Gateway.String() != "203.0.113.1" ||
		s.Plan.Flags != 0x53 || s.Source.String() != "192.0.2.254" {
		t.Errorf("got key %q, %+v", got, s)
	}
	r := l.discover(t.Context(), append(args, "-o", "json")...)
	want := `"ipsec":{"plan":"tunnel","origin":"flags","existing":"none","mode":"tunnel","exchange":"main","pfs":true,"flags":"0x53",` +
		`"why":"IPsec, tunnel, main, with PFS: the portal's flags say ike,tunnel,pfs, and are valid",` +
		`"proof":{"enforcer":"fake","mode":"tunnel","exchange":"main","algorithms":["ike AES_CBC-256","esp AES_CBC-256 HMAC_SHA2_256_128"],"spis":["0xc0ffee01","0xc0ffee02"],"bytes_out":724,"bytes_in":1020}}`
	if !strings.Contains(r.stdout, want) {
		t.Errorf("got %s, want in it %s", r.stdout, want)
	}
}

// An enforcer is there where it can matter, and nowhere else.
func TestIPsecMatters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before, args string
		hasIPsec           bool
		want               bool
	}{
		{name: "nothing", args: "scan 192.0.2.10"},
		{name: "the system has some", args: "scan 192.0.2.10", hasIPsec: true, want: true},
		{name: "off", args: "scan --ipsec off 192.0.2.10", want: true},
		{name: "flags that are not valid", args: "scan --security-flags 0x26 192.0.2.10", want: true},
		{name: "refuse", args: "scan --ipsec-unknown refuse 192.0.2.10", want: true},
		{name: "named", args: "scan --ipsec-enforcer xfrm 192.0.2.10", want: true},
		{name: "required", args: "scan --login-flags require-ipsec 192.0.2.10", want: true},
		{name: "add", args: "portal add 192.0.2.10"},
		{name: "dry run", args: "portal add --dry-run --ipsec ike 192.0.2.10"},
		{name: "add with a default", before: "ipsec default off,", args: "portal add 192.0.2.10"},
		{name: "add with a policy off", before: "ipsec policy add 192.0.2.0/24 off", args: "portal add 192.0.2.10"},
		{name: "add with a policy", before: "ipsec policy add 192.0.2.11 ike", args: "portal add 192.0.2.10", want: true},
		{name: "refresh", before: "portal add 192.0.2.10", args: "portal refresh"},
		{name: "refresh with a default", before: "ipsec default 0x27", args: "portal refresh 192.0.2.10", want: true},
		{name: "list", before: "ipsec default 0x27", args: "target list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, e := newIPsecLab(t)
			l.hasIPsec = tt.hasIPsec
			registry := t.TempDir() + "/registry.db"
			if tt.before != "" {
				l.discover(t.Context(), strings.Fields(tt.before+" --registry "+registry)...)
			}
			e.looked = 0
			l.discover(t.Context(), strings.Fields(tt.args+" --registry "+registry)...)
			if got := e.looked > 0; got != tt.want {
				t.Errorf("looked: %v, want %v", got, tt.want)
			}
		})
	}
}

// Without an enforcer, nothing exists if the command looked, else it is unknown.
func TestIPsecNothingExists(t *testing.T) {
	t.Parallel()
	l, _ := newIPsecLab(t)
	for want, noLook := range map[string]error{"none": nil, "unknown": errors.New("not permitted")} {
		l.noLook = noLook
		r := l.discover(t.Context(), "scan", "-o", "json", "192.0.2.10")
		if !strings.Contains(r.stdout, `"ipsec":{"plan":"none","origin":"default","existing":"`+want+`"}`) {
			t.Errorf("got %s, want what exists to be %s", r.stdout, want)
		}
	}
}

// The options of an entry are stored, the key is not shown, and they hold when it
// is asked again.
func TestIPsecEntry(t *testing.T) {
	t.Parallel()
	l, e := newIPsecLab(t)
	registry := t.TempDir() + "/registry.db"
	discover := func(args string) ran {
		return l.discover(t.Context(), append(strings.Fields(args), "--registry", registry)...)
	}
	l.files["/etc/psk"] = "a key in a file\n"
	discover("ipsec tunnel set 192.0.2.10 203.0.113.1").want(t, exit.OK, "set the outer address of 192.0.2.10 to 203.0.113.1\n", "")
	if r := discover("portal add --ipsec tunnel --ipsec-psk file:/etc/psk --ipsec-id host1 --ipsec-unknown refuse 192.0.2.10"); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	r := discover("portal list -o json")
	if want := `"ipsec_options":{"key":"set","key_ref":"file:/etc/psk","local_id":"host1","unknown":"refuse"}`; !strings.Contains(r.stdout, want) {
		t.Errorf("got %s, want in it %s", r.stdout, want)
	}
	if r := discover("portal refresh"); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	s := e.asked[len(e.asked)-1]
	if got := string(s.PSK.Secret.Reveal()); len(e.asked) != 2 || got != "a key in a file" || s.PSK.Local != "host1" || s.Gateway.String() != "203.0.113.1" {
		t.Errorf("got %d connections, key %q, %+v", len(e.asked), got, s)
	}
	e.existing = ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: "not permitted"}
	discover("portal refresh").want(t, exit.Failed, "",
		"discover: secure 192.0.2.10:3260 from 192.0.2.254: IPsec: it is unknown which IPsec exists (not permitted), so the plan (tunnel) is refused: let this process read the system's policies, or proceed on unknown\n")
}

// TestPeerIDEntry (issue 13, 30, 31 and 42): the peer's identity and the proposals of an
// entry are stored and shown, hold when it is asked again, and choose the key.
func TestPeerIDEntry(t *testing.T) {
	t.Parallel()
	l, e := newIPsecLab(t)
	registry := t.TempDir() + "/registry.db"
	discover := func(args string) ran {
		return l.discover(t.Context(), append(strings.Fields(args), "--registry", registry)...)
	}
	discover("ipsec psk set Array@example.com env:PSK").want(t, exit.OK, "stored the preshared key of array@example.com\n", "")
	const flags = "--ipsec transport --ipsec-peer-id Array@example.com --ipsec-proposals aes256-sha384-curve25519,chacha20poly1305 --ipsec-ike 2 192.0.2.10"
	if r := discover("portal add " + flags); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	r := discover("portal list -o json")
	if want := `"ipsec_options":{"peer_id":"Array@example.com","proposals":"aes256-sha384-curve25519,chacha20poly1305","ike":2}`; !strings.Contains(r.stdout, want) {
		t.Errorf("got %s, want in it %s", r.stdout, want)
	}
	if r := discover("portal refresh"); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	r = discover("ipsec explain -o json " + flags)
	if want := `"ike":2`; !strings.Contains(r.stdout, want) || strings.Contains(r.stdout, `"exchange"`) {
		t.Errorf("got %s, want in it %s, and no exchange: version 2 has no modes", r.stdout, want)
	}
	for _, args := range []string{"ipsec explain 192.0.2.10", "ipsec explain " + flags} {
		if r := discover(args); !strings.Contains(r.stdout, "\n  peer      Array@example.com\n  offers    aes256-sha384-curve25519,chacha20poly1305\n  key       there\n") {
			t.Errorf("%s: got %s", args, r.stdout)
		}
	}
	if r := l.discover(t.Context(), strings.Fields("scan --ipsec-psk env:PSK "+flags)...); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	if len(e.asked) != 3 {
		t.Fatalf("got %d connections, want 3", len(e.asked))
	}
	for _, s := range e.asked {
		if got := string(s.PSK.Secret.Reveal()); got != "a key" || s.PSK.Remote != "Array@example.com" || s.Proposals != "aes256-sha384-curve25519,chacha20poly1305" || s.IKE != ipsec.IKEv2 {
			t.Errorf("got key %q, %+v", got, s)
		}
	}
}

// The verbs that keep things keep them, show them, forget them, and show no key.
func TestIPsecRegistry(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["PSK"] = "a key in the environment"
	l.files["/etc/psk"] = "a key in a file"
	registry := t.TempDir() + "/registry.db"
	for _, tt := range []struct {
		args           string
		status         int
		stdout, stderr string
	}{
		{args: "default", stdout: "DEFAULT  MEANS\n0x00     not set: no IPsec\n"},
		{args: "default transport,pfs --dry-run -o json", stdout: `{"version":1,"dry_run":true,"default":{"security_flags":"0x33","ipsec":"ike,transport,pfs","warnings":[]}}` + "\n"},
		{args: "default -o json", stdout: `{"version":1,"default":{"security_flags":"0x00","ipsec":"","warnings":[]}}` + "\n"},
		{args: "default transport,pfs", stdout: "DEFAULT  LIST               MEANS\n0x33     ike,transport,pfs  IPsec\n"},
		{args: "default -o jsonl", stdout: `{"type":"default","security_flags":"0x33","ipsec":"ike,transport,pfs","warnings":[]}` + "\n"},
		{args: "default 0x26", stdout: "DEFAULT  MEANS\n0x26     does not count: no IPsec\n", stderr: "discover: warning: the default has no effect without the flag valid (0x01)\n"},
		{args: "default 0x61", status: exit.Failed, stderr: "discover: default security flags 0x61: transport and tunnel exclude each other: choose one\n"},
		{args: "default off", stdout: "DEFAULT  LIST  MEANS\n0x01     off   no IPsec\n"},
		{args: "default 0x0", stdout: "DEFAULT  MEANS\n0x00     not set: no IPsec\n"},

		{args: "policy list", stderr: "discover: no policies in the registry " + registry + "; add one with discover ipsec policy add SELECTOR LIST\n"},
		{args: "policy add 192.0.2.0/24 transport --dry-run", stdout: "dry run: would have added the policy 192.0.2.0/24: ike,transport (0x23)\n"},
		{args: "policy list -o json", stdout: `{"version":1,"policies":[]}` + "\n"},
		{args: "policy add 192.0.2.0/24 transport -o json", stdout: `{"version":1,"policies":[` + "\n" + `{"selector":"192.0.2.0/24","security_flags":"0x23","ipsec":"ike,transport"}` + "\n]}\n"},
		{args: "policy add tag=1 0x01", status: exit.Failed, stderr: "discover: policy tag=1: a rule for a portal group cannot say off, because any portal could list another one under that tag and so turn its IPsec off; name the portal or its block\n"},
		{args: "policy add tag=1 tunnel", stdout: "added the policy tag=1: ike,tunnel (0x43)\n"},
		{args: "policy add 192.0.2.1/24 off", status: exit.Failed, stderr: "discover: policy 192.0.2.0/24: it asks for ike,transport (0x23) now; give --replace to turn that off\n"},
		{args: "policy add 192.0.2.1/24 transport,pfs", stdout: "replaced the policy 192.0.2.0/24: ike,transport (0x23) by ike,transport,pfs (0x33)\n"},
		{args: "policy add ::ffff:192.0.2.1/120 off --replace", stdout: "replaced the policy 192.0.2.0/24: ike,transport,pfs (0x33) by off (0x01)\n"},
		{args: "policy add 192.0.2.0/24 transport", stdout: "replaced the policy 192.0.2.0/24: off (0x01) by ike,transport (0x23)\n"},
		{args: "policy add tag=x off", status: exit.Usage, stderr: `discover: selector "tag=x": a portal group tag is a number from 0 to 65535` + "\n"},
		{args: "policy add everybody ike", status: exit.Usage, stderr: `discover: selector "everybody": expected ADDRESS:PORT, an address, a block or tag=N` + "\n"},
		{args: "policy add tag=2 0x26", status: exit.Failed, stderr: "discover: policy tag=2: its flags are not marked valid\n"},
		{args: "policy list", stdout: "SELECTOR      FLAGS  LIST\n192.0.2.0/24  0x23   ike,transport\ntag=1         0x43   ike,tunnel\n"},
		{args: "policy remove 192.0.2.7/24", stdout: "removed the policy 192.0.2.0/24\n"},
		{args: "policy remove 192.0.2.7/24", status: exit.Failed, stderr: "discover: policy 192.0.2.0/24: there is none\n"},

		{args: "psk list", stderr: "discover: no preshared keys in the registry " + registry + "; store one with discover ipsec psk set ID REF\n"},
		{args: "psk set group env:PSK --dry-run", stdout: "dry run: would have stored the preshared key of group\n"},
		{args: "psk set group env:PSK", stdout: "stored the preshared key of group\n"},
		{args: "psk set 192.0.2.10 file:/etc/psk --ipsec transport -o json", stdout: `{"version":1,"keys":[` + "\n" + `{"id":"192.0.2.10","key":"set","key_ref":"file:/etc/psk","instance":"","initiator_port":"all","security_flags":"0x23","ipsec":"ike,transport"}` + "\n]}\n"},
		{args: "psk set storage@example.com env:PSK", stdout: "stored the preshared key of storage@example.com\n"},
		{args: "psk set a,b env:PSK", status: exit.Usage, stderr: "discover: ID: " + noIdentity + "\n"},
		{args: "psk list", stdout: "IDENTITY             KEY            FLAGS  LIST\n192.0.2.10           file:/etc/psk  0x23   ike,transport\ngroup                sealed\nstorage@example.com  sealed\n"},
		{args: "psk list -o jsonl", stdout: `{"type":"key","id":"192.0.2.10","key":"set","key_ref":"file:/etc/psk","instance":"","initiator_port":"all","security_flags":"0x23","ipsec":"ike,transport"}` + "\n" +
			`{"type":"key","id":"group","key":"set","key_ref":"","instance":"","initiator_port":"all","security_flags":"0x00","ipsec":""}` + "\n" +
			`{"type":"key","id":"storage@example.com","key":"set","key_ref":"","instance":"","initiator_port":"all","security_flags":"0x00","ipsec":""}` + "\n"},
		{args: "psk set group env:PSK --initiator-port 0", status: exit.Usage, stderr: "discover: --initiator-port 0 needs --instance: each instance has its own port numbers\n"},
		{args: "psk set group env:PSK --instance host --initiator-port each", status: exit.Usage, stderr: "discover: --initiator-port each works only with scan: give a number or all\n"},
		{args: "psk set group env:PSK --instance hba", status: exit.Failed, stderr: "discover: initiator instance \"hba\": it does not exist\n"},
		{args: "psk set group env:PSK --instance host --initiator-port 0", stdout: "stored the preshared key of group, from port 0 of instance host\n"},
		{args: "psk remove storage@example.com", stdout: "removed the preshared key of storage@example.com\n"},
		{args: "psk remove 192.0.2.10", stdout: "removed the preshared key of 192.0.2.10\n"},
		{args: "psk list", stdout: "IDENTITY  INSTANCE  PORT  KEY\ngroup                     sealed\ngroup     host      0     sealed\n"},
		{args: "psk remove group --instance host", status: exit.Failed, stderr: "discover: identity group: no key is stored for it from instance \"host\"; there is one for all initiator ports; there is one from port 0 of instance \"host\"\n"},
		{args: "psk remove group --instance host --initiator-port 0", stdout: "removed the preshared key of group\n"},
		{args: "psk remove group", stdout: "removed the preshared key of group\n"},
		{args: "psk remove group", status: exit.Failed, stderr: "discover: identity group: no key is stored for it\n"},

		{args: "tunnel list", stderr: "discover: no outer addresses in the registry " + registry + "; store one with discover ipsec tunnel set DESTINATION OUTER\n"},
		{args: "tunnel set [2001:db8::10] 2001:db8::1", stdout: "set the outer address of 2001:db8::10 to 2001:db8::1\n"},
		{args: "tunnel set 192.0.2.10 203.0.113.1 -o jsonl", stdout: `{"type":"tunnel","type_before":"tunnels","destination":"192.0.2.10","outer":"203.0.113.1","instance":"","initiator_port":"all"}` + "\n"},
		{args: "tunnel list", stdout: "DESTINATION   OUTER\n192.0.2.10    203.0.113.1\n2001:db8::10  2001:db8::1\n"},
		{args: "tunnel set 192.0.2.10 203.0.113.2 --instance host", stdout: "set the outer address of 192.0.2.10 to 203.0.113.2, from instance host\n"},
		{args: "tunnel list", stdout: "DESTINATION   OUTER        INSTANCE  PORT\n192.0.2.10    203.0.113.1\n192.0.2.10    203.0.113.2  host      all\n2001:db8::10  2001:db8::1\n"},
		{args: "tunnel remove 192.0.2.10 --instance host --initiator-port 0", status: exit.Failed, stderr: "discover: tunnel: no outer address is set for 192.0.2.10 from port 0 of instance \"host\"; there is one for all initiator ports; there is one from instance \"host\"\n"},
		{args: "tunnel remove 192.0.2.10 --instance host", stdout: "removed the outer address of 192.0.2.10\n"},
		{args: "tunnel remove 192.0.2.10 --dry-run", stdout: "dry run: would have removed the outer address of 192.0.2.10\n"},
		{args: "tunnel remove 192.0.2.10", stdout: "removed the outer address of 192.0.2.10\n"},
		{args: "tunnel remove 192.0.2.10", status: exit.Failed, stderr: "discover: tunnel: no outer address is set for 192.0.2.10\n"},
	} {
		args := append([]string{"ipsec"}, strings.Fields(tt.args)...)
		r := l.discover(t.Context(), append(args, "--registry", registry)...)
		if r.status != tt.status || r.stdout != tt.stdout || r.stderr != tt.stderr {
			t.Errorf("%s: got %d\n%s%swant %d\n%s%s", tt.args, r.status, r.stdout, r.stderr, tt.status, tt.stdout, tt.stderr)
		}
	}
	if got := l.Dials(); len(got) > 0 {
		t.Errorf("got dials %v, want none", got)
	}
}
