package scene

import (
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Answers makes a target answer SendTargets with text, in one response.
func Answers(text string) *iscsitest.Target {
	return &iscsitest.Target{Respond: func(_, response pdu.PDU) iscsitest.Step {
		if _, ok := response.(*pdu.TextResponse); !ok {
			return nil
		}
		return iscsitest.Send(&pdu.TextResponse{Final: true, Data: pdu.Text(text)})
	}}
}

// Pairs writes pairs as a target sends them.
func Pairs(pairs ...string) string { return string(iscsitest.Text(pairs...)) }

// Sends is a target that sends logins elsewhere, permanently where status says
// so.
func Sends(to string) *iscsitest.Target { return &iscsitest.Target{Redirect: to} }
