package isnstest

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// A Request is what a client asked.
type Request struct {
	Index    int // in its connection, from 0
	Function isns.Function
	Flags    isns.Flags // of its first PDU
	ID       uint16     // of the transaction
	Body     isns.Body  // such as *isns.DevAttrQry
}

// decode reads the body.
func (q *Request) decode(m *isns.Message) error {
	switch q.Function {
	case isns.FuncDevAttrQry:
		q.Body = new(isns.DevAttrQry)
	case isns.FuncDevGetNext:
		q.Body = new(isns.DevGetNext)
	case isns.FuncDevAttrReg:
		q.Body = new(isns.DevAttrReg)
	case isns.FuncDevDereg:
		q.Body = new(isns.DevDereg)
	case isns.FuncSCNReg:
		q.Body = new(isns.SCNReg)
	case isns.FuncSCNDereg:
		q.Body = new(isns.SCNDereg)
	default:
		return fmt.Errorf("it is no request")
	}
	if !q.Flags.Has(isns.FlagClient) || q.Flags.Has(isns.FlagServer) {
		return fmt.Errorf("its flags 0x%04x are not those of a client", uint16(q.Flags))
	}
	return q.Body.Decode(m)
}

// source returns the iSCSI name of who asks.
func (q *Request) source() string {
	switch b := q.Body.(type) {
	case *isns.DevAttrQry:
		return b.Source
	case *isns.DevGetNext:
		return b.Source
	case *isns.DevAttrReg:
		return b.Source
	case *isns.DevDereg:
		return b.Source
	case *isns.SCNReg:
		return b.Source
	case *isns.SCNDereg:
		return b.Source
	}
	return ""
}
