package verbs

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// fleet is a network with a portal of each kind:
//
//	192.0.2.10  two targets
//	192.0.2.11  refuses the login
//	192.0.2.12  does not listen
//	192.0.2.13  nothing answers
//	192.0.2.14  has no targets
//	192.0.2.15  breaks off after its first target
func fleet(t *testing.T) *lab {
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	l.Portal("[2001:db8::10]:3260", twoTargets())
	l.Portal("192.0.2.11:3260", &iscsitest.Target{Status: pdu.StatusAuthFailure})
	l.Portal("192.0.2.13:3260")
	l.Portal("192.0.2.14:3260", &iscsitest.Target{})
	l.Portal("192.0.2.15:3260", breaksOff())
	return l
}

// breaksOff returns a target that closes the connection within its list.
func breaksOff() *iscsitest.Target {
	t := threeTargets()
	t.MaxText, t.Split = 100, iscsitest.SplitPairs
	t.Respond = func(_, response pdu.PDU) iscsitest.Step {
		if m, ok := response.(*pdu.TextResponse); ok && m.Final {
			return iscsitest.Close()
		}
		return nil
	}
	return t
}

const (
	refused = "login to 192.0.2.11:3260 from 192.0.2.254: target refused: authentication failure (0x0201); " +
		"the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)"
	notListening = "connect to 192.0.2.12:3260: connection refused; nothing listens there: check the address and the TCP port"
	silent       = "connect to 192.0.2.13:3260: no answer within 2s; check the route and the firewalls in between"
	brokenOff    = "discovery at 192.0.2.15:3260 from 192.0.2.254: the target closed the connection; the login worked, and 153 bytes of the list arrived: try again; see what the portal does with --trace"
)

func TestTable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		l.discover(t.Context(), "scan", "--timeout", "2s",
			"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15").want(t, exit.Partly, `
192.0.2.10:3260: 2 targets
  iqn.2026-11.com.example:disk1     192.0.2.10:3260,1
                                    [2001:db8::10]:3260,1
  iqn.2026-11.com.example:disk-two  192.0.2.10:3260
192.0.2.14:3260: no targets
192.0.2.15:3260: 1 target, then it failed
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1
                                 [2001:db8::10]:3260,1
`[1:], `
discover: `[1:]+refused+`
discover: `+notListening+`
discover: `+silent+`
discover: `+brokenOff+`
`)
	})
}

