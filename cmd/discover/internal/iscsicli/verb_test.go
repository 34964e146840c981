package iscsicli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// TestCounts: how many arguments each verb takes.
func TestCounts(t *testing.T) {
	t.Parallel()
	takes := map[string][]int{
		"AddTargetPortal": {2, 14}, "QAddTargetPortal": {1, 3}, "RemoveTargetPortal": {2, 3, 4}, "RefreshTargetPortal": {2, 3, 4},
		"ListTargetPortals": {0}, "ListTargets": {0, 1}, "TargetInfo": {1, 2}, "AddTarget": {16, 20, 24}, "QAddTarget": {2}, "RemoveTarget": {1},
		"ListInitiators": {0}, "NodeName": {1}, "CHAPSecret": {1}, "Ping": {2, 3, 4, 5}, "ListiSNSServers": {0}, "AddiSNSServer": {1}, "RemoveiSNSServer": {1}, "RefreshiSNSServer": {1},
		"GroupKey": {2}, "PSKey": {7}, "GetPSKey": {4}, "TunnelAddr": {5},
	}
	for _, v := range Verbs() {
		counts, ok := takes[v.Name]
		if !ok {
			t.Errorf("%s: nobody said how many arguments it takes", v.Name)
		}
		delete(takes, v.Name)
		for n := range 26 {
			if got := v.takes(n); got != slices.Contains(counts, n) {
				t.Errorf("%s, %d arguments: got %v", v.Name, n, got)
			}
		}
	}
	for name := range takes {
		t.Errorf("no verb %s", name)
	}
	for line, want := range map[string]string{
		"AddTargetPortal 1":      "iscsicli AddTargetPortal: it takes 2 or 14 arguments, but got 1",
		"RemoveTargetPortal":     "iscsicli RemoveTargetPortal: it takes 2, 3 or 4 arguments, but got none",
		"ListTargets T T":        "iscsicli ListTargets: it takes 0 or 1 argument, but got 2",
		"ListInitiators 1":       "iscsicli ListInitiators: it takes no arguments, but got 1",
		"nodename":               "iscsicli NodeName: it takes 1 argument, but got none",
		"QAddTarget 1 2 3":       "iscsicli QAddTarget: it takes 2 arguments, but got 3",
		"AddTarget iqn.x:y":      "iscsicli AddTarget: it takes 16 arguments, plus 4 for each mapping, but got 1",
		"CHAPSecret geheim mich": "iscsicli CHAPSecret: it takes 1 argument, but got 2",
	} {
		if _, err := parse(t, line); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
}

// TestNothingRepeated: no error of a command line has any of its arguments in it.
func TestNothingRepeated(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	for _, v := range Verbs() {
		for n := range 22 {
			args := slices.Repeat([]string{secret}, n)
			if _, err := v.Parse(args); err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: got %v", v.Name, err)
			}
		}
	}
	q, err := parse(t, "QAddTargetPortal array u "+secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(format, q); strings.Contains(s, secret) {
			t.Errorf("%s: got %s", format, s)
		}
	}
}

// TestUsage: each verb has one, in lines that fit, with all arguments.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, v := range Verbs() {
		usage := v.Usage()
		for line := range strings.Lines(usage) {
			if len(line) > column.LineLength+1 {
				t.Errorf("%s: a line of %d: %s", v.Name, len(line), line)
			}
		}
		for _, p := range v.params {
			if !strings.Contains(usage, "\n  "+p.name+" ") {
				t.Errorf("%s: no %s in\n%s", v.Name, p.name, usage)
			}
		}
		if v.Short == "" {
			t.Errorf("%s: what does it do?", v.Name)
		}
	}
	for name, want := range map[string]string{
		"ListInitiators": "Usage: discover iscsicli ListInitiators\n",
		"Ping":           "Usage: discover iscsicli Ping Initiator Address [Count [Size [Timeout]]]\n\n",
		"TargetInfo":     "Usage: discover iscsicli TargetInfo TargetName [DiscoveryMechanism]\n\n",
	} {
		if got := Find(name).Usage(); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestLiteral: the bytes of a secret on the command line.
func TestLiteral(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, want string
		code       uint32
	}{
		{text: "secret", want: "secret"},
		{text: "0x00fF", want: "\x00\xff"},
		{text: "0X6869", want: "hi"},
		{text: "x0", want: "x0"},
		{text: "0", want: "0"},
		{text: "0x123", code: isdsc.Win32InvalidParameter},
		{text: "0xgg", code: isdsc.Win32InvalidParameter},
		{text: "0x", code: isdsc.Win32InvalidParameter},
	}
	for _, tt := range tests {
		got, err := Secret{Given: true, text: tt.text}.Literal()
		if string(got) != tt.want || initiator.Code(err) != tt.code {
			t.Errorf("%s: got %q, %v; want %q, code %d", tt.text, got, err, tt.want, tt.code)
		}
	}
}
