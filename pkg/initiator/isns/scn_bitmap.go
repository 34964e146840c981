package isns

import "strings"

// An SCNBitmap says which changes a client wants to hear of, and in a notice what has
// changed (RFC 4171, section 6.4.4).
type SCNBitmap uint32

// The changes.
const (
	SCNMemberAdded   SCNBitmap = 0x01 // of a discovery domain; management only
	SCNMemberRemoved SCNBitmap = 0x02 // of a discovery domain; management only
	SCNUpdated       SCNBitmap = 0x04
	SCNAdded         SCNBitmap = 0x08
	SCNRemoved       SCNBitmap = 0x10
	SCNManagement    SCNBitmap = 0x20 // changes in all discovery domains; for control nodes
	SCNTargetsOnly   SCNBitmap = 0x40 // changes of targets and of the client itself alone
	SCNInitiatorOnly SCNBitmap = 0x80 // changes of initiators and of the client itself alone
)

// String returns the changes, with commas between them.
func (b SCNBitmap) String() string {
	var words []string
	for i, w := range [...]string{"member added", "member removed", "updated", "added", "removed"} {
		if b&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
