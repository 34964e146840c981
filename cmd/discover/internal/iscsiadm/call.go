package iscsiadm

// A Call is a command line of iscsiadm that was understood.
type Call struct {
	Mode   Mode
	Type   Type
	Portal Portal   // zero: -p was not given
	Target string   // of -T, in the modes that have it
	Ifaces []string // of -I, in order
	Ops    Op       // of -o; 0: it was not given
	Params []Param  // of -n and -v, in order

	Version bool // -V
	Help    bool // -h

	Discover bool // -D
	Login    bool // -l
	Secrets  bool // -S: secrets are shown
	Print    int  // -P; -1: it was not given

	given   letters // all options that were given
	refused error   // why the real program would refuse a line of a mode that is not ours; nil: it would not
}

// Only reports that no option was given beside -m, -d and those of letters.
func (c *Call) Only(letters string) bool {
	for letter := range c.given {
		if c.given[letter] && !contains("md"+letters, byte(letter)) {
			return false
		}
	}
	return true
}

// A Mode is what a command line is about.
type Mode int

// The modes. Those but Discovery, DiscoveryDB and None are the real program's.
const (
	None        Mode = iota // -V, -h
	Discovery               // -m discovery
	DiscoveryDB             // -m discoverydb
	Node
	Session
	Iface
	Host
	Firmware
	Daemon // no mode, but -k, which ends iscsid
)

// Ours reports a mode that is not the real program's.
func (m Mode) Ours() bool { return m <= DiscoveryDB }

// A Type is how targets are discovered.
type Type int

// The types.
const (
	NoType Type = iota // -t was not given, or is none that iscsiadm knows
	SendTargets
	ISNS
	FirmwareType
	slp // which iscsiadm knows by name alone
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
	otherOp // of nodes and flash nodes
)

// A Param is a value of -v for the key of -n.
type Param struct{ Name, Value string }
