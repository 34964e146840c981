package isns

import (
	"fmt"
	"net/netip"
)

// A Stage is where an exchange with a server failed.
type Stage string

// The stages.
const (
	StageConnect  Stage = "connect to"
	StageRegister Stage = "registration at"
	StageQuery    Stage = "query of"
	StageNotices  Stage = "notices of"
)

// An Error is an exchange with a server that failed. Err says why.
type Error struct {
	Stage  Stage
	Server netip.AddrPort
	Source netip.Addr // of ours; invalid: not known
	Err    error
}

func (e *Error) Error() string {
	from := ""
	if e.Source.IsValid() {
		from = " from " + e.Source.String()
	}
	return fmt.Sprintf("%s iSNS server %s%s: %v", e.Stage, e.Server, from, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// failed returns the Error of an exchange.
func (c *Client) failed(server netip.AddrPort, source netip.Addr, stage Stage, err error) error {
	if !source.IsValid() {
		source = c.Source
	}
	return &Error{Stage: stage, Server: server, Source: source, Err: err}
}
