package verbs

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// The exit status, and what blocks change of it.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, args string
		want       int
	}{
		{"all answered", "192.0.2.10 192.0.2.14", exit.OK},
		{"an empty list is an answer", "192.0.2.14", exit.OK},
		{"none answered", "192.0.2.11 192.0.2.12", exit.Failed},
		{"some answered", "192.0.2.10 192.0.2.12", exit.Partly},
		{"failed after a target", "192.0.2.15", exit.Failed},
		{"block with an answer", "192.0.2.8/30", exit.OK},
		{"block with an answer, all listed", "192.0.2.8/30 --all", exit.OK},
		{"silent block", "192.0.2.16/28", exit.Failed},
		{"silent block and an answer", "192.0.2.16/28 192.0.2.10", exit.OK},
		{"block with a refusal", "192.0.2.10-192.0.2.12", exit.Partly},
		{"no address of a host", "0.0.0.0", exit.Failed},
		{"refused by the rules", "192.0.2.10 --security-flags 0x63", exit.Failed},
		{"IPsec required", "192.0.2.10 --login-flags require-ipsec", exit.Failed},
		{"source of another family", "192.0.2.10 --source 2001:db8::2", exit.Failed},
		{"too many targets", "192.0.2.10 --max-targets 1", exit.Failed},
		{"too long", "192.0.2.10 --max-text 100", exit.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, format := range render.Formats {
					args := append([]string{"scan", "-o", format}, strings.Fields(tt.args)...)
					if r := fleet(t).discover(t.Context(), args...); r.status != tt.want {
						t.Errorf("-o %s: got exit status %d, want %d; %s%s", format, r.status, tt.want, r.stdout, r.stderr)
					}
				}
			})
		})
	}
}

// Of a block, who is silent is counted; who answers badly is listed.
func TestBlock(t *testing.T) {
	t.Parallel()
	const summary = "discover: 192.0.2.10-192.0.2.13: 1 of 4 addresses answered, 1 failed in iSCSI (authentication failure: 1), 1 refused the connection, 1 silent\n"
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		l.discover(t.Context(), "scan", "-o", "iscsiadm", "--timeout", "2s", "192.0.2.10-192.0.2.13").want(t, exit.Partly,
			"192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n"+
				"[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1\n"+
				"192.0.2.10:3260,-1 iqn.2026-11.com.example:disk-two\n",
			"discover: "+refused+"\n"+summary)
		r := l.discover(t.Context(), "scan", "--timeout", "2s", "--all", "192.0.2.10-192.0.2.13")
		if want := "discover: " + refused + "\ndiscover: " + notListening + "\ndiscover: " + silent + "\n" + summary; r.stderr != want {
			t.Errorf("--all: got\n%s\nwant\n%s", r.stderr, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		const blocks = `{"block":"192.0.2.10-192.0.2.13","addresses":4,"answered":1,"failed":1,"silent":2,"interrupted":0,"not_asked":0,` +
			`"silent_why":{"connection refused":1,"no answer in time":1},"iscsi_failed_why":{"authentication failure":1},"not_iscsi_why":{}}`
		l := fleet(t)
		l.discover(t.Context(), "scan", "-o", "json", "--timeout", "2s", "192.0.2.10-192.0.2.13").want(t, exit.Partly,
			`{"version":1,"results":[`+"\n"+okJSON+",\n"+refusedJSON+"\n"+`],"blocks":[`+blocks+"]}\n", "")
		r := l.discover(t.Context(), "scan", "-o", "jsonl", "--timeout", "2s", "192.0.2.10-192.0.2.13")
		if want := `{"type":"block",` + blocks[1:] + "\n"; !strings.HasSuffix(r.stdout, want) {
			t.Errorf("got %s, want it to end with %s", r.stdout, want)
		}
		l.discover(t.Context(), "scan", "-o", "json", "192.0.2.24/31").want(t, exit.Failed,
			`{"version":1,"results":[],"blocks":[{"block":"192.0.2.24/31","addresses":2,"answered":0,"failed":0,"silent":2,"interrupted":0,"not_asked":0,`+
				`"silent_why":{"connection refused":2},"iscsi_failed_why":{},"not_iscsi_why":{}}]}`+"\n", "")
	})
}

