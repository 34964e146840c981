package iscsiadm

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// The nodes of these tests.
const (
	disk1 = "iqn.2026-11.com.example:disk1"
	disk2 = "iqn.2026-11.com.example:disk2"
)

func node(name, host string, port uint16, group int, iface string) NodeRecord {
	return NodeRecord{Name: name, Address: target.Address{Host: host, Port: port, Group: group}, Iface: iface}
}

// stored are nodes in the order of listings.
var stored = []NodeRecord{
	node(disk1, "192.0.2.10", 3260, 1, "default"),
	node(disk1, "192.0.2.10", 3260, 1, "if0"),
	node(disk1, "192.0.2.10", 3261, 1, "default"),
	node(disk1, "2001:db8::10", 3260, 2, "default"),
	node(disk2, "192.0.2.10", 3260, target.NoGroup, "default"),
	node("naa.52004567ba64678d", "array", 3260, 1, "default"),
}

func same(t *testing.T, got []byte, want string) {
	t.Helper()
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestCompareNodes(t *testing.T) {
	t.Parallel()
	nodes := []NodeRecord{stored[3], stored[5], stored[1], stored[4], stored[0], stored[2]}
	slices.SortFunc(nodes, func(a, b NodeRecord) int { return CompareNodes(&a, &b) })
	if diff := cmp.Diff(stored, nodes); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// flat is the flat listing of stored.
func flat() (b []byte) {
	for i := range stored {
		b = AppendNode(b, &stored[i])
	}
	return b
}

func TestAppendNode(t *testing.T) {
	t.Parallel()
	same(t, flat(), `192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.10:3261,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,2 iqn.2026-11.com.example:disk1
192.0.2.10:3260,4294967295 iqn.2026-11.com.example:disk2
[array]:3260,1 naa.52004567ba64678d
`)
}

func TestTree(t *testing.T) {
	t.Parallel()
	var tree Tree
	var b []byte
	for i := range stored {
		b = tree.Append(b, &stored[i])
	}
	same(t, b, `Target: iqn.2026-11.com.example:disk1
	Portal: 192.0.2.10:3260,1
		Iface Name: default
		Iface Name: if0
	Portal: 192.0.2.10:3261,1
		Iface Name: default
	Portal: [2001:db8::10]:3260,2
		Iface Name: default
Target: iqn.2026-11.com.example:disk2
	Portal: 192.0.2.10:3260,-1
		Iface Name: default
Target: naa.52004567ba64678d
	Portal: [array]:3260,1
		Iface Name: default
`)
}

func TestAppendNodeRecord(t *testing.T) {
	t.Parallel()
	same(t, AppendNodeRecord(nil, &stored[3], Portal{"192.0.2.10", 3260}, SendTargets, "2.1.11"), `# BEGIN RECORD 2.1.11
node.name = iqn.2026-11.com.example:disk1
node.tpgt = 2
node.startup = manual
node.session.scan = auto
iface.iscsi_ifacename = default
iface.transport_name = tcp
node.discovery_address = 192.0.2.10
node.discovery_port = 3260
node.discovery_type = send_targets
node.conn[0].address = 2001:db8::10
node.conn[0].port = 3260
# END RECORD
`)
	record := string(AppendNodeRecord(nil, &stored[3], Portal{"192.0.2.205", 3205}, ISNS, "2.1.11"))
	if !strings.Contains(record, "node.discovery_port = 3205\nnode.discovery_type = isns\n") {
		t.Errorf("of an iSNS server: got %s", record)
	}
}

func TestAppendRecord(t *testing.T) {
	t.Parallel()
	same(t, AppendRecord(AppendRecord(nil, Portal{"192.0.2.10", 3260}, SendTargets), Portal{"2001:db8::10", 3261}, SendTargets),
		"192.0.2.10:3260 via sendtargets\n2001:db8::10:3261 via sendtargets\n")
}

func TestAppendRecords(t *testing.T) {
	t.Parallel()
	const others = "iSNS:\nNo targets found.\nSTATIC:\nNo targets found.\nFIRMWARE:\nNo targets found.\n"
	same(t, AppendRecords(nil, nil, nil), "SENDTARGETS:\nNo targets found.\n"+others)
	same(t, AppendRecords(nil, nil, []Found{{Portal: Portal{"192.0.2.205", 3205}, Nodes: stored[:1]}}), `SENDTARGETS:
No targets found.
iSNS:
DiscoveryAddress: 192.0.2.205,3205
Target: iqn.2026-11.com.example:disk1
	Portal: 192.0.2.10:3260,1
		Iface Name: default
STATIC:
No targets found.
FIRMWARE:
No targets found.
`)
	same(t, AppendRecords(nil, []Found{
		{Portal: Portal{"192.0.2.10", 3260}, Nodes: stored[:1]},
		{Portal: Portal{"192.0.2.11", 3260}},
		{Portal: Portal{"2001:db8::10", 3260}, Nodes: stored[:1]},
	}, nil), `SENDTARGETS:
DiscoveryAddress: 192.0.2.10,3260
Target: iqn.2026-11.com.example:disk1
	Portal: 192.0.2.10:3260,1
		Iface Name: default
DiscoveryAddress: 192.0.2.11,3260
DiscoveryAddress: 2001:db8::10,3260
Target: iqn.2026-11.com.example:disk1
	Portal: 192.0.2.10:3260,1
		Iface Name: default
`+others)
}

func TestAppendIface(t *testing.T) {
	t.Parallel()
	same(t, AppendIface(nil, &IfaceLine{Name: "default", Transport: "tcp"}), "default tcp,<empty>,<empty>,<empty>,<empty>\n")
	same(t, AppendIface(nil, &IfaceLine{Name: "if0", Transport: "tcp", HardwareAddress: "00:00:5e:00:53:01", Address: "192.0.2.2", Device: "eth1", InitiatorName: "iqn.x:y"}),
		"if0 tcp,00:00:5e:00:53:01,192.0.2.2,eth1,iqn.x:y\n")
}
