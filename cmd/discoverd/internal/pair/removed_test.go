package pair_test

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestSeatRemoved: when somebody removes the candidates' keys, as who empties the registry
// does, one member is active afterwards, and not both for ever.
func TestSeatRemoved(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			client := connect(t, etcdtest.Shared(t, kind).URL())
			prefix := etcdtest.Name("pair") + "/"
			one := newMember(t, client, prefix, "one", time.Hour)
			one.active()
			two := newMember(t, client, prefix, "two", time.Hour)
			two.standsBy("one")
			if _, err := client.Delete(t.Context(), prefix, clientv3.WithPrefix()); err != nil {
				t.Fatal(err)
			}
			limit := time.After(fleettest.Limit)
			last, lost := map[*member]pair.State{}, map[*member]bool{}
			for done := false; !done; {
				select {
				case s := <-one.states:
					last[one], lost[one] = s, lost[one] || s.Err != nil
				case s := <-two.states:
					last[two], lost[two] = s, lost[two] || s.Err != nil
				case <-limit:
					t.Fatalf("not in time: the last states are %+v of one, and %+v of two", last[one], last[two])
				}
				a, b := last[one], last[two]
				done = lost[one] && lost[two] && (a.Active && b.Other == "one" || b.Active && a.Other == "two") && a.Err == nil && b.Err == nil
			}
			if last[one].Active == last[two].Active {
				t.Errorf("the last states are %+v of one, and %+v of two", last[one], last[two])
			}
		})
	}
}
