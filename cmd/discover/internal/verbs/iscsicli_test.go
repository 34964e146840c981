package verbs

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// banner begins each answer of the tool.
const banner = "discover, iSCSI discovery Version 0.0 Build 0\n\n"

const succeeded = "The operation completed successfully. (0, ISDSC_SUCCESS)\n"

// What is not understood: one line says why, the usage of the verb what would be
// right, and none of it repeats what may be a secret. Nothing is sent.
func TestToolUsage(t *testing.T) {
	t.Parallel()
	const hint = "; put arguments that start with - after --"
	for _, tt := range []struct{ args, want, usage string }{
		{"", "iscsicli: a verb is missing", "VERB [ARGUMENT...]\n"},
		{"ListTargts", `iscsicli: unknown verb "ListTargts" (did you mean ListTargets?)`, "VERB [ARGUMENT...]\n"},
		{"addtargetportal 192.0.2.10", "iscsicli AddTargetPortal: it takes 2 or 14 arguments, but got 1", "AddTargetPortal Address Port [HBA"},
		{"AddTargetPortal 192.0.2.10 70000", "iscsicli AddTargetPortal: argument 2 is not a valid Port: TCP port, 1 to 65535; * 3260", "AddTargetPortal Address"},
		{"QAddTargetPortal u:hunter2@192.0.2.10", "iscsicli QAddTargetPortal: argument 1 is not a valid Address: an IP address or a host name, without the TCP port (URLs and user names are not accepted)", "QAddTargetPortal Address [User Secret]\n"},
		{"AddTargetPortal 192.0.2.10:3260 3260", "iscsicli AddTargetPortal: argument 1 is not a valid Address: an IP address or a host name, without the TCP port (it contains a port)", "AddTargetPortal Address"},
		{"CHAPSecret", "iscsicli CHAPSecret: it takes 1 argument, but got none", "CHAPSecret Secret\n"},
		{"CHAPSecret hunter2", "iscsicli: the secret: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt; with --allow-literal-secrets, the secret itself is accepted", ""},
		{"QAddTargetPortal 192.0.2.10 u hunter2", "iscsicli: the password: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt; with --allow-literal-secrets, the secret itself is accepted", ""},
		{"AddTarget iqn.2026-11.com.example:d * * * * * * * * * * * u hunter2 1 0", "iscsicli: the password: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt; with --allow-literal-secrets, the secret itself is accepted", ""},
		{"GroupKey hunter2 T", "iscsicli: the key: the secret itself is not accepted here, because others can read a command line; say where it is: file:PATH, env:NAME, cred:NAME, fd:N or prompt; with --allow-literal-secrets, the secret itself is accepted", ""},
		{"CHAPSecret env:NONE", "iscsicli: the secret: the environment variable is not set", ""},
		{"CHAPSecret fd:3 --key fd:3", "two secrets refer to the same file descriptor, which can be read only once", ""},
		{"CHAPSecret --hunter2", "iscsicli: unknown flag" + hint + "; see discover help iscsicli", ""},
		{"CHAPSecret -hunter2", "iscsicli: unknown flag" + hint + "; see discover help iscsicli", ""},
		{"CHAPSecret -ohunter2", "--output: expected one of table, json, jsonl, iscsiadm" + hint, ""},
		{"ListTargets -o json", "discover iscsicli prints what Windows' tool prints: leave out -o, or use a verb such as discover portal list -o json", ""},
		{"ListTargets -o iscsiadm", "discover iscsicli prints what Windows' tool prints: leave out -o, or use a verb such as discover portal list -o json", ""},
		{"ListTargets --capture f", "--capture needs a verb that asks portals: this one sends nothing", ""},
		{"ListTargets --capture-secrets T", "--capture-secrets needs --capture FILE", ""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			r := l.inRegistry(t)(append([]string{"iscsicli"}, strings.Fields(tt.args)...)...)
			first, rest, _ := strings.Cut(r.stderr, "\n")
			if r.status != exit.Usage || r.stdout != "" || first != "discover: "+tt.want {
				t.Errorf("got %+v, want %s", r, tt.want)
			}
			if tt.usage == "" && rest != "" || !strings.HasPrefix(strings.TrimPrefix(rest, "Usage: discover iscsicli "), tt.usage) {
				t.Errorf("got the usage\n%s\nwant %s", rest, tt.usage)
			}
			if strings.Contains(r.stderr, "hunter2") {
				t.Errorf("the secret is in %s", r.stderr)
			}
			if got := l.Dials(); len(got) > 0 {
				t.Errorf("got dials %v, want none", got)
			}
		})
	}
}

