package iscsiadm

// A Call is a command line of iscsiadm that was understood.
type Call struct {
	Mode   Mode
	Type   Type
	Portal Portal   // zero: -p was not given
	Ifaces []string // of -I, in order
	Ops    Op       // of -o; 0: it was not given
	Params []Param  // of -n and -v, in order

	Discover bool // -D
	Login    bool // -l
	Secrets  bool // -S: secrets are shown
	Print    int  // -P; -1: it was not given
}

// A Mode is what a command line is about.
type Mode int

// The modes. Those but Discovery, DiscoveryDB and None are the real program's.
const (
	None        Mode = iota // -V or -h
	Discovery               // -m discovery
	DiscoveryDB             // -m discoverydb
	Node
	Session
	Iface
	Host
	Firmware
)

// A Type is how targets are discovered.
type Type int

// The types.
const (
	NoType Type = iota // -t was not given, or is none that iscsiadm knows
	SendTargets
	ISNS
	FirmwareType
)

// A Portal is an address as it was typed, with its port.
type Portal struct {
	Address string // without brackets; empty: none
	Port    uint16
}

// An Op is one or more operations of -o.
type Op uint

// The operations.
const (
	New Op = 1 << iota
	Delete
	Update
	Show
	NonPersistent
)

// A Param is a value of -v for the key of -n.
type Param struct{ Name, Value string }

// A UsageError is a command line that iscsiadm refuses.
type UsageError struct {
	Text string // as iscsiadm says it, without "iscsiadm: "
	Bare bool   // the text stands without "iscsiadm: "
}

// Error is the text.
func (e *UsageError) Error() string { return e.Text }

// The exit statuses of iscsiadm that a discovery can end with.
const (
	ExitOK        = 0
	ExitFailed    = 1  // interrupted, or a failure that has no status of its own
	ExitResolve   = 4  // the host name has no address
	ExitStore     = 6  // the registry cannot be used, or has no such record
	ExitUsage     = 7  // the command line, a key or a value
	ExitTimeout   = 11 // the portal did not answer, or not as a target does
	ExitTransport = 12 // another transport than tcp
	ExitLogin     = 19 // the login failed for good
	ExitNothing   = 21 // nothing was found
	ExitRefused   = 24 // the target refused our credentials
	ExitElsewhere = 27 // the real program does it
)
