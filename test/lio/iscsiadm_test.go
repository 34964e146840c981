//go:build linux

package lio

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
)

// testIscsiadm compares what we find with what iscsiadm finds, which runs in the
// guest: at LIO, with and without CHAP, and at a target on our side.
func (w *world) testIscsiadm(t *testing.T) {
	w.startOpenISCSI(t)
	t.Run("LIO", func(t *testing.T) {
		for _, portal := range w.portals() {
			same(t, w.iscsiadm(t, portal, ""), found(discover(t, at(portal))))
		}
	})
	for _, algorithm := range []string{"MD5", "SHA1", "SHA256", "SHA3-256"} {
		t.Run("mutual CHAP with "+algorithm, func(t *testing.T) {
			defer w.lio.Open(t)
			w.lio.MutualCHAP(t, user, secret, targetUser, targetSecret)
			p := at(w.portals()[0])
			p.Login = mutual()
			same(t, w.iscsiadm(t, w.portals()[0], algorithm), found(discover(t, p)))
		})
	}
	t.Run("gotgt on our side", func(t *testing.T) {
		g := targets.StartGotgt(t, targets.GotgtConfig{Addrs: []netip.Addr{here}, Targets: targets.Names("gotgt", 20)})
		same(t, w.iscsiadm(t, g.Portals[0], ""), found(discover(t, at(g.Portals[0]))))
	})
}

// noIscsid keeps iscsiadm from starting an iscsid: one runs.
const noIscsid = "iscsid.startup = /bin/false\n"

// startOpenISCSI starts iscsid in the guest, with an empty database, and returns the path
// of iscsiadm.
func (w *world) startOpenISCSI(t *testing.T) string {
	t.Helper()
	iscsiadm := need.Program(t, "iscsiadm")
	need.Program(t, "iscsid")
	// What the host has set up and found is not the guest's.
	w.guest.Run(t, "rm", "-rf", "/etc/iscsi", "/var/lib/iscsi")
	w.guest.Put(t,
		uml.File{Path: "/etc/iscsi/initiatorname.iscsi", Data: []byte("InitiatorName=" + initiatorName + "\n")},
		uml.File{Path: "/etc/iscsi/iscsid.conf", Data: []byte(noIscsid)})
	w.guest.Run(t, "modprobe", "iscsi_tcp")
	w.guest.Start(t, uml.Command{Args: []string{"iscsid", "-f"}})
	return iscsiadm
}

// iscsiadm discovers in the guest; with mutual CHAP where there is an algorithm.
func (w *world) iscsiadm(t *testing.T, portal netip.AddrPort, algorithm string) list {
	t.Helper()
	conf := noIscsid
	if algorithm != "" {
		const key = "discovery.sendtargets.auth."
		conf += key + "authmethod = CHAP\n" +
			key + "username = " + user + "\n" + key + "password = " + secret + "\n" +
			key + "username_in = " + targetUser + "\n" + key + "password_in = " + targetSecret + "\n" +
			key + "chap_algs = " + algorithm + "\n"
	}
	w.guest.Put(t, uml.File{Path: "/etc/iscsi/iscsid.conf", Data: []byte(conf)})
	out := w.guest.Run(t, "iscsiadm", "-m", "discovery", "-t", "sendtargets", "-p", portal.String())
	l, err := parseLines(out)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// parseLines reads lines as iscsiadm prints them: an address and a name.
func parseLines(text string) (list, error) {
	l := make(list)
	for line := range strings.Lines(text) {
		address, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, fmt.Errorf("not an address and a name: %q", line)
		}
		l[name] = append(l[name], address)
		slices.Sort(l[name])
	}
	return l, nil
}
