package main

import (
	"io"
	"net"
	"net/netip"
	"strconv"
)

// serveMute is the canned target at the addresses that a file lists. At all others
// it accepts connections and says nothing until the client closes them.
func serveMute(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	lines, err := readPortals(args[2])
	if err != nil {
		return err
	}
	alive := make(map[netip.Addr]bool)
	for _, line := range lines {
		addr, err := netip.ParseAddr(line)
		if err != nil {
			return err
		}
		alive[addr] = true
	}
	list := targetList(n, recordKinds[args[1]], false)
	return serveBy(func(c net.Conn) {
		if alive[c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()] {
			answerWith(c, list)
			return
		}
		defer c.Close()
		_, _ = io.Copy(io.Discard, c)
	})
}
