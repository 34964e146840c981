package iscsiadm

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rest leaves out of a comparison what only Check and Only see.
var rest = cmp.FilterPath(func(p cmp.Path) bool {
	name := p.Last().String()
	return name == ".given" || name == ".refused"
}, cmp.Ignore())

func TestParse(t *testing.T) {
	t.Parallel()
	p10 := Portal{"192.0.2.10", 3260}
	for _, tt := range []struct {
		name string
		args []string
		want Call
	}{
		{"words", words("-m discovery -t st -p 192.0.2.10"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Print: -1}},
		{"glued", words("-mdiscovery -tst -p192.0.2.10"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Print: -1}},
		{"long", words("--mode discovery --type sendtargets --portal 192.0.2.10:3261"), Call{Mode: Discovery, Type: SendTargets, Portal: Portal{"192.0.2.10", 3261}, Print: -1}},
		{"long, with =", words("--mode=discoverydb --type=st --portal=192.0.2.10"), Call{Mode: DiscoveryDB, Type: SendTargets, Portal: p10, Print: -1}},
		{"beginnings of names", words("--mod discoverydb --ty=st --portal 192.0.2.10 --disc"), Call{Mode: DiscoveryDB, Type: SendTargets, Portal: p10, Discover: true, Print: -1}},
		{"a whole name goes before one that begins like it", words("-m node --login"), Call{Mode: Node, Login: true, Print: -1}},
		{"letters together", words("-m discoverydb -lDSP1"), Call{Mode: DiscoveryDB, Login: true, Discover: true, Secrets: true, Print: 1}},
		{"any order, surplus words", words("st -t st x -p 192.0.2.10 - -m discovery y"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Print: -1}},
		{"nothing is read behind --", words("-m discovery -- -t st"), Call{Mode: Discovery, Print: -1}},
		{"a value that looks like an option", words("-m node -p -T"), Call{Mode: Node, Print: -1}},
		{"the last -p and -t count", words("-m discovery -t isns -p 192.0.2.9 -t st -p 192.0.2.10"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Print: -1}},
		{"each -I adds", words("-m discovery -t st -p 192.0.2.10 -I A -I B -I A"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Ifaces: []string{"A", "B", "A"}, Print: -1}},
		{"-o is or-ed", words("-m discovery -t st -p 192.0.2.10 -o new --op=update --op delete"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Ops: New | Update | Delete, Print: -1}},
		{"-P x is 0", words("-m discovery -P x"), Call{Mode: Discovery}},
		{"-P 1x is 1", words("-m discovery -P 1x"), Call{Mode: Discovery, Print: 1}},
		{"-P 2", words("-m discovery -P 2 -d 8"), Call{Mode: Discovery, Print: 2}},
		{"-P -7 is none", words("-m discovery -P -7"), Call{Mode: Discovery, Print: -1}},
		{"-W is taken", words("-m discovery -t st -p 192.0.2.10 -W"), Call{Mode: Discovery, Type: SendTargets, Portal: p10, Print: -1}},
		{"a type that is none", words("-m discovery -t bogus -p 192.0.2.10"), Call{Mode: Discovery, Portal: p10, Print: -1}},
		{"iSNS has another port", words("-m discovery -p 192.0.2.10 -t isns"), Call{Mode: Discovery, Type: ISNS, Portal: Portal{"192.0.2.10", 3205}, Print: -1}},
		{"pairs", words("-m discoverydb -t st -p 192.0.2.10 -o update -n a -v 1 -n b -v 2 --value=3 --name=c"),
			Call{Mode: DiscoveryDB, Type: SendTargets, Portal: p10, Ops: Update, Params: []Param{{"a", "1"}, {"b", "2"}, {"c", "3"}}, Print: -1}},
		{"a name without a value gives way to the next", words("-m discoverydb -n a -n b -v 2 -n c"), Call{Mode: DiscoveryDB, Params: []Param{{"b", "2"}}, Print: -1}},
		{"an empty value", []string{"-m", "discoverydb", "-n", "a", "-v", ""}, Call{Mode: DiscoveryDB, Params: []Param{{"a", ""}}, Print: -1}},
		{"version", words("-V"), Call{Version: true, Print: -1}},
		{"version, before a mode and after what is none", words("-Z -V -m bogus"), Call{Version: true, Print: -1}},
		{"help", words("--help -Z"), Call{Help: true, Print: -1}},
		{"node, as heartbeat asks", words("-m node -p 192.0.2.10:3260 -T iqn.x:y"), Call{Mode: Node, Portal: p10, Target: "iqn.x:y", Print: -1}},
		{"node, as os-brick asks", words("-m node --op show -p [2001:db8::10]:3260"), Call{Mode: Node, Portal: Portal{"2001:db8::10", 3260}, Ops: Show, Print: -1}},
		{"session", words("-m session -r 1 -u"), Call{Mode: Session, Print: -1}},
		{"interfaces", words("-m iface -I x -o new"), Call{Mode: Iface, Ifaces: []string{"x"}, Ops: New, Print: -1}},
		{"host", words("-m host -C chap -x 1"), Call{Mode: Host, Print: -1}},
		{"firmware, as dracut asks", words("-m fw -l -W"), Call{Mode: Firmware, Login: true, Print: -1}},
		{"the end of iscsid", words("-k 0"), Call{Mode: Daemon, Print: -1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got, rest, cmp.AllowUnexported(Call{})); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestRefused has command lines with all that the real program says of them.
func TestRefused(t *testing.T) {
	t.Parallel()
	const try = "Try `iscsiadm --help' for more information."
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"", []string{try}},
		{"-t st", []string{try}},
		{"--", []string{try}},
		{"-t st -- -m discovery", []string{try}},
		{"-m bogus", []string{"iscsiadm: mode -1 is not yet supported"}},
		{"-m disc", []string{"iscsiadm: mode -1 is not yet supported"}},
		{"--mode= -m discovery", []string{"iscsiadm: mode -1 is not yet supported"}},
		{"-m discovery -m bogus", []string{"iscsiadm: mode -1 is not yet supported"}},
		{"-m bogus -x 1", []string{"iscsiadm: mode -1 is not yet supported"}},
		{"-m discovery -t st", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"-m discovery -t st -p [2001:db8::10", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"-m discovery -t st -p :3260", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"-m discovery -t isns", []string{"iscsiadm: Please specify portal as <ipaddr>:[<ipport>]"}},
		{"-m discoverydb -t isns", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"-m discoverydb -t fw", []string{"iscsiadm: Invalid command. Possibly missing --discover argument."}},
		{"-m discovery -t slp", []string{"iscsiadm: SLP discovery is not fully implemented yet."}},
		{"-m discovery -t st -p 192.0.2.10 -x 1", []string{"iscsiadm: discovery mode: option '-x' is not allowed/supported"}},
		{"-m discoverydb -T x", []string{"iscsiadm: discovery mode: option '-T' is not allowed/supported"}},
		{"-m discovery -V", []string{"iscsiadm: discovery mode: option '-V' is not allowed/supported"}},
		{"-m discovery -h", []string{"iscsiadm: discovery mode: option '-h' is not allowed/supported"}},
		{"-k 0 -m discovery", []string{"iscsiadm: discovery mode: option '-k' is not allowed/supported"}},
		{"-m discovery -o bogus -t st -p 192.0.2.10", []string{"iscsiadm: can not recognize operation: 'bogus'"}},
		{"-o bogus -m bogus", []string{"iscsiadm: can not recognize operation: 'bogus'"}},
		{"-m discovery -o bogus -Z", []string{"iscsiadm: invalid option -- 'Z'", "iscsiadm: discovery mode: option '-?' is not allowed/supported"}},
		{"-Z", []string{"iscsiadm: invalid option -- 'Z'", "iscsiadm: unrecognized character 'Z'"}},
		{"-Z --bogus", []string{"iscsiadm: invalid option -- 'Z'", "iscsiadm: unrecognized option '--bogus'", try}},
		{"--bogus -Z", []string{"iscsiadm: unrecognized option '--bogus'", "iscsiadm: invalid option -- 'Z'", "iscsiadm: unrecognized character 'Z'"}},
		{"-m", []string{"iscsiadm: option requires an argument -- 'm'", "iscsiadm: unrecognized character 'm'"}},
		{"-m discovery -t st -p", []string{"iscsiadm: option requires an argument -- 'p'", "iscsiadm: discovery mode: option '-?' is not allowed/supported"}},
		{"--mode", []string{"iscsiadm: option '--mode' requires an argument", "iscsiadm: unrecognized character 'm'"}},
		{"--pr", []string{"iscsiadm: option '--print' requires an argument", "iscsiadm: unrecognized character 'P'"}},
		{"--version=3", []string{"iscsiadm: option '--version' doesn't allow an argument", "iscsiadm: unrecognized character 'V'"}},
		{"--por x", []string{"iscsiadm: option '--por' is ambiguous; possibilities: '--portal' '--portal_type'", try}},
		{"--t st", []string{"iscsiadm: option '--t' is ambiguous; possibilities: '--targetname' '--type'", try}},
		{"-k 0 -Z", []string{"iscsiadm: invalid option -- 'Z'", "iscsiadm: unrecognized character 'Z'"}},
		{"-m discovery -o delete", []string{"iscsiadm: Invalid operation."}},
		{"-m discovery -o show -o new", []string{"iscsiadm: Invalid operation."}},
		{"-m discovery -o apply", []string{"iscsiadm: Invalid operation."}},
		{"-m discoverydb -o delete", []string{"iscsiadm: Invalid operation. Operation not supported."}},
		{"-m discoverydb -t st", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"-m discoverydb -p 192.0.2.10", []string{"iscsiadm: Invalid command. Portal not needed or Possibly missing discovery --type."}},
		{"-m discoverydb -p 192.0.2.10 -o show", []string{"iscsiadm: Invalid command. Possibly missing discovery --type."}},
		{"-m discoverydb -t bogus -p 192.0.2.10 -o delete -D", []string{"iscsiadm: Invalid command. Possibly missing discovery --type."}},
		{"-m discovery -o new -o bogus -t st -p 192.0.2.10", []string{"iscsiadm: can not recognize operation: 'bogus'"}}, // the real one passes bogus over
		{"-m discoverydb -t bogus -p 192.0.2.10 -D", []string{"iscsiadm: Invalid command. Portal not needed or Possibly missing discovery --type."}},
		// Where the real one goes on.
		{"-m discovery -t st -p 192.0.2.10:x", []string{"iscsiadm: invalid port in -p"}},
		{"-m discovery -t st -p 192.0.2.10:0", []string{"iscsiadm: invalid port in -p"}},
		{"-m discovery -t st -p 192.0.2.10:65536", []string{"iscsiadm: invalid port in -p"}},
		{"-m discovery -t st -p [2001:db8::10]:3260x", []string{"iscsiadm: invalid port in -p"}},
		{"-m discovery -t st -p [array]", []string{"iscsiadm: invalid address in -p"}},
		{"-m discovery -t st -p 192.0.2.10:3260:1", []string{"iscsiadm: invalid address in -p"}},
		{"-m discovery -t st -p [2001:db8::10]3260", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"-m discovery -p [2001:db8::10", []string{"iscsiadm: Please specify portal as <ipaddr>[:<ipport>]"}},
		{"--vlaue=secret", []string{"iscsiadm: unrecognized option '--vlaue'", try}},
		{"--v=secret", []string{"iscsiadm: option '--v' is ambiguous; possibilities: '--value' '--version'", try}},
		{"-m discoverydb -o -vsecret", []string{"iscsiadm: can not recognize operation: '-v'"}},
		{"-m discoverydb -o --value=secret", []string{"iscsiadm: can not recognize operation: '--'"}},
		{"-m discovery -p -vsecret", []string{"iscsiadm: invalid address in -p"}},
		{"-m discovery -o new\x1b[2J", []string{"iscsiadm: control characters in the value of -o"}},
		{"-m discoverydb -n a -v b\nc", []string{"iscsiadm: control characters in the value of -v"}},
		{"-m discoverydb -n a -v b\u202ec", []string{"iscsiadm: control characters in the value of -v"}},
		{"-m discoverydb -n a -v b\xff", []string{"iscsiadm: control characters in the value of -v"}},
		{"-\x1b", []string{`iscsiadm: invalid option -- '\x1b'`, `iscsiadm: unrecognized character '\x1b'`}},
		{"--a\nb", []string{`iscsiadm: unrecognized option '--a\nb'`, try}},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			err := check(words(tt.line), true)
			var usage *UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, usage.Lines()); diff != "" || usage.Status() != ExitUsage {
				t.Errorf("exit %d; want -, got +:\n%s", usage.Status(), diff)
			}
		})
	}
}

