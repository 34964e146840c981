package verbs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/isnstest"
)

// A server that is stored is the same in another spelling: iscsiadm -t isns does not remove it
// where it does not answer, and lists its targets.
func TestISCSIADMISNSSpelling(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.isns(t, isnstest.Config{Database: storageDomain()})
	l.env["DISCOVER_REGISTRY"] = filepath.Join(t.TempDir(), "registry.db")
	run := func(line string) ran { return l.discover(t.Context(), strings.Fields(line)...) }
	run("isns add [2001:db8::6]:3205")
	if r := run("iscsiadm -m discovery -t isns -p [2001:DB8:0::6]"); r.status != 25 {
		t.Errorf("got %+v, want 25", r)
	}
	if r := run("isns list"); !strings.Contains(r.stdout, "[2001:db8::6]:3205") {
		t.Errorf("got %+v, want the server", r)
	}
	run("isns add 192.0.2.5")
	run("isns add ::ffff:192.0.2.5")
	if r := run("iscsiadm -m discovery -P 1"); strings.Count(r.stdout, "Target: iqn.2026-11.com.example:disk1\n") != 1 {
		t.Errorf("got %+v, want the targets once", r)
	}
}
