package targets

import (
	"bytes"
	"fmt"
)

// istgtGlobal is the part of istgt.conf that is always the same. istgt starts
// with no less than this.
const istgtGlobal = `
  LogFacility "local7"
  Timeout 30
  NopInInterval 20
  MaxSessions 64
  MaxConnections 4
  MaxR2T 32
  MaxOutstandingR2T 16
  DefaultTime2Wait 2
  DefaultTime2Retain 60
  FirstBurstLength 262144
  MaxBurstLength 1048576
  MaxRecvDataSegmentLength 262144
  InitialR2T Yes
  ImmediateData Yes
  DataPDUInOrder Yes
  DataSequenceInOrder Yes
  ErrorRecoveryLevel 0
  DiscoveryAuthGroup AuthGroup1
`

// istgtUnit is a target. All share one small image, as nobody reads or writes
// it.
const istgtUnit = `
[LogicalUnit%d]
  TargetName %q
  Mapping PortalGroup1 InitiatorGroup1
  AuthMethod Auto
  AuthGroup AuthGroup1
  UseDigest Auto
  UnitType Disk
  LUN0 Storage %q 1MB
`

// config returns istgt.conf.
func (f *istgtFiles) config() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "[Global]\n  NodeBase \"iqn.2026-01.test.istgt\"\n")
	fmt.Fprintf(&b, "  PidFile %q\n  AuthFile %q\n  MediaDirectory %q\n", f.path("istgt.pid"), f.path("auth.conf"), f.folder)
	fmt.Fprintf(&b, "  DiscoveryAuthMethod %s", f.method())
	b.WriteString(istgtGlobal)
	b.WriteString("[UnitControl]\n  AuthMethod None\n[PortalGroup1]\n")
	for i, p := range f.portals {
		fmt.Fprintf(&b, "  Portal DA%d %s\n", i+1, p)
	}
	b.WriteString("[InitiatorGroup1]\n  InitiatorName \"ALL\"\n  Netmask ALL\n")
	for i, name := range f.cfg.Targets {
		fmt.Fprintf(&b, istgtUnit, i+1, name, f.path("disk.img"))
	}
	return b.Bytes()
}

// auth returns auth.conf.
func (f *istgtFiles) auth() []byte {
	var b bytes.Buffer
	b.WriteString("[AuthGroup1]\n")
	for _, c := range append([]CHAP{f.cfg.Discovery}, f.cfg.Users...) {
		switch {
		case c.mutual():
			fmt.Fprintf(&b, "  Auth %q %q %q %q\n", c.User, c.Secret, c.TargetUser, c.TargetSecret)
		case c.on():
			fmt.Fprintf(&b, "  Auth %q %q\n", c.User, c.Secret)
		}
	}
	return b.Bytes()
}

// method returns what istgt calls the authentication for discovery.
func (f *istgtFiles) method() string {
	switch c := f.cfg.Discovery; {
	case c.mutual():
		return "CHAP Mutual"
	case c.on():
		return "CHAP"
	}
	return "None"
}
