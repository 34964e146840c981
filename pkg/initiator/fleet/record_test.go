package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

var at = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

func TestRecordsRoundTrip(t *testing.T) {
	t.Parallel()
	seven := uint32(7)
	portal := initiator.Portal{Address: "192.0.2.10", Port: 3260}
	info := &Info{Host: "a", ID: "x", Version: "1", InitiatorName: "iqn.x", Started: at, Every: 60, Ports: []Port{{"any", 1, "192.0.2.1", "eth0", "up"}}}
	path := &Path{Host: "a", Up: true, Since: at, Source: "192.0.2.1", Targets: 3, Answer: digestOfTests}
	twin := &Twin{Host: "a", ID: "y", Version: "1", InitiatorName: "iqn.x", Started: at}
	known := &Known{Host: "a", First: at, SilentSince: at, Paths: 8}
	wanted := &Portal{Address: "192.0.2.10", TCPPort: 3260, Instance: "host", Port: &seven, Login: "gold", Flags: 3, Hosts: []string{"rack1-*"}}
	policy := &Policy{Selector: "192.0.2.0/24", Flags: 3}
	login := &Login{Name: "gold", User: "u", Secret: "cred:gold", TargetUser: "t", TargetSecret: "cred:back.1"}
	for _, tt := range []struct {
		want   any
		encode func() []byte
		decode func([]byte) (any, error)
	}{
		{info, info.Encode, func(b []byte) (any, error) { return DecodeInfo("a", b) }},
		{path, path.Encode, func(b []byte) (any, error) { return DecodePath("a", b) }},
		{twin, twin.Encode, func(b []byte) (any, error) { return DecodeTwin("a", b) }},
		{known, known.Encode, func(b []byte) (any, error) { return DecodeKnown("a", b) }},
		{wanted, wanted.Encode, func(b []byte) (any, error) { return DecodePortal(portal, b) }},
		{policy, policy.Encode, func(b []byte) (any, error) { return DecodePolicy("192.0.2.0/24", b) }},
		{login, login.Encode, func(b []byte) (any, error) { return DecodeLogin("gold", b) }},
	} {
		b := tt.encode()
		got, err := tt.decode(b)
		if err != nil {
			t.Errorf("%s: %v", b, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("want (-), got (+):\n%s", d)
		}
	}
}

func TestRecordsAreRefused(t *testing.T) {
	t.Parallel()
	decoders := map[string]func([]byte) error{
		"info":   func(b []byte) error { _, err := DecodeInfo("a", b); return err },
		"path":   func(b []byte) error { _, err := DecodePath("a", b); return err },
		"twin":   func(b []byte) error { _, err := DecodeTwin("a", b); return err },
		"known":  func(b []byte) error { _, err := DecodeKnown("a", b); return err },
		"portal": func(b []byte) error { _, err := DecodePortal(initiator.Portal{Address: "x", Port: 1}, b); return err },
		"policy": func(b []byte) error { _, err := DecodePolicy("tag=1", b); return err },
		"login":  func(b []byte) error { _, err := DecodeLogin("a", b); return err },
	}
	long := strings.Repeat("x", MaxTextLen+1)
	for _, tt := range []struct{ kind, record, want string }{
		{"info", `{"schema":1,"host":"b"}`, "it says that it is of another host"},
		{"info", `{"schema":1,"host":"a","version":"` + long + `"}`, "more than 1024 bytes"},
		{"info", `{"schema":1,"host":"a","ports":[{"device":"` + long + `"}]}`, "more than 1024 bytes"},
		{"info", `{"schema":1,"host":"a","ports":[` + strings.Repeat("{},", MaxPorts) + `{}]}`, "too many initiator ports"},
		{"path", `{"schema":1,"host":"b"}`, "it says that it is of another host"},
		{"path", `{"schema":1,"host":"a","targets":-1}`, "impossible number of targets"},
		{"path", `{"schema":1,"host":"a","targets":2147483648}`, "impossible number of targets"},
		{"path", `{"schema":1,"host":"a","answer":"00"}`, "a value in it is none that its field can have"},
		{"path", `{"schema":1,"host":"a","since":"yesterday"}`, "a value in it is none that its field can have"},
		{"path", `{"schema":1,"host":"a"`, "it is not JSON"},
		{"path", ``, "it is not JSON"},
		{"path", `{"schema":1,"host":"a","message":"` + long + `"}`, "more than 1024 bytes"},
		{"known", `{"schema":1,"host":"b"}`, "it says that it is of another host"},
		{"portal", `{"schema":1,"address":"y","tcp_port":1}`, "it says that it is of another portal"},
		{"portal", `{"schema":1,"address":"x","tcp_port":2}`, "it says that it is of another portal"},
		{"portal", `{"schema":1,"address":"x","tcp_port":1,"login":"../x"}`, "login template name"},
		{"portal", `{"schema":1,"address":"x","tcp_port":1,"security_flags":4096}`, "security flags 0x1000"},
		{"portal", `{"schema":1,"address":"x","tcp_port":1,"hosts":["["]}`, "a pattern of hosts in it is none"},
		{"portal", `{"schema":1,"address":"x","tcp_port":1,"hosts":[` + strings.Repeat(`"a",`, MaxPatterns) + `"a"]}`, "65 patterns of hosts, more than 64"},
		{"policy", `{"schema":1,"selector":"tag=2","security_flags":3}`, "another selector"},
		{"policy", `{"schema":1,"selector":"tag=1","security_flags":1}`, "may only strengthen"},
		{"policy", `{"schema":1,"selector":"tag=1"}`, "may only strengthen"},
		{"login", `{"schema":1,"name":"b"}`, "another name"},
		{"login", `{"schema":1,"name":"a","chap_secret":"file:/etc/shadow"}`, "cred:NAME alone"},
		{"login", `{"schema":1,"name":"a","target_secret":"env:HOME"}`, "cred:NAME alone"},
		{"login", `{"schema":1,"name":"a","target_secret":"cred:../x"}`, "cred:NAME alone"},
		{"login", `{"schema":1,"name":"a","chap_secret":"secret of 12"}`, "cred:NAME alone"},
	} {
		err := decoders[tt.kind]([]byte(tt.record))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %.60s: got error %v, want %q", tt.kind, tt.record, err, tt.want)
		}
	}
	for kind, decode := range decoders {
		if newer := (*NewerError)(nil); !errors.As(decode([]byte(`{"schema":2,"host":[]}`)), &newer) || newer.Schema != 2 {
			t.Errorf("%s of a newer schema is not a *NewerError", kind)
		}
		for _, record := range []string{"", "null", "[]", "{}", `{"schema":0}`, `{"schema":1`, "\x1b[2J", `{"schema":1,"host":7,"address":7,"selector":7,"name":7}`, `{"schema":1,"host":"` + strings.Repeat("x", MaxRecordLen) + `"}`} {
			err := decode([]byte(record))
			if bad := (*RecordError)(nil); !errors.As(err, &bad) {
				t.Errorf("%s %.40q: got error %v, want a *RecordError", kind, record, err)
			} else if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%s: error %q has what was written", kind, err)
			}
		}
	}
}

