package verbs

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// What these flags do not take: one line, exit status 2, nothing sent.
func TestAddressFlagsUsage(t *testing.T) {
	t.Parallel()
	const block = "expected an address or a block, such as 192.0.2.10, 192.0.2.0/24 or 2001:db8::/64"
	for _, tt := range []struct{ args, want string }{
		{"--probe=udp", `--probe "udp": expected one of tcp, login`},
		{"--probe=", `--probe "": expected one of tcp, login`},
		{"--family 5", `--family "5": expected one of 4, 6`},
		{"--family", "--family needs a value; see discover help VERB"},
		{"--within 10.0.0.0/33", `--within "10.0.0.0/33": ` + block},
		{"--within array", `--within "array": ` + block},
		{"--within=", `--within "": ` + block},
		{"--within 10.0.0.0/24,", `--within "10.0.0.0/24,": ` + block},
		{"--within [fd00::/64", `--within "[fd00::/64": ` + block},
		{"--within ::ffff:10.0.0.0/120", `--within "::ffff:10.0.0.0/120": ` + block},
		{"--within fe80::1%eth0", `--within "fe80::1%eth0": a zone, which has a meaning only on this host, is not accepted here`},
		{"--within 10.0.0.0/24,10.0.0.7/24", `--within "10.0.0.0/24,10.0.0.7/24": 10.0.0.0/24 was given twice`},
		{"--within 10.0.0.0/24 --within 10.0.0.0/24", `--within "10.0.0.0/24": 10.0.0.0/24 was given twice`},
		{"--within 10.0.0.0/24,192.0.2.1 --family 6", "--within has no IPv6 block, but --family 6 shows only such addresses"},
		{"--rewrite 10.0.0.5", `--rewrite "10.0.0.5": expected FROM=TO, such as 10.0.0.5=192.0.2.5 or 10.0.0.0/24=192.0.2.0/24`},
		{"--rewrite 10.0.0.5=", `--rewrite "10.0.0.5=": ` + block},
		{"--rewrite =10.0.0.5", `--rewrite "=10.0.0.5": ` + block},
		{"--rewrite 10.0.0.5=192.0.2.5:3261", `--rewrite "10.0.0.5=192.0.2.5:3261": ` + block},
		{"--rewrite 10.0.0.5=array", `--rewrite "10.0.0.5=array": ` + block},
		{"--rewrite 10.0.0.0/24=192.0.2.0/25", `--rewrite "10.0.0.0/24=192.0.2.0/25": both blocks must have the same size, but these are /24 and /25`},
		{"--rewrite 10.0.0.0/24=192.0.2.5", `--rewrite "10.0.0.0/24=192.0.2.5": both blocks must have the same size, but these are /24 and /32`},
		{"--rewrite 10.0.0.5=2001:db8::5", `--rewrite "10.0.0.5=2001:db8::5": one side is IPv4 and the other IPv6`},
		{"--rewrite 10.0.0.5/24=192.0.2.0/24", `--rewrite "10.0.0.5/24=192.0.2.0/24": 10.0.0.5/24 is an address within a block; the block is 10.0.0.0/24`},
		{"--rewrite 10.0.0.0/24=192.0.2.5/24", `--rewrite "10.0.0.0/24=192.0.2.5/24": 192.0.2.5/24 is an address within a block; the block is 192.0.2.0/24`},
		{"--rewrite fe80::5%eth0=fd00::5", `--rewrite "fe80::5%eth0=fd00::5": a zone, which has a meaning only on this host, is not accepted here`},
		{"--rewrite 10.0.0.5=0.0.0.0", `--rewrite "10.0.0.5=0.0.0.0": 0.0.0.0 is not an address or block of hosts`},
		{"--rewrite 10.0.0.0/24=224.0.0.0/24", `--rewrite "10.0.0.0/24=224.0.0.0/24": 224.0.0.0/24 is not an address or block of hosts`},
		{"--rewrite 10.0.0.5=192.0.2.5 --rewrite 10.0.0.5/32=192.0.2.6", `--rewrite "10.0.0.5/32=192.0.2.6": 10.0.0.5 is rewritten twice`},
		{"--rewrite 10.0.0.5=192.0.2.5 --via-portal", "--via-portal and --rewrite both replace the addresses of targets: give only one of them"},
		{"--via-portal=maybe", `--via-portal "maybe": expected true or false`},
	} {
		for _, verb := range []string{"scan", "portal add", "portal refresh"} {
			l := newLab(t)
			args := append(strings.Fields(verb), "192.0.2.10", "--registry", "/nowhere/registry.db")
			r := l.discover(t.Context(), append(args, strings.Fields(tt.args)...)...)
			want := "discover: " + strings.ReplaceAll(tt.want, "VERB", verb) + "\n"
			if r.status != exit.Usage || r.stdout != "" || r.stderr != want {
				t.Errorf("%s %s: got %+v, want %s", verb, tt.args, r, want)
			}
			if got := l.Dials(); len(got) > 0 {
				t.Errorf("%s %s: dials %v", verb, tt.args, got)
			}
		}
	}
	for _, args := range []string{"portal list --probe", "target list --family 4", "scan 192.0.2.10 --probee"} {
		if r := newLab(t).discover(t.Context(), strings.Fields(args)...); r.status != exit.Usage {
			t.Errorf("%s: got %+v", args, r)
		}
	}
}

// A flag that may have a value and need not stands before the verb, too, and takes
// nothing that follows for its value.
func TestProbeFlagBeforeVerb(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--probe scan 192.0.2.10", "--probe=login scan 192.0.2.10", "scan --probe 192.0.2.10"} {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		if r := l.discover(t.Context(), strings.Fields(args)...); r.status != exit.OK || !strings.Contains(r.stdout, "192.0.2.10:3260,1      reachable\n") {
			t.Errorf("%s: got %+v", args, r)
		}
	}
}
