//go:build linux

package uml

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Files of pluto in the guest.
const (
	plutoFolder  = "/run/libreswan"
	plutoRun     = "/run/pluto"
	plutoControl = plutoRun + "/pluto.ctl"
	plutoConf    = plutoFolder + "/ipsec.conf"
	plutoSecrets = plutoFolder + "/secrets"
	plutoKeys    = plutoFolder + "/nss" // a data base of certificates, which pluto wants to have, and which stays empty
	plutoLog     = plutoFolder + "/log"
)

// plutoName is the name of its one connection.
const plutoName = "peer"

// Pluto is libreswan's IKE daemon, in a guest. Its package conflicts with those of
// strongSwan and is not installed: see PeersVariable.
type Pluto struct {
	guest  *Guest
	folder string // of libreswan's programs
	env    []string
	daemon *Daemon
	loaded bool // it has the connection
	before int  // lines of its log when it got that
}

// StartPluto starts pluto, without any connection. No other IKE daemon may run in the
// guest. It takes orders when StartPluto returns.
func (g *Guest) StartPluto(t testing.TB) *Pluto {
	t.Helper()
	const programs = "usr/libexec/ipsec"
	pluto, env := unpacked(t, programs+"/pluto")
	certutil, _ := unpacked(t, "usr/bin/certutil")
	p := &Pluto{guest: g, folder: filepath.Dir(pluto), env: env}
	g.Put(t,
		File{Path: plutoConf, Data: []byte(plutoSetup)}, File{Path: plutoSecrets, Mode: 0o600},
		folder(plutoKeys), folder(plutoRun), folder("/usr/libexec"),
	)
	// Pluto runs a program of its own by this path, and no other.
	g.Run(t, "ln", "-sfn", p.folder, "/usr/libexec/ipsec")
	p.run(t, certutil, "-N", "-d", "sql:"+plutoKeys, "--empty-password")
	p.daemon = g.Start(t, Command{Env: env, Args: []string{
		pluto, "--config", plutoConf, "--secretsfile", plutoSecrets, "--ipsecdir", plutoFolder, "--nssdir", plutoKeys,
		"--rundir", plutoRun, "--logfile", plutoLog, "--use-xfrm", "--no-dnssec", "--nofork",
	}})
	p.await(t)
	p.whack(t, "--listen")
	return p
}

// plutoSetup are the settings of pluto itself. Without its first line Debian's libreswan
// loads no connection of IKEv1.
const plutoSetup = `config setup
	ikev1-policy=accept
	protostack=xfrm
	nssdir=` + plutoKeys + `
	uniqueids=no
	dnssec-enable=no

`

// await waits until pluto takes orders.
func (p *Pluto) await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), charonLimit, errPluto)
	defer cancel()
	tick := time.NewTicker(charonEvery)
	defer tick.Stop()
	for {
		if _, err := p.output(ctx, filepath.Join(p.folder, "whack"), "--status"); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%v: %s", context.Cause(ctx), p.Log(t))
		case <-p.daemon.Done():
			t.Fatalf("uml: pluto has ended: %v: %s", p.daemon.Wait(), p.Log(t))
		case <-tick.C:
		}
	}
}

// Require is Peer.Require for pluto: it forgets its connection, and has another one. If the
// test fails it gets what pluto has logged since then.
func (p *Pluto) Require(t testing.TB, initiator, at netip.Addr, how Protection) {
	t.Helper()
	p.before = p.lines(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pluto logged:\n%s", p.Log(t))
		}
	})
	if p.loaded {
		p.whack(t, "--delete", "--name", plutoName)
	}
	how = how.withDefaults()
	p.guest.Put(t,
		File{Path: plutoConf, Data: []byte(plutoSetup + how.forPluto(at, initiator))},
		File{Path: plutoSecrets, Mode: 0o600, Data: []byte(fmt.Sprintf(": PSK %q\n", how.Key))},
	)
	p.guest.block(t, at, how)
	p.whack(t, "--rereadsecrets")
	p.run(t, filepath.Join(p.folder, "addconn"), "--config", plutoConf, "--ctlsocket", plutoControl, plutoName)
	p.loaded = true
}

// forPluto returns the connection as ipsec.conf has it. Its words for algorithms are
// those of swanctl.conf, but for the separators.
func (p Protection) forPluto(peer, initiator netip.Addr) string {
	version := "no"
	if p.version() == 2 {
		version = "insist"
	}
	lines := []string{
		"conn " + plutoName,
		"leftupdown=/bin/true", "authby=secret", "rekey=no", "auto=add", "ikev2=" + version,
		"aggressive=" + yes(p.Aggressive), "pfs=" + yes(p.PFS), "type=" + p.mode(),
		"left=" + peer.String(), "right=" + initiator.String(),
		"ike=" + plutoWords(p.IKE), "esp=" + plutoWords(p.ESP),
	}
	for word, id := range map[string]string{"leftid=@": p.PeerID, "rightid=@": p.InitiatorID} {
		if id != "" {
			lines = append(lines, word+id)
		}
	}
	if p.Behind.IsValid() {
		lines = append(lines, fmt.Sprintf("leftsubnet=%s/%d", p.Behind, p.Behind.BitLen()))
	}
	return strings.Join(lines, "\n\t") + "\n"
}

// plutoWords puts proposals of swanctl.conf into pluto's words.
func plutoWords(s string) string {
	return strings.NewReplacer("-modp", ";modp", "aes256gcm16", "aes_gcm256", "aes128gcm16", "aes_gcm128", "sha256", "sha2").Replace(s)
}

// whack gives an order.
func (p *Pluto) whack(t testing.TB, args ...string) {
	t.Helper()
	p.run(t, append([]string{filepath.Join(p.folder, "whack")}, args...)...)
}

func (p *Pluto) run(t testing.TB, args ...string) {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	if out, err := p.output(ctx, args...); err != nil {
		t.Fatalf("%v: %s; %s", err, out, p.Log(t))
	}
}

func (p *Pluto) output(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	err := p.guest.Exec(ctx, Command{Args: args, Env: p.env}, &out)
	return out.String(), err
}

// Stop ends pluto at once.
func (p *Pluto) Stop() { p.daemon.Stop() }

// lines returns how many lines pluto has logged.
func (p *Pluto) lines(t testing.TB) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(p.guest.Run(t, "wc", "-l", plutoLog), &n); err != nil {
		t.Fatalf("uml: the lines of %s: %v", plutoLog, err)
	}
	return n
}

// Left returns what pluto has of associations, of IKE and of ESP, a line each.
func (p *Pluto) Left(t testing.TB) string {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	out, err := p.output(ctx, filepath.Join(p.folder, "whack"), "--showstates")
	if err != nil {
		t.Fatalf("%v: %s; %s", err, out, p.Log(t))
	}
	var left strings.Builder
	for line := range strings.Lines(out) {
		if strings.Contains(line, "#") { // else it is empty, but for a number
			left.WriteString(line)
		}
	}
	return left.String()
}

// Log returns what pluto has logged since Require.
func (p *Pluto) Log(t testing.TB) string {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	out, err := p.guest.Output(ctx, "tail", "-n", fmt.Sprintf("+%d", p.before+1), plutoLog)
	if err != nil {
		return err.Error() // it may be asked after the guest's end
	}
	return out
}