// TestToolQuestion (issue 19, 6): help is asked for as Windows' users do, and as others do, and
// fits a terminal.
func TestToolQuestion(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"iscsicli listtargets /?", "iscsicli ListTargets -?", "iscsicli help ListTargets", "iscsicli /? ListTargets", "help iscsicli LISTTARGETS"} {
		newLab(t).inRegistry(t)(strings.Fields(line)...).want(t, exit.OK, `
Usage: discover iscsicli ListTargets [ForceUpdate]

  ForceUpdate  T: ask all portals first; anything else: do not
`[1:], "")
	}
	for _, line := range []string{"iscsicli /?", "iscsicli -?", "iscsicli help", "iscsicli HELP"} {
		r := newLab(t).inRegistry(t)(strings.Fields(line)...)
		wantNarrow(t, []string{line}, r.stdout)
		if r.status != exit.OK || !strings.HasPrefix(r.stdout, "Usage: discover iscsicli VERB [ARGUMENT...]\n\n  AddTargetPortal ") || r.stderr != "" {
			t.Errorf("%s: got %+v", line, r)
		}
	}
	for _, verb := range append(toolVerbs(), "LoginTarget", "FirewallExemptiSNSServer") {
		r := newLab(t).inRegistry(t)("iscsicli", verb, "/?")
		if r.status != exit.OK || !strings.Contains(r.stdout, verb) || slices.ContainsFunc(strings.Split(r.stdout, "\n"), func(l string) bool { return len(l) > 80 }) {
			t.Errorf("%s: got %+v, want lines of 80 columns", verb, r)
		}
	}
	for _, line := range []string{"iscsicli listtargets -h", "iscsicli --help ListTargets"} { // the help of that verb
		want := newLab(t).inRegistry(t)("iscsicli", "ListTargets", "/?")
		if r := newLab(t).inRegistry(t)(strings.Fields(line)...); r != want {
			t.Errorf("%s: got %+v, want %+v", line, r, want)
		}
	}
	// What only looks like a question is not one: it may be a secret.
	for line, want := range map[string]string{
		"iscsicli CHAPSecret -- -?":              "the secret itself is not accepted here",
		"iscsicli AddTargetPortal 192.0.2.10 /?": "argument 2 is not a valid Port",
		"iscsicli help ListTargets T":            "unknown verb",
	} {
		l := newLab(t)
		l.env["DISCOVER_REGISTRY"] = filepath.Join(t.TempDir(), "registry.db") // a flag would stand behind --
		if r := l.discover(t.Context(), strings.Fields(line)...); r.status != exit.Usage || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: got %+v, want %q", line, r, want)
		}
	}
}

// toolVerbs are the names of the verbs that are here.
func toolVerbs() (names []string) {
	for _, v := range iscsicli.Verbs() {
		names = append(names, v.Name)
	}
	return names
}

// A verb of Windows' that is not here says what is.
func TestToolElsewhere(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"LoginTarget", "qlogintarget", "PersistentLoginTarget", "ListPersistentTargets", "RemovePersistentTarget", "LogoutTarget",
		"SessionList", "ReportTargetMappings", "FirewallExemptiSNSServer"} {
		r := newLab(t).inRegistry(t)("iscsicli", verb, "a", "b")
		if r.status != exit.Failed || r.stdout != banner+"The request is not supported. (0xEFFF0037, ISDSC_REQUEST_NOT_SUPPORTED)\n" ||
			!strings.HasPrefix(strings.ToLower(r.stderr), "discover: iscsicli "+strings.ToLower(verb)+" is not supported: discover ") || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%s: got %+v", verb, r)
		}
	}
}

