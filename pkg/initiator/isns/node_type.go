package isns

import "strings"

// A NodeType says what a node is (RFC 4171, section 6.4.2). Several bits may be set.
type NodeType uint32

// The types.
const (
	Target    NodeType = 1
	Initiator NodeType = 2
	Control   NodeType = 4
)

// String returns the types, with a plus between them.
func (n NodeType) String() string {
	var words []string
	for i, w := range [...]string{"target", "initiator", "control"} {
		if n&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return "of no type"
	}
	return strings.Join(words, "+")
}
