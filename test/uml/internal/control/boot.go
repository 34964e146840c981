package control

import "net/netip"

// BootFile is where the guest's first process finds its Boot, as JSON, in the
// initial file system.
const BootFile = "/boot.json"

// A Boot says what the guest's first process does before it is ready.
type Boot struct {
	Modules   []string       // kernel modules to load, with those that they need
	Addresses []netip.Prefix // of the network interface
}

// LaunchArg is the argument by which a test starts the same program on its own
// side, before the kernel and its command line.
const LaunchArg = "launch"

// InsideEnv is set in the environment of all that runs in a guest.
const InsideEnv = "DISCOVER_UML_GUEST"
