package fleet

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

func testKeys(t testing.TB) Keys {
	t.Helper()
	k, err := NewKeys("prod")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var digestOfTests = Digest{1, 2, 0xff}

const jobOfTests = "0123456789abcdef"

func TestParseReadsWhatKeysWrite(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	d := digestOfTests.String()
	for _, tt := range []struct {
		got, want string
		read      Key
	}{
		{k.Info("a.example"), "/discover/v1/prod/host/a.example/info", Key{Kind: KindInfo, Host: "a.example"}},
		{
			k.Path("a", Entry{Key: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}, Port: ports.All}}),
			"/discover/v1/prod/host/a/portal/192.0.2.10,3260/,4294967295",
			Key{Kind: KindPath, Host: "a", Entry: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}, Port: ports.All}},
		},
		{
			k.Path("a", Entry{Key: initiator.Key{Portal: initiator.Portal{Address: "[FE80::1%eth0]", Port: 860}, Instance: "Slot/1, Left", Port: ports.N(2)}}),
			"/discover/v1/prod/host/a/portal/fe80::1%25eth0,860/slot%2F1%2C%20left,2",
			Key{Kind: KindPath, Host: "a", Entry: initiator.Key{Portal: initiator.Portal{Address: "fe80::1%eth0", Port: 860}, Instance: "slot/1, left", Port: ports.N(2)}},
		},
		{
			k.Path("a", Entry{Key: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3205}, Port: ports.All}, ISNS: true}),
			"/discover/v1/prod/host/a/isns/192.0.2.10,3205/,4294967295",
			Key{Kind: KindPath, Host: "a", ISNS: true, Entry: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3205}, Port: ports.All}},
		},
		{k.Twin("a", TwinOf("id")), "/discover/v1/prod/host/a/twin/a56145270ce6b3be", Key{Kind: KindTwin, Host: "a", Name: "a56145270ce6b3be"}},
		{k.Answer("a", digestOfTests, 3), "/discover/v1/prod/host/a/answer/" + d + "/0003", Key{Kind: KindPart, Host: "a", Digest: digestOfTests, Part: 3}},
		{k.Want("a", digestOfTests), "/discover/v1/prod/view/want/a/" + d, Key{Kind: KindWant, Host: "a", Digest: digestOfTests}},
		{k.Copied(digestOfTests, 0), "/discover/v1/prod/view/answer/" + d + "/0000", Key{Kind: KindCopy, Digest: digestOfTests}},
		{k.Known("a"), "/discover/v1/prod/view/host/a", Key{Kind: KindKnown, Host: "a"}},
		{k.Portal(initiator.Portal{Address: "array.example", Port: 3260}), "/discover/v1/prod/config/portal/array.example,3260", Key{Kind: KindPortal, Entry: initiator.Key{Portal: initiator.Portal{Address: "array.example", Port: 3260}}}},
		{k.Policy("192.0.2.0/24"), "/discover/v1/prod/config/policy/192.0.2.0%2F24", Key{Kind: KindPolicy, Name: "192.0.2.0/24"}},
		{k.Login("gold"), "/discover/v1/prod/config/login/gold", Key{Kind: KindLogin, Name: "gold"}},
		{k.Job(jobOfTests), "/discover/v1/prod/scan/0123456789abcdef/job", Key{Kind: KindJob, Job: jobOfTests}},
		{k.Grant(jobOfTests, 7), "/discover/v1/prod/scan/0123456789abcdef/shard/0007", Key{Kind: KindGrant, Job: jobOfTests, Shard: 7}},
		{k.Done(jobOfTests, 4095), "/discover/v1/prod/scan/0123456789abcdef/done/4095", Key{Kind: KindDone, Job: jobOfTests, Shard: 4095}},
		{k.Read(jobOfTests, 0), "/discover/v1/prod/scan/0123456789abcdef/read/0000", Key{Kind: KindRead, Job: jobOfTests}},
		{k.Blame(jobOfTests, "a"), "/discover/v1/prod/scan/0123456789abcdef/bad/a", Key{Kind: KindBlame, Job: jobOfTests, Host: "a"}},
		{k.Offer("a", jobOfTests), "/discover/v1/prod/host/a/scan/0123456789abcdef/offer", Key{Kind: KindOffer, Host: "a", Job: jobOfTests}},
		{k.Result("a", jobOfTests, 7, 2), "/discover/v1/prod/host/a/scan/0123456789abcdef/0007/0002", Key{Kind: KindResult, Host: "a", Job: jobOfTests, Shard: 7, Part: 2}},
		{k.Delivered("a", jobOfTests, 7), "/discover/v1/prod/host/a/scan/0123456789abcdef/0007/done", Key{Kind: KindDelivery, Host: "a", Job: jobOfTests, Shard: 7}},
	} {
		if tt.got != tt.want {
			t.Errorf("got key %s, want %s", tt.got, tt.want)
		}
		if got := k.Parse(tt.want); got != tt.read {
			t.Errorf("%s: got %+v, want %+v", tt.want, got, tt.read)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	d := digestOfTests.String()
	for _, key := range []string{
		"", "/", "host/a/info", "/discover/v1/other/host/a/info", "/discover/v2/prod/host/a/info", "/discover/v1/prod/",
		"/discover/v1/prod/host/", "/discover/v1/prod/host//info", "/discover/v1/prod/host/a/info/", "/discover/v1/prod/host/a", "/discover/v1/prod/host/A/info",
		"/discover/v1/prod/host/../info", "/discover/v1/prod/host/a b/info", "/discover/v1/prod/host/a\x1b/info",
		"/discover/v1/prod/host/a/portal/192.0.2.10,3260", "/discover/v1/prod/host/a/portal/192.0.2.10,0/,1", "/discover/v1/prod/host/a/portal/192.0.2.10,03260/,1",
		"/discover/v1/prod/host/a/portal/192.0.2.10,3260/,01", "/discover/v1/prod/host/a/portal/192.0.2.10,3260/Any,1", "/discover/v1/prod/host/a/portal/ARRAY,3260/,1",
		"/discover/v1/prod/host/a/portal/::ffff:192.0.2.10,3260/,1", "/discover/v1/prod/host/a/portal/%31,3260/,1", "/discover/v1/prod/host/a/portal/,3260/,1",
		"/discover/v1/prod/host/a/portal/x,3260/,4294967296", "/discover/v1/prod/host/a/portal/x,65536/,1", "/discover/v1/prod/host/a/portal/" + strings.Repeat("x", 300) + ",3260/,1",
		"/discover/v1/prod/host/a/portal/x,3260/" + strings.Repeat("a", 3*ports.MaxInstanceLen+1) + ",1", "/discover/v1/prod/config/policy/" + strings.Repeat("a", 1<<10),
		"/discover/v1/prod/host/a/answer/" + d + "/3", "/discover/v1/prod/host/a/answer/" + d + "/9999", "/discover/v1/prod/host/a/answer/" + strings.ToUpper(d) + "/0000",
		"/discover/v1/prod/host/a/answer/" + strings.Repeat("0", 64) + "/0000", "/discover/v1/prod/host/a/answer/" + d[1:] + "/0000",
		"/discover/v1/prod/view/want/a", "/discover/v1/prod/view/want/A/" + d, "/discover/v1/prod/view/host/a/b", "/discover/v1/prod/view/what",
		"/discover/v1/prod/config/policy/", "/discover/v1/prod/config/policy/192.0.2.0/24", "/discover/v1/prod/config/login/Gold", "/discover/v1/prod/config/other/x",
		"/discover/v1/prod/scan/0123456789abcdef", "/discover/v1/prod/scan/0123456789ABCDEF/job", "/discover/v1/prod/scan/0123456789abcde/job", "/discover/v1/prod/scan/../job",
		"/discover/v1/prod/scan/0123456789abcdef/shard/7", "/discover/v1/prod/scan/0123456789abcdef/shard/4096", "/discover/v1/prod/scan/0123456789abcdef/what/0001",
		"/discover/v1/prod/scan/0123456789abcdef/bad/A", "/discover/v1/prod/host/a/scan/0123456789abcdef", "/discover/v1/prod/host/a/scan/x/offer",
		"/discover/v1/prod/host/A/scan/0123456789abcdef/offer", "/discover/v1/prod/host/a/scan/0123456789abcdef/0007/9999", "/discover/v1/prod/host/a/scan/0123456789abcdef/0007/+001",
	} {
		if got := k.Parse(key); got != (Key{}) {
			t.Errorf("%.200q: got %.200s, want it foreign", key, fmt.Sprint(got))
		}
	}
	if got := (Keys{}).Parse("host/a/info"); got != (Key{}) {
		t.Errorf("keys of no fleet: got %+v", got)
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "0", "prod", "a.b-c_d", strings.Repeat("a", 64)} {
		if err := CheckName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"":                      "it is empty",
		strings.Repeat("a", 65): "it has 65 bytes, more than 64",
		"A":                     "expected a-z", "-a": "expected a-z", ".": "expected a-z", "a/b": "expected a-z", "a\x00": "expected a-z", "ä": "expected a-z",
	} {
		err := CheckName(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", name, err, want)
		}
		if _, err := NewKeys(name); err == nil {
			t.Errorf("%q: it has keys", name)
		}
	}
	if err := CheckHost(strings.Repeat("a", 253)); err != nil {
		t.Error(err)
	}
	if err := CheckHost(strings.Repeat("a", 254)); err == nil {
		t.Error("a host with a name of 254 bytes")
	}
}

func FuzzParse(f *testing.F) {
	k := testKeys(f)
	f.Add(k.Info("a"))
	f.Add(k.Path("a", Entry{Key: initiator.Key{Portal: initiator.Portal{Address: "fe80::1%eth0", Port: 860}, Instance: "x", Port: ports.N(2)}}))
	f.Add(k.Answer("a", digestOfTests, 3))
	f.Add(k.Want("a", digestOfTests))
	f.Add(k.Policy("192.0.2.0/24"))
	f.Add(k.Grant(jobOfTests, 7))
	f.Add(k.Blame(jobOfTests, "a"))
	f.Add(k.Result("a", jobOfTests, 7, 2))
	f.Add(k.Delivered("a", jobOfTests, 7))
	f.Fuzz(func(t *testing.T, key string) {
		read := k.Parse(key)
		if read.Kind == Foreign {
			if read != (Key{}) {
				t.Errorf("%q is foreign, and %+v was read", key, read)
			}
			return
		}
		if got := k.key(read); got != key {
			t.Errorf("%q is written as %q", key, got)
		}
	})
}