// Which lengths of CHAP secrets are taken, and how the others are refused.
func TestToolStrict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		length int
		want   string
	}{
		{11, "The secret that answers the target is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16. (0xEFFF004B, ISDSC_INVALID_TARGET_CHAP_SECRET)\n"},
		{12, succeeded},
		{16, succeeded},
		{17, "The secret that answers the target is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16. (0xEFFF004B, ISDSC_INVALID_TARGET_CHAP_SECRET)\n"},
	} {
		l := newLab(t)
		secret := strings.Repeat("s", tt.length)
		l.env["SECRET"], l.files["/etc/discover/secret"] = secret, secret+"\n"
		l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: secret})
		for _, ref := range []string{"env:SECRET", "file:/etc/discover/secret"} {
			discover := l.inRegistry(t)
			if r := discover("iscsicli", "QAddTargetPortal", "192.0.2.10", "host1", ref); r.stdout != banner+tt.want {
				t.Errorf("%d bytes by %s: got %+v", tt.length, ref, r)
			}
			if tt.want == succeeded {
				continue
			}
			if r := discover("iscsicli", "ListTargetPortals"); !strings.Contains(r.stdout, "Total of 0 portals") {
				t.Errorf("%d bytes: it is stored: %+v", tt.length, r)
			}
		}
	}
	// The other direction: a short one is stored, with a warning.
	for length, want := range map[int]string{
		11: "The CHAP secret is shorter than 12 bytes: it is stored, and good under IPsec only. (0xAFFF0048, ISDSC_SHORT_CHAP_SECRET)\n",
		12: succeeded,
		16: succeeded,
		17: "The secret with which targets authenticate to us is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16. (0xEFFF004C, ISDSC_INVALID_INITIATOR_CHAP_SECRET)\n",
	} {
		l := newLab(t)
		l.files["/etc/discover/secret"] = strings.Repeat("s", length)
		r := l.inRegistry(t)("iscsicli", "CHAPSecret", "file:/etc/discover/secret")
		if r.stdout != banner+want || r.status == exit.OK != (length != 17) {
			t.Errorf("%d bytes: got %+v, want %s", length, r, want)
		}
	}
}

// A secret on the command line, where that is allowed, is used, warned of, and
// seen nowhere else; behind 0x it is in hexadecimal digits.
func TestToolLiteralSecrets(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: "secret-of-host"})
	discover := l.inRegistry(t)
	const warning = "discover: warning: the password is on the command line, where others can read it and a shell may save it; use file:PATH, env:NAME, cred:NAME, fd:N or prompt instead\n"
	const replaced = "discover: warning: 192.0.2.10:3260: the entry that was in the registry (instance any, port all) is replaced: options that are not given now return to their defaults\n"
	discover("iscsicli", "--allow-literal-secrets", "QAddTargetPortal", "192.0.2.10", "host1", "secret-of-host").want(t, exit.OK, banner+succeeded, warning)
	discover("iscsicli", "--allow-literal-secrets", "QAddTargetPortal", "192.0.2.10", "host1", "0x7365637265742d6f662d686f7374").want(t, exit.OK, banner+succeeded, warning+replaced)
	r := l.discover(t.Context(), "iscsicli", "--allow-literal-secrets", "--registry", filepath.Join(t.TempDir(), "registry.db"), "--", "QAddTargetPortal", "192.0.2.10", "host1", "-not-the-secret")
	if r.status != exit.Failed || r.stdout != banner+"Authentication failed. (0xEFFF0009, ISDSC_AUTHENTICATION_FAILURE)\n" || strings.Contains(r.stderr, "not-the-secret") {
		t.Errorf("got %+v", r)
	}
	l.env["SECRET"] = "secret-of-host"
	discover("iscsicli", "--allow-literal-secrets", "QAddTargetPortal", "192.0.2.10", "host1", "env:SECRET").want(t, exit.OK, banner+succeeded, replaced)
	discover("iscsicli", "--allow-literal-secrets", "CHAPSecret", "0x123").want(t, exit.Failed, banner+"The parameter is incorrect. (87, ERROR_INVALID_PARAMETER)\n",
		strings.Replace(warning, "password", "secret", 1)+"discover: secret: 0x must be followed by hexadecimal digits, two for each byte\n")
}

