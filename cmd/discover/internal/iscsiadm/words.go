package iscsiadm

// String is the word after -m.
func (m Mode) String() string {
	return [...]string{None: "none", Discovery: "discovery", DiscoveryDB: "discoverydb", Node: "node", Session: "session", Iface: "iface", Host: "host", Firmware: "fw", Daemon: "daemon"}[m]
}

// String is the word after -t.
func (t Type) String() string {
	return [...]string{NoType: "none", SendTargets: "sendtargets", ISNS: "isns", FirmwareType: "fw", slp: "slp"}[t]
}
