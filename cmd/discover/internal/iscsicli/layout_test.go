package iscsicli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

func laidOut(lay func(*Layout)) string {
	var b strings.Builder
	lay(NewLayout(&b, func(s string) string { return strings.ReplaceAll(s, "\x1b", `\x1b`) }))
	return b.String()
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPortals(t *testing.T) {
	t.Parallel()
	plain := registry.StoredPortal{SendTargetPortal: initiator.SendTargetPortal{Portal: initiator.Portal{Address: "2001:db8::10", Port: 3260}}}
	full := registry.StoredPortal{PasswordSet: true, SendTargetPortal: initiator.SendTargetPortal{
		Portal:   initiator.Portal{SymbolicName: "array\x1b[2J", Address: "192.0.2.10", Port: 3261},
		Instance: "host", Port: ports.N(0),
		Security: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagPFS | ipsec.FlagTransport,
		Login: login.Options{
			Specified: specifiedAll, Flags: 0xb, AuthType: login.MutualCHAP,
			HeaderDigest: login.DigestCRC32C, MaximumConnections: 1, DefaultTime2Wait: 2, DefaultTime2Retain: 20,
			Username: "a name\x1b\xffof 17 bytes",
		},
	}}
	want(t, laidOut(func(l *Layout) { l.Portals([]registry.StoredPortal{plain, full}) }), `
Total of 2 portals are persisted:

    Address and Socket   : 2001:db8::10 3260
    Symbolic Name        :
    Initiator Name       :
    Port Number          : <Any Port>
    Security Flags       : 0x0
    Version              : 0
    Information Specified: 0x0
    Login Flags          : 0x0

    Address and Socket   : 192.0.2.10 3261
    Symbolic Name        : array\x1b[2J
    Initiator Name       : host
    Port Number          : 0
    Security Flags       : 0x37
                           Transport Mode Preferred
                           PFS Enabled
                           Main Mode Enabled
                           IPSEC Enabled
                           Security Flags are Valid
    Version              : 0
    Information Specified: 0xff
    Header Digest        : CRC-32C
    Data Digest          : None
    Maximum Connections  : 1
    Default Time 2 Wait  : 2
    Default Time 2 Retain: 20
    Login Flags          : 0xb
                           Require IPsec
                           Multipath Enabled
                           Portal Hopping Allowed
    Authentication Type  : Mutual CHAP
    Username             : 61 20 6e 61 6d 65 1b ff 6f 66 20 31 37 20 62 79  a name..of 17 by
                           74 65 73                                         tes
    Password             : <is established>

`)
	want(t, laidOut(func(l *Layout) { l.Portals(nil) }), "Total of 0 portals are persisted:\n\n")
}

func TestTarget(t *testing.T) {
	t.Parallel()
	k := registry.KnownTarget{Name: "iqn.2026-11.com.example:disk1", Mechanisms: []registry.Mechanism{
		{
			Text: "SendTargets:*192.0.2.10 0003260 host 1 ", Alias: "red\x1b[31m", Portal: initiator.Key{Instance: "host"},
			Addresses: []target.Address{
				{Host: "192.0.2.10", Port: 3260, Group: 2}, {Host: "2001:db8::10", Port: 3261, Group: target.NoGroup}, {Host: "192.0.2.11", Port: 3260, Group: 2},
			},
		},
		{Text: "Static", Static: true, Flags: registry.HideStaticTarget | registry.MergeTargetInformation},
	}}
	want(t, laidOut(func(l *Layout) { l.Mechanisms(&k) }), `
Target iqn.2026-11.com.example:disk1 was found by:
         "SendTargets:*192.0.2.10 0003260 host 1 "
         "Static"
`)
	one := registry.KnownTarget{Name: k.Name, Mechanisms: k.Mechanisms[:1]}
	want(t, laidOut(func(l *Layout) { l.Mechanism(&one) }), `
Target iqn.2026-11.com.example:disk1 as found by "SendTargets:*192.0.2.10 0003260 host 1 ":
    Protocol Type        : TCP
    Target Alias         : red\x1b[31m
    Portal Groups        : 2
    Portal Group         : 2
    Portals              : 2
    Address and Socket   : 192.0.2.10 3260
    Symbolic Name        :
    Address and Socket   : 192.0.2.11 3260
    Symbolic Name        :
    Portal Group         : <Unknown>
    Portals              : 1
    Address and Socket   : 2001:db8::10 3261
    Symbolic Name        :
    Initiator Name       : host
    Target Flags         : 0x0
    Login Options        : <not kept>
    Mappings             : 0
`)
	static := registry.KnownTarget{Name: k.Name, Mechanisms: k.Mechanisms[1:]}
	want(t, laidOut(func(l *Layout) { l.Mechanism(&static) }), `
Target iqn.2026-11.com.example:disk1 as found by "Static":
    Protocol Type        : TCP
    Target Alias         :
    Portal Groups        : 0
    Initiator Name       :
    Target Flags         : 0x6
                           Hide Static Target
                           Merge Target Information
    Login Options        : <not kept>
    Mappings             : 0
`)
}

func TestList(t *testing.T) {
	t.Parallel()
	want(t, laidOut(func(l *Layout) { l.List("Targets List:", "iqn.2026-11.com.example:disk1", "\x1b") }), `
Targets List:
    iqn.2026-11.com.example:disk1
    \x1b
`)
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for code, text := range map[uint32]string{
		0:          "The operation completed successfully. (0, ISDSC_SUCCESS)",
		87:         "The parameter is incorrect. (87, ERROR_INVALID_PARAMETER)",
		0xEFFF0043: "The portal is not in the list. (0xEFFF0043, ISDSC_PORTAL_NOT_FOUND)",
		0xAFFF002E: "The operation is done, but not everywhere: some portals failed. (0xAFFF002E, ISDSC_OPERATION_NOT_ALL_SUCCESS)",
		0xEFFF0055: "The operation failed. (0xEFFF0055, ISDSC_INVALID_LOAD_BALANCE_POLICY)",
		0xEFFFFFFF: "The operation failed. (0xEFFFFFFF)",
		12345:      "The operation failed. (12345)",
	} {
		if got := Status(code); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
	for code, sentence := range sentences {
		if !strings.HasSuffix(sentence, ".") || strings.HasPrefix(isdsc.Name(code), "0x") {
			t.Errorf("%#x: %q, %s", code, sentence, isdsc.Name(code))
		}
	}
}

type fullDisk struct{ left int }

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

// TestLayoutErr: the first error of writing ends the answer, and is told.
func TestLayoutErr(t *testing.T) {
	t.Parallel()
	disk := &fullDisk{left: 1}
	l := NewLayout(disk, strings.ToUpper)
	l.List("list", "a", "b")
	if l.Err() == nil || disk.left != -1 {
		t.Errorf("error %v, %d", l.Err(), disk.left)
	}
}