// What the rules of the reference API refuse is not stored; its code is told.
func TestToolRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, code string }{
		{"AddTargetPortal * 3260", "0xEFFF003C, ISDSC_NO_PORTAL_SPECIFIED"},
		{"AddTargetPortal 192.0.2.10/24 3260", "87, ERROR_INVALID_PARAMETER"},
		{"AddTargetPortal 0.0.0.0 3260", "0xEFFF0068, ISDSC_INVALID_HOST"},
		{"AddTargetPortal 192.0.2.10 3260 * 1 * * * * * * * * * *", "87, ERROR_INVALID_PARAMETER"},
		{"AddTargetPortal 192.0.2.10 3260 none * * * * * * * * * * *", "0xEFFF0017, ISDSC_INITIATOR_INSTANCE_NOT_FOUND"},
		{"AddTargetPortal 192.0.2.10 3260 host 77 * * * * * * * * * *", "0xEFFF002D, ISDSC_INVALID_PORT_NUMBER"},
		{"AddTargetPortal 192.0.2.10 3260 * * 0x61 * * * * * * * * *", "0xEFFF0056, ISDSC_INVALID_PARAMETER"},
		{"AddTargetPortal 192.0.2.10 3260 * * 0x81 * * * * * * * * *", "0xEFFF0056, ISDSC_INVALID_PARAMETER"},
		{"AddTargetPortal 192.0.2.10 3260 * * * 4 * * * * * * * *", "87, ERROR_INVALID_PARAMETER"},
		{"AddTargetPortal 192.0.2.10 3260 * * * 0x10 * * * * * * * *", "0xEFFF0037, ISDSC_REQUEST_NOT_SUPPORTED"},
		{"AddTargetPortal 192.0.2.10 3260 * * * * * * * * * u * 1", "0xEFFF004B, ISDSC_INVALID_TARGET_CHAP_SECRET"},
		{"AddTargetPortal 192.0.2.10 3260 * * * * * * * * * u - 1", "0xEFFF004B, ISDSC_INVALID_TARGET_CHAP_SECRET"},
		{"AddTargetPortal 192.0.2.10 3260 * * * * * * * * * - env:SECRET 1", "0xEFFF004D, ISDSC_INVALID_CHAP_USER_NAME"},
		{"AddTargetPortal 192.0.2.10 3260 * * * * * * * * * u env:SECRET 2", "0xEFFF004C, ISDSC_INVALID_INITIATOR_CHAP_SECRET"},
		{"RemoveTargetPortal 192.0.2.10 3260", "0xEFFF0043, ISDSC_PORTAL_NOT_FOUND"},
		{"RefreshTargetPortal 192.0.2.10 3260 * 1", "87, ERROR_INVALID_PARAMETER"},
		{"RemoveiSNSServer 192.0.2.205", "0xEFFF003A, ISDSC_ISNS_SERVER_NOT_FOUND"},
		{"RefreshiSNSServer 192.0.2.205:3206", "0xEFFF003A, ISDSC_ISNS_SERVER_NOT_FOUND"},
		{"AddiSNSServer *", "87, ERROR_INVALID_PARAMETER"},
		{"AddiSNSServer 0.0.0.0", "87, ERROR_INVALID_PARAMETER"},
		{"AddiSNSServer 192.0.2.205/24", "87, ERROR_INVALID_PARAMETER"},
		{"TargetInfo iqn.2026-11.com.example:none", "0xEFFF0029, ISDSC_TARGET_NOT_FOUND"},
		{"QAddTarget ../none *", "0xEFFF0051, ISDSC_INVALID_ISCSI_NAME"},
		{"AddTarget iqn.2026-11.com.example:d * * * 1 * * * * * * * * * * *", "87, ERROR_INVALID_PARAMETER"},
		{"RemoveTarget iqn.2026-11.com.example:none", "0xEFFF0029, ISDSC_TARGET_NOT_FOUND"},
		{"NodeName no/ne", "0xEFFF0051, ISDSC_INVALID_ISCSI_NAME"},
		{"GroupKey * T", "0xEFFF0027, ISDSC_TARGET_PRESHAREDKEY_UNAVAILABLE"},
		{"PSKey none * 0 1 192.0.2.10 env:SECRET T", "0xEFFF0017, ISDSC_INITIATOR_INSTANCE_NOT_FOUND"},
		{"GetPSKey * * 1 192.0.2.10", "0xEFFF0034, ISDSC_NO_AUTH_INFO_AVAILABLE"},
		{"TunnelAddr * * 192.0.2.10 0.0.0.0 T", "0xEFFF0068, ISDSC_INVALID_HOST"},
		{"TunnelAddr * * 192.0.2.10 * T", "0xEFFF0035, ISDSC_NO_TUNNEL_OUTER_MODE_ADDRESS"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.env["SECRET"] = "secret-of-host"
			discover := l.inRegistry(t)
			r := discover(append([]string{"iscsicli"}, strings.Fields(tt.args)...)...)
			if r.status != exit.Failed || !strings.HasPrefix(r.stdout, banner) || !strings.HasSuffix(r.stdout, ". ("+tt.code+")\n") || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("got %+v, want %s", r, tt.code)
			}
			discover("iscsicli", "ListTargetPortals").want(t, exit.OK, banner+"Total of 0 portals are persisted:\n\n"+succeeded, "")
			if got := l.Dials(); len(got) > 0 {
				t.Errorf("got dials %v, want none", got)
			}
		})
	}
}