// What is only told in other words is not written again.
func TestPathSame(t *testing.T) {
	t.Parallel()
	a := Path{Host: "a", Since: at, Code: 7, Stage: "connect", Message: "x"}
	b := a
	b.Message, b.Since, b.Schema = "y", at.Add(time.Hour), 1
	if !a.Same(&b) {
		t.Error("other words are another record")
	}
	for name, change := range map[string]func(*Path){
		"up": func(p *Path) { p.Up = true }, "code": func(p *Path) { p.Code = 8 }, "stage": func(p *Path) { p.Stage = "login" }, "source": func(p *Path) { p.Source = "x" },
		"targets": func(p *Path) { p.Targets++ }, "answer": func(p *Path) { p.Answer = digestOfTests }, "incomplete": func(p *Path) { p.Incomplete = true },
	} {
		b := a
		if change(&b); a.Same(&b) {
			t.Errorf("another %s is the same record", name)
		}
	}
}

func TestMessageIsCut(t *testing.T) {
	t.Parallel()
	p := Path{Host: "a", Message: strings.Repeat("é", MaxTextLen)}
	got, err := DecodePath("a", p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Message); n > MaxTextLen || n < MaxTextLen-4 || !strings.HasSuffix(got.Message, "é…") {
		t.Errorf("got a message of %d bytes, which ends with %q", n, got.Message[n-6:])
	}
}

func TestMeets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		patterns []string
		want     bool
	}{{nil, true}, {[]string{"rack1-*"}, true}, {[]string{"x", "rack1-7"}, true}, {[]string{"rack2-*"}, false}, {[]string{"["}, false}} {
		if got := Meets(tt.patterns, "rack1-7"); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.patterns, got, tt.want)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"schema":1,"host":"a","answer":"` + digestOfTests.String() + `","since":"2026-11-30T09:00:00Z"}`))
	f.Add([]byte(`{"schema":1,"address":"x","tcp_port":1,"selector":"tag=1","security_flags":3,"name":"a","chap_secret":"cred:x"}`))
	f.Add([]byte(`{"schema":1,"id":"` + jobOfTests + `","ranges":["192.0.2.1-192.0.2.9"],"tcp_ports":[3260],"shard_addresses":4,"shard_seconds":60}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := DecodePath("a", b); err == nil {
			again, err := DecodePath("a", p.Encode())
			if err != nil || !p.Same(again) {
				t.Errorf("%+v is written and read as %+v, error %v", p, again, err)
			}
		}
		if l, err := DecodeLogin("a", b); err == nil && l.Secret != "" && !strings.HasPrefix(l.Secret, "cred:") {
			t.Errorf("a secret that is no reference was read: %q", b)
		}
		if j, err := DecodeJob(jobOfTests, b); err == nil {
			for n := range j.Shards() {
				if s, ok := j.Shard(n); !ok || s.Count() > MaxShardPortals {
					t.Errorf("shard %d of %+v is %+v", n, j, s)
				}
			}
		}
		_, _ = DecodeOffer("a", b)
		_, _ = DecodeGrant(b)
		_, _ = DecodeDelivery(b)
		_, _ = DecodeBlame("a", b)
		_, _ = DecodeInfo("a", b)
		_, _ = DecodeKnown("a", b)
		_, _ = DecodePolicy("tag=1", b)
		_, _ = DecodePortal(initiator.Portal{Address: "x", Port: 1}, b)
	})
}
