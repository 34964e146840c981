package wording

import (
	"strconv"
	"strings"
)

// Quoted returns an argument for an error: in quotes, and not too much of it.
func Quoted(s string) string {
	const most = 80
	if user, _, ok := strings.Cut(s, "@"); ok && strings.ContainsAny(user, ":%") {
		return "[not repeated: it may hold a password]" // user:password@host, iscsi://user%password@host
	}
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
