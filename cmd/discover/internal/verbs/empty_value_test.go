package verbs

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestEmptyValues (issue 13, 24): an empty value is not the same as none, so that a
// script whose variable is not set changes and asks nothing.
func TestEmptyValues(t *testing.T) {
	t.Parallel()
	const emptyFlag, emptyArgument = "the value is empty", "is empty; see discover help"
	for _, tt := range []struct{ args, want string }{
		{"scan 192.0.2.10 --registry ''", emptyFlag},
		{"scan 192.0.2.10 --initiator-name ''", emptyFlag},
		{"scan 192.0.2.10 --instance ''", emptyFlag},
		{"scan 192.0.2.10 --chap-user ''", emptyFlag},
		{"scan 192.0.2.10 --target-user ''", emptyFlag},
		{"scan 192.0.2.10 --ipsec-id ''", emptyFlag},
		{"scan 192.0.2.10 --ipsec-peer-id ''", emptyFlag},
		{"scan 192.0.2.10 --ipsec-proposals ''", emptyFlag},
		{"scan 192.0.2.10 --chap-secret ''", "--chap-secret: "},
		{"scan 192.0.2.10 --ipsec-psk ''", "--ipsec-psk: "},
		{"scan 192.0.2.10 --source ''", "--source \"\": "},
		{"scan 192.0.2.10 --ipsec ''", "--ipsec \"\": "},
		{"scan 192.0.2.10 --security-flags ''", "--security-flags \"\": "},
		{"scan 192.0.2.10 --ipsec-outer ''", "--ipsec-outer \"\": "},
		{"scan 192.0.2.10 --initiator-port ''", "--initiator-port \"\": "},
		{"scan 192.0.2.10 --tcp-port ''", "--tcp-port \"\": "},
		{"scan 192.0.2.10 --timeout ''", "--timeout \"\": "},
		{"scan 192.0.2.10 --capture ''", "--capture \"\": "},
		{"scan 192.0.2.10 --output ''", "--output \"\": "},
		{"scan 192.0.2.10 --redirect ''", "--redirect \"\": "},
		{"scan 192.0.2.10 --chap-algorithms ''", "--chap-algorithms \"\": "},
		{"scan ''", `portal "": no host`},
		{"portal add 192.0.2.10 --registry ''", emptyFlag},
		{"portal add 192.0.2.10 --symbolic-name ''", emptyFlag},
		{"portal add ''", emptyArgument},
		{"portal refresh ''", `portal "": no host`},
		{"portal remove ''", emptyArgument},
		{"port list --instance ''", emptyFlag},
		{"target add ''", emptyArgument},
		{"target add iqn.2026-11.com.example:a --alias ''", emptyFlag},
		{"target add iqn.2026-11.com.example:a --address ''", "--address \"\": "},
		{"target remove ''", emptyArgument},
		{"instance add ''", emptyArgument},
		{"instance add san --node-name ''", emptyFlag},
		{"instance add san --interface ''", "--interface \"\": "},
		{"instance remove ''", emptyArgument},
		{"initiator set-name ''", emptyArgument},
		{"initiator set-chap-secret ''", emptyArgument},
		{"ipsec explain ''", emptyArgument},
		{"ipsec default ''", emptyArgument},
		{"ipsec policy add '' transport", emptyArgument},
		{"ipsec policy add 192.0.2.0/24 ''", emptyArgument},
		{"ipsec policy remove ''", emptyArgument},
		{"ipsec psk set '' env:PSK", emptyArgument},
		{"ipsec psk set group ''", emptyArgument},
		{"ipsec tunnel set 192.0.2.10 ''", emptyArgument},
		{"ipsec tunnel remove ''", emptyArgument},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Portal("192.0.2.10:3260", twoTargets())
			var args []string
			for _, a := range strings.Fields(tt.args) {
				args = append(args, strings.ReplaceAll(a, "''", ""))
			}
			if !strings.Contains(tt.args, "--registry") {
				args = append(args, "--registry", t.TempDir()+"/registry.db")
			}
			r := l.discover(t.Context(), args...)
			if r.status != exit.Usage || r.stdout != "" || !strings.Contains(r.stderr, tt.want) || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("got %+v, want status 2 and %q", r, tt.want)
			}
			if len(l.Dials()) > 0 || len(l.created) > 0 {
				t.Error("something was sent or written")
			}
		})
	}
}
