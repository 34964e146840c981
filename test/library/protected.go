package library

import "net/netip"

// Protected is the name of the program of the page that asks under IPsec, in transport and
// main mode with PFS. The page runs it where there is IPsec, and then where there is none.
const Protected = "protected"

// ProtectedAt returns where Protected runs: with a portal, a key that is in a file, and
// charon at a socket.
func ProtectedAt(portal netip.AddrPort, key, charon string) Setting {
	return Setting{
		Here: map[string]string{"192.0.2.10:3260": portal.String(), "peer.key": key},
		Env:  []string{"CHARON_VICI=" + charon},
	}
}
