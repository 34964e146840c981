package render

import (
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// The methods of a jsonAuth.
const (
	authNone = "none"
	authCHAP = "chap"
)

// methodCHAP is CHAP in an auth.Outcome.
const methodCHAP = "CHAP"

// jsonAuth says which authentication happened. Method is "chap" only where CHAP
// came to its end: what was tried and did not is under Attempted.
type jsonAuth struct {
	Method     string   `json:"method"`
	Attempted  string   `json:"attempted,omitempty"`
	Algorithm  string   `json:"algorithm,omitempty"`   // that the target chose; empty: it did not
	Mutual     *bool    `json:"mutual,omitempty"`      // nil: the method is not chap
	TargetUser JSONText `json:"target_user,omitempty"` // of a target that proved itself
}

func newJSONAuth(o *auth.Outcome) jsonAuth {
	if o.Method != methodCHAP {
		return jsonAuth{Method: authNone}
	}
	j := jsonAuth{Method: authNone, Attempted: authCHAP}
	if o.Algorithm != 0 {
		j.Algorithm = o.Algorithm.String()
	}
	if !o.Done {
		return j
	}
	mutual := o.Mutual
	j.Method, j.Attempted, j.Mutual = authCHAP, "", &mutual
	if mutual {
		j.TargetUser = JSONText(o.TargetUser)
	}
	return j
}

// append appends j as encoding/json would write it.
func (j *jsonAuth) append(b []byte) []byte {
	b = appendString(append(b, `{"method":`...), j.Method)
	if j.Attempted != "" {
		b = appendString(append(b, `,"attempted":`...), j.Attempted)
	}
	if j.Algorithm != "" {
		b = appendString(append(b, `,"algorithm":`...), j.Algorithm)
	}
	if j.Mutual != nil {
		b = strconv.AppendBool(append(b, `,"mutual":`...), *j.Mutual)
	}
	if j.TargetUser != "" {
		b = appendString(append(b, `,"target_user":`...), string(j.TargetUser))
	}
	return append(b, '}')
}

// authentication says in a line which authentication happened; empty: none.
func authentication(o *auth.Outcome) string {
	if s := authText(o); s != "" {
		return "  " + s + "\n"
	}
	return ""
}

// authText says which authentication happened, for people; empty: none.
func authText(o *auth.Outcome) string {
	if !o.Done || o.Method != methodCHAP {
		return ""
	}
	s := "CHAP with " + algorithmName(o.Algorithm)
	if o.Mutual {
		s += ", mutual (the target is " + QuoteForPeople(o.TargetUser) + ")"
	}
	return s
}

// algorithmName is the name of a hash for people.
func algorithmName(a auth.Algorithm) string {
	switch a {
	case auth.SHA1:
		return "SHA-1"
	case auth.SHA256:
		return "SHA-256"
	}
	return strings.ToUpper(a.String())
}
