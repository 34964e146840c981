package daemon

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// testDeniedMember: one whose user may be a candidate, and may not read the registry, leaves
// the seat to the other one, which asks.
func testDeniedMember(t *testing.T, p *protected) {
	const prefix = "/discover/registry/pair1/"
	root := p.client(t, "root", "PASSWORD")
	_, added := root.RoleAdd(t.Context(), "narrow")
	_, granted := root.RoleGrantPermission(t.Context(), "narrow", prefix+"leader/", clientv3.GetPrefixRangeEnd(prefix+"leader/"), clientv3.PermissionType(clientv3.PermReadWrite))
	_, user := root.UserAddWithOptions(t.Context(), "narrow", "", &clientv3.UserAddOptions{NoPassword: true})
	_, given := root.UserGrantRole(t.Context(), "narrow", "narrow")
	if err := errors.Join(added, granted, user, given); err != nil {
		t.Fatal(err)
	}
	narrow := newPairHouse(t, "etcd:"+prefix)
	narrow.start(p.args(t, "narrow")...)
	narrow.until("why it does not ask", func() bool { return strings.Contains(narrow.stderr.String(), "no permission") })

	array := iscsitest.Listen(t, twoTargets)
	addPortal(t, p.client(t, "san1", ""), prefix, array)
	other := newPairHouse(t, "etcd:"+prefix)
	other.start(p.args(t, "san1")...)
	other.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+array.Addr.String()+`"} 1`)
	narrow.hasLine("/metrics", "iscsi_discovery_pair_active 0")
	if status, text := narrow.get("/-/ready"); status != http.StatusServiceUnavailable {
		t.Errorf("/-/ready of the one that may not read: got %d %s", status, text)
	}
	narrow.stop()
	other.stop()
	if _, err := root.UserDelete(t.Context(), "narrow"); err != nil {
		t.Fatal(err)
	}
}