// Keys, gateways, names and static targets are the registry's: what the tool sets
// the other verbs show, and the other way round.
func TestToolRegistry(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["KEY"] = "a preshared key"
	discover := l.inRegistry(t)
	tool := func(line string) ran { return discover(append([]string{"iscsicli"}, strings.Fields(line)...)...) }
	for _, line := range []string{
		"NodeName iqn.2026-11.com.example:HOST7",
		"QAddTarget iqn.2026-11.com.example:disk7 192.0.2.10",
		"GroupKey env:KEY T",
		"PSKey HOST 0 0x27 1 192.0.2.10 env:KEY *",
		"TunnelAddr * * 192.0.2.10 203.0.113.1 T",
	} {
		tool(line).want(t, exit.OK, banner+succeeded, "")
	}
	for _, tt := range []struct{ args, want string }{
		{"initiator show", "iqn.2026-11.com.example:HOST7  initiator set-name"},
		{"target list -o iscsiadm", "192.0.2.10:3260,-1 iqn.2026-11.com.example:disk7\n"},
		{"ipsec psk list -o json", `{"id":"group","key":"set"`},
		{"ipsec psk list -o json", `"192.0.2.10"`},
		{"ipsec psk list -o json", `"security_flags":"0x27"`},
		{"ipsec tunnel list", "203.0.113.1"},
	} {
		if r := discover(strings.Fields(tt.args)...); !strings.Contains(r.stdout, tt.want) {
			t.Errorf("%s: got %+v, want %s", tt.args, r, tt.want)
		}
	}
	tool("GetPSKey host 0 1 192.0.2.10").want(t, exit.OK, banner+`
    Security Flags       : 0x27
                           Transport Mode Preferred
                           Main Mode Enabled
                           IPSEC Enabled
                           Security Flags are Valid
`[1:]+succeeded, "")
	if r := discover("instance", "add", "san", "--interface", "eth1"); r.status != exit.OK {
		t.Fatal(r)
	}
	tool("ListInitiators").want(t, exit.OK, banner+"Initiators List:\n    host\n    san\n"+succeeded, "")
	tool("ListTargets").want(t, exit.OK, banner+"Targets List:\n    iqn.2026-11.com.example:disk7\n"+succeeded, "")

	// The reference API takes any name; we warn of an unusual one.
	tool("NodeName host7").want(t, exit.OK, banner+succeeded, "discover: "+unusualWarning("host7"))

	// What is not to be kept is said to be forgotten.
	tool("PSKey * * 0 2 array.example.com env:KEY F").want(t, exit.OK, banner+succeeded, "discover: the key was only checked and is not stored\n")
	tool("AddTarget iqn.2026-11.com.example:disk8 * * * * F * 1 * * * * u env:KEY 1 1 0 0 0 0").want(t, exit.OK, banner+succeeded,
		"discover: warning: login options and mappings are not stored, because discover does not log in to targets\ndiscover: the target was only checked and is not stored\n")
	if r := discover("ipsec", "psk", "list"); strings.Contains(r.stdout, "array.example.com") {
		t.Errorf("it is there: %+v", r)
	}

	for _, line := range []string{
		"TunnelAddr * * 192.0.2.10 * T",
		"NodeName *",
		"RemoveTarget iqn.2026-11.com.example:disk7",
		"CHAPSecret *",
	} {
		tool(line).want(t, exit.OK, banner+succeeded, "")
	}
	if r := discover("initiator", "show"); !strings.Contains(r.stdout, "host name") {
		t.Errorf("the name is there: %+v", r)
	}
}

