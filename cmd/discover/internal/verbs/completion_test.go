package verbs

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/discover/internal/fleetprogram"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// inDefaultRegistry runs the command with a registry that no flag names.
func (l *lab) inDefaultRegistry(t *testing.T) func(args ...string) ran {
	l.env["DISCOVER_REGISTRY"] = filepath.Join(t.TempDir(), "registry.db")
	return func(args ...string) ran { return l.discover(t.Context(), args...) }
}

// offered returns the words that a shell is offered in the place of the last of words, without
// their descriptions.
func offered(t *testing.T, discover func(...string) ran, words ...string) (offers []string) {
	t.Helper()
	r := discover(append([]string{"__complete"}, words...)...)
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	if r.status != exit.OK || r.stderr != "" || !strings.HasPrefix(lines[len(lines)-1], ":") {
		t.Fatalf("%q: got %+v", words, r)
	}
	for _, line := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(line, "\t")
		offers = append(offers, word)
	}
	return offers
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := newLab(t).discover(t.Context(), "completion", shell); r.status != exit.OK || !strings.Contains(r.stdout, "__complete") {
			t.Errorf("%s: got exit status %d and %.100q", shell, r.status, r.stdout)
		}
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"sc"}, "scan\task portals for their targets, and store nothing\n"},
		{[]string{"scan", "-o", ""}, "table\njson\njsonl\niscsiadm\n"},
		{[]string{"scan", "--redirect", ""}, "same-host\nany\nnone\n"},
		{[]string{"scan", "--chap-policy", ""}, "required\npreferred\n"},
		{[]string{"scan", "--redirect-n"}, "--redirect-names\t"},
		{[]string{"portal", "add", "--short"}, "--short-secrets\t"},
		{[]string{"portal", "refresh", "--retr"}, "--retries\t"},
		{[]string{"scan", "--initiator-name", ""}, "file:\ncred:\n"},
		{[]string{"scan", "--chap-secret", ""}, "file:\nenv:\ncred:\nfd:\nprompt\n"},
		{[]string{"scan", "--connect"}, "--connect-timeout\ttime allowed for each TCP connection\n"},
		{[]string{"scan", "--op"}, "--open\tlist only portals that speak iSCSI"},
		{[]string{"portal", "refresh", "--rat"}, "--rate\t"},
		{[]string{"scan", "--timeo"}, "--timeout\ttotal time allowed per portal\n"},
		{[]string{"scan", "--ipsec-psk", ""}, "file:\nenv:\ncred:\nfd:\nprompt\n"},
		{[]string{"scan", "--ipsec-enforcer", ""}, "auto\nuserspace\nstrongswan\nxfrm\n"},
		{[]string{"ipsec", "explain", "--ipsec-unknown", ""}, "proceed\nrefuse\n"},
		{[]string{"ipsec", "policy", "add", "192.0.2.0/24", ""}, "ike\ntransport\n"},
		{[]string{"ipsec", "psk", "set", ""}, "group\n"},
		{[]string{"ipsec", "psk", "set", "group", ""}, "file:\nenv:\ncred:\nfd:\nprompt\n"},
		{[]string{"ipsec", "psk", "set", "--security-flags", ""}, ""},
		{[]string{"scan", "--ipsec", ""}, "ike\ntransport\ntunnel\nmain\naggressive\npfs\noff\n"},
		{[]string{"portal", "add", "--redirect", ""}, "same-host\nany\nnone\n"},
		{[]string{"portal", "a"}, "add\tstore portals, and ask them for their targets\n"},
		{[]string{"help", "portal", "l"}, "list\tlist the portals of the registry\n"},
		{[]string{"help", "iscsicli", "Pi"}, "Ping\t"},
		{[]string{"help", "iscsicli", "Ping", ""}, ""},
		{[]string{"scan", "--key", ""}, "file:\nenv:\ncred:\nfd:\nprompt\n"},
		{[]string{"scan", "--registry", "none", "--instance", ""}, "host\n"},
		{[]string{"scan", "--initiator-port", ""}, "all\neach\n"},
		{[]string{"portal", "add", "--initiator-port", ""}, "all\n"},
		{[]string{"portal", "remove", ""}, ""},
		{[]string{"initiator", "set-chap-secret", ""}, "file:\nenv:\ncred:\nfd:\nprompt\n"},
		{[]string{"instance", "add", "san", "--interface", ""}, "lo\neth0\n"},
		{[]string{"iscsicli", ""}, "AddTargetPortal\tstore a portal, and ask it\nQAddTargetPortal\t"},
		{[]string{"iscsicli", "ListTargets", ""}, "T\task all portals first\nF\t"},
		{[]string{"iscsicli", "ListTargets", "T", ""}, ""},
		{[]string{"scan", ""}, ""},
		{[]string{"completion", "z"}, "zsh\n"},
		{[]string{"help", ""}, "completion\tprint a script that completes verbs and flags\nexport\t"},
	} {
		r := newLab(t).discover(t.Context(), append([]string{"__complete"}, tt.args...)...)
		if got, _, _ := strings.Cut(r.stdout, ":"); tt.want == "" && got != "" || !strings.HasPrefix(r.stdout, tt.want) {
			t.Errorf("%v: got %q, want %q", tt.args, r.stdout, tt.want)
		}
	}
}

