package pdu

import "fmt"

// A Status is the outcome of a login: class in the upper byte, detail in the
// lower (RFC 7143, section 11.13.5).
type Status uint16

// The statuses that the RFC names.
const (
	StatusSuccess             Status = 0x0000
	StatusMovedTemporarily    Status = 0x0101
	StatusMovedPermanently    Status = 0x0102
	StatusInitiatorError      Status = 0x0200
	StatusAuthFailure         Status = 0x0201
	StatusAuthorizationFailed Status = 0x0202
	StatusNotFound            Status = 0x0203
	StatusTargetRemoved       Status = 0x0204
	StatusUnsupportedVersion  Status = 0x0205
	StatusTooManyConnections  Status = 0x0206
	StatusMissingParameter    Status = 0x0207
	StatusCannotInclude       Status = 0x0208
	StatusSessionTypeUnknown  Status = 0x0209
	StatusNoSuchSession       Status = 0x020a
	StatusInvalidDuringLogin  Status = 0x020b
	StatusTargetError         Status = 0x0300
	StatusServiceUnavailable  Status = 0x0301
	StatusOutOfResources      Status = 0x0302
)

// A StatusClass is the upper byte of a Status.
type StatusClass uint8

// The classes. All others are reserved and count as failure.
const (
	ClassSuccess        StatusClass = 0
	ClassRedirection    StatusClass = 1
	ClassInitiatorError StatusClass = 2 // do not repeat the request
	ClassTargetError    StatusClass = 3 // a later try may succeed
)

// Class returns the upper byte.
func (s Status) Class() StatusClass { return StatusClass(s >> 8) }

// String returns the status in words and as a number, such as "authentication
// failure (0x0201)". A detail that the RFC does not name is described by its
// class.
func (s Status) String() string { return fmt.Sprintf("%s (0x%04x)", s.words(), uint16(s)) }

func (s Status) words() string {
	switch s {
	case StatusSuccess:
		return "success"
	case StatusMovedTemporarily:
		return "target moved temporarily"
	case StatusMovedPermanently:
		return "target moved permanently"
	case StatusInitiatorError:
		return "initiator error"
	case StatusAuthFailure:
		return "authentication failure"
	case StatusAuthorizationFailed:
		return "authorization failure"
	case StatusNotFound:
		return "not found"
	case StatusTargetRemoved:
		return "target removed"
	case StatusUnsupportedVersion:
		return "unsupported version"
	case StatusTooManyConnections:
		return "too many connections"
	case StatusMissingParameter:
		return "missing parameter"
	case StatusCannotInclude:
		return "cannot include in session"
	case StatusSessionTypeUnknown:
		return "session type not supported"
	case StatusNoSuchSession:
		return "session does not exist"
	case StatusInvalidDuringLogin:
		return "invalid during login"
	case StatusTargetError:
		return "target error"
	case StatusServiceUnavailable:
		return "service unavailable"
	case StatusOutOfResources:
		return "out of resources"
	}
	switch s.Class() {
	case ClassRedirection:
		return "unknown redirection"
	case ClassInitiatorError:
		return "unknown initiator error"
	case ClassTargetError:
		return "unknown target error"
	}
	return "unknown status"
}
