package verbs

import (
	"io/fs"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// madePrefix begins the names that are made up.
const madePrefix = "iqn.2026-11.io.github.go-iscsi:"

// madeUp is the name that the host of a lab gets where nothing else decides.
const madeUp = madePrefix + "host1.example.com"

// notUsed is what is said where the file is there and does not decide.
func notUsed(reason, name, origin string) string {
	return "discover: warning: /etc/iscsi/initiatorname.iscsi cannot be used: " + reason + "; the initiator name is " + name +
		" (from: " + origin + "), which targets may not know; use --initiator-name to set another\n"
}

// unusualWarning is what is said of a harmless name that is no iSCSI name.
func unusualWarning(iqn string) string {
	unusual, _ := name.CheckName(iqn)
	return "warning: initiator name " + wording.Quoted(iqn) + " is not a well-formed iSCSI name: " + unusual + "; it is used as it is\n"
}

// TestDefaultName: which name is used where none is given, and what is said about
// it.
func TestDefaultName(t *testing.T) {
	t.Parallel()
	const abc, upper, talos = "iqn.1993-08.org.debian:01:abc", "IQN.2026-11.com.example:Host1", "iqn.2017.11.dev.talos:4b1f2a"
	const noChar = "it contains a character that is not allowed in iSCSI names"
	name := func(lines string) map[string]string { return map[string]string{flags.NameFile: lines} }
	made := func(reason string) string { return notUsed(reason, madePrefix+"h", "host name") }
	for _, tt := range []struct {
		name, host string // empty: h
		files      map[string]string
		closed     error // why the file cannot be opened
		flags      string
		want       string // empty: made of the host name
		stderr     string
	}{
		{name: "of the file", files: name("## comment\n#InitiatorName=iqn.2026-11.com.example:no\nInitiatorName=" + abc + "\n"), want: abc},
		{name: "in upper case", files: name("InitiatorName=" + upper + "\n"), want: upper},
		{name: "blanks around the sign", files: name(" \tInitiatorName \t=  " + abc + " \t\r\n"), want: abc},
		{name: "a byte-order mark", files: name("\ufeffInitiatorName=" + abc + "\n"), want: abc},
		{name: "line ends of Windows", files: name("# x\r\nInitiatorName=" + abc + "\r\nInitiatorAlias=a\r\n"), want: abc},
		{name: "no line end", files: name("InitiatorName=" + abc), want: abc},
		{name: "a comment behind it", files: name("InitiatorName=" + abc + " # ours\n"), want: abc},
		{name: "a comment behind a tab", files: name("InitiatorName=" + abc + "\t#ours\n"), want: abc},
		{name: "quotes", files: name(`InitiatorName="` + abc + `"`), want: abc},
		{name: "single quotes and a comment", files: name("InitiatorName = ' " + abc + "' # ours\n"), want: abc},
		{name: "behind another word", files: name("export InitiatorName=" + abc + "\n"), want: abc},
		{name: "the first of several", files: name("InitiatorName=" + abc + "\nInitiatorName=" + upper), want: abc},
		{name: "the first that can be used", files: name("InitiatorName=a b\nInitiatorName=" + abc), want: abc},
		{name: "of Talos", files: name("InitiatorName=" + talos + "\n"), want: talos, stderr: "discover: " + unusualWarning(talos)},
		{name: "unusual", files: name("InitiatorName=host1\n"), want: "host1", stderr: "discover: " + unusualWarning("host1")},
		{name: "unusual, and names are strict", flags: "--strict-names", files: name("InitiatorName=host1\n"),
			stderr: made("line 1: an iSCSI name starts with iqn., eui. or naa.")},
		{name: "unusual, and names are strict, and another", flags: "--strict-names", files: name("InitiatorName=host1\nInitiatorName=" + abc), want: abc},

		{name: "to be generated", files: name("GenerateName=yes\n"), stderr: made("it contains no InitiatorName")},
		{name: "of nothing but the name", files: name(abc + "\n"), stderr: made("it contains no InitiatorName")},
		{name: "in lower case", files: name("initiatorname=" + abc + "\n"), stderr: made("it contains no InitiatorName")},
		{name: "nothing", files: name(""), stderr: made("it contains no InitiatorName")},
		{name: "no value", files: name("\nInitiatorName=\n"), stderr: made("line 2: an empty name")},
		{name: "nothing but a comment", files: name("InitiatorName= # to do\n"), stderr: made("line 1: an empty name")},
		{name: "harmful", files: name("# a\n\nInitiatorName=iqn.2026-11.com.example:a;b\n"), stderr: made("line 3: " + noChar)},
		{name: "a comment within", files: name("InitiatorName=" + abc + "#ours\n"), stderr: made("line 1: " + noChar)},
		{name: "half a quote", files: name(`InitiatorName="` + abc + "\n"), stderr: made("line 1: it starts with neither a letter nor a digit")},
		{name: "NUL", files: name("InitiatorName=" + abc + "\x00\n"), stderr: made("line 1: " + noChar)},
		{name: "too long", files: name("InitiatorName=" + abc + strings.Repeat("x", 200) + "\n"), stderr: made("line 1: more than 223 bytes")},
		{name: "UTF-16", files: name(utf16Text("InitiatorName="+abc+"\r\n", false, true)), stderr: made("the file is UTF-16: save it as UTF-8")},
		{name: "UTF-16 without a mark", files: name(utf16Text("InitiatorName="+abc+"\r\n", true, false)), stderr: made("the file is UTF-16: save it as UTF-8")},
		{name: "too large a file", files: name("InitiatorName=" + abc + "\n" + strings.Repeat("#\n", flags.MaxNameFile/2)), stderr: made("more than 65536 bytes")},
		{name: "not ours to read", closed: syscall.EACCES, stderr: made("permission denied")},
		{name: "a folder", closed: syscall.EISDIR, stderr: made("is a directory")},
		{name: "not there", closed: fs.ErrNotExist},

		{name: "of the host", host: "Host1.Example.COM", want: madePrefix + "host1.example.com"},
		{name: "of an odd host", host: "-my_höst 1.", want: madePrefix + "my-h-st-1"},
		{name: "of a long host", host: strings.Repeat("h", 300), want: madePrefix + strings.Repeat("h", 223-len(madePrefix))},
		{name: "of the machine ID", host: "localhost", files: map[string]string{"/etc/machine-id": "0123456789abcdef0123456789abcdef\n"}, want: madePrefix + "machine-862888ec5ac1f3ba"},
		{name: "of the machine ID, and not ours to read", host: "localhost", files: map[string]string{"/etc/machine-id": "0123456789abcdef0123456789abcdef\n"}, closed: syscall.EACCES,
			want: madePrefix + "machine-862888ec5ac1f3ba", stderr: notUsed("permission denied", madePrefix+"machine-862888ec5ac1f3ba", "machine ID")},
		{name: "of nothing", host: "-", want: madePrefix + "localhost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			if l.host = tt.host; tt.host == "" {
				l.host = "h"
			}
			if tt.files != nil {
				l.files = tt.files
			}
			if tt.closed != nil {
				l.closed = map[string]error{flags.NameFile: tt.closed}
			}
			if tt.want == "" {
				tt.want = madePrefix + "h"
			}
			portal := l.Portal("192.0.2.10:3260", twoTargets())
			r := l.discover(t.Context(), append(strings.Fields("scan 192.0.2.10"), strings.Fields(tt.flags)...)...)
			if got, _ := l.Sessions(portal)[0].Key("InitiatorName"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if r.stderr != tt.stderr {
				t.Errorf("got  %q\nwant %q", r.stderr, tt.stderr)
			}
		})
	}
}