// TestHandedOn has lines of other modes that are wrong: they are not refused before they
// can be handed on.
func TestHandedOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		mode Mode
		want string
	}{
		{"-m node -x 1", Node, "node mode: option '-x' is not allowed/supported"},
		{"-m node -o bogus", Node, "can not recognize operation: 'bogus'"},
		{"-Z -m session", Session, "session mode: option '-?' is not allowed/supported"},
		{"-m node -p -T", Node, "invalid address in -p"},
		{"-m node -n a -v b\nc", Node, "control characters in the value of -v"},
		{"-m fw --nosuch", Firmware, "fw mode: option '-?' is not allowed/supported"},
		{"-m iface -t x", Iface, "iface mode: option '-t' is not allowed/supported"},
		{"-m discovery -m host -T x", Host, "discovery mode: option '-T' is not allowed/supported"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			c, err := Parse(words(tt.line))
			if err != nil || c.Mode != tt.mode || c.Action() != HandOn {
				t.Fatalf("got %+v, %v", c, err)
			}
			if err := c.Check(); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// words makes arguments of a line.
func words(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' })
}

// check is what a program does with a command line before it does what it asks for:
// found reports that the record, if any, is there.
func check(args []string, found bool) error {
	c, err := Parse(args)
	if err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	return c.CheckRecord(found)
}
