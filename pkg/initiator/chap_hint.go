package initiator

import (
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
)

// chapHint says what to do about CHAP that the target refused: the algorithm, the
// name and the secret; empty where the status says it all.
func (a *attempt) chapHint(err error) string {
	if a.chap == nil {
		return ""
	}
	const check = "check the CHAP name and secret (--chap-user, --chap-secret)"
	var both *CHAPFallbackError
	var algorithm *auth.AlgorithmError
	var timeout *TimeoutError
	hint := ""
	switch {
	case errors.As(err, &both) && errors.As(err, &timeout):
		return "the portal answered the first try: try again later"
	case errors.As(err, &algorithm):
		return "check which algorithms of CHAP the portal takes (--chap-algorithms)"
	case !chapRefused(err):
		return ""
	case errors.As(err, &both):
		hint = check + ", and whether the portal does CHAP for discovery"
		if a.result.Portal.Login.CHAPPolicy == CHAPPreferred && a.conn.login.AuthProgress() == session.AuthOffered {
			hint += ": LIO chooses it also where it does not"
		}
	case a.algorithmSuspected(err) && md5Usable(a.chap):
		hint = check + "; if they are right, the algorithm may be at fault" + inBrackets(knownMistake(a.result.Auth.Algorithm)) +
			": try MD5 alone (--chap-algorithms md5)"
	}
	answered := a.result.Auth.Method == a.chap.Name() && a.conn.login.AuthProgress() == session.AuthAnswered
	if answered && misreadByLIO(a.chap.User) {
		if hint == "" {
			hint = check
		}
		hint += "; LIO misreads a CHAP name that begins with 0x or 0b: use another name"
	}
	return hint
}

// methodHint is about a portal that does not take the methods that were offered.
func (a *attempt) methodHint() string {
	o := &a.result.Portal.Login
	switch {
	case o.CHAPPolicy == CHAPPreferred:
		return "the portal agrees to neither CHAP nor None: ask it without CHAP"
	case o.EffectiveAuthType() == MutualCHAP:
		return "the portal does not do CHAP for discovery: ask it without"
	}
	return "the portal does not do CHAP for discovery: ask it without, or let it choose (--chap-policy preferred)"
}

// misreadByLIO reports a name that LIO takes for a number: it reads CHAP_N as it
// reads binary values, in hexadecimal or base64.
func misreadByLIO(name string) bool {
	return len(name) >= 2 && name[0] == '0' && strings.IndexByte("xXbB", name[1]) >= 0
}