// TestNameRef: --initiator-name says who we are, or where that is written.
func TestNameRef(t *testing.T) {
	t.Parallel()
	const abc, upper = "iqn.1993-08.org.debian:01:abc", "IQN.2026-11.com.example:Host1"
	for _, tt := range []struct {
		name, flag, file string
		want             string // empty: refused
		stderr           string // what is said, behind discover: and, where it is refused, the flag
	}{
		{name: "as it is typed", flag: upper, want: upper},
		{name: "unusual", flag: "host1", want: "host1", stderr: unusualWarning("host1")},
		{name: "as open-iscsi has it", flag: "file:/name", file: "# x\nInitiatorName = " + upper + " # ours\r\n", want: upper},
		{name: "alone", flag: "file:/name", file: "\ufeff# x\n\n  " + upper + "\t# ours\r\nmore\n", want: upper},
		{name: "alone, in quotes", flag: "file:/name", file: "'" + upper + "'", want: upper},
		{name: "behind another line", flag: "file:/name", file: "x\nInitiatorName=" + abc, want: abc},
		{name: "unusual in a file", flag: "file:/name", file: "host1\n", want: "host1", stderr: unusualWarning("host1")},
		{name: "of a credential", flag: "cred:name", file: abc + "\n", want: abc},
		{name: "nothing in it", flag: "file:/name", file: "\n# x\n", stderr: "it contains no InitiatorName"},
		{name: "something else in it", flag: "file:/name", file: "GenerateName=yes\n", stderr: "it contains no InitiatorName"},
		{name: "harmful", flag: "file:/name", file: "\nhunter2/hunter2\n", stderr: "line 2: it contains a character that is not allowed in iSCSI names"},
		{name: "harmful behind its key", flag: "cred:name", file: "InitiatorName=a b", stderr: "line 1: it contains a character that is not allowed in iSCSI names"},
		{name: "UTF-16", flag: "file:/name", file: utf16Text(abc, false, true), stderr: "the file is UTF-16: save it as UTF-8"},
		{name: "too large", flag: "file:/name", file: strings.Repeat("x", flags.MaxNameFile+1), stderr: "more than 65536 bytes"},
		{name: "not ours to read", flag: "file:/closed", stderr: "permission denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.env["CREDENTIALS_DIRECTORY"] = "/run/c"
			l.files["/name"], l.files["/run/c/name"] = tt.file, tt.file
			l.closed = map[string]error{"/closed": syscall.EACCES}
			portal := l.Portal("192.0.2.10:3260", &iscsitest.Target{})
			r := l.discover(t.Context(), "scan", "--initiator-name", tt.flag, "192.0.2.10")
			if tt.want == "" {
				r.want(t, exit.Usage, "", "discover: --initiator-name "+tt.flag+": "+tt.stderr+"\n")
				return
			}
			if tt.stderr != "" {
				tt.stderr = "discover: " + tt.stderr
			}
			r.want(t, exit.OK, "192.0.2.10:3260: no targets\n", tt.stderr)
			if got, _ := l.Sessions(portal)[0].Key("InitiatorName"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestNameIsCHAPName: the CHAP name that is left out is the name, byte for byte.
func TestNameIsCHAPName(t *testing.T) {
	t.Parallel()
	const upper = "iqn.1998-01.com.vmware:ESX01-ABC"
	l := newLab(t)
	l.env["SECRET"] = ours
	l.Portal("192.0.2.10:3260", &iscsitest.Target{User: upper, Secret: ours})
	l.discover(t.Context(), "scan", "--initiator-name", upper, "--chap-secret", "env:SECRET", "192.0.2.10").
		want(t, exit.OK, "192.0.2.10:3260: no targets\n  CHAP with SHA3-256\n", "")
}

// TestUnusedFileIsSaidOnce: each verb that asks by the made-up name says so once,
// before its results, and none that does not.
func TestUnusedFileIsSaidOnce(t *testing.T) {
	t.Parallel()
	const own = "iqn.2026-11.com.example:own"
	denied := notUsed("permission denied", madeUp, "host name")
	for _, tt := range []struct {
		name   string
		before []string // commands
		args   string
		said   bool
	}{
		{name: "scan", args: "scan 192.0.2.10 192.0.2.11", said: true},
		{name: "scan for programs", args: "scan -o json 192.0.2.10 192.0.2.11", said: true},
		{name: "scan, as a stream", args: "scan -o jsonl 192.0.2.10 192.0.2.11", said: true},
		{name: "scan, as iscsiadm", args: "scan -o iscsiadm 192.0.2.10 192.0.2.11", said: true},
		{name: "scan from each port", args: "scan --initiator-port each 192.0.2.10", said: true},
		{name: "scan by a name", args: "scan --initiator-name " + own + " 192.0.2.10"},
		{name: "scan by the same name", args: "scan --initiator-name " + madeUp + " 192.0.2.10"},
		{name: "scan of nobody", args: "scan 192.0.2.99"},
		{name: "scan of an instance", before: []string{"instance add san --interface eth0"}, args: "scan --instance san 192.0.2.10", said: true},
		{name: "scan of an instance with a name", before: []string{"instance add san --interface eth0 --node-name " + own}, args: "scan -o jsonl --instance san 192.0.2.10"},
		{name: "scan of an instance without, beside one with a name", before: []string{"instance add san --interface eth0 --node-name " + own}, args: "scan --instance host 192.0.2.10", said: true},
		{name: "scan with a stored name", before: []string{"initiator set-name " + own}, args: "scan --instance host 192.0.2.10"},
		{name: "scan without the registry", before: []string{"initiator set-name " + own}, args: "scan 192.0.2.10", said: true},
		{name: "portal add", args: "portal add 192.0.2.10", said: true},
		{name: "portal add by a name", args: "portal add --initiator-name " + own + " 192.0.2.10"},
		{name: "portal add by the same name", args: "portal add --initiator-name " + madeUp + " 192.0.2.10"},
		{name: "portal add of an instance of the same name", before: []string{"instance add san --interface eth0 --node-name " + madeUp}, args: "portal add --instance san 192.0.2.10"},
		{name: "portal add, dry run", args: "portal add --dry-run 192.0.2.10"},
		{name: "portal add of nobody", args: "portal add 192.0.2.99"},
		{name: "portal add with a stored name", before: []string{"initiator set-name " + own}, args: "portal add 192.0.2.10"},
		{name: "portal add with the same name stored", before: []string{"initiator set-name " + madeUp}, args: "portal add 192.0.2.10"},
		{name: "portal refresh", before: []string{"portal add 192.0.2.10", "portal add 192.0.2.11"}, args: "portal refresh", said: true},
		{name: "portal refresh for programs", before: []string{"portal add 192.0.2.10"}, args: "portal refresh -o json", said: true},
		{name: "portal refresh by a name", before: []string{"portal add --initiator-name " + own + " 192.0.2.10"}, args: "portal refresh"},
		{name: "portal refresh of nothing", args: "portal refresh"},
		{name: "target list", before: []string{"portal add 192.0.2.10"}, args: "target list"},
		{name: "target list --refresh", before: []string{"portal add 192.0.2.10", "portal add 192.0.2.11"}, args: "target list --refresh", said: true},
		{name: "ListTargets", before: []string{"portal add 192.0.2.10", "portal add 192.0.2.11"}, args: "iscsicli ListTargets T", said: true},
		{name: "ListTargets without asking", before: []string{"portal add 192.0.2.10"}, args: "iscsicli ListTargets"},
		{name: "AddTargetPortal", args: "iscsicli AddTargetPortal 192.0.2.10 3260", said: true},
		{name: "RefreshTargetPortal", args: "iscsicli RefreshTargetPortal 192.0.2.10 3260", said: true},
		{name: "Ping", args: "iscsicli Ping * 192.0.2.10 3", said: true},
		{name: "ipsec explain", args: "ipsec explain 192.0.2.10"},
		{name: "instance list", args: "instance list"},
		{name: "initiator show", args: "initiator show", said: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				handlers := []iscsitest.Handler{twoTargets(), twoTargets(), twoTargets(), twoTargets()}
				l.Portal("192.0.2.10:3260", handlers...)
				l.Portal("192.0.2.11:3260", handlers...)
				l.closed = map[string]error{flags.NameFile: syscall.EACCES}
				discover := l.inRegistry(t)
				for _, args := range tt.before {
					if r := discover(strings.Fields(args)...); r.status != exit.OK {
						t.Fatal(r)
					}
				}
				r := discover(strings.Fields(tt.args)...)
				want := 0
				if tt.said {
					want = 1
				}
				if got := strings.Count(r.stderr, "initiatorname.iscsi"); got != want || tt.said && !strings.HasPrefix(r.stderr, denied) {
					t.Errorf("got %q, want %d of %q", r.stderr, want, denied)
				}
			})
		})
	}
}

// TestUnusualNameIsSaidOnce: however many portals are asked, an unusual name of ours
// is one warning for people, and one of each result for programs.
func TestUnusualNameIsSaidOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, at := range []string{"192.0.2.10:3260", "192.0.2.11:3260"} {
		l.Portal(at, twoTargets(), twoTargets(), twoTargets(), twoTargets(), twoTargets(), twoTargets())
	}
	l.files[flags.NameFile] = "InitiatorName=host7\n"
	discover := l.inRegistry(t)
	warning := "discover: " + unusualWarning("host7")
	for _, args := range []string{
		"scan 192.0.2.10 192.0.2.11", "scan -o iscsiadm 192.0.2.10 192.0.2.11", "portal add 192.0.2.10", "portal add 192.0.2.11",
		"portal refresh", "target list --refresh", "iscsicli ListTargets T",
	} {
		if r := discover(strings.Fields(args)...); r.status != exit.OK || r.stderr != warning {
			t.Errorf("%s: got %+v, want %s", args, r, warning)
		}
	}
	if r := discover("scan", "-o", "json", "192.0.2.10", "192.0.2.11"); r.stderr != "" || strings.Count(r.stdout, `"warnings":[{"code":"unusual-initiator-name","message":"initiator name \"host7\" is not a well-formed iSCSI name: `) != 2 {
		t.Errorf("got %+v", r)
	}
	if got := len(l.Sessions(netip.MustParseAddrPort("192.0.2.10:3260"))); got == 0 {
		t.Error("nobody was asked")
	}
}

