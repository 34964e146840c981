package targets

import (
	"fmt"
	"net/netip"
)

// Names returns n target names of a kind of target, such as
// "iqn.2026-01.test.tgt:t0001".
func Names(kind string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("iqn.2026-01.test.%s:t%04d", kind, i+1)
	}
	return names
}

// CHAP is what a target asks of those who want to discover. The zero value asks
// for nothing. TargetUser and TargetSecret make it mutual: the target answers
// with them.
type CHAP struct {
	User, Secret             string
	TargetUser, TargetSecret string
}

// URL returns a portal as iscsi-ls wants it, with user and secret.
func (c CHAP) URL(portal netip.AddrPort) string {
	if !c.on() {
		return "iscsi://" + portal.String()
	}
	return "iscsi://" + c.User + "%" + c.Secret + "@" + portal.String()
}

// Env returns the environment by which iscsi-ls learns what the target has to
// answer; nothing, if that is nothing.
func (c CHAP) Env() []string {
	if !c.mutual() {
		return nil
	}
	return []string{
		"LIBISCSI_CHAP_TARGET_USERNAME=" + c.TargetUser,
		"LIBISCSI_CHAP_TARGET_PASSWORD=" + c.TargetSecret,
	}
}

func (c CHAP) on() bool     { return c.User != "" }
func (c CHAP) mutual() bool { return c.TargetUser != "" }

// or returns the list, or the default where it is empty.
func or[T any](list, def []T) []T {
	if len(list) == 0 {
		return def
	}
	return list
}
