package view_test

import (
	"errors"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// testOdd: keys and records that no honest host of this version writes.
func testOdd(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "odd")
	h := fleettest.NewHost(t, client, keys, "h")
	r := follow(t, client, keys)
	await(t, r, "host h", func(v *view.View) bool { return v.Hosts["h"] != nil })

	entry := fleettest.Entry("192.0.2.1")
	isns := entry
	isns.ISNS = true
	other := (&fleet.Path{Host: "other", Up: true}).Encode()
	long := keys.Host("h") + strings.Repeat("x", 100_000)
	odd := map[string]string{
		keys.Prefix() + "foreign":                       "anything",
		keys.Host("h") + "foreign\x1b[31m":              "",
		long:                                            "",
		keys.Path("h", entry):                           string(other),
		keys.Path("h", isns):                            string((&fleet.Path{Host: "h", Up: true}).Encode()), // of a portal
		keys.Info("newer"):                              `{"schema":99}`,
		keys.Info("bad"):                                "not JSON",
		keys.Known("bad"):                               `{"schema":1,"host":"good"}`,
		keys.Portals() + "192.0.2.1,3260":               `{"schema":1,"address":"192.0.2.2","tcp_port":3260}`,
		keys.Login("l"):                                 `{"schema":1,"name":"l","chap_secret":"file:/etc/shadow"}`,
		keys.Info("big"):                                `{"schema":1,"host":"big","version":"` + strings.Repeat("x", fleet.MaxRecordLen) + `"}`,
		keys.Leader() + "/00":                           "Impossible Name",
		keys.Scans() + "foreign":                        "anything",
		keys.Scan("0123456789abcdef") + "x":             "",
		keys.Job("0123456789abcdef"):                    "not JSON",
		keys.Path("h", fleettest.Entry("192.0.2.1000")): "",
	}
	for key, value := range odd {
		fleettest.Put(t, client, key, value)
	}
	v := await(t, r, "all odd keys", func(v *view.View) bool { return v.OddCount == len(odd) })
	newer, record := (*fleet.NewerError)(nil), (*fleet.RecordError)(nil)
	for _, o := range v.Odd {
		if len(o.Key) > 600 || !errors.As(o.Err, &record) && !errors.As(o.Err, &newer) {
			t.Errorf("got %+v", o)
		}
	}
	if len(v.Odd) != len(odd) || v.Hosts["newer"].Silent() || !errors.As(v.Hosts["newer"].Err, &newer) || len(v.Hosts["h"].Paths) != 0 || v.Leader != "" {
		t.Errorf("got %d odd, %+v, %+v, leader %q", len(v.Odd), v.Hosts["newer"], v.Hosts["h"], v.Leader)
	}

	// Records that are mended, and keys that are removed, are no longer odd.
	h.Path("192.0.2.1", &fleet.Path{Up: true})
	if _, err := client.Delete(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	await(t, r, "two less", func(v *view.View) bool { return v.OddCount == len(odd)-2 && len(v.Hosts["h"].Paths) == 1 })
	_, err := client.Delete(t.Context(), keys.Prefix(), clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	await(t, r, "nothing", func(v *view.View) bool { return v.OddCount == 0 && len(v.Hosts) == 0 })
}

// testAnswers: what is read of an answer is checked, and kept.
func testAnswers(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "answers")
	r := view.NewReader(client, keys)
	a := fleettest.Answer(t, "iqn.2026-01.example:1", "iqn.2026-01.example:2")
	missing, lie := (*view.MissingError)(nil), (*fleet.LieError)(nil)
	if _, err := r.Answer(t.Context(), a.Digest); !errors.As(err, &missing) {
		t.Errorf("got %v, want a MissingError", err)
	}
	fleettest.Put(t, client, keys.Copied(a.Digest, 0), string(fleettest.Answer(t, "iqn.2026-01.example:other").Parts[0]))
	if _, err := r.Answer(t.Context(), a.Digest); !errors.As(err, &lie) {
		t.Errorf("got %v, want a LieError", err)
	}
	fleettest.Put(t, client, keys.Copied(a.Digest, 0), string(a.Parts[0]))
	for range 2 {
		targets, err := r.Answer(t.Context(), a.Digest)
		if err != nil || len(targets) != 2 || targets[1].Name != "iqn.2026-01.example:2" {
			t.Errorf("got %v, %v", targets, err)
		}
		// It is kept: the second time etcd is not asked.
		if _, err := client.Delete(t.Context(), keys.Copy(a.Digest), clientv3.WithPrefix()); err != nil {
			t.Fatal(err)
		}
	}
	b := fleettest.Answer(t, "iqn.2026-01.example:3")
	fleettest.Put(t, client, keys.Copied(b.Digest, 0), strings.Repeat("x", fleet.MaxPartLen+1))
	if _, err := r.Answer(t.Context(), b.Digest); !errors.As(err, &lie) {
		t.Errorf("a part that is too long: got %v, want a LieError", err)
	}
}