// TestStoredName: set-name and instance add keep a name as it was typed, warn of an
// unusual one, and with --strict-names refuse it.
func TestStoredName(t *testing.T) {
	t.Parallel()
	const upper = "iqn.1998-01.com.vmware:ESX01-ABC"
	l := newLab(t)
	discover := l.inRegistry(t)
	discover("initiator", "set-name", upper).want(t, exit.OK, `
NAME                              FROM                SECRET OF TARGETS
iqn.1998-01.com.vmware:ESX01-ABC  initiator set-name  none
`[1:], "")
	discover("initiator", "set-name", "host7").want(t, exit.OK, `
NAME   FROM                SECRET OF TARGETS
host7  initiator set-name  none
`[1:], "discover: "+unusualWarning("host7"))
	if r := discover("initiator", "set-name", "-o", "json", "host7"); r.stderr != "" || !strings.Contains(r.stdout, `"warnings":[{"code":"unusual-initiator-name",`) {
		t.Errorf("got %+v", r)
	}
	discover("initiator", "set-name", "--strict-names", "host8").want(t, exit.Failed, "", "discover: iSCSI name \"host8\": an iSCSI name starts with iqn., eui. or naa.\n")
	discover("initiator", "set-name", "a/b").want(t, exit.Failed, "", "discover: iSCSI name \"a/b\": it contains a character that is not allowed in iSCSI names\n")

	const added = "added instance san; see discover port list\n"
	discover("instance", "add", "san", "--node-name", upper).want(t, exit.OK, added, "")
	discover("instance", "add", "san", "--node-name", "host9").want(t, exit.OK,
		"changed instance san: node name host9 (it was "+upper+"), all addresses of this host; see discover port list\n", "discover: "+unusualWarning("host9"))
	if r := discover("instance", "add", "san", "--strict-names", "--node-name", "host10"); r.status != exit.Failed {
		t.Errorf("got %+v", r)
	}
	if r := discover("instance", "list"); !strings.Contains(r.stdout, "\nsan       host9 ") {
		t.Errorf("got %+v", r)
	}
	l.closed = map[string]error{flags.NameFile: syscall.EACCES}
	discover("initiator", "set-name", "-o", "json").want(t, exit.OK, `{"version":1,"initiator":{"name":"`+madeUp+`","origin":"host name","chap_secret":"","warnings":[`+
		`{"code":"initiator-name-file","message":"`+strings.TrimSuffix(strings.TrimPrefix(notUsed("permission denied", madeUp, "host name"), "discover: warning: "), "\n")+`"}]}}`+"\n", "")
}
