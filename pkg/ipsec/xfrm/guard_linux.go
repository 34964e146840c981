package xfrm

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// set puts the guard up, or renews it.
func (g *guard) set() error {
	for _, dir := range []byte{dirOut, dirIn} {
		r := nl.NewNetlinkRequest(nl.XFRM_MSG_UPDPOLICY, unix.NLM_F_ACK)
		r.AddRawData(append(g.policy(dir), g.templates(dir)...))
		if _, err := r.Execute(unix.NETLINK_XFRM, 0); err != nil {
			return &HoldError{Err: fmt.Errorf("policy: %w", os.NewSyscallError("netlink", err))}
		}
	}
	return nil
}

// templates returns those of one direction as an attribute.
func (g *guard) templates(dir byte) []byte {
	var b []byte
	for _, t := range g.hold.templates(dir) {
		b = append(b, t[:]...)
	}
	if b == nil {
		return nil
	}
	return nl.NewRtAttr(attrTemplates, b).Serialize()
}

// remove takes the guard away. That it is away is no error.
func (g *guard) remove() error {
	var all error
	for _, dir := range []byte{dirOut, dirIn} {
		r := nl.NewNetlinkRequest(nl.XFRM_MSG_DELPOLICY, unix.NLM_F_ACK)
		r.AddRawData(g.id(dir))
		if _, err := r.Execute(unix.NETLINK_XFRM, 0); err != nil && !errors.Is(err, unix.ENOENT) {
			all = errors.Join(all, fmt.Errorf("remove policy: %w", err))
		}
	}
	return all
}

// id returns struct xfrm_userpolicy_id of one direction.
func (g *guard) id(dir byte) []byte {
	const idLen, idDir = 64, 60
	b := make([]byte, idLen)
	copy(b, g.policy(dir)[:len(selector{})])
	b[idDir] = dir
	return b
}