// TestCompletionOffers (issue 19, 1): what fits the line is offered, and nothing that would be
// refused.
func TestCompletionOffers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["CHAP_SECRET"], l.env["CREDENTIALS_DIRECTORY"] = "a secret of the test", "/run/credentials/unit"
	l.folders = map[string][]string{
		"/run/credentials/unit": {"chap", "folder/"},
		"/etc":                  {"discover/", "portals.txt", ".hidden", "a\nb"},
		".":                     {"portals", "private/"},
	}
	discover := l.inDefaultRegistry(t)
	for _, args := range []string{"instance add san --interface eth1", "ipsec policy add 192.0.2.0/24 ike", "target add iqn.2026-11.com.example:disk1"} {
		if r := discover(strings.Fields(args)...); r.status != exit.OK {
			t.Fatalf("%s: got %+v", args, r)
		}
	}
	discover("portal", "add", "192.0.2.10", "--timeout", "1ms", "--source", "192.0.2.254")
	dials := len(l.Dials())
	for _, tt := range []struct{ line, want string }{
		{"scan --source ", "127.0.0.1 ::1 192.0.2.254 2001:db8::fe"},
		{"scan --source=19", "192.0.2.254"},
		{"--source 192.0.2.254 sc", "scan"},
		{"--source 192", "192.0.2.254"},
		{"scan --ipsec transport,ma", "transport,main"},
		{"scan --ipsec transport,", "transport,ike transport,main transport,aggressive transport,pfs"},
		{"scan --ipsec o", "off"},
		{"scan --ipsec off,", ""},
		{"scan --ipsec main,a", ""},
		{"scan --chap-algorithms sha1,s", "sha1,sha3-256 sha1,sha256"},
		{"scan --login-flags multipath,", "multipath,require-ipsec multipath,portal-hopping"},
		{"watch --for snapshot,path-l", "snapshot,path-lost"},
		{"scan --chap-secret env:C", "env:CHAP_SECRET env:CREDENTIALS_DIRECTORY"},
		{"scan --chap-secret cred:", "cred:chap"},
		{"scan --chap-secret file:/etc/", "file:/etc/discover/ file:/etc/portals.txt"},
		{"scan --chap-secret file:/etc/.", "file:/etc/.hidden"},
		{"scan --initiator-name env:", ""},
		{"scan @p", "@portals @private/"},
		{"scan ", "192.0.2.10:3260"},
		{"scan 192.0.2.10:3260 ", ""},
		{"portal remove 192", "192.0.2.10:3260"},
		{"portal remove 192.0.2.10:3260 ", ""},
		{"ipsec policy remove ", "192.0.2.0/24"},
		{"ipsec policy add 192.0.2.0/24 pf", "pfs"},
		{"ipsec default transport,t", ""},
		{"instance remove ", "host san"},
		{"instance add lan --interface eth0 --interf", "--interface"},
		{"target add x --address 192.0.2.1 --addr", "--address"},
		{"scan --within 192.0.2.0/24 --with", "--within"},
		{"scan --timeout 1s --timeo", ""},
		{"scan --source 192.0.2.254 --initiator-p", ""},
		{"scan --initiator-port 0 --sour", ""},
		{"scan --ipsec off --security-f", ""},
		{"scan --all --op", ""},
		{"scan --help --op", ""},
		{"scan -- --op", ""},
		{"scan -oj", "-ojson -ojsonl"},
		{"portal list -o ", "table json jsonl"},
		{"portal add -o i", "iscsiadm"},
		{"watch -o ", "table jsonl"},
		{"paths -o ", "table json jsonl svg"},
		{"iscsicli --outp", ""},
		{"man --outp", ""},
		{"man --reg", "--registry"},
		{"portal add @p", "@portals @private/"},
		{"portal remove @p", "@portals @private/"},
		{"portal set --unset redirect,redirect-", "redirect,redirect-names"},
		{"watch --al", ""},
		{"iscsicli Remo", "RemoveTargetPortal RemoveTarget RemoveiSNSServer"},
		{"iscsicli RemoveTargetPortal ", "192.0.2.10"},
		{"iscsicli RemoveTargetPortal 192.0.2.10 ", "3260 *"},
		{"iscsicli RemoveTargetPortal 192.0.2.10 3260 ", "host san *"},
		{"iscsicli RemoveTargetPortal 192.0.2.10 3260 san ", "0 *"},
		{"iscsicli RemoveTargetPortal 192.0.2.10 3260 san 0 ", ""},
		{"iscsicli CHAPSecret env:CH", "env:CHAP_SECRET"},
		{"iscsicli TargetInfo iqn.2026-11.com.example:disk1 S", "Static"},
		{"iscsicli LoginTarget ", ""},
		{"iscsicli help Pi", "Ping"},
		{"iscsiadm ", "-m"},
		{"iscsiadm -m discoveryd", "discoverydb"},
		{"iscsiadm -m discovery -t st -p ", "192.0.2.10:3260"},
		{"iscsiadm -m discovery -t st --", "--portal --interface --op --print"},
		{"iscsiadm -m discoverydb -o ", "new show update delete"},
		{"iscsiadm -m discoverydb -n discovery.sendtargets.auth.authmethod -v ", "None CHAP"},
		{"iscsiadm -m discovery -I d", "default"},
		{"nonsense ", ""},
	} {
		words := strings.Split(tt.line, " ")
		if got := offered(t, discover, words...); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
	}
	if got := offered(t, discover, "scan", "--initiator-port", ""); !slices.Contains(got, "0") || !slices.Contains(got, "each") {
		t.Errorf("initiator ports: got %q", got)
	}
	if got := len(l.Dials()); got != dials {
		t.Errorf("got %d dials, want %d", got, dials)
	}
}

