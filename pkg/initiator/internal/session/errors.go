package session

import "fmt"

// LimitText is what a pdu.LimitError of SendTargets.MaxText is about.
const LimitText = "bytes of text"

// quote makes a short piece of what a target sent fit for an error: bounded,
// and without anything that a terminal or a log could take for its own.
func quote(v []byte) string {
	const most = 64
	if len(v) > most {
		return fmt.Sprintf("%+q…", v[:most])
	}
	if len(v) == 0 {
		return `""`
	}
	for _, c := range v {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return fmt.Sprintf("%+q", v)
		}
	}
	return string(v)
}
