//go:build linux

package uml

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// Files of iked in the guest, whose places are fixed.
const (
	ikedConf   = "/run/iked.conf"
	ikedKey    = "/etc/iked/private/local.key"
	ikedPublic = "/etc/iked/local.pub"
	ikedEmpty  = "/var/lib/openiked/empty"
	ikedUser   = "_iked"
)

// Iked is OpenIKED's daemon, in a guest, which does IKEv2 alone. It is not installed: see
// PeersVariable. Its build for Linux knows no SHA-256 for ESP.
type Iked struct {
	guest  *Guest
	iked   string
	ikectl string
	env    []string
	daemon *Daemon
}

// PrepareIked makes what iked wants to find in the guest. No other IKE daemon may run
// there.
func (g *Guest) PrepareIked(t testing.TB) *Iked {
	t.Helper()
	d := &Iked{guest: g}
	d.iked, d.env = unpacked(t, "usr/sbin/iked")
	d.ikectl, _ = unpacked(t, "usr/sbin/ikectl")
	g.Run(t, "modprobe", "af_key")
	var files []File
	for _, name := range []string{"private", "pubkeys/ipv4", "ca", "certs", "crls"} {
		files = append(files, folder("/etc/iked/"+name))
	}
	private, public := ikedKeys(t)
	g.Put(t, append(files, folder(ikedEmpty), File{Path: ikedKey, Mode: 0o600, Data: private}, File{Path: ikedPublic, Data: public})...)
	for file, line := range map[string]string{"/etc/passwd": ikedUser + ":x:990:990::" + ikedEmpty + ":/bin/false", "/etc/group": ikedUser + ":x:990:"} {
		g.Run(t, "sh", "-c", fmt.Sprintf("grep -q '^%s:' %s || echo '%s' >>%[2]s", ikedUser, file, line))
	}
	return d
}

// ikedKeys makes a key pair, which iked wants to have although all that it knows here are
// preshared keys.
func ikedKeys(t testing.TB) (private, public []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own, err1 := x509.MarshalECPrivateKey(key)
	other, err2 := x509.MarshalPKIXPublicKey(key.Public())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: own}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: other})
}

// Require is Peer.Require for iked, which is started anew.
func (d *Iked) Require(t testing.TB, initiator, at netip.Addr, how Protection) {
	t.Helper()
	d.Stop()
	how = how.withDefaults()
	d.guest.block(t, at, how)
	d.guest.Put(t, File{Path: ikedConf, Mode: 0o600, Data: []byte(how.forIked(at, initiator))})
	for range ikedTries {
		d.daemon = d.guest.Start(t, Command{Args: []string{d.iked, "-d", "-vv", "-f", ikedConf}, Env: d.env})
		err := d.await(t)
		if err == nil {
			return
		}
		t.Logf("%v: %s", err, d.Log())
		d.Stop()
	}
	t.Fatal(errIked)
}

// Of some fifty starts one was not ready in time; why is not known.
const (
	ikedTries = 3
	ikedLimit = 15 * time.Second
)

// ikedReady is what its processes say last, each by itself. One that is asked before
// forgets the question, and control has answers before that.
var ikedReady = []string{"updated local CERTREQ", "nattport"}

// await waits until iked takes requests.
func (d *Iked) await(t testing.TB) error {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), ikedLimit, errIked)
	defer cancel()
	tick := time.NewTicker(charonEvery)
	defer tick.Stop()
	for {
		said := d.daemon.Output()
		if !slices.ContainsFunc(ikedReady, func(word string) bool { return !strings.Contains(said, word) }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-d.daemon.Done():
			return fmt.Errorf("uml: iked has ended: %w", d.daemon.Wait())
		case <-tick.C:
		}
	}
}

// forIked returns the policy as iked.conf has it, always with the algorithms that its
// build for Linux knows.
func (p Protection) forIked(peer, initiator netip.Addr) string {
	group := ""
	if p.PFS {
		group = " group modp2048"
	}
	const ike = "ikesa enc aes-128 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048"
	return fmt.Sprintf("ikev2 \"peer\" passive %s esp from %[2]s to %[3]s local %[2]s peer %[3]s %s childsa enc aes-128 auth hmac-sha1%s srcid %[2]s dstid %[3]s psk %[6]q\n",
		p.mode(), peer, initiator, ike, group, p.Key)
}

// Stop ends iked at once, where it runs.
func (d *Iked) Stop() {
	if d.daemon != nil {
		d.daemon.Stop()
	}
}

// Left returns what iked has of associations, of IKE and of ESP, a line each.
func (d *Iked) Left(t testing.TB) string {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	var out strings.Builder
	if err := d.guest.Exec(ctx, Command{Args: []string{d.ikectl, "show", "sa"}, Env: d.env}, &out); err != nil {
		t.Fatalf("%v: %s; %s", err, &out, d.Log())
	}
	return out.String()
}

// Log returns the end of what iked has said.
func (d *Iked) Log() string {
	if d.daemon == nil {
		return ""
	}
	return d.daemon.Output()
}