// A ping asks as a refresh would, stores nothing, and takes a refusal for the
// answer that it is.
func TestToolPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		l.Portal("192.0.2.11:3260", &iscsitest.Target{User: "host1", Secret: "secret-of-host"})
		discover := l.inRegistry(t)
		check := func(r ran, status int, lines ...string) {
			t.Helper()
			got := strings.Split(strings.TrimPrefix(r.stdout, banner), "\n")
			if r.status != status || len(got) != len(lines)+1 || !strings.HasPrefix(r.stdout, banner) {
				t.Fatalf("got %+v", r)
			}
			for i, line := range lines {
				if !strings.HasPrefix(got[i], line) {
					t.Errorf("got %s, want %s", got[i], line)
				}
			}
		}
		check(discover("iscsicli", "Ping", "*", "192.0.2.10", "2"), exit.OK, "Discovery sessions with 192.0.2.10:3260 (instance any, port all):",
			"    Answer from 192.0.2.10:3260 to 192.0.2.254 in ", "    Answer from 192.0.2.10:3260 to 192.0.2.254 in ", "2 sessions were tried, 2 were answered", strings.TrimSpace(succeeded))
		check(discover("iscsicli", "Ping", "host", "192.0.2.11", "1"), exit.OK, "Discovery sessions with 192.0.2.11:3260 (instance host, port all):",
			"    Answer from 192.0.2.11:3260 to 192.0.2.254 in ", "1 session was tried, 1 was answered", strings.TrimSpace(succeeded))
		for address, end := range map[string]string{"192.0.2.10": " ms: 2 targets", "192.0.2.11": " ms: it refuses the login: authentication failure (0x0201)"} {
			if r := discover("iscsicli", "Ping", "*", address, "1"); !strings.Contains(r.stdout, end+"\n") {
				t.Errorf("got %+v, want %s", r, end)
			}
		}
		r := discover("iscsicli", "Ping", "*", "192.0.2.12", "1", "32", "1000")
		check(r, exit.Failed, "Discovery sessions with", "    No answer: connect to 192.0.2.12:3260: connection refused; ", "1 session was tried, 0 were answered",
			"No TCP connection to the portal could be made. (0xEFFF0003, ISDSC_CONNECTION_FAILED)")
		if r.stderr != "discover: warning: the size has no effect: Ping tries a discovery session, not ICMP\n" {
			t.Errorf("got %s", r.stderr)
		}
		discover("iscsicli", "ListTargets").want(t, exit.OK, banner+"Targets List:\n"+succeeded, "")
		check(discover("iscsicli", "Ping", "none", "192.0.2.10", "1"), exit.Failed, "Discovery", "    No answer: ", "1 session", "There is no initiator instance of this name. (0xEFFF0017, ")
	})
}

// A dry run holds everything against the rules, and neither stores nor sends.
func TestToolDryRun(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	l.env["SECRET"] = "secret-of-host"
	discover := l.inRegistry(t)
	const note = banner + "Dry run: nothing is stored, and nothing is sent.\n"
	discover("iscsicli", "AddTargetPortal", "192.0.2.10", "3260", "--dry-run").want(t, exit.OK, note+"Dry run: would have stored 192.0.2.10:3260 (instance any, port all), and asked it.\n"+succeeded, "")
	discover("iscsicli", "RefreshTargetPortal", "192.0.2.10", "3260", "--dry-run").want(t, exit.OK, note+"Dry run: would have asked 192.0.2.10:3260 (instance any, port all).\n"+succeeded, "")
	discover("iscsicli", "Ping", "*", "192.0.2.10", "--dry-run").want(t, exit.OK, note+"Dry run: would have asked 192.0.2.10:3260 (instance any, port all).\n"+succeeded, "")
	discover("iscsicli", "ListTargets", "T", "--dry-run").want(t, exit.OK, note+"Dry run: would have asked all portals and iSNS servers.\nTargets List:\n"+succeeded, "")
	discover("iscsicli", "CHAPSecret", "env:SECRET", "--dry-run").want(t, exit.OK, note+succeeded, "")
	if r := discover("iscsicli", "AddTargetPortal", "192.0.2.10", "3260", "none", "*", "*", "*", "*", "*", "*", "*", "*", "*", "*", "*", "--dry-run"); r.status != exit.Failed {
		t.Errorf("got %+v", r)
	}
	discover("iscsicli", "ListTargetPortals").want(t, exit.OK, banner+"Total of 0 portals are persisted:\n\n"+succeeded, "")
	if r := discover("initiator", "show"); !strings.HasSuffix(r.stdout, " none\n") {
		t.Errorf("got %+v", r)
	}
	if got := l.Dials(); len(got) > 0 {
		t.Errorf("got dials %v, want none", got)
	}
}

