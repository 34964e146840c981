package isns

import "fmt"

// A FormatError reports a message that is not one of RFC 4171. After it the connection is
// of no more use.
type FormatError struct {
	Function Function // of the message
	Reason   string   // what is wrong, in lower case; nothing of what was sent is in it but numbers
}

func (e *FormatError) Error() string { return fmt.Sprintf("bad %s: %s", e.Function, e.Reason) }

// A VersionError reports a PDU of another version of iSNSP.
type VersionError struct {
	Version uint16
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the server speaks version %d of iSNSP, and this client version %d", e.Version, Version)
}

// A SizeError reports more than Limits allow.
type SizeError struct {
	What  string // "message", "targets", …
	Limit int    // in bytes, or their number
}

func (e *SizeError) Error() string { return fmt.Sprintf("more than %d %s", e.Limit, e.What) }

// A StatusError is a request that the server refused.
type StatusError struct {
	Function Function // of the request
	Status   Status
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the server refused %s: %s", e.Function, e.Status)
}

// An AttributeError reports the value of an attribute that is not of the kind it should be.
// It never quotes the value.
type AttributeError struct {
	Tag    Tag
	Reason string // what is wrong, in lower case
}

func (e *AttributeError) Error() string { return fmt.Sprintf("%s: %s", e.Tag, e.Reason) }