// Whoever interrupts a scan gets what is done, and the rest as cancelled.
func TestCancel(t *testing.T) {
	t.Parallel()
	cancelled := func(t *testing.T, args ...string) ran {
		l := fleet(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		args = append([]string{"scan", "--parallel", "1"}, args...) // which asks in the given order
		return l.discover(ctx, append(args, "192.0.2.10", "192.0.2.13", "192.0.2.14", "192.0.2.16/28")...)
	}
	t.Run("table", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			cancelled(t, "-o", "iscsiadm").want(t, exit.Partly, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk-two
`[1:], `
discover: connect to 192.0.2.13:3260: cancelled
discover: cancelled: 1 portal was not asked
discover: 192.0.2.16/28: 0 of 14 addresses answered, 14 not asked
`[1:])
		})
	})
	t.Run("json", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := cancelled(t, "-o", "json")
			type portal struct {
				Portal   string
				Status   string
				CodeName string `json:"code_name"`
				Error    struct{ Stage, Message string }
				Targets  []struct{ Name string }
			}
			var doc struct {
				Results []portal
				Blocks  []struct {
					Addresses, Answered, Silent int
					NotAsked                    int `json:"not_asked"`
				}
			}
			if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
				t.Fatalf("got %v of %s", err, r.stdout)
			}
			var got []string
			for _, p := range doc.Results {
				got = append(got, p.Portal+" "+p.CodeName+" "+p.Error.Stage)
			}
			want := "192.0.2.10:3260 ISDSC_SUCCESS ," +
				"192.0.2.13:3260 ERROR_CANCELLED connect," +
				"192.0.2.14:3260 ERROR_CANCELLED validate"
			if strings.Join(got, ",") != want {
				t.Errorf("got %v, want %s", got, want)
			}
			if len(doc.Blocks) != 1 || doc.Blocks[0].NotAsked != 14 {
				t.Errorf("got blocks %+v, want one with 14 addresses that were not asked", doc.Blocks)
			}
			if r.status != exit.Partly {
				t.Errorf("got exit status %d, want 3", r.status)
			}
		})
	})
	t.Run("jsonl", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := cancelled(t, "-o", "jsonl")
			for line := range bytes.Lines([]byte(r.stdout)) {
				if !json.Valid(line) {
					t.Errorf("got %q, which is not JSON", line)
				}
			}
			if got := strings.Count(r.stdout, `"code_name":"ERROR_CANCELLED"`); got != 2 {
				t.Errorf("got %d cancelled portals, want 2, in\n%s", got, r.stdout)
			}
		})
	})
}

// The trace shows each PDU, and no response of CHAP.
func TestTrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: ours, NOPIn: true, Records: twoTargets().Records[1:]})
		l.env["SECRET"] = ours
		r := l.discover(t.Context(), "scan", "--trace", "--chap-user", "host1", "--chap-secret", "env:SECRET", "192.0.2.10")
		for _, want := range []string{
			" 192.0.2.254 > 192.0.2.10:3260: Login Request T CSG=SecurityNegotiation NSG=",
			"\n    SessionType=Discovery\n",
			"\n    CHAP_N=host1\n    CHAP_R=********",
			` 192.0.2.10:3260 > 192.0.2.254: Login Response status="success (0x0000)" T CSG=LoginOperationalNegotiation NSG=FullFeaturePhase version=`,
			": Text Request I F ITT=0x",
			"\n    SendTargets=All\n",
			": NOP-In ITT=0xffffffff TTT=0x",
			": NOP-Out I ITT=0xffffffff TTT=0x",
			": Text Response F ITT=0x",
			"\n    TargetName=iqn.2026-11.com.example:disk-two\n",
			": Logout Request I reason=0 ITT=0x",
			`: Logout Response response="`,
		} {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("got no %q in\n%s", want, r.stderr)
			}
		}
		if r.status != exit.OK {
			t.Errorf("got exit status %d, want 0", r.status)
		}
	})
}

