package xfrm

import (
	"context"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// The library finds out the order of bytes when it is first used, without a lock, and portals
// are asked by several goroutines at once.
func init() { nl.NativeEndian() }

// maxDumps is how often a list is asked for that changes while it is read.
const maxDumps = 5

func listPolicies(ctx context.Context) (list []policy, err error) {
	err = dump(ctx, nl.XFRM_MSG_GETPOLICY, nl.XFRM_MSG_NEWPOLICY, func() { list = nil }, func(m []byte) error {
		p, err := parsePolicy(m)
		list = append(list, p)
		return err
	})
	return list, err
}

func listStates(ctx context.Context) (list []state, err error) {
	err = dump(ctx, nl.XFRM_MSG_GETSA, nl.XFRM_MSG_NEWSA, func() { list = nil }, func(m []byte) error {
		s, err := parseState(m)
		clear(m) // there are keys in it
		list = append(list, s)
		return err
	})
	return list, err
}

// dump asks the kernel for a list, again where it changed meanwhile.
func dump(ctx context.Context, request, answer int, restart func(), each func([]byte) error) error {
	err := error(nl.ErrDumpInterrupted)
	for try := 0; try < maxDumps && errors.Is(err, nl.ErrDumpInterrupted); try++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		restart()
		var messages [][]byte
		messages, err = nl.NewNetlinkRequest(request, unix.NLM_F_DUMP).Execute(unix.NETLINK_XFRM, uint16(answer))
		if err != nil {
			continue
		}
		for _, m := range messages {
			if err := each(m); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

// notPermitted says why an error of a list means that this process cannot look;
// empty: it means something else.
func notPermitted(err error) string {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return "the kernel's policies could not be read without CAP_NET_ADMIN"
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EOPNOTSUPP):
		return "the kernel does not tell its policies"
	case errors.Is(err, nl.ErrDumpInterrupted):
		return "the kernel's policies changed while they were read"
	}
	return ""
}
