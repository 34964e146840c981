package iscsicli

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

var compare = cmp.Options{
	cmp.AllowUnexported(Secret{}, auth.Secret{}),
	cmpopts.EquateComparable(netip.Addr{}, ports.Number{}),
}

// parse understands a command line. Arguments are separated by blanks, and "_" is
// an empty one.
func parse(t *testing.T, line string) (Request, error) {
	t.Helper()
	words := strings.Fields(line)
	v := Find(words[0])
	if v == nil {
		t.Fatalf("no verb %s", words[0])
	}
	for i, w := range words {
		if w == "_" {
			words[i] = ""
		}
	}
	return v.Parse(words[1:])
}

const specifiedAll = login.SpecifiedHeaderDigest | login.SpecifiedDataDigest | login.SpecifiedMaximumConnections | login.SpecifiedDefaultTime2Wait |
	login.SpecifiedDefaultTime2Retain | login.SpecifiedUsername | login.SpecifiedPassword | login.SpecifiedAuthType

// TestParse: what command lines mean.
func TestParse(t *testing.T) {
	t.Parallel()
	at := func(address string, port uint16) initiator.Portal {
		return initiator.Portal{Address: address, Port: port}
	}
	const name = "iqn.2026-11.com.example:disk1"
	none := Secret{text: "*"}
	tests := []struct {
		line string
		want Request
	}{
		{"AddTargetPortal 192.0.2.10 3260", AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("192.0.2.10", 3260)}, Login: Login{Password: none},
		}},
		{"addtargetportal array1 *", AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("array1", 3260)}, Login: Login{Password: none},
		}},
		{"ADDTARGETPORTAL 2001:db8::10 0xcbc * * * * * * * * * * * *", AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("2001:db8::10", 3260)}, Login: Login{Password: none},
		}},
		{"AddTargetPortal 192.0.2.10 1 host 0 0x27 3 1 0 65535 3600 0 host1 env:SECRET 2", AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("192.0.2.10", 1), Instance: "host", Port: ports.N(0), Security: 0x27},
			Login: Login{
				Options: login.Options{
					Specified: specifiedAll, Flags: login.RequireIPsec | login.MultipathEnabled,
					HeaderDigest: login.DigestCRC32C, DataDigest: login.DigestNone, MaximumConnections: 65535,
					DefaultTime2Wait: 3600, DefaultTime2Retain: 0, Username: "host1", AuthType: login.MutualCHAP,
				},
				Password: Secret{Given: true, text: "env:SECRET"},
			},
		}},
		{`AddTargetPortal 192.0.2.10 65535 root\iscsiprt\0000_0 4294967295 0xFFFFFFFFFFFFFFFF * * * * * * - - 0`, AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("192.0.2.10", 65535), Instance: "host", Port: ports.All, Security: 0xffffffffffffffff},
			Login: Login{
				Options:  login.Options{Specified: login.SpecifiedUsername | login.SpecifiedPassword | login.SpecifiedAuthType},
				Password: Secret{Given: true, text: "-"},
			},
		}},
		{"AddTargetPortal *any 3260", AddTargetPortal{Portal: initiator.SendTargetPortal{Portal: at("", 3260)}, Login: Login{Password: none}}},
		{"QAddTargetPortal 192.0.2.10", AddTargetPortal{Portal: initiator.SendTargetPortal{Portal: at("192.0.2.10", 3260)}}},
		{"QAddTargetPortal 192.0.2.10 host1 file:secret", AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("192.0.2.10", 3260)},
			Login: Login{
				Options: login.Options{
					Specified: login.SpecifiedUsername | login.SpecifiedPassword | login.SpecifiedAuthType,
					Username:  "host1", AuthType: login.CHAP,
				},
				Password: Secret{Given: true, text: "file:secret"},
			},
		}},
		{"QAddTargetPortal 192.0.2.10 * file:secret", AddTargetPortal{
			Portal: initiator.SendTargetPortal{Portal: at("192.0.2.10", 3260)},
			Login: Login{
				Options:  login.Options{Specified: login.SpecifiedPassword | login.SpecifiedAuthType, AuthType: login.CHAP},
				Password: Secret{Given: true, text: "file:secret"},
			},
		}},
		{"RemoveTargetPortal 192.0.2.10 3260", RemoveTargetPortal{initiator.Key{Portal: at("192.0.2.10", 3260)}}},
		{"RemoveTargetPortal 192.0.2.10 3260 host", RemoveTargetPortal{initiator.Key{Portal: at("192.0.2.10", 3260), Instance: "host"}}},
		{"RemoveTargetPortal 192.0.2.10 3260 san 0x10", RemoveTargetPortal{initiator.Key{Portal: at("192.0.2.10", 3260), Instance: "san", Port: ports.N(16)}}},
		{"RefreshTargetPortal 192.0.2.10 3260 * *", RefreshTargetPortal{initiator.Key{Portal: at("192.0.2.10", 3260)}}},
		{"RefreshTargetPortal 192.0.2.10 3260 * 1", RefreshTargetPortal{initiator.Key{Portal: at("192.0.2.10", 3260), Port: ports.N(1)}}},
		{"ListTargetPortals", ListTargetPortals{}},
		{"ListTargets", ListTargets{}},
		{"ListTargets T", ListTargets{true}},
		{"ListTargets true", ListTargets{true}},
		{"ListTargets F", ListTargets{}},
		{"ListTargets *", ListTargets{}},
		{"ListTargets 1", ListTargets{}},
		{"TargetInfo " + name, TargetInfo{Name: name}},
		{"TargetInfo " + name + " *", TargetInfo{Name: name}},
		{"TargetInfo " + name + " Static", TargetInfo{Name: name, Mechanism: "Static"}},
		{"QAddTarget " + name + " 192.0.2.10", AddTarget{Target: registry.StaticTarget{
			Name: name, Persist: true, Addresses: []target.Address{{Host: "192.0.2.10", Port: 3260, Group: target.NoGroup}},
		}}},
		{"QAddTarget " + name + " *", AddTarget{Target: registry.StaticTarget{Name: name, Persist: true}}},
		{"AddTarget " + name + " disk [2001:db8::10] 3261 6 F * * * * * * * * * 2 0x0001000000000000 1 2 3 4 5 6 7", AddTarget{
			Target: registry.StaticTarget{
				Name: name, Alias: "disk", Flags: registry.HideStaticTarget | registry.MergeTargetInformation,
				Addresses: []target.Address{{Host: "2001:db8::10", Port: 3261, Group: target.NoGroup}},
			},
			Login: Login{Password: none}, Mappings: 2,
		}},
		{"AddTarget " + name + " * * * * * * * * * * * * * * *", AddTarget{Target: registry.StaticTarget{Name: name, Persist: true}, Login: Login{Password: none}}},
		{"RemoveTarget " + name, RemoveTarget{name}},
		{"ListInitiators", ListInitiators{}},
		{"NodeName iqn.2026-11.com.example:host1", NodeName{"iqn.2026-11.com.example:host1"}},
		{"NodeName *", NodeName{}},
		{"CHAPSecret prompt", CHAPSecret{Secret{Given: true, text: "prompt"}}},
		{"CHAPSecret *", CHAPSecret{none}},
		{"GroupKey fd:3 *", PSKey{Info: registry.IKEInfo{ID: "group"}, Key: Secret{Given: true, text: "fd:3"}, Persist: true}},
		{"GroupKey fd:3 F", PSKey{Info: registry.IKEInfo{ID: "group"}, Key: Secret{Given: true, text: "fd:3"}}},
		{"PSKey host 1 0x27 1 192.0.2.10 env:KEY T", PSKey{
			Info: registry.IKEInfo{ID: "192.0.2.10", Instance: "host", Port: ports.N(1), Flags: 0x27},
			Key:  Secret{Given: true, text: "env:KEY"}, Persist: true,
		}},
		{"PSKey * * * 2 array.example.com env:KEY no", PSKey{Info: registry.IKEInfo{ID: "array.example.com"}, Key: Secret{Given: true, text: "env:KEY"}}},
		{"GetPSKey * * 3 array@example.com", GetPSKey{ID: "array@example.com"}},
		{"GetPSKey * * 5 2001:db8::10", GetPSKey{ID: "2001:db8::10"}},
		{"TunnelAddr host * 192.0.2.10 203.0.113.1 *", TunnelAddr{
			Tunnel:  registry.TunnelAddress{Instance: "host", Destination: netip.MustParseAddr("192.0.2.10"), Outer: netip.MustParseAddr("203.0.113.1")},
			Persist: true,
		}},
		{"TunnelAddr * * [2001:db8::10] * *", TunnelAddr{Tunnel: registry.TunnelAddress{Destination: netip.MustParseAddr("2001:db8::10")}, Persist: true}},
		{"ListiSNSServers", ListiSNSServers{}},
		{"AddiSNSServer 192.0.2.205", AddiSNSServer{initiator.Portal{Address: "192.0.2.205", Port: 3205}}},
		{"AddiSNSServer [2001:db8::5]:3206", AddiSNSServer{initiator.Portal{Address: "2001:db8::5", Port: 3206}}},
		{"RemoveiSNSServer isns.example.com", RemoveiSNSServer{initiator.Portal{Address: "isns.example.com", Port: 3205}}},
		{"RefreshiSNSServer *", RefreshiSNSServer{}},
		{"Ping * 192.0.2.10", Ping{Portal: at("192.0.2.10", 3260), Count: 4}},
		{"Ping host 192.0.2.10 2 32 1500", Ping{Instance: "host", Portal: at("192.0.2.10", 3260), Count: 2, Sized: true, Timeout: 1500 * time.Millisecond}},
		{"Ping host 192.0.2.10 * * *", Ping{Instance: "host", Portal: at("192.0.2.10", 3260), Count: 4}},
		{"logintarget whatever", Unavailable{Find("LoginTarget")}},
		{"SessionList", Unavailable{Find("SessionList")}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			got, err := parse(t, tt.line)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := tt.want.(Unavailable); ok {
				if got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got, compare); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRanges: of each argument of a verb, what is taken and what is not, with all
// others as they are.
func TestRanges(t *testing.T) {
	t.Parallel()
	add := "AddTargetPortal 192.0.2.10 3260 host 0 0 0 0 0 1 0 0 u file:s 0"
	target := "AddTarget iqn.2026-11.com.example:d a 192.0.2.10 3260 2 T 0 0 0 1 0 0 u file:s 0 1 0 0 0 0"
	psk := "PSKey * * 0 1 192.0.2.10 env:K T"
	numbers := []string{"", "-", "-1", "+1", "1.0", "0x", "0xg", "1_0", " 1", "١", "x"}
	tests := []struct {
		line      string
		argument  int
		name      string
		good, bad []string
	}{
		{add, 1, "Address", []string{"*", "array1", "fe80::1%eth0", "[2001:db8::10]"}, []string{"iscsi://array1", "user@array1", "192.0.2.10:3260", "[2001:db8::10]:3260", "array1:3260"}},
		{add, 2, "Port", []string{"*", "1", "65535", "0xFFFF", "0Xcbc"}, []string{"0", "65536", "0x10000"}},
		{add, 4, "InitiatorPort", []string{"*", "0", "4294967295", "0xffffffff"}, []string{"4294967296", "all"}},
		{add, 5, "SecurityFlags", []string{"*", "0", "127", "0xffffffffffffffff"}, []string{"18446744073709551616", "0x10000000000000000"}},
		{add, 6, "LoginFlags", []string{"*", "0", "3", "0xffffffff"}, []string{"4294967296"}},
		{add, 7, "HeaderDigest", []string{"*", "0", "1", "0x1"}, []string{"2", "crc32c"}},
		{add, 8, "DataDigest", []string{"*", "0", "1"}, []string{"2", "256"}},
		{add, 9, "MaxConnections", []string{"*", "1", "65535"}, []string{"0", "65536"}},
		{add, 10, "DefaultTime2Wait", []string{"*", "0", "3600"}, []string{"3601"}},
		{add, 11, "DefaultTime2Retain", []string{"*", "0", "3600"}, []string{"3601"}},
		{add, 14, "AuthenticationType", []string{"*", "0", "1", "2"}, []string{"3", "CHAP"}},
		{target, 4, "PortalPort", []string{"*", "1", "65535"}, []string{"0", "65536"}},
		{target, 5, "TargetFlags", []string{"*", "0", "6", "0xffffffff"}, []string{"4294967296"}},
		{target, 16, "MappingCount", []string{"1", "0x1"}, []string{"0", "2", "*", "65537"}},
		{target, 17, "TargetLun", []string{"0", "18446744073709551615", "0xffffffffffffffff"}, []string{"*", "18446744073709551616"}},
		{target, 18, "OsBus", []string{"0", "4294967295"}, []string{"*", "4294967296"}},
		{target, 19, "OsTarget", []string{"0", "4294967295"}, []string{"*", "4294967296"}},
		{target, 20, "OsLun", []string{"0", "4294967295"}, []string{"*", "4294967296"}},
		{psk, 4, "IdType", []string{"1"}, []string{"*", "0", "4", "6"}},
		{psk, 5, "Id", []string{"192.0.2.1"}, []string{"*", "2001:db8::10", "array", "u@array", ""}},
		{"PSKey * * 0 2 array env:K T", 5, "Id", []string{"array", "array.example.com"}, []string{"*", "192.0.2.1", "u@array", "group", ""}},
		{"PSKey * * 0 3 u@array env:K T", 5, "Id", []string{"u@array"}, []string{"*", "array", "@array", "u@", ""}},
		{"PSKey * * 0 5 2001:db8::1 env:K T", 5, "Id", []string{"2001:db8::1"}, []string{"*", "192.0.2.1", "array", "fe80::1%eth0", ""}},
		{"TunnelAddr * * 192.0.2.10 203.0.113.1 T", 3, "Destination", []string{"[2001:db8::1]"}, []string{"*", "array", "192.0.2.0/24"}},
		{"TunnelAddr * * 192.0.2.10 203.0.113.1 T", 4, "Tunnel", []string{"*", "2001:db8::1"}, []string{"array"}},
		{"Ping * 192.0.2.10 1 1 1", 3, "Count", []string{"*", "1", "65535"}, []string{"0", "65536"}},
		{"Ping * 192.0.2.10 1 1 1", 4, "Size", []string{"*", "0", "65535"}, []string{"65536"}},
		{"Ping * 192.0.2.10 1 1 1", 5, "Timeout", []string{"*", "1", "3600000"}, []string{"0", "3600001"}},
	}
	for _, tt := range tests {
		t.Run(strings.Fields(tt.line)[0]+" "+tt.name+" "+strings.Fields(tt.line)[4], func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(tt.line)
			v := Find(words[0])
			try := func(value string) error {
				args := slices.Clone(words[1:])
				args[tt.argument-1] = value
				_, err := v.Parse(args)
				return err
			}
			for _, value := range tt.good {
				if err := try(value); err != nil {
					t.Errorf("%q: got %v", value, err)
				}
			}
			bad := tt.bad
			switch tt.name {
			case "Address", "Id", "Destination", "Tunnel":
			default:
				bad = slices.Concat(bad, numbers)
			}
			for _, value := range bad {
				err := try(value)
				var usage *UsageError
				if !errors.As(err, &usage) || usage.Verb != v {
					t.Errorf("%q: got %v, want a usage error", value, err)
					continue
				}
				if want := fmt.Sprintf("argument %d is not a valid %s: ", tt.argument, tt.name); !strings.HasPrefix(usage.Reason, want) {
					t.Errorf("%q: got %q, want %q…", value, usage.Reason, want)
				}
			}
		})
	}
}
