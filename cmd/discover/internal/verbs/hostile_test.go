package verbs

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// venom is what must reach neither a terminal nor a line of its own: sequences of
// a terminal in 7 and 8 bits, line ends of all kinds, marks that turn the direction
// of writing, and a line that looks like a result.
const venom = "\x1b[2J\x1b]0;t\x07\u009b2J\x7f\b\r\v\f\u0085\u2028\u2029\u202e\u2066\u200b\ufeff\n192.0.2.66:3260,1 iqn.2026-11.com.example:forged\ndiscover: forged\n"

// venoms are targets that put it, and bytes that are no UTF-8, and too much, into
// each place that something is shown of.
func venoms() map[string]iscsitest.Handler {
	const name = "iqn.2026-11.com.example:"
	list := func(text string) iscsitest.Handler {
		return &iscsitest.Target{Respond: func(_, response pdu.PDU) iscsitest.Step {
			if _, ok := response.(*pdu.TextResponse); !ok {
				return nil
			}
			return iscsitest.Send(&pdu.TextResponse{Final: true, Data: pdu.Text(text)})
		}}
	}
	// answers takes steps in the place of the first responses.
	answers := func(steps ...iscsitest.Step) iscsitest.Handler {
		n := 0
		return &iscsitest.Target{Respond: func(_, _ pdu.PDU) iscsitest.Step {
			if n++; n <= len(steps) {
				return steps[n-1]
			}
			return nil
		}}
	}
	login := func(stage pdu.Stage, pairs ...string) iscsitest.Step {
		return iscsitest.Send(&pdu.LoginResponse{CSG: stage, Data: iscsitest.Text(pairs...)})
	}
	chap := func(steps ...iscsitest.Step) iscsitest.Handler {
		return answers(append([]iscsitest.Step{login(0, "AuthMethod=CHAP")}, steps...)...)
	}
	challenge := login(0, "CHAP_A=5", "CHAP_I=1", "CHAP_C=0x0011223344556677")
	all := map[string]iscsitest.Handler{
		"status":       answers(iscsitest.Send(&pdu.LoginResponse{CSG: 1, Status: 0x02ee, Data: pdu.Text(venom)})),
		"redirect":     &iscsitest.Target{Redirect: venom},
		"method":       answers(login(0, "AuthMethod="+venom)),
		"algorithm":    chap(login(0, "CHAP_A="+venom, "CHAP_I=1", "CHAP_C=0x01")),
		"identifier":   chap(login(0, "CHAP_A=5", "CHAP_I="+venom, "CHAP_C=0x01")),
		"challenge":    chap(login(0, "CHAP_A=5", "CHAP_I=1", "CHAP_C=0x"+venom)),
		"proof":        chap(challenge, login(0, "CHAP_N="+venom, "CHAP_R=0x00112233445566778899aabbccddeeff")),
		"response":     chap(challenge, login(0, "CHAP_N=array", "CHAP_R="+venom)),
		"CHAP key":     chap(challenge, login(0, "CHAP_"+strings.Repeat("Z", 58)+"=1")),
		"group":        answers(login(1, "TargetPortalGroupTag="+venom)),
		"unknown key":  answers(login(1, "X-a="+venom, strings.Repeat("K", 63)+"=\xff\xfe")),
		"bad key":      answers(login(1, venom+"=1")),
		"reject":       answers(nil, iscsitest.Send(&pdu.Reject{Reason: 0x7b, Data: []byte(venom)})),
		"event":        answers(nil, iscsitest.Steps(iscsitest.Send(&pdu.AsyncMessage{Event: 255, Data: []byte(venom)}), iscsitest.Send(&pdu.TextResponse{Final: true}))),
		"ping":         answers(nil, iscsitest.Steps(iscsitest.Send(&pdu.NOPIn{TTT: pdu.NoTag, Data: []byte(venom)}), iscsitest.Send(&pdu.TextResponse{Final: true}))),
		"no PDU":       answers(iscsitest.SendRaw([]byte(venom + venom))),
		"banner":       answers(iscsitest.SendRaw([]byte("SSH-2.0-" + venom + venom))),
		"list key":     list("TargetName=" + name + "a\x00" + strings.Repeat("K", 63) + "=" + venom + "\x00"),
		"bad list":     list(venom + "\x00"),
		"bad list key": list("TargetName=" + name + "a\x00" + venom + "=x\x00"),
	}
	for what, bad := range map[string]string{
		"venom": venom, "bytes": "\xff\xfe\xc3\x28\xed\xa0\x80", "quotes": `","forged":"\` + "`$(id)`%s%n{{.}}", "much": strings.Repeat("\u202e", 2600), "a path": "../../../etc/passwd",
	} {
		all["name, "+what] = list("TargetName=" + name + bad + "\x00TargetAddress=192.0.2.10:3260,1\x00TargetName=" + bad + "\x00TargetName=" + name + "good\x00")
		all["address, "+what] = list("TargetName=" + name + "a\x00TargetAddress=" + bad + "\x00TargetAddress=192.0.2.10" + bad + ":3260,1\x00TargetAddress=192.0.2.10:3260,1" + bad + "\x00TargetAddress=[2001:db8::1%" + bad + "],1\x00")
		all["alias, "+what] = list("TargetName=" + name + "a\x00TargetAlias=" + bad + "\x00TargetAddress=192.0.2.10:3260,1\x00")
	}
	all["name, 223 bytes"] = list("TargetName=" + name + strings.Repeat("a", 199) + "\x00TargetName=" + name + strings.Repeat("b", 200) + "\x00")
	return all
}

// record is a line of -o iscsiadm.
var record = regexp.MustCompile(`^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]|[a-z0-9.-]+):\d+,(-1|\d+) (iqn|eui|naa)\.[^ ]+$`)

// Whatever a target puts anywhere, it reaches no output but as printable text in
// the place where it belongs: the table, the lines, the documents, the log, the
// trace, warnings, errors, and what the registry shows of it later.
func TestVenom(t *testing.T) {
	t.Parallel()
	for what, handler := range venoms() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, format := range render.Formats {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t)
					l.env["US"], l.env["THEM"] = "secret-of-the-host", "secret-of-the-target"
					l.Portal("192.0.2.10:3260", handler)
					credentials := " "
					if strings.Contains("method algorithm identifier challenge proof response CHAP key", what) {
						credentials = " --chap-user host1 --chap-algorithms md5 --chap-secret env:US --target-secret env:THEM "
					}
					registry := " --registry " + t.TempDir() + "/registry.db"
					runs := []string{"scan" + credentials + "192.0.2.10"}
					if format == render.FormatTable || format == render.FormatJSON {
						runs = append(runs, "portal add"+credentials+"192.0.2.10"+registry, "portal list"+registry, "target list"+registry)
					}
					for _, args := range runs {
						if strings.HasPrefix(args, "scan ") || strings.HasPrefix(args, "portal add ") {
							args += " --timeout 1s --trace"
						}
						r := l.discover(t.Context(), strings.Fields(args+" -v -o "+format)...)
						if r.status == exit.Usage {
							t.Fatalf("%s: %s", args, r.stderr)
						}
						judgeOutput(t, format, r)
					}
				})
			}
		})
	}
}

// judgeOutput holds both outputs of a run against the rules for all.
func judgeOutput(t *testing.T, format string, r ran) {
	t.Helper()
	for name, s := range map[string]string{"standard output": r.stdout, "standard error": r.stderr} {
		if !utf8.ValidString(s) {
			t.Errorf("%s: not UTF-8: %q", name, s)
		}
		for line := range strings.Lines(s) {
			line, ended := strings.CutSuffix(line, "\n")
			if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%s: not printable from byte %d: %q", name, i, line)
			}
			if !ended || strings.HasPrefix(line, "192.0.2.66") || strings.HasPrefix(line, "discover: forged") {
				t.Errorf("%s: a line that is none of ours: %q", name, line)
			}
		}
		for _, secret := range []string{"secret-of-the-host", "secret-of-the-target"} {
			if strings.Contains(s, secret) {
				t.Errorf("%s tells a secret: %s", name, s)
			}
		}
	}
	switch format {
	case render.FormatJSON:
		if !json.Valid([]byte(r.stdout)) {
			t.Errorf("not JSON: %s", r.stdout)
		}
	case render.FormatJSONL:
		for line := range strings.Lines(r.stdout) {
			if !json.Valid([]byte(line)) {
				t.Errorf("not a line of JSON: %s", line)
			}
		}
	case render.FormatISCSIADM:
		for line := range strings.Lines(r.stdout) {
			if !record.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("not a record: %q", line)
			}
		}
	}
	if strings.Contains(r.stdout, `"forged":`) {
		t.Errorf("a forged field: %s", r.stdout)
	}
	if n := len(r.stdout) + len(r.stderr); n > 256<<10 {
		t.Errorf("%d bytes of output", n)
	}
}
