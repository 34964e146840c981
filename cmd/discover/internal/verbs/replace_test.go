package verbs

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestReplaced (issue 13, 5): what is added or set again keeps what was not given, or
// replaces it and says so. A node name or security flags that got lost without a word
// would let another initiator log in, or ask a portal in clear text.
func TestReplaced(t *testing.T) {
	t.Parallel()
	const (
		a, b    = "iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b"
		disk    = "iqn.2026-11.com.example:disk"
		refused = "discover: connect to 192.0.2.9:3260 from 192.0.2.253: connection refused; nothing listens there: check the address and the TCP port\n"
		there   = "discover: 192.0.2.9:3260 (instance any, port all) is stored in the registry nevertheless; see "
		again   = "discover: warning: 192.0.2.9:3260: the entry that was in the registry (instance any, port all) is replaced: options that are not given now return to their defaults\n"
		failed  = "No TCP connection to the portal could be made. (0xEFFF0003, ISDSC_CONNECTION_FAILED)\n"
	)
	l := newLab(t)
	l.files["/psk"] = "a preshared key"
	discover := l.inRegistry(t)
	for _, tt := range []struct {
		args           string
		status         int
		stdout, stderr string
	}{
		{args: "instance add san --interface eth0 --node-name " + a, stdout: "added instance san; see discover port list\n"},
		{args: "instance add san --interface eth1 --dry-run",
			stdout: "dry run: would have changed instance san: node name " + a + " as before, interfaces eth1 (it was eth0); see discover port list\n"},
		{args: "instance add SAN --interface eth1",
			stdout: "changed instance SAN: node name " + a + " as before, interfaces eth1 (it was eth0); see discover port list\n"},
		{args: "instance add san", stdout: "left instance san as it is; see discover instance list\n"},
		{args: "instance add san --node-name " + b + " --address 192.0.2.253",
			stdout: "changed instance san: node name " + b + " (it was " + a + "), interfaces eth1 as before, addresses 192.0.2.253 (it was none); see discover port list\n"},
		{args: "instance add san --replace --dry-run -o json",
			stdout: `{"version":1,"dry_run":true,"instances":[
{"name":"san","node_name":"","interfaces":[],"addresses":[],"built_in":false,"before":{"name":"san","node_name":"` + b + `","interfaces":["eth1"],"addresses":["192.0.2.253"],"built_in":false}}
]}
`},
		{args: "instance add san --replace --interface eth1",
			stdout: "replaced instance san: node name that of initiator show (it was " + b + "), interfaces eth1 as before, addresses none (it was 192.0.2.253); see discover port list\n"},

		{args: "portal add 192.0.2.9", status: exit.Failed, stderr: refused + there + "discover portal list\n"},
		{args: "portal add 192.0.2.9", status: exit.Failed, stderr: again + refused + there + "discover portal list\n"},
		{args: "portal add 192.0.2.9 --dry-run", stdout: "dry run: would have replaced all options of the entry that is in the registry by these, and asked the portal\n" +
			"PORTAL          INSTANCE  PORT\n192.0.2.9:3260  any       all\n"},
		{args: "iscsicli QAddTargetPortal 192.0.2.9", status: exit.Failed, stdout: banner + failed, stderr: again + refused + there + "ListTargetPortals\n"},

		{args: "ipsec psk set 192.0.2.9 file:/psk --ipsec transport", stdout: "stored the preshared key of 192.0.2.9\n"},
		{args: "ipsec psk set 192.0.2.9 file:/psk", stdout: "replaced the preshared key of 192.0.2.9; its flags are ike,transport (0x23)\n"},
		{args: "ipsec psk set 192.0.2.9 file:/psk --ipsec pfs", stdout: "replaced the preshared key of 192.0.2.9, and its flags ike,transport (0x23) by ike,pfs (0x13)\n"},
		{args: "iscsicli PSKey * * * 1 192.0.2.9 file:/psk T", stdout: banner + succeeded,
			stderr: "discover: warning: the security flags stored with the key, ike,pfs (0x13), are replaced by 0x00\n"},
		{args: "ipsec psk set 192.0.2.9 file:/psk", stdout: "replaced the preshared key of 192.0.2.9\n"},
		{args: "ipsec tunnel set 192.0.2.9 192.0.2.1", stdout: "set the outer address of 192.0.2.9 to 192.0.2.1\n"},
		{args: "ipsec tunnel set 192.0.2.9 192.0.2.1", stdout: "set the outer address of 192.0.2.9 to 192.0.2.1\n"},
		{args: "ipsec tunnel set 192.0.2.9 192.0.2.2", stdout: "set the outer address of 192.0.2.9 to 192.0.2.2 (it was 192.0.2.1)\n"},
		{args: "iscsicli TunnelAddr * * 192.0.2.9 192.0.2.3 T", stdout: banner + succeeded, stderr: "discover: the gateway was 192.0.2.2 before\n"},

		{args: "target add " + disk + " --address 192.0.2.9", stdout: "added static target " + disk + "\n"},
		{args: "target add " + disk + " --hide --merge --alias x", stdout: "added to static target " + disk + ": now alias \"x\", 192.0.2.9:3260, hidden; before 192.0.2.9:3260\n"},
		{args: "target add " + disk, stdout: "replaced static target " + disk + ": now no address; before alias \"x\", 192.0.2.9:3260, hidden\n"},
		{args: "iscsicli QAddTarget " + disk + " 192.0.2.9", stdout: banner + succeeded, stderr: "discover: warning: the static target with this name is replaced; to add to it instead, give target flag 4\n"},
	} {
		r := discover(strings.Fields(tt.args)...)
		if r.status != tt.status || r.stdout != tt.stdout || r.stderr != tt.stderr {
			t.Errorf("%s: got %d\n%s%swant %d\n%s%s", tt.args, r.status, r.stdout, r.stderr, tt.status, tt.stdout, tt.stderr)
		}
	}
}