// TestCompletionSecrets (issue 19, 1): no secret is offered, and none is asked for.
func TestCompletionSecrets(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"] = "hunter2hunter2"
	l.files["secret"] = "hunter2hunter2"
	for _, line := range []string{"scan --chap-secret ", "scan --chap-secret h", "scan --chap-secret env:", "scan --chap-secret file:s", "scan --chap-secret hunter2", "--key prompt portal remove ", "iscsicli CHAPSecret h"} {
		r := l.discover(t.Context(), append([]string{"__complete"}, strings.Split(line, " ")...)...)
		if r.status != exit.OK || strings.Contains(r.stdout+r.stderr, "hunter2") {
			t.Errorf("%s: got %+v", line, r)
		}
	}
}

// TestCompletionHostile (issue 19, 1): a name that would take another line, or that the scripts
// would take for theirs, is not offered; the rest is, for the shell to quote.
func TestCompletionHostile(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.folders = map[string][]string{".": {"a\nb", "a\tb", "a\x1b[2J", "a\u202eb", "a\xffb", "a$(reboot)", "a`reboot`", "a b"}}
	want := []string{"@a b", "@a$(reboot)", "@a`reboot`"}
	if got := offered(t, func(args ...string) ran { return l.discover(t.Context(), args...) }, "scan", "@a"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCompletionUnread (issue 19, 1): a registry that cannot be read offers nothing and says
// nothing.
func TestCompletionUnread(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"portal remove ", "scan ", "instance remove ", "iscsicli TargetInfo ", "iscsiadm -m discovery -p "} {
		r := newLab(t).discover(t.Context(), append([]string{"__complete", "--registry", t.TempDir()}, strings.Split(line, " ")...)...)
		if r.status != exit.OK || strings.Trim(r.stdout, "*") != ":4\n" || r.stderr != "" {
			t.Errorf("%s: got %+v", line, r)
		}
	}
}

// TestCompletionExclusive (issue 19, 1): flags of which one is not offered behind the other are
// refused together.
func TestCompletionExclusive(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"scan 192.0.2.10 --source 192.0.2.254 --initiator-port 0",
		"scan 192.0.2.10 --ipsec off --security-flags 0x1",
		"scan 192.0.2.10 --via-portal --rewrite 10.0.0.1=192.0.2.1",
		"scan 192.0.2.10 --all --open",
		"registry rekey --new-key prompt --new-key-file",
		"iscsicli ListTargets -o json",
		"watch --all",
	} {
		if r := newLab(t).inDefaultRegistry(t)(strings.Fields(line)...); r.status != exit.Usage {
			t.Errorf("%s: got %+v, want exit status 2", line, r)
		}
	}
}

