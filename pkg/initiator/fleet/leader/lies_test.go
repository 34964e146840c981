package leader_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// large returns an answer of many targets whose names cannot be compressed well.
func large(t *testing.T, targets int) *fleet.Answer {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	names := make([]string, targets)
	for i := range names {
		names[i] = fmt.Sprintf("iqn.2026-01.example:%06d-", i)
		for range 11 {
			names[i] += fmt.Sprintf("%016x", random.Uint64())
		}
	}
	return fleettest.Answer(t, names...)
}

// firstPartLast says where part 0 of a copy was written before another one: a reader that sees
// it takes the others for there.
func firstPartLast(t *testing.T, client *clientv3.Client, keys fleet.Keys, a *fleet.Answer) {
	t.Helper()
	got, err := client.Get(t.Context(), keys.Copy(a.Digest), clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortDescend), clientv3.WithKeysOnly())
	if err != nil || len(got.Kvs) != len(a.Parts) || string(got.Kvs[0].Key) != keys.Copied(a.Digest, 0) {
		t.Errorf("got %v, %v; want %d parts, of which part 0 was written last", got, err, len(a.Parts))
	}
}

// zipped returns what no Encode makes: a text, compressed, in parts, with its right digest.
func zipped(text string) (fleet.Digest, [][]byte) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return sha256.Sum256([]byte(text)), slices.Collect(slices.Chunk(b.Bytes(), fleet.MaxPartLen))
}

// testLies: hosts that deliver what is not what they say. Each is told, and the leader goes
// on; where another host has the answer, it is asked.
func testLies(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "lies")
	answers := map[string]*fleet.Answer{}
	for _, host := range []string{"other", "count", "noise", "empty", "short", "endless", "cut"} {
		answers[host] = fleettest.Answer(t, "iqn.2026-01.example:"+host)
	}
	of := func(host string) *fleet.Answer { return answers[host] }
	bomb, bombParts := zipped(`{"schema":1,"targets":[` + strings.Repeat(" ", fleet.MaxAnswerLen) + `]}`)
	million, millionParts := zipped(`{"schema":1,"targets":[` + strings.Repeat(`{"name":"a"},`, 200_000) + `{"name":"a"}]}`)
	newer, newerParts := zipped(`{"schema":99}`)
	full := bytes.Repeat([]byte("x"), fleet.MaxPartLen)
	tests := []struct {
		host    string
		digest  fleet.Digest
		targets int
		parts   [][]byte
		want    string
	}{
		{"other", of("other").Digest, 1, fleettest.Answer(t, "iqn.2026-01.example:2").Parts, "it is another answer"},
		{"count", of("count").Digest, 2, of("count").Parts, "it has 1 targets, and the host says that it has 2"},
		{"noise", of("noise").Digest, 1, [][]byte{[]byte("noise, and no more than that")}, "not compressed"},
		{"empty", of("empty").Digest, 1, [][]byte{{}}, "not compressed"},
		{"bomb", bomb, 0, bombParts, "more than 33554432 bytes"},
		{"many", million, 200_001, millionParts, "it has 200001 targets, more than"},
		{"newer", newer, 0, newerParts, "newer version"},
		{"short", of("short").Digest, 1, [][]byte{of("short").Parts[0][:20], of("short").Parts[0][20:]}, ""},
		{"endless", of("endless").Digest, 1, slices.Repeat([][]byte{full}, fleet.MaxParts+1), "more than 33 parts"},
		{"cut", of("cut").Digest, 1, [][]byte{of("cut").Parts[0][:40]}, "cut off"},
	}
	for _, tt := range tests {
		h := fleettest.NewHost(t, client, keys, tt.host)
		h.Path("192.0.2.1", &fleet.Path{Up: true, Targets: tt.targets, Answer: tt.digest})
		h.Deliver(tt.digest, tt.parts...)
	}
	c := start(t, client, keys, "lead", func(l *leader.Leader) { l.SetEvery(5 * time.Second) })
	for _, tt := range tests {
		k := known(t, client, keys, tt.host, func(k *fleet.Known) bool { return k.Lie != "" })
		t.Logf("%s: %s", tt.host, k.Lie)
		if !strings.Contains(k.Lie, tt.want) || k.LieAt.IsZero() || strings.Contains(k.Lie, "\n") {
			t.Errorf("%s: got %q, want %q", tt.host, k.Lie, tt.want)
		}
	}
	h := fleettest.NewHost(t, client, keys, "zz-honest")
	h.Deliver(of("other").Digest, of("other").Parts...)
	h.See("192.0.2.1", "iqn.2026-01.example:other")
	c.await(t, "the answer of the honest host", func(s leader.State) bool { return s.Copied == 1 })
	known(t, client, keys, "zz-honest", func(k *fleet.Known) bool { return k.Lie == "" })
}

// testLate: a host that does not deliver is told as one that lies, and then another is asked.
func testLate(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "late")
	mute := fleettest.NewHost(t, client, keys, "mute")
	a := mute.See("192.0.2.1", "iqn.2026-01.example:1")
	start(t, client, keys, "lead", func(l *leader.Leader) { l.SetEvery(500 * time.Millisecond); l.SetGrace(0) })
	k := known(t, client, keys, "mute", func(k *fleet.Known) bool { return k.Lie != "" })
	if !strings.Contains(k.Lie, "did not deliver it within 1s") {
		t.Errorf("got %q", k.Lie)
	}
	other := fleettest.NewHost(t, client, keys, "other")
	other.Deliver(a.Digest, a.Parts...)
	other.See("192.0.2.1", "iqn.2026-01.example:1")
	fleettest.AwaitThere(t, client, keys.Copied(a.Digest, 0))
}
