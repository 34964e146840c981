package verbs

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// badArguments has for each verb command lines of which one argument or one value is
// not what it has to be.
var badArguments = map[string][]string{
	"scan":                      {"bad!", "192.0.2.0/33", "192.0.2.10:0", "iqn.2026-11.com.example:a", "192.0.2.10 3260", "192.0.2.10,3260", "192.0.2.10:3260,x", "192.0.2.10 --timeout 5M", "192.0.2.10 --max-text 64MB", "@nofile", "192.0.2.10 --max-connections -1", "192.0.2.10 --default-time2wait -1", "192.0.2.10 --ipsec ike --ipsec-id bad!", "--isns bad!", "192.0.2.10 --isns-register"},
	"portal add":                {"bad!", "192.0.2.10:0", "192.0.2.10 --max-connections 4294967296", "192.0.2.10 --default-time2retain -1", "192.0.2.10 --initiator-port x", "192.0.2.10 --ipsec x"},
	"portal list":               {"bad!", "192.0.2.0/33", "--initiator-port each", "--source x", "--tcp-port 3260"},
	"portal show":               {"", "bad!", "192.0.2.10:0", "@nofile", "192.0.2.10 --initiator-port x"},
	"portal set":                {"bad!", "192.0.2.10", "192.0.2.10 192.0.2.11 --unset ipsec", "192.0.2.10 --unset x", "192.0.2.10 --unset ipsec,ipsec", "192.0.2.10 --chap-user u --unset chap-user", "192.0.2.10 --chap-secret secret", "192.0.2.10 --ipsec-id bad!"},
	"portal remove":             {"bad!", "192.0.2.10:x", "192.0.2.10 --source x"},
	"portal refresh":            {"bad!", "192.0.2.10 x:y:z", "--timeout 1x"},
	"isns add":                  {"bad!", "192.0.2.5:0", "192.0.2.5,1", "192.0.2.0/24", "iscsi://u%secret@192.0.2.5", "192.0.2.5 --initiator-port each", "192.0.2.5 --source x", "192.0.2.5 --timeout 1x"},
	"isns list":                 {"x", "-o iscsiadm"},
	"isns refresh":              {"bad!", "192.0.2.5:x", "--timeout x"},
	"isns remove":               {"bad!", "192.0.2.5:x", "192.0.2.5 -o iscsiadm"},
	"isns query":                {"bad!", "192.0.2.5:0", "@nofile", "192.0.2.5 --initiator-name a/b", "192.0.2.5 --source 192.0.2.2 --initiator-port 1"},
	"target list":               {"192.0.2.10", "[2001:db8::1]:3260", "fe80::1%eth0", "--refresh --parallel 0", "--portal bad!", "--portal @nofile", "--missing -o iscsiadm"},
	"target add":                {"192.0.2.10", "192.0.2.10:3260", "iqn.2026-11.com.example:a --address bad!", "iqn.2026-11.com.example:a --address 192.0.2.10,x"},
	"target remove":             {"a b"},
	"target prune":              {"x", "--missing-for x", "--missing-for 30"},
	"watch":                     {"bad!", "192.0.2.0/24", "192.0.2.10-192.0.2.11", "-o json", "-o iscsiadm", "--every 1ms", "--jitter 51%", "--hold 0", "--hold-vanished 101", "--for x", "--for snapshot,snapshot", "--source 192.0.2.2", "192.0.2.10:0", "--initiator-port each"},
	"paths":                     {"a b", "--parallel 0", "--capture f", "-o iscsiadm"},
	"instance list":             {"x"},
	"instance add":              {"any", "ANY", "san --address bad!", "san lan"},
	"instance remove":           {"san lan"},
	"initiator show":            {"x"},
	"initiator set-name":        {"a b"},
	"initiator set-chap-secret": {"secret", "env:NONE", "fd:x"},
	"port list":                 {"bad!"},
	"ipsec explain":             {"bad!", "192.0.2.10 --ipsec x", "192.0.2.10 --ipsec ike --ipsec-id bad!"},
	"ipsec default":             {"x", "0xzz", "transport,tunnel"},
	"ipsec cleanup":             {"x"},
	"ipsec policy add":          {"tag=x off", "tag=70000 ike", "bad! ike", "0.0.0.0 ike", "192.0.2.0/24 x"},
	"ipsec policy list":         {"x"},
	"ipsec policy remove":       {"tag=x", "bad!", "192.0.2.0/33"},
	"ipsec psk set":             {"bad! env:PSK", "group secret", "192.0.2.10 env:PSK --ipsec x"},
	"ipsec psk list":            {"x"},
	"ipsec psk remove":          {"bad!", "group --initiator-port 1"},
	"ipsec tunnel set":          {"bad! 192.0.2.1", "192.0.2.1 0.0.0.0"},
	"ipsec tunnel list":         {"x"},
	"ipsec tunnel remove":       {"bad!"},
	"registry path":             {"x"},
	"registry check":            {"x"},
	"registry rekey":            {"x", "--new-key secret", "--new-key fd:x", "--new-key-file --new-key prompt"},
	"iscsicli":                  {"x", "AddTargetPortal 192.0.2.10 0", "CHAPSecret secret", "Ping * 192.0.2.10 0"},
	"export":                    {"", "x", "--iscsiadm x", "--iscsiadm -o iscsiadm"},
	"completion":                {"x", "bash zsh"},
	"man":                       {"x", "portal x", "--dir d scan", "-o json"},
	"version":                   {"x", "-o iscsiadm"},
	"help":                      {"x"},
}

