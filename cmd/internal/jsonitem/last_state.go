package jsonitem

import (
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A LastState is how the last discovery of an entry ended.
type LastState struct {
	Time     Time   `json:"time"`
	Status   string `json:"status"`
	Code     uint32 `json:"code"`
	CodeName string `json:"code_name"`
	Stage    string `json:"stage,omitempty"`
	Message  Text   `json:"message,omitempty"`
	Source   Text   `json:"source"`
	Targets  int    `json:"targets"`
	LeftOut  int    `json:"left_out,omitempty"` // targets whose names are harmful

	// Of an entry that fails.
	FailingSince *Time `json:"failing_since,omitempty"`
	Failures     int   `json:"failures,omitempty"` // in a row
	LastOK       *Time `json:"last_ok,omitempty"`  // nil: never, or it is not known
}

// NewLastState returns how an entry was asked last as JSON; nil: it was not asked yet.
func NewLastState(last *registry.LastResult) *LastState {
	if last.Time.IsZero() {
		return nil
	}
	j := &LastState{
		Time: Time(last.Time), Status: "ok", Code: last.Code, CodeName: isdsc.Name(last.Code),
		Stage: last.Stage, Message: Text(last.Message), Source: Text(last.Source), Targets: last.Targets, LeftOut: last.LeftOut,
	}
	if last.Code != isdsc.Success {
		j.Status = "error"
		j.FailingSince, j.Failures, j.LastOK = ifAny(last.FailingSince), last.Failures, ifAny(last.LastOK)
	}
	return j
}