// With several portals, what some fail with costs the others nothing.
func TestToolForceUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		discover := l.inRegistry(t)
		for _, address := range []string{"192.0.2.10", "192.0.2.11"} {
			discover("iscsicli", "QAddTargetPortal", address)
		}
		const refused = "discover: connect to 192.0.2.11:3260: connection refused, after 2 tries; nothing listens there: check the address and the TCP port\n"
		const list = "Targets List:\n    iqn.2026-11.com.example:disk-two\n    iqn.2026-11.com.example:disk1\n"
		discover("iscsicli", "ListTargets", "T").want(t, exit.Partly,
			banner+list+"The operation is done, but not everywhere: some portals failed. (0xAFFF002E, ISDSC_OPERATION_NOT_ALL_SUCCESS)\n", refused)
		discover("iscsicli", "RemoveTargetPortal", "192.0.2.10", "3260").want(t, exit.OK, banner+succeeded, "")
		discover("iscsicli", "ListTargets", "t").want(t, exit.Failed,
			banner+list+"No TCP connection to the portal could be made. (0xEFFF0003, ISDSC_CONNECTION_FAILED)\n", refused)
	})
}

// Text of targets, and of who filled the registry, is escaped.
func TestToolEscapes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	array := twoTargets()
	array.Respond = func(_, response pdu.PDU) iscsitest.Step {
		if m, ok := response.(*pdu.TextResponse); ok && m.Final {
			m.Data = m.Data.Append(pdu.KeyTargetAlias, "\x1b[31mred\u202e\nforged")
		}
		return nil
	}
	l.Portal("192.0.2.10:3260", array)
	l.env["SECRET"] = "secret-of-host"
	discover := l.inRegistry(t)
	discover("iscsicli", "QAddTargetPortal", "192.0.2.10").want(t, exit.OK, banner+succeeded, "")
	discover("target", "add", "iqn.2026-11.com.example:static", "--alias", "\x1b[2J")
	discover("portal", "add", "192.0.2.11", "--symbolic-name", "\x1b]0;owned\x07", "--chap-user", "\x1b[5m", "--chap-secret", "env:SECRET")
	var all strings.Builder
	for _, args := range [][]string{
		{"TargetInfo", "iqn.2026-11.com.example:disk-two", "SendTargets:*192.0.2.10 0003260  "},
		{"TargetInfo", "iqn.2026-11.com.example:static", "Static"},
		{"ListTargetPortals"},
		{"TargetInfo", "\x1b[2J\nforged"},
		{"ListTargets\x1b[2J"},
		{"Ping", "\x1b[2J", "192.0.2.10", "1"},
	} {
		r := discover(append([]string{"iscsicli"}, args...)...)
		all.WriteString(r.stdout + r.stderr)
	}
	for _, r := range all.String() {
		if r != '\n' && (r < ' ' || r > '~') && r != '…' {
			t.Fatalf("got %q in\n%s", r, all.String())
		}
	}
	for _, text := range []string{`    Target Alias         : \x1b[31mred\u202e\x0aforged`, `: \x1b[2J`, `    Symbolic Name        : \x1b]0;owned\x07`, `1b 5b 35 6d                                      .[5m`} {
		if !strings.Contains(all.String(), text+"\n") {
			t.Errorf("no %s in\n%s", text, all.String())
		}
	}
}
