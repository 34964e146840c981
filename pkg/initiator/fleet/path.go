package fleet

import (
	"math"
	"time"
)

// MaxPaths is how many entries one host publishes.
const MaxPaths = 4096

// A Path is what a host sees at one entry: how the last discovery there ended. It is under
// the host's lease, and written when something in it changes.
type Path struct {
	Schema     int       `json:"schema"`
	Host       string    `json:"host"`
	Up         bool      `json:"up"`
	Since      time.Time `json:"since"`                // of being up or down
	Source     string    `json:"source,omitempty"`     // address that it was asked from
	Targets    int       `json:"targets"`              // of the last answer
	Incomplete bool      `json:"incomplete,omitempty"` // the answer was cut off
	Answer     Digest    `json:"answer,omitzero"`      // of the last answer; zero: there was none, or it is too large
	Code       uint32    `json:"code,omitempty"`       // of the failure, see initiator.Code
	Stage      string    `json:"stage,omitempty"`      // where it failed, see initiator.Stage
	Message    string    `json:"message,omitempty"`    // of the failure, one line
	ISNS       bool      `json:"isns,omitempty"`       // the entry is an iSNS server
	Fleet      bool      `json:"fleet,omitempty"`      // the entry is there because config/ says so
}

// Encode writes the record. Its message is cut to MaxTextLen.
func (p *Path) Encode() []byte {
	p.Schema, p.Message = Schema, cutText(p.Message)
	return encode(p)
}

// Same reports whether q says the same as p, but for words: a record that is the same is not
// written again.
func (p *Path) Same(q *Path) bool {
	a, b := *p, *q
	a.Schema, a.Message, a.Since = b.Schema, b.Message, b.Since
	return a == b
}

// DecodePath reads the record of a host. The error is a *NewerError or a *RecordError.
func DecodePath(host string, b []byte) (*Path, error) {
	p := new(Path)
	if err := decode(b, p); err != nil {
		return nil, err
	}
	if p.Host != host {
		return nil, &RecordError{"it says that it is of another host"}
	}
	if p.Targets < 0 || p.Targets > math.MaxInt32 { // sums over all paths are counted
		return nil, &RecordError{"it has an impossible number of targets"}
	}
	if err := checkTexts(p.Source, p.Stage, p.Message); err != nil {
		return nil, err
	}
	return p, nil
}
