package jsonitem

import (
	"strconv"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// The methods of an authentication.
const (
	authNone = "none"
	authCHAP = "chap"
)

// MethodCHAP is CHAP in an auth.Outcome.
const MethodCHAP = "CHAP"

// authentication says which authentication happened. Method is "chap" only where CHAP
// came to its end: what was tried and did not is under Attempted.
type authentication struct {
	Method     string `json:"method"`
	Attempted  string `json:"attempted,omitempty"`
	Algorithm  string `json:"algorithm,omitempty"`   // that the target chose; empty: it did not
	Mutual     *bool  `json:"mutual,omitempty"`      // nil: the method is not chap
	TargetUser Text   `json:"target_user,omitempty"` // of a target that proved itself
}

func newAuthentication(o *auth.Outcome) authentication {
	if o.Method != MethodCHAP {
		return authentication{Method: authNone}
	}
	j := authentication{Method: authNone, Attempted: authCHAP}
	if o.Algorithm != 0 {
		j.Algorithm = o.Algorithm.String()
	}
	if !o.Done {
		return j
	}
	mutual := o.Mutual
	j.Method, j.Attempted, j.Mutual = authCHAP, "", &mutual
	if mutual {
		j.TargetUser = Text(o.TargetUser)
	}
	return j
}

// append appends j as encoding/json would write it.
func (j *authentication) append(b []byte) []byte {
	b = AppendString(append(b, `{"method":`...), j.Method)
	if j.Attempted != "" {
		b = AppendString(append(b, `,"attempted":`...), j.Attempted)
	}
	if j.Algorithm != "" {
		b = AppendString(append(b, `,"algorithm":`...), j.Algorithm)
	}
	if j.Mutual != nil {
		b = strconv.AppendBool(append(b, `,"mutual":`...), *j.Mutual)
	}
	if j.TargetUser != "" {
		b = AppendString(append(b, `,"target_user":`...), string(j.TargetUser))
	}
	return append(b, '}')
}
