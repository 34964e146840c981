package iscsitest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// authAudit is what the Auditor remembers of the authentication in a login (RFC
// 7143, sections 6.3.2 and 12.1).
type authAudit struct {
	offered   []string          // AuthMethod of the initiator
	chosen    string            // of the target, if that is one of those; empty: none
	asked     map[string]string // CHAP keys of the target
	listed    bool              // the initiator has sent CHAP_A
	responded bool              // and CHAP_R
}

// authMethods are the values of AuthMethod (RFC 7143, section 12.1).
var authMethods = []string{"KRB5", "SRP", "CHAP", pdu.ValueNone}

// authRequest judges what one logical segment of the initiator says of
// authentication. more: it only asks for the rest of the target's text.
func (a *Auditor) authRequest(stage pdu.Stage, transit, more bool, keys map[string]string) {
	l := &a.login.auth
	if offer, ok := keys[pdu.KeyAuthMethod]; ok {
		l.offered = strings.Split(offer, ",")
		for i, method := range l.offered {
			a.want(slices.Contains(authMethods, method), "AuthMethod=%s: %q is no method (section 12.1)", offer, method)
			a.want(!slices.Contains(l.offered[:i], method), "AuthMethod=%s: %s stands in it twice", offer, method)
		}
	} else if l.offered != nil && !more {
		a.want(l.chosen != "", "the login goes on, and no method was agreed on (section 7.12)")
		_, lists := keys["CHAP_A"]
		a.want(l.chosen != "CHAP" || l.listed || lists, "no CHAP_A after CHAP was chosen (section 12.1)")
	}
	a.chapRequest(keys)
	if l.chosen == "CHAP" && !l.responded {
		a.want(!transit && stage == pdu.SecurityNegotiation, "CHAP was chosen, and is left without a response (section 12.1.3)")
	}
}

// chapRequest judges the initiator's keys of CHAP: which may stand together, and
// at which step.
func (a *Auditor) chapRequest(keys map[string]string) {
	l := &a.login.auth
	has := func(key string) bool { _, ok := keys[key]; return ok }
	some := false
	for key := range keys {
		some = some || strings.HasPrefix(key, "CHAP_")
	}
	if !some {
		return
	}
	a.want(l.chosen == "CHAP", "keys of CHAP, and CHAP was not chosen (section 12.1)")
	response := has("CHAP_N") && has("CHAP_R")
	a.want(has("CHAP_A") != response, "neither CHAP_A nor CHAP_N and CHAP_R, or both (section 12.1.3)")
	if has("CHAP_A") {
		a.want(!has("CHAP_N") && !has("CHAP_R") && !has("CHAP_I") && !has("CHAP_C"), "CHAP_A with other keys of CHAP (section 12.1.3)")
		for number := range strings.SplitSeq(keys["CHAP_A"], ",") {
			_, err := strconv.ParseUint(number, 0, 8)
			a.want(err == nil, "CHAP_A=%s is no list of algorithms", keys["CHAP_A"])
		}
		l.listed = true
		return
	}
	for _, key := range []string{"CHAP_A", "CHAP_I", "CHAP_C"} {
		a.want(l.asked[key] != "", "a response of CHAP without the target's %s (section 12.1.3)", key)
	}
	a.want(has("CHAP_I") == has("CHAP_C"), "CHAP_I without CHAP_C, or the other way round (section 12.1.3)")
	l.responded = true
}

// authReply takes note of a key of the target.
func (l *authAudit) authReply(key, value string) {
	switch {
	case key == pdu.KeyAuthMethod && slices.Contains(l.offered, value):
		l.chosen = value
	case strings.HasPrefix(key, "CHAP_"):
		if l.asked == nil {
			l.asked = make(map[string]string)
		}
		l.asked[key] = value
	}
}
