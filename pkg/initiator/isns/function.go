package isns

import "fmt"

// A Function says what a message is for (RFC 4171, section 4.1.3).
type Function uint16

// The functions of the messages that this package has.
const (
	FuncDevAttrReg Function = 0x0001
	FuncDevAttrQry Function = 0x0002
	FuncDevGetNext Function = 0x0003
	FuncDevDereg   Function = 0x0004
	FuncSCNReg     Function = 0x0005
	FuncSCNDereg   Function = 0x0006
	FuncSCN        Function = 0x0008
	FuncESI        Function = 0x000d
)

// responseBit is set in the function of a response.
const responseBit Function = 0x8000

// Response returns the function of the response to a request.
func (f Function) Response() Function { return f | responseBit }

// IsResponse reports a response.
func (f Function) IsResponse() bool { return f&responseBit != 0 }

// String returns the abbreviation of RFC 4171, such as DevAttrQry or DevAttrQryRsp; the
// number where it has none here.
func (f Function) String() string {
	name := (f &^ responseBit).request()
	switch {
	case name == "":
		return fmt.Sprintf("function 0x%04x", uint16(f))
	case f.IsResponse():
		return name + "Rsp"
	}
	return name
}

// request returns the abbreviation of a request; empty: it has none here.
func (f Function) request() string {
	switch f {
	case FuncDevAttrReg:
		return "DevAttrReg"
	case FuncDevAttrQry:
		return "DevAttrQry"
	case FuncDevGetNext:
		return "DevGetNext"
	case FuncDevDereg:
		return "DevDereg"
	case FuncSCNReg:
		return "SCNReg"
	case FuncSCNDereg:
		return "SCNDereg"
	case FuncSCN:
		return "SCN"
	case FuncESI:
		return "ESI"
	}
	return ""
}
