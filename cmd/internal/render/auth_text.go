package render

import (
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/auth"
)

// authentication says in a line which authentication happened; empty: none.
func authentication(o *auth.Outcome) string {
	if s := authText(o); s != "" {
		return "  " + s + "\n"
	}
	return ""
}

// authText says which authentication happened, for people; empty: none.
func authText(o *auth.Outcome) string {
	if !o.Done || o.Method != jsonitem.MethodCHAP {
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
