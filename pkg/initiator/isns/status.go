package isns

import "fmt"

// A Status is the outcome of a request (RFC 4171, section 5.4).
type Status uint32

// The statuses that decide what a Client does next.
const (
	StatusSuccess            Status = 0
	StatusFormatError        Status = 2
	StatusInvalidQuery       Status = 5
	StatusSourceUnknown      Status = 6
	StatusSourceAbsent       Status = 7
	StatusUnauthorized       Status = 8
	StatusNoSuchEntry        Status = 9
	StatusUnsupportedVersion Status = 10
	StatusInternalError      Status = 11
	StatusBusy               Status = 12
	StatusNotUnderstood      Status = 13
	StatusNotSupported       Status = 15
	StatusSCNRejected        Status = 17
	StatusNotImplemented     Status = 18
)

// Temporary reports that the same request may succeed later.
func (s Status) Temporary() bool { return s == StatusInternalError || s == StatusBusy }

// String returns the status in words and as a number, such as "source unknown (6)".
func (s Status) String() string { return fmt.Sprintf("%s (%d)", s.words(), uint32(s)) }

func (s Status) words() string {
	words := [...]string{
		"success", "unknown error", "message format error", "invalid registration", "reserved", "invalid query",
		"source unknown", "source absent", "source unauthorized", "no such entry", "version not supported",
		"internal error", "busy", "option not understood", "invalid update", "message not supported",
		"SCN event rejected", "SCN registration rejected", "attribute not implemented", "FC_DOMAIN_ID not available",
		"FC_DOMAIN_ID not allocated", "ESI not available", "invalid deregistration", "registration feature not supported",
	}
	if int64(s) < int64(len(words)) {
		return words[s]
	}
	return "reserved status"
}
