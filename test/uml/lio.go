//go:build linux

package uml

import (
	"io/fs"
	"net/netip"
	"path"
	"strconv"
	"testing"
)

// LIOPort is the TCP port of LIO's portals.
const LIOPort = 3260

// Folders of LIO in the guest.
const (
	configFolder = "/sys/kernel/config"
	lioFolder    = configFolder + "/target/iscsi"
	lioDiscovery = lioFolder + "/discovery_auth"
)

// lioModules are LIO's modules. SHA3-256, which its CHAP may use, is one of its
// own; the kernel would find it by itself, in the middle of a login.
var lioModules = []string{"target_core_mod", "iscsi_target_mod", "sha3_generic"}

// LIO is the Linux kernel's iSCSI target, in a guest.
type LIO struct{ guest *Guest }

// A LIOTarget is a target of LIO's. It has no storage, and can be discovered all
// the same.
type LIOTarget struct {
	Name       string
	Group      uint16       // portal group tag; zero: 1
	Addrs      []netip.Addr // where it can be reached; nil: all of the guest
	Initiators []string     // who may see it, by name; nil: everyone
}

// StartLIO starts the kernel's target. Whoever wants to may discover what is
// added later.
func (g *Guest) StartLIO(t testing.TB) *LIO {
	t.Helper()
	g.Run(t, append([]string{"modprobe", "-a"}, lioModules...)...)
	g.Run(t, "mount", "-t", "configfs", "none", configFolder)
	g.Put(t, folder(lioFolder)) // the kernel makes the rest of it
	l := &LIO{guest: g}
	l.Open(t)
	return l
}

// Add adds targets, which are on from then on.
func (l *LIO) Add(t testing.TB, targets ...LIOTarget) {
	t.Helper()
	var files []File
	for _, target := range targets {
		target = l.with(target)
		files = append(files, target.files()...)
	}
	l.guest.Put(t, files...)
}

// Remove removes targets that Add added.
func (l *LIO) Remove(t testing.TB, targets ...LIOTarget) {
	t.Helper()
	for _, target := range targets {
		target = l.with(target)
		// First of all nobody may be in the middle of a login.
		l.guest.Put(t, attribute(path.Join(target.group(), "enable"), "0"))
		l.guest.Remove(t, target.folders()...)
	}
}

// with returns a target with the defaults filled in.
func (l *LIO) with(t LIOTarget) LIOTarget {
	if t.Group == 0 {
		t.Group = 1
	}
	if t.Addrs == nil {
		t.Addrs = l.guest.Addresses
	}
	return t
}

// group returns the folder of the target's portal group.
func (t *LIOTarget) group() string {
	return path.Join(lioFolder, t.Name, "tpgt_"+strconv.Itoa(int(t.Group)))
}

// folders returns those of a target that are not the kernel's own, the innermost
// first.
func (t *LIOTarget) folders() []string {
	var list []string
	for _, addr := range t.Addrs {
		list = append(list, path.Join(t.group(), "np", netip.AddrPortFrom(addr, LIOPort).String()))
	}
	for _, initiator := range t.Initiators {
		list = append(list, path.Join(t.group(), "acls", initiator))
	}
	return append(list, t.group(), path.Dir(t.group()))
}

// files returns what has to be made for a target.
func (t *LIOTarget) files() []File {
	var files []File
	for _, f := range t.folders() {
		files = append(files, folder(f))
	}
	everyone := "1" // those who discover have a switch of their own
	if len(t.Initiators) > 0 {
		everyone = "0"
	}
	return append(files,
		attribute(path.Join(t.group(), "attrib/authentication"), "0"),
		attribute(path.Join(t.group(), "attrib/generate_node_acls"), everyone),
		attribute(path.Join(t.group(), "attrib/demo_mode_discovery"), everyone),
		attribute(path.Join(t.group(), "enable"), "1"),
	)
}

// nothing is LIO's word for a name or a secret that there is not.
const nothing = "NULL"

// Open lets everyone discover, and knows no secret.
func (l *LIO) Open(t testing.TB) {
	t.Helper()
	l.auth(t, "0", nothing, nothing, nothing, nothing)
}

// CHAP lets only those discover who know the secret.
func (l *LIO) CHAP(t testing.TB, user, secret string) {
	t.Helper()
	l.auth(t, "1", user, secret, nothing, nothing)
}

// OptionalCHAP lets everyone discover, but whoever wants CHAP has to know the
// secret.
func (l *LIO) OptionalCHAP(t testing.TB, user, secret string) {
	t.Helper()
	l.auth(t, "0", user, secret, nothing, nothing)
}

// MutualCHAP is like CHAP, and proves itself to those who ask for it.
func (l *LIO) MutualCHAP(t testing.TB, user, secret, targetUser, targetSecret string) {
	t.Helper()
	l.auth(t, "1", user, secret, targetUser, targetSecret)
}

func (l *LIO) auth(t testing.TB, enforce, user, secret, targetUser, targetSecret string) {
	t.Helper()
	l.guest.Put(t,
		attribute(path.Join(lioDiscovery, "userid"), user),
		attribute(path.Join(lioDiscovery, "password"), secret),
		attribute(path.Join(lioDiscovery, "userid_mutual"), targetUser),
		attribute(path.Join(lioDiscovery, "password_mutual"), targetSecret),
		attribute(path.Join(lioDiscovery, "enforce_discovery_auth"), enforce),
	)
}

// attribute is a File that sets an attribute of the kernel. No newline: LIO
// takes it for a part of a name.
func attribute(name, value string) File { return File{Path: name, Data: []byte(value)} }

func folder(name string) File { return File{Path: name, Mode: fs.ModeDir} }
