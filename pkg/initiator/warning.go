package initiator

import (
	"fmt"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
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
	WarnTargetName     WarningCode = target.WarnTargetName  // harmful: the target was left out
	WarnUnusualName    WarningCode = target.WarnUnusualName // harmless, and no iSCSI name
	WarnTargetAddress  WarningCode = target.WarnTargetAddress
	WarnTargetAlias    WarningCode = target.WarnTargetAlias
	WarnNoAddress      WarningCode = target.WarnNoAddress      // of a target, which is listed at the address in use
	WarnWildcard       WarningCode = target.WarnWildcard       // 0.0.0.0 or [::], which became the address in use
	WarnUnusable       WarningCode = target.WarnUnusable       // to which no connection from this host is possible
	WarnUnknownKey     WarningCode = target.WarnUnknownKey     // in a SendTargets answer
	WarnInitiatorName  WarningCode = "unusual-initiator-name"  // we logged in by a name that is no iSCSI name in form
	WarnCHAPFallback   WarningCode = "chap-fallback"           // only MD5 alone got through
	WarnNoCredentials  WarningCode = "redirect-no-credentials" // another host was asked without CHAP
	WarnMovedForGood   WarningCode = "moved-permanently"
	WarnEarlierAddress WarningCode = "address-failed"                       // one of a name's addresses, before another worked
	WarnShortSecret    WarningCode = "short-secret"                         // a CHAP secret below 12 bytes was used without IPsec
	WarnRetried        WarningCode = "retried"                              // earlier tries failed, and what the first failed with
	WarnLeftover       WarningCode = "ipsec-leftover"                       // of a connection that failed, an enforcer could not take all away
	WarnGroupPolicy    WarningCode = "group-policy-ignored"                 // a stored rule for a portal group says off
	WarnSwept          WarningCode = WarningCode(enforce.WarnSwept)         // of no portal: what earlier discoveries had left in the IKE daemon was taken out
	WarnDaemon         WarningCode = WarningCode(enforce.WarnDaemon)        // of no portal: the IKE daemon gives no answer
	WarnWideSelectors  WarningCode = WarningCode(enforce.WarnWideSelectors) // the peer agrees only on traffic selectors that are wider than the connection
	WarnReplaced       WarningCode = "replaced"                             // an entry of the registry with the same key, by AddSendTargetPortal
	WarnMore           WarningCode = "more-warnings"                        // there were more than are kept
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

// have reports whether a warning of a kind was kept.
func (w *warnings) have(code WarningCode) bool {
	return slices.ContainsFunc(w.kept, func(k Warning) bool { return k.Code == code })
}

// all returns what was kept, and a last one that counts the rest.
func (w *warnings) all() []Warning {
	if w.omitted == 0 {
		return w.kept
	}
	return append(w.kept, Warning{Code: WarnMore, Message: fmt.Sprintf("%d more warnings", w.omitted)})
}