// TestBadArguments (issue 13, 26): what is wrong in form is exit status 2 wherever it
// stands: one line (and iscsicli's usage) says what would be right, nothing is printed,
// sent or stored.
func TestBadArguments(t *testing.T) {
	t.Parallel()
	for verb := range allVerbs(t) {
		if len(badArguments[verb]) == 0 && !hasOwnFlags(verb) { // which ends as open-iscsi's tool does; see test/iscsiadm
			t.Errorf("%s is not in this test", verb)
		}
	}
	for verb, lines := range badArguments {
		for _, line := range lines {
			t.Run(verb+" "+line, func(t *testing.T) {
				t.Parallel()
				l := newLab(t)
				l.env["PSK"] = "a preshared key"
				registry := filepath.Join(t.TempDir(), "registry.db")
				r := l.discover(t.Context(), strings.Fields(verb+" "+line+" --registry "+registry)...)
				if r.status != exit.Usage || r.stdout != "" || !strings.HasPrefix(r.stderr, "discover: ") || strings.Count(r.stderr, "\n") != 1 && verb != "iscsicli" {
					t.Errorf("got %+v, want exit status 2 and one line", r)
				}
				if strings.Contains(r.stderr, "secret\"") {
					t.Errorf("what may be a secret is repeated: %s", r.stderr)
				}
				if files, _ := filepath.Glob(registry + "*"); len(l.Dials())+len(files) > 0 {
					t.Errorf("got dials %v and files %v", l.Dials(), files)
				}
			})
		}
	}
}

// TestHarmfulNames (issue 13, 26): a name that is harmful is not wrong in form: it is a
// refusal by the rules of the reference API, with its code and exit status 1.
func TestHarmfulNames(t *testing.T) {
	t.Parallel()
	discover := newLab(t).inRegistry(t)
	want := fmt.Sprintf(`"code":%d,"code_name":"ISDSC_INVALID_ISCSI_NAME"`, isdsc.InvalidISCSIName)
	for _, line := range []string{"initiator set-name a/b", "instance add san --node-name a/b", "target add a/b"} {
		if r := discover(strings.Fields(line + " -o json")...); r.status != exit.Failed || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: got %+v, want exit status 1 and %s", line, r, want)
		}
	}
	if r := discover("iscsicli", "NodeName", "a/b"); r.status != exit.Failed || !strings.Contains(r.stdout, "(0xEFFF0051, ISDSC_INVALID_ISCSI_NAME)") {
		t.Errorf("got %+v", r)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestUnprintedHelp (issue 13, 26): where the manual, or what else is printed without
// anything being asked, cannot be written, the exit status is 1, for each verb.
func TestUnprintedHelp(t *testing.T) {
	t.Parallel()
	lines := []string{"--help", "help", "-h", "version", "--version", "version -o json", "completion bash", "iscsicli Ping /?"}
	for verb := range allVerbs(t) {
		lines = append(lines, verb+" --help", verb+" -h", "help "+verb, "man "+verb)
	}
	for _, line := range lines {
		l := newLab(t)
		l.stdout = fullDisk{}
		program := "discover"
		if strings.HasPrefix(line, ISCSIADM) {
			program = ISCSIADM
		}
		l.discover(t.Context(), strings.Fields(line)...).want(t, exit.Failed, "", program+": no space left on device\n")
	}
}