// TestCompletionOutput (issue 19, 1): a verb refuses each format that it is not offered behind,
// and no other.
func TestCompletionOutput(t *testing.T) {
	t.Parallel()
	arguments := map[string]string{
		"scan": "192.0.2.10", "portal add": "192.0.2.10", "portal show": "192.0.2.10", "portal set": "192.0.2.10 --tcp-port 3260 --redirect any", "portal remove": "192.0.2.10", "portal refresh": "192.0.2.10", "target add": "iqn.2026-11.com.example:a", "target remove": "iqn.2026-11.com.example:a",
		"isns add": "192.0.2.5", "isns query": "192.0.2.5", "isns remove": "192.0.2.5", "instance add": "san", "instance remove": "san", "ipsec explain": "192.0.2.10", "ipsec policy add": "192.0.2.0/24 ike", "ipsec policy remove": "192.0.2.0/24",
		"ipsec psk set": "group env:PSK", "ipsec psk remove": "group", "ipsec tunnel set": "192.0.2.10 192.0.2.1", "ipsec tunnel remove": "192.0.2.10", "export": "--iscsiadm",
	}
	for verb := range allVerbs(t) {
		switch verb {
		case ISCSIADM, fleetprogram.Name, "iscsicli", "completion", "help", "man", "watch":
			continue // the formats of these are refused, of no effect or of another program; watch does not end
		}
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.env["PSK"] = "a preshared key"
			l.Portal("192.0.2.10:3260", twoTargets())
			discover := l.inDefaultRegistry(t)
			formats := offered(t, discover, append(strings.Fields(verb), "-o", "")...)
			for _, format := range []string{"table", "json", "jsonl", "iscsiadm", "svg"} {
				r := discover(append(strings.Fields(verb+" "+arguments[verb]), "-o", format)...)
				if refused := r.status == exit.Usage; refused == slices.Contains(formats, format) {
					t.Errorf("-o %s: offered are %q, and got %+v", format, formats, r)
				}
			}
		})
	}
}
