package serve

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// DefaultListen is where the daemon listens if nothing is said: on loopback alone.
const DefaultListen = "127.0.0.1:9876"

// CheckListen returns why an address is none to listen at; nil: it is one.
func CheckListen(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("expected ADDRESS:PORT, such as %s or [::1]:9876, or fd", DefaultListen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("expected a TCP port from 0 to 65535 behind the address")
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return fmt.Errorf("expected an IP address before the port")
	}
	return nil
}

// Listen listens at addresses, at all of them or at none.
func Listen(addresses []string) (all []net.Listener, err error) {
	for _, a := range addresses {
		l, err := net.Listen("tcp", a)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}
