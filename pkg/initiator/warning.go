package initiator

import (
	"fmt"
	"strconv"
)

// A Warning is something that went wrong without costing the result.
type Warning struct {
	Code    WarningCode
	Message string // one line; what a target sent is escaped in it
}

// A WarningCode tells warnings apart; it is part of the command's output.
type WarningCode string

// The warnings.
const (
	WarnTargetName     WarningCode = "invalid-target-name"
	WarnTargetAddress  WarningCode = "invalid-target-address"
	WarnTargetAlias    WarningCode = "invalid-target-alias"
	WarnNoAddress      WarningCode = "no-valid-address"        // a target was left out for it
	WarnUnknownKey     WarningCode = "unknown-key"             // in a SendTargets answer
	WarnCHAPFallback   WarningCode = "chap-fallback"           // only MD5 alone got through
	WarnNoCredentials  WarningCode = "redirect-no-credentials" // another host was asked without CHAP
	WarnMovedForGood   WarningCode = "moved-permanently"
	WarnEarlierAddress WarningCode = "address-failed" // one of a name's addresses, before another worked
	WarnLeftover       WarningCode = "ipsec-leftover" // of a connection that failed, an enforcer could not take all away
	WarnMore           WarningCode = "more-warnings"  // there were more than are kept
)

// maxWarnings is how many warnings a result keeps. A target can cause millions.
const maxWarnings = 100

// warnings collects up to maxWarnings, and counts the rest.
type warnings struct {
	kept    []Warning
	omitted int
}

func (w *warnings) add(code WarningCode, format string, args ...any) {
	if len(w.kept) >= maxWarnings {
		w.omitted++
		return
	}
	w.kept = append(w.kept, Warning{Code: code, Message: fmt.Sprintf(format, args...)})
}

// all returns what was kept, and a last one that counts the rest.
func (w *warnings) all() []Warning {
	if w.omitted == 0 {
		return w.kept
	}
	return append(w.kept, Warning{Code: WarnMore, Message: fmt.Sprintf("%d more warnings", w.omitted)})
}

// quote makes what a target sent fit for a message: quoted, bounded, and
// nothing but printable ASCII.
func quote(v []byte) string {
	const most = 256
	if len(v) > most {
		return strconv.QuoteToASCII(string(v[:most])) + "…"
	}
	return strconv.QuoteToASCII(string(v))
}
