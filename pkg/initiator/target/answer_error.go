package target

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An AnswerError is an answer to SendTargets that came whole and names no target:
// a refusal in words, or text of which no target could be made. An empty answer is
// no error: it says that there are no targets for this initiator.
type AnswerError struct {
	// Refusal is Reject, NotUnderstood or Irrelevant (RFC 7143, section 6.2), where
	// the target answered the key SendTargets with it; else empty.
	Refusal string

	Text    string // how the answer begins, quoted and cut; empty for a refusal
	LeftOut int    // targets that were left out for their names; the warnings say why
}

func (e *AnswerError) Error() string {
	switch {
	case e.Refusal != "":
		return "the target refused with " + pdu.KeySendTargets + "=" + e.Refusal
	case e.LeftOut > 0:
		return fmt.Sprintf("none of %d target names can be used; the answer begins with %s", e.LeftOut, e.Text)
	}
	return "no target in the answer, which begins with " + e.Text
}

// maxBeginning is how many bytes of an answer stand in an AnswerError.
const maxBeginning = 128

// beginning returns the first bytes of an answer, without NULs before them.
func beginning(t pdu.Text) []byte {
	for len(t) > 0 && t[0] == 0 {
		t = t[1:]
	}
	return t[:min(len(t), maxBeginning+1)]
}
