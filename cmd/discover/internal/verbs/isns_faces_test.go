package verbs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// The tool's verbs about iSNS servers: a server is stored, asked, listed and removed, and
// its targets stay.
func TestToolISNS(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	server := l.isns(t, isnstest.Config{Database: storageDomain()})
	discover := l.inRegistry(t)
	tool := func(line string) ran { return discover(append([]string{"iscsicli"}, strings.Fields(line)...)...) }
	tool("ListiSNSServers").want(t, exit.OK, banner+"There are no iSNS servers.\n"+succeeded, "")
	const note = "Dry run: nothing is stored, and nothing is sent.\n"
	tool("AddiSNSServer 192.0.2.5 --dry-run").want(t, exit.OK, banner+note+"Dry run: would have stored iSNS server 192.0.2.5:3205, and asked it.\n"+succeeded, "")
	tool("RefreshiSNSServer * --dry-run").want(t, exit.OK, banner+note+"Dry run: would have asked all iSNS servers.\n"+succeeded, "")
	tool("RefreshiSNSServer 192.0.2.5 --dry-run").want(t, exit.OK, banner+note+"Dry run: would have asked iSNS server 192.0.2.5:3205.\n"+succeeded, "")
	if got := server.Accepted(); got != 0 {
		t.Errorf("got %d connections, want none", got)
	}
	tool("AddiSNSServer 192.0.2.5").want(t, exit.OK, banner+succeeded, "")
	const refused = "(10061, WSAECONNREFUSED)\n"
	if r := tool("AddiSNSServer 192.0.2.6:3206"); r.status != exit.Failed || !strings.HasSuffix(r.stdout, refused) || !strings.HasSuffix(r.stderr, "192.0.2.6:3206 is stored in the registry nevertheless; see ListiSNSServers\n") {
		t.Errorf("got %+v", r)
	}
	tool("ListiSNSServers").want(t, exit.OK, banner+"iSNS Servers List:\n    192.0.2.5:3205\n    192.0.2.6:3206\n"+succeeded, "")
	const targets = "Targets List:\n    iqn.2026-11.com.example:disk1\n    iqn.2026-11.com.example:disk2\n"
	tool("ListTargets").want(t, exit.OK, banner+targets+succeeded, "")
	for _, line := range []string{"RefreshiSNSServer *", "ListTargets T"} {
		if r := tool(line); r.status != exit.Partly || !strings.HasSuffix(r.stdout, "(0xAFFF002E, ISDSC_OPERATION_NOT_ALL_SUCCESS)\n") || !strings.Contains(r.stderr, "192.0.2.6:3206") {
			t.Errorf("%s: got %+v", line, r)
		}
	}
	if got := server.Accepted(); got != 3 {
		t.Errorf("got %d connections, want 3", got)
	}
	tool("RefreshiSNSServer 192.0.2.5").want(t, exit.OK, banner+succeeded, "")
	if r := tool("TargetInfo iqn.2026-11.com.example:disk2"); r.status != exit.OK || !strings.Contains(r.stdout, "iSNS:*192.0.2.5 0003205") {
		t.Errorf("got %+v", r)
	}
	tool("RemoveiSNSServer 192.0.2.5").want(t, exit.OK, banner+succeeded, "")
	tool("RemoveiSNSServer 192.0.2.6:3206").want(t, exit.OK, banner+succeeded, "")
	tool("ListTargets T").want(t, exit.OK, banner+targets+succeeded, "")
}

// iscsiadm -t isns prints the lines of the real program, and stores the server unless it is
// told not to.
func TestISCSIADMISNS(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.isns(t, isnstest.Config{Database: storageDomain()})
	l.env["DISCOVER_REGISTRY"] = filepath.Join(t.TempDir(), "registry.db")
	tool := func(line string) ran {
		return l.discover(t.Context(), append([]string{"iscsiadm"}, strings.Fields(line)...)...)
	}
	const lines = "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n192.0.2.11:3261,2 iqn.2026-11.com.example:disk1\n192.0.2.10:3260,1 iqn.2026-11.com.example:disk2\n"
	tool("-m discovery -t isns -p 192.0.2.5 -o nonpersistent").want(t, 0, lines, "")
	if r := tool("-m discovery"); r.status != 21 || r.stdout != "" {
		t.Errorf("got %+v, want nothing stored", r)
	}
	tool("-m discovery -t isns -p 192.0.2.5").want(t, 0, lines, "")
	tool("-m discoverydb -t isns -p 192.0.2.5:3205 -D").want(t, 0, lines, "")
	tool("-m discovery").want(t, 0, "192.0.2.5:3205 via isns\n", "")
	if r := tool("-m discovery -P 1"); r.status != 0 || !strings.Contains(r.stdout, "\niSNS:\nDiscoveryAddress: 192.0.2.5,3205\nTarget: iqn.2026-11.com.example:disk1\n\tPortal: 192.0.2.10:3260,1\n\t\tIface Name: default\n") {
		t.Errorf("got %+v", r)
	}
	tool("-m discoverydb -t isns -p 192.0.2.5 -o delete").want(t, 0, "", "")
	tool("-m discovery").want(t, 21, "", "")
	l.discover(t.Context(), "isns", "add", "192.0.2.5")
	tool("-m discoverydb -t isns -p 192.0.2.5 -D").want(t, 0, lines, "")
	tool("-m discoverydb -t isns -p 192.0.2.5 -o delete").want(t, 0, "", "")
	tool("-m discoverydb -t isns -p 192.0.2.5").want(t, 6, "", "iscsiadm: Discovery record [192.0.2.5,3205] not found.\n")
	if r := tool("-m discovery"); r.stdout != "192.0.2.5:3205 via isns\n" {
		t.Errorf("got %+v, want the server that iscsiadm has not made", r)
	}
	if r := tool("-m discovery -t isns -p 192.0.2.6"); r.status != 25 || r.stdout != "" || !strings.HasSuffix(r.stderr, "iscsiadm: Could not perform iSNS discovery: iSNS query failed\n") {
		t.Errorf("got %+v", r)
	}
}
