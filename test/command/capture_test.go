package command

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestCapture: Wireshark reads the file of --capture, finds nothing wrong with it,
// and no response of CHAP in it. The file is its owner's alone, and takes the
// place of no other.
func TestCapture(t *testing.T) {
	t.Parallel()
	need.Program(t, "tshark")
	array := &iscsitest.Target{
		Records: records(2), HeaderDigest: true, DataDigest: true,
		User: "host1", Secret: "secret-of-the-host", MutualUser: "array", MutualSecret: "secret-of-the-target",
	}
	server := iscsitest.Listen(t, array)
	folder := t.TempDir()
	file := filepath.Join(folder, "run.pcapng")
	scan := func(file string) (string, error) {
		t.Helper()
		cmd := exec.Command(filepath.Join(binDir, "discover"), "scan", "--capture", file, "--header-digest", "crc32c", "--data-digest", "crc32c",
			"--chap-user", array.User, "--chap-secret", "env:US", "--target-user", array.MutualUser, "--target-secret", "env:THEM", server.Addr.String())
		cmd.Env = append(os.Environ(), "US="+array.Secret, "THEM="+array.MutualSecret)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := scan(file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	judgement := targets.Judge(t, file, server.Addr.Port())
	for _, problem := range judgement.Problems {
		t.Errorf("Wireshark: %s", problem)
	}
	if got := len(judgement.PDUs); got != 12 {
		t.Errorf("got %d PDUs, want 12", got)
	}
	responses := 0
	for _, p := range judgement.PDUs {
		for _, kv := range p.Fields["iscsi.keyvalue"] {
			if value, ok := strings.CutPrefix(kv, "CHAP_R="); ok {
				responses++
				if strings.Trim(value, "*") != "" {
					t.Errorf("a response is in the file: %s", value)
				}
			}
		}
	}
	if responses != 2 {
		t.Errorf("got %d responses, want 2", responses)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
	}

	link := filepath.Join(folder, "link")
	if err := os.Symlink(filepath.Join(folder, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{file, link, folder} {
		before := len(server.Sessions())
		out, err := scan(taken)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.HasSuffix(out, ": file exists, and --capture never overwrites\n") {
			t.Errorf("%s: got %v, %q; want exit status 2", taken, err, out)
		}
		if got := len(server.Sessions()); got != before {
			t.Errorf("%s: the portal was asked", taken)
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, "elsewhere")); err == nil {
		t.Error("a link was followed")
	}
}

// TestCaptureExchanges: whatever goes over the connections of a run, by whatever
// verb, Wireshark reassembles it: every PDU, every key, in packets that are in
// order, with right checksums, of connections from their beginning to their end.
func TestCaptureExchanges(t *testing.T) {
	t.Parallel()
	tshark := need.Program(t, "tshark")
	const us, them = "secret-of-the-host", "secret-of-the-target"
	mutual := func(n int) *iscsitest.Target {
		return &iscsitest.Target{
			Records: records(n), HeaderDigest: true, DataDigest: true,
			User: "host1", Secret: us, MutualUser: "array", MutualSecret: them,
		}
	}
	const chap = "--header-digest crc32c --data-digest crc32c --chap-user host1 --chap-secret env:US --target-user array --target-secret env:THEM "
	loopback, loopback6 := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
	for _, tt := range []struct {
		name    string
		host    netip.Addr
		change  func(portal *iscsitest.Target)
		hops    int      // portals that send on to the next, before the one that answers
		before  []string // what is run without a capture
		args    string
		targets int
		pdus    int // of the portal that answers; 0: not counted
	}{
		{name: "mutual CHAP and digests", host: loopback, args: "scan " + chap + "PORTAL", targets: 2, pdus: 12},
		{name: "without digests", host: loopback, args: "scan --chap-user host1 --chap-secret env:US PORTAL", targets: 2, pdus: 12},
		{name: "a ping before the list", host: loopback, args: "scan " + chap + "PORTAL", targets: 2, pdus: 14, change: pings},
		{name: "redirects", host: loopback, hops: 3, args: "scan " + chap + "PORTAL", targets: 2, pdus: 12},
		{name: "long PDUs", host: loopback, args: "scan " + chap + "PORTAL", targets: 3000, pdus: 14, change: parts(0)},
		{name: "many parts", host: loopback, args: "scan " + chap + "PORTAL", targets: 300, change: parts(1001)},
		{name: "IPv6", host: loopback6, args: "scan " + chap + "PORTAL", targets: 2, pdus: 12},
		{name: "portal add", host: loopback, args: "portal add --registry REGISTRY " + chap + "PORTAL", targets: 2, pdus: 12},
		{name: "portal refresh", host: loopback, before: []string{"portal add --registry REGISTRY " + chap + "PORTAL"}, args: "portal refresh --registry REGISTRY", targets: 2, pdus: 12},
		{name: "target list", host: loopback, before: []string{"portal add --registry REGISTRY " + chap + "PORTAL"}, args: "target list --refresh --registry REGISTRY", targets: 2, pdus: 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.host == loopback6 {
				need.IPv6(t)
			}
			portal := mutual(tt.targets)
			if tt.change != nil {
				tt.change(portal)
			}
			server := iscsitest.ListenOn(t, tt.host, portal)
			last := server.Addr
			hops := []*iscsitest.Server{}
			for range tt.hops {
				server = iscsitest.ListenOn(t, tt.host, &iscsitest.Target{Redirect: server.Addr.String()})
				hops = append(hops, server)
			}
			folder := t.TempDir()
			run := func(args string) {
				t.Helper()
				args = strings.NewReplacer("PORTAL", server.Addr.String(), "REGISTRY", filepath.Join(folder, "registry.db")).Replace(args)
				cmd := exec.Command(filepath.Join(binDir, "discover"), strings.Fields(args)...)
				cmd.Env = append(os.Environ(), "US="+us, "THEM="+them)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", args, err, out)
				}
			}
			for _, args := range tt.before {
				run(args)
			}
			file := filepath.Join(folder, "run.pcapng")
			run(tt.args + " --capture " + file)

			judgement := targets.Judge(t, file, last.Port())
			for _, problem := range judgement.Problems {
				t.Errorf("Wireshark: %s", problem)
			}
			if got := len(judgement.PDUs); tt.pdus != 0 && got != tt.pdus {
				t.Errorf("got %d PDUs, want %d", got, tt.pdus)
			}
			for _, hop := range hops {
				j := targets.Judge(t, file, hop.Addr.Port())
				for _, problem := range j.Problems {
					t.Errorf("Wireshark: %s", problem)
				}
				if len(j.PDUs) != 2 || j.PDUs[1].Field("iscsi.login.status") != "0x0101" {
					t.Errorf("got %d PDUs of a hop, want 2, the second a redirect: %+v", len(j.PDUs), j.PDUs)
				}
			}
			judgeNames(t, judgement, tt.targets)
			judgePackets(t, tshark, file)
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{us, them} {
				if form := reveals(b, secret); form != "" {
					t.Errorf("a secret is in the file %s", form)
				}
			}
		})
	}
}

// parts makes a portal cut its list behind pairs, with C: Wireshark 4.0 takes a
// Text Response with neither F nor C for no PDU of iSCSI, and one that ends within a
// pair for a malformed one.
func parts(most int) func(portal *iscsitest.Target) {
	return func(portal *iscsitest.Target) {
		portal.MaxText = most
		portal.Respond = func(_, response pdu.PDU) iscsitest.Step {
			if m, ok := response.(*pdu.TextResponse); ok {
				m.Continue = !m.Final
			}
			return nil
		}
	}
}

// pings makes a portal want an answer to a NOP-In before it shows its list. Its tag
// is not 0, which Wireshark 4.0 takes for no PDU of iSCSI.
func pings(portal *iscsitest.Target) {
	portal.Respond = func(_, response pdu.PDU) iscsitest.Step {
		if _, ok := response.(*pdu.TextResponse); !ok {
			return nil
		}
		return iscsitest.Steps(iscsitest.Send(&pdu.NOPIn{TTT: 7}), func(c *iscsitest.Conn) error {
			_, err := c.Receive()
			return err
		}, func(c *iscsitest.Conn) error { return c.Send(response) })
	}
}

// judgeNames wants each target in the capture, in order, once, and responses of
// CHAP masked.
func judgeNames(t *testing.T, j *targets.Judgement, want int) {
	t.Helper()
	n := 0
	for _, p := range j.PDUs {
		for _, kv := range p.Fields["iscsi.keyvalue"] {
			if name, ok := strings.CutPrefix(kv, "TargetName="); ok {
				if n++; name != fmt.Sprintf("iqn.2026-11.com.example:disk%d", n) {
					t.Fatalf("target %d is %s", n, name)
				}
			}
			if value, ok := strings.CutPrefix(kv, "CHAP_R="); ok && strings.Trim(value, "*") != "" {
				t.Errorf("a response is in the file: %s", value)
			}
		}
	}
	if n != want {
		t.Errorf("got %d targets, want %d", n, want)
	}
}

// judgePackets wants nothing that Wireshark finds odd about TCP or IP, and every
// connection whole: opened, used, closed.
func judgePackets(t *testing.T, tshark, file string) {
	t.Helper()
	out, err := exec.Command(tshark, "-r", file, "-2", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields", "-E", "separator=;",
		"-e", "frame.number", "-e", "tcp.completeness", "-e", "tcp.checksum.status", "-e", "ip.checksum.status", "-e", "tcp.analysis.flags", "-e", "_ws.malformed").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	// The handshake, data and both FINs; good checksums, of which IPv6 has one.
	fine := regexp.MustCompile(`^\d+;31;1;1?;;$`)
	for line := range strings.Lines(string(out)) {
		if !fine.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("packet %s: not %s", line, fine)
		}
	}
	if len(out) == 0 {
		t.Error("no packets")
	}
}
