package session

import (
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A LoginConfig says how to log in.
type LoginConfig struct {
	InitiatorName string // required; must be a valid iSCSI name
	ISID          pdu.ISID

	// Auth is a fresh run of the method to authenticate by; nil is none.
	// Method is its name, as in AuthMethod. The machine does not close Auth.
	Auth   auth.Exchange
	Method string

	// OrNone offers None behind Method, so that the target may choose to go
	// without authentication. Login.Outcome tells which it chose.
	OrNone bool

	HeaderDigest DigestPreference
	DataDigest   DigestPreference

	// MaxRecvDataSegmentLength is what we declare, in bytes, 512 to
	// pdu.MaxDataLen. It is always sent: LIO answers SendTargets with endless
	// empty responses otherwise, and istgt cuts long lists.
	MaxRecvDataSegmentLength int

	// These mean little in a discovery session and are offered only where they
	// are set.
	MaxConnections     Number
	DefaultTime2Wait   Number // seconds
	DefaultTime2Retain Number // seconds
}

// methods returns the value of AuthMethod: a list in order of preference (RFC
// 7143, section 12.1).
func (c *LoginConfig) methods() string {
	if c.OrNone {
		return c.Method + "," + pdu.ValueNone
	}
	return c.Method
}

// A Number is an optional numeric key.
type Number struct {
	Specified bool
	Value     uint32
}

// A LoginResult is what a successful login agreed on.
type LoginResult struct {
	HeaderDigest             bool // both directions, from the next PDU on
	DataDigest               bool
	MaxRecvDataSegmentLength int    // of the target, in bytes
	TSIH                     uint16 // 0 from targets that break the RFC
	PortalGroupTag           int    // -1: not sent
	Rounds                   int    // requests that the login took
}
