//go:build linux

package uml

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// Files of iked in the guest, whose places are fixed.
const (
	ikedConf  = "/run/iked.conf"
	ikedKey   = "/etc/iked/private/local.key"
	ikedEmpty = "/var/lib/openiked/empty"
	ikedUser  = "_iked"
)

// Iked is OpenIKED's daemon, in a guest, which does IKEv2 alone. It is not installed: see
// PeersVariable. Its build for Linux knows no SHA-256 for ESP.
type Iked struct {
	guest  *Guest
	iked   string
	env    []string
	daemon *Daemon
}

// PrepareIked makes what iked wants to find in the guest. No other IKE daemon may run
// there.
func (g *Guest) PrepareIked(t testing.TB) *Iked {
	t.Helper()
	d := &Iked{guest: g}
	d.iked, d.env = unpacked(t, "usr/sbin/iked")
	g.Run(t, "modprobe", "af_key")
	var files []File
	for _, name := range []string{"private", "pubkeys/ipv4", "ca", "certs", "crls"} {
		files = append(files, folder("/etc/iked/"+name))
	}
	g.Put(t, append(files, folder(ikedEmpty))...)
	g.Run(t, "useradd", "--system", "--no-create-home", "--home-dir", ikedEmpty, ikedUser)
	g.Run(t, "openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", ikedKey)
	g.Run(t, "openssl", "ec", "-in", ikedKey, "-pubout", "-out", "/etc/iked/local.pub")
	return d
}

// Require is Peer.Require for iked, which is started anew.
func (d *Iked) Require(t testing.TB, initiator, at netip.Addr, how Protection) {
	t.Helper()
	d.Stop()
	how = how.withDefaults()
	d.guest.block(t, initiator, at, how)
	d.guest.Put(t, File{Path: ikedConf, Mode: 0o600, Data: []byte(how.forIked(at, initiator))})
	d.daemon = d.guest.Start(t, Command{Args: []string{d.iked, "-d", "-vv", "-f", ikedConf}, Env: d.env})
	d.await(t)
}

// ikedReady is what its processes say last, each by itself. One that is asked before
// forgets the question, and control has answers before that.
var ikedReady = []string{"updated local CERTREQ", "nattport"}

// await waits until iked takes requests.
func (d *Iked) await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), charonLimit, errIked)
	defer cancel()
	tick := time.NewTicker(charonEvery)
	defer tick.Stop()
	for {
		said := d.daemon.Output()
		if !slices.ContainsFunc(ikedReady, func(word string) bool { return !strings.Contains(said, word) }) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%v: %s", context.Cause(ctx), said)
		case <-d.daemon.Done():
			t.Fatalf("uml: iked has ended: %v: %s", d.daemon.Wait(), said)
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

// Log returns the end of what iked has said.
func (d *Iked) Log() string {
	if d.daemon == nil {
		return ""
	}
	return d.daemon.Output()
}