func TestISCSIADM(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		l.discover(t.Context(), "scan", "-o", "iscsiadm", "[2001:db8::10]", "192.0.2.11", "192.0.2.10").want(t, exit.Partly, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,-1 iqn.2026-11.com.example:disk-two
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk-two
`[1:], "discover: "+refused+"\n")
	})
}

// What a result looks like in JSON: each field, in the order of the contract.
const (
	twoTargetsJSON = `"targets":[` +
		`{"name":"iqn.2026-11.com.example:disk1","alias":"","addresses":[` +
		`{"address":"192.0.2.10","port":3260,"group":1},{"address":"2001:db8::10","port":3260,"group":1}]},` +
		`{"name":"iqn.2026-11.com.example:disk-two","alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":null}]}],`
	us       = `"initiator_name":"iqn.2026-11.io.github.go-iscsi:host1.example.com",`
	tcp      = `"source":"192.0.2.254","interface":"eth0","stored":false,`
	end      = `"complete":false,` + plainEnd
	plainEnd = `"warnings":[],"redirects":[],"ipsec":{"plan":"none","origin":"default","existing":"unknown"},"auth":{"method":"none"},`
	noTime   = `"elapsed_ms":0,` + noPhases
	noPhases = `"phases_ms":{"resolve":0,"secure":0,"connect":0,"login":0,"discover":0}`

	okJSON = `{"portal":"192.0.2.10:3260","address":"192.0.2.10:3260","instance":"","initiator_port":"all","initiator_port_used":"",` +
		us + tcp + `"status":"ok","code":0,"code_name":"ISDSC_SUCCESS",` + twoTargetsJSON + `"complete":true,` + plainEnd + noTime + `}`
	refusedJSON = `{"portal":"192.0.2.11:3260","address":"192.0.2.11:3260","instance":"","initiator_port":"all","initiator_port_used":"",` +
		us + tcp + `"status":"error","code":4026466313,"code_name":"ISDSC_AUTHENTICATION_FAILURE",` +
		`"error":{"stage":"login","message":"` + refused + `","login_status":"0x0201","retryable":false},` +
		`"targets":[],` + end + noTime + `}`
	silentJSON = `{"portal":"192.0.2.13:3260","address":"192.0.2.13:3260","instance":"","initiator_port":"all","initiator_port_used":"",` +
		us + `"source":"","interface":"","stored":false,"status":"error","code":4026466307,"code_name":"ISDSC_CONNECTION_FAILED",` +
		`"error":{"stage":"connect","message":"` + silent + `","login_status":"","retryable":true},` +
		`"targets":[],` + end + `"elapsed_ms":2000,"phases_ms":{"resolve":0,"secure":0,"connect":2000,"login":0,"discover":0}}`
	brokenOffJSON = `{"portal":"192.0.2.15:3260","address":"192.0.2.15:3260","instance":"","initiator_port":"all","initiator_port_used":"",` +
		us + tcp + `"status":"error","code":4026466340,"code_name":"ISDSC_TRANSPORT_ERROR",` +
		`"error":{"stage":"discover","message":"` + brokenOff + `","login_status":"","retryable":true},` +
		`"targets":[{"name":"iqn.2026-11.com.example:disk1","alias":"","addresses":[` +
		`{"address":"192.0.2.10","port":3260,"group":1},{"address":"2001:db8::10","port":3260,"group":1}]}],` + end + noTime + `}`
)

func TestJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		r := l.discover(t.Context(), "scan", "-o", "json", "--timeout", "2s", "192.0.2.13", "192.0.2.10", "192.0.2.11", "192.0.2.15")
		r.want(t, exit.Partly, `{"version":1,"results":[`+"\n"+
			strings.Join([]string{silentJSON, okJSON, refusedJSON, brokenOffJSON}, ",\n")+"\n]}\n", "")
		if !json.Valid([]byte(r.stdout)) {
			t.Error("not JSON")
		}
	})
}

// In the stream a target is there before its portal is done, and a portal before
// those that were given earlier and take longer.
func TestJSONL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		want := `{"type":"target","portal":"192.0.2.10:3260","name":"iqn.2026-11.com.example:disk1","alias":"","addresses":[` +
			`{"address":"192.0.2.10","port":3260,"group":1},{"address":"2001:db8::10","port":3260,"group":1}]}` + "\n" +
			`{"type":"target","portal":"192.0.2.10:3260","name":"iqn.2026-11.com.example:disk-two","alias":"","addresses":[` +
			`{"address":"192.0.2.10","port":3260,"group":null}]}` + "\n" +
			line(okJSON, 2) + line(silentJSON, 0)
		l.discover(t.Context(), "scan", "-o", "jsonl", "--timeout", "2s", "192.0.2.13", "192.0.2.10").want(t, exit.Partly, want, "")
	})
}

// line makes the line of a stream of a result in a document.
func line(result string, targets int) string {
	from := strings.Index(result, `"targets":[`)
	to := strings.Index(result, `"complete":`)
	result = strings.TrimSuffix(result[:from]+result[to:], "}")
	return `{"type":"portal",` + result[1:] + `,"targets_found":` + string(rune('0'+targets)) + "}\n"
}

// A reader of the stream has each line at once, however long the portal goes on.
func TestStreamIsImmediate(t *testing.T) {
	t.Parallel()
	for _, format := range []string{render.FormatJSONL, render.FormatISCSIADM} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				slow := threeTargets()
				slow.MaxText = 60
				slow.Respond = func(_, response pdu.PDU) iscsitest.Step {
					if _, ok := response.(*pdu.TextResponse); ok {
						time.Sleep(time.Second)
					}
					return nil
				}
				l.Portal("192.0.2.10:3260", slow)
				start := time.Now()
				var at []time.Duration
				l.stdout = writerFunc(func(p []byte) (int, error) {
					at = append(at, time.Since(start))
					return len(p), nil
				})
				l.discover(t.Context(), "scan", "-o", format, "192.0.2.10")
				if len(at) < 2 || at[0] >= at[len(at)-1] {
					t.Errorf("got writes at %v, want one before the end", at)
				}
			})
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Whatever a target sends, one record is one line and nothing in it works on a
// terminal.
func TestHostileTarget(t *testing.T) {
	t.Parallel()
	hostile := &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:a\n192.0.2.66:3260,1 iqn.2026-11.com.example:forged", Addresses: []string{"192.0.2.10:3260,1"}},
		{Name: "iqn.2026-11.com.example:\x1b[2Jcls", Addresses: []string{"192.0.2.10:3260,1"}},
		{Name: "iqn.2026-11.com.example:\u202egnp", Addresses: []string{"192.0.2.10:3260,1"}},
		{Name: "iqn.2026-11.com.example:good", Addresses: []string{"192.0.2.10:3260,1", "192.0.2.10\n:3260,1", "x\x1b]0;title\x07:3260,1"}},
	}}
	// The Auditor wants keys and values as the RFC has them, so a Target does
	// not send an alias; put one in.
	hostile.Respond = func(_, response pdu.PDU) iscsitest.Step {
		if m, ok := response.(*pdu.TextResponse); ok {
			m.Data = m.Data.Append(pdu.KeyTargetAlias, "\x1b[31mred\u202e\u2028\"\\")
		}
		return nil
	}
	for _, format := range render.Formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.Portal("192.0.2.10:3260", hostile)
				r := l.discover(t.Context(), "scan", "-o", format, "192.0.2.10")
				if r.status != exit.OK {
					t.Errorf("got exit status %d, want 0", r.status)
				}
				for name, s := range map[string]string{"standard output": r.stdout, "standard error": r.stderr} {
					for _, c := range s {
						if c != '\n' && terminal.Escape(string(c)) != string(c) && c != '\\' {
							t.Errorf("%s: got %q in %q, want it escaped", name, c, s)
						}
					}
					if strings.Contains(s, "\n192.0.2.66") {
						t.Errorf("%s: a target forged a line: %q", name, s)
					}
				}
				switch format {
				case render.FormatISCSIADM:
					if want := "192.0.2.10:3260,1 iqn.2026-11.com.example:good\n"; r.stdout != want {
						t.Errorf("got %q, want %q", r.stdout, want)
					}
				case render.FormatTable:
					if want := `"\x1b[31mred\u202e\u2028\"\\"`; !strings.Contains(r.stdout, want) {
						t.Errorf("got %q, want %s in it", r.stdout, want)
					}
				}
			})
		})
	}
}

// Nobody reads what we write any more: that is no error to speak of.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := fleet(t)
				l.stdout = writerFunc(func([]byte) (int, error) { return 0, syscall.EPIPE })
				r := l.discover(t.Context(), "scan", "-o", format, "192.0.2.10", "192.0.2.13")
				if r.status != exit.Failed || r.stderr != "" {
					t.Errorf("got exit status %d and %q, want 1 and nothing", r.status, r.stderr)
				}
			})
		})
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fleet(t)
		l.stdout = writerFunc(func([]byte) (int, error) { return 0, syscall.ENOSPC })
		r := l.discover(t.Context(), "scan", "192.0.2.10")
		r.want(t, exit.Failed, "", "discover: write the results: "+syscall.ENOSPC.Error()+"\n")
	})
}

// TestFullDiskOfResults: what cannot be written is an error of every verb that has
// results.
func TestFullDiskOfResults(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: twoTargets().Records})
			discover := l.inRegistry(t)
			l.stdout = writerFunc(func([]byte) (int, error) { return 0, syscall.ENOSPC })
			discover("portal", "add", "-o", format, "192.0.2.10").want(t, exit.Failed, "", "discover: write the results: "+syscall.ENOSPC.Error()+"\n")
			discover("portal", "refresh", "-o", format).want(t, exit.Failed, "", "discover: write the results: "+syscall.ENOSPC.Error()+"\n")
		})
	}
}