// A target's text cannot break out of the trace.
func TestTraceIsEscaped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		hostile := twoTargets()
		hostile.Respond = func(_, response pdu.PDU) iscsitest.Step {
			if m, ok := response.(*pdu.TextResponse); ok {
				m.Data = m.Data.Append("X-com.example.Note", "\x1b[2J\nforged line\u202e\xff")
			}
			return nil
		}
		l.Portal("192.0.2.10:3260", hostile)
		r := l.discover(t.Context(), "scan", "--trace", "192.0.2.10")
		if want := `X-com.example.Note=\x1b[2J\x0aforged line\u202e\xff` + "\n"; !strings.Contains(r.stderr, want) {
			t.Errorf("got %q, want %q in it", r.stderr, want)
		}
	})
}

// -v logs who asks and what came of it.
func TestVerbose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		l.env["SECRET"] = ours
		r := l.discover(t.Context(), "scan", "-v", "-o", "json", "--chap-secret", "env:SECRET", "192.0.2.12", "192.0.2.14")
		for _, want := range []string{
			"msg=scan initiator_name=iqn.2026-11.io.github.go-iscsi:host1.example.com from=\"host name\" portals=2\n",
			"portal=192.0.2.12:3260", "stage=connect",
		} {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("got no %q in\n%s", want, r.stderr)
			}
		}
		if strings.Contains(r.stderr, ours) {
			t.Errorf("got a secret in %s", r.stderr)
		}
	})
}

// A host name is tried by all its addresses, and the one that answered is shown.
func TestHostName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		l.names["storage1.example"] = []string{"192.0.2.12", "192.0.2.14"}
		l.discover(t.Context(), "scan", "storage1.example", "nowhere.example").want(t, exit.Partly,
			"storage1.example:3260 (192.0.2.14:3260): no targets\n",
			"discover: warning: storage1.example:3260: "+notListeningAt("storage1.example:3260 (192.0.2.12:3260)")+"\n"+
				"discover: resolve nowhere.example:3260: no such host\n")
	})
}

func notListeningAt(portal string) string {
	return strings.Replace(notListening, "192.0.2.12:3260", portal, 1)
}

// What a target is logged in to with: flags that go over the wire.
func TestLoginFlags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		portal := l.Portal("192.0.2.10:3261", &iscsitest.Target{HeaderDigest: true})
		r := l.discover(t.Context(), "scan", "192.0.2.10", "--tcp-port=3261", "--source=192.0.2.2", "--initiator-name=iqn.2026-11.com.example:me",
			"--header-digest=crc32c", "--data-digest=prefer-crc32c", "--max-connections=4", "--default-time2wait=3", "--default-time2retain=30",
			"--login-flags=multipath", "-o=json")
		if r.status != exit.OK {
			t.Fatalf("got %+v", r)
		}
		session := l.Sessions(portal)[0]
		for key, want := range map[string]string{
			"InitiatorName": "iqn.2026-11.com.example:me", "HeaderDigest": "CRC32C", "DataDigest": "CRC32C,None",
			"MaxConnections": "4", "DefaultTime2Wait": "3", "DefaultTime2Retain": "30",
		} {
			if got, _ := session.Key(key); got != want {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		}
		for _, want := range []string{`"initiator_port":"",`, `"source":"192.0.2.2"`, `"interface":""`} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("got no %s in %s", want, r.stdout)
			}
		}
	})
}

// Without a flag nothing optional goes over the wire.
func TestNoLoginFlags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		portal := l.Portal("192.0.2.10:3260", twoTargets())
		l.discover(t.Context(), "scan", "192.0.2.10")
		for _, key := range []string{"MaxConnections", "DefaultTime2Wait", "DefaultTime2Retain", "AuthMethod"} {
			if got, ok := l.Sessions(portal)[0].Key(key); ok {
				t.Errorf("%s: got %q, want none", key, got)
			}
		}
	})
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{
		"same-host": `"redirects":[{"from":"192.0.2.10:3260","to":"192.0.2.14:3260","login_status":"0x0101","permanent":false}]`,
		"none":      `"login_status":"0x0101","retryable":false`,
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.Portal("192.0.2.10:3260", &iscsitest.Target{Redirect: "192.0.2.14:3260"})
				l.Portal("192.0.2.14:3260", twoTargets())
				if r := l.discover(t.Context(), "scan", "-o", "json", "--redirect", policy, "192.0.2.10"); !strings.Contains(r.stdout, want) {
					t.Errorf("got %s, want %s in it", r.stdout, want)
				}
			})
		})
	}
}
