package session

import (
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

const (
	minRecvDataSegmentLength = 512
	maxPortalGroupTag        = 65535
	maxTime                  = 3600 // seconds, of Time2Wait and Time2Retain
	authKeyPrefix            = "CHAP_"
)

// A keySet holds the keys that a target has sent in a login. There are few in
// an honest one.
type keySet struct {
	few  []string
	many map[string]bool
}

// add reports whether the key is new.
func (s *keySet) add(key []byte) bool {
	if s.many != nil {
		if s.many[string(key)] {
			return false
		}
		s.many[string(key)] = true
		return true
	}
	for _, k := range s.few {
		if k == string(key) {
			return false
		}
	}
	s.few = append(s.few, intern(key))
	if len(s.few) > 32 {
		s.many = make(map[string]bool)
		for _, k := range s.few {
			s.many[k] = true
		}
	}
	return true
}

// intern returns the key as a string, without buying one for the usual keys.
func intern(key []byte) string {
	switch string(key) {
	case pdu.KeyAuthMethod:
		return pdu.KeyAuthMethod
	case pdu.KeyHeaderDigest:
		return pdu.KeyHeaderDigest
	case pdu.KeyDataDigest:
		return pdu.KeyDataDigest
	case pdu.KeyMaxRecvDataSegmentLength:
		return pdu.KeyMaxRecvDataSegmentLength
	case pdu.KeyTargetPortalGroupTag:
		return pdu.KeyTargetPortalGroupTag
	}
	return string(key)
}

// key reads one pair of a response: an answer to what we offered, a
// declaration, or a proposal that a gets our reply to.
func (l *Login) key(a *answer, p pdu.Pair) error {
	key := string(p.Key)
	ofAuth := strings.HasPrefix(key, authKeyPrefix)
	// A rejected key of CHAP is one of ours, not the target's of the same name.
	rejected := ofAuth && isAnswerOnly(p.Value)
	// No key comes twice, TargetAddress excepted (RFC 7143, section 6.3).
	if key != pdu.KeyTargetAddress && !rejected && !a.keys.add(p.Key) {
		return l.breach("it sends " + quote(p.Key) + " twice")
	}
	security := l.request.CSG == pdu.SecurityNegotiation
	if ofAuth {
		if !security {
			return l.breach(quote(p.Key) + " outside the security stage")
		}
		a.auth = a.auth.Append(key, string(p.Value))
		return nil
	}
	switch key {
	case pdu.KeyAuthMethod:
		if !security {
			return l.breach("AuthMethod outside the security stage")
		}
		if a.method = l.cfg.Method; string(p.Value) != a.method {
			a.method = quote(p.Value)
		}
		return nil
	case pdu.KeyHeaderDigest, pdu.KeyDataDigest:
		if security {
			return l.breach(key + " in the security stage")
		}
		return l.digestAnswer(a, key, p.Value)
	case pdu.KeyMaxRecvDataSegmentLength:
		n, err := number(key, p.Value, minRecvDataSegmentLength, pdu.MaxDataLen)
		l.result.MaxRecvDataSegmentLength = int(n)
		return err
	case pdu.KeyTargetPortalGroupTag:
		n, err := number(key, p.Value, 0, maxPortalGroupTag)
		l.result.PortalGroupTag = int(n)
		return err
	case pdu.KeyTargetAlias, pdu.KeyTargetAddress, pdu.KeyTargetName:
		return nil // declared; of no use in a discovery session
	case pdu.KeyInitiatorName, pdu.KeyInitiatorAlias, pdu.KeySessionType, pdu.KeySendTargets:
		if isAnswerOnly(p.Value) {
			return &pdu.NegotiationError{Key: key, Offered: "it", Chosen: string(p.Value)}
		}
		return l.breach("it sends " + key + ", which only initiators do")
	}
	return l.numeric(a, key, p.Value)
}

// breach reports a Login Response that breaks the protocol.
func (l *Login) breach(reason string) error {
	return &pdu.ProtocolError{Opcode: pdu.OpLoginResponse, Reason: reason}
}

// digestAnswer reads the answer to our offer of a digest.
func (l *Login) digestAnswer(a *answer, key string, value []byte) (err error) {
	i := 0
	if key == pdu.KeyDataDigest {
		i = 1
	}
	pref, _ := l.digest(i)
	a.digests[i].seen = true
	a.digests[i].on, err = pref.accept(key, value)
	return err
}

// numeric reads the optional keys: answers where we offered, else proposals.
func (l *Login) numeric(a *answer, key string, value []byte) error {
	switch key {
	case pdu.KeyMaxConnections:
		if l.cfg.MaxConnections.Specified {
			return atMost(key, value, l.cfg.MaxConnections.Value, 1)
		}
	case pdu.KeyDefaultTime2Wait:
		if l.cfg.DefaultTime2Wait.Specified {
			return atLeast(key, value, l.cfg.DefaultTime2Wait.Value, maxTime)
		}
	case pdu.KeyDefaultTime2Retain:
		if l.cfg.DefaultTime2Retain.Specified {
			return atMost(key, value, l.cfg.DefaultTime2Retain.Value, 0)
		}
	}
	return l.propose(a, key, value)
}

// propose replies to a key that the target brought up (RFC 7143, sections 6.2
// and 13). A standard key is always understood; most mean nothing in a
// discovery session.
func (l *Login) propose(a *answer, key string, value []byte) error {
	if isAnswerOnly(value) {
		return l.breach("it answers " + quote([]byte(key)) + ", which we did not offer")
	}
	if strings.HasPrefix(key, "X#") {
		return nil // a declaration
	}
	if a.proposals++; a.proposals > maxProposals {
		return &pdu.LimitError{What: "proposals at once", Limit: maxProposals}
	}
	reply, err := answerTo(key, value)
	if err != nil {
		return err
	}
	if reply == "" {
		reply = pdu.ValueNotUnderstood
	} else if l.request.CSG == pdu.SecurityNegotiation {
		// The answer would be out of place as well.
		return l.breach(key + " in the security stage")
	}
	a.replies = a.replies.Append(key, reply)
	return nil
}

// answerTo returns our answer to a proposal; empty: the key is not a standard
// one of the operational stage.
func answerTo(key string, value []byte) (string, error) {
	switch key {
	case pdu.KeyMaxConnections, "InitialR2T", "ImmediateData", "MaxBurstLength", "FirstBurstLength",
		"MaxOutstandingR2T", "DataPDUInOrder", "DataSequenceInOrder", "TaskReporting":
		return pdu.ValueIrrelevant, nil
	case "IFMarker", "OFMarker", "IFMarkInt", "OFMarkInt":
		return pdu.ValueReject, nil // obsolete
	case pdu.KeyErrorRecoveryLevel, pdu.KeyDefaultTime2Retain:
		return "0", nil // the result is the minimum of both
	case pdu.KeyDefaultTime2Wait: // the maximum of both
		n, err := number(key, value, 0, maxTime)
		return strconv.FormatUint(n, 10), err
	case "iSCSIProtocolLevel":
		n, err := number(key, value, 0, 31)
		return strconv.FormatUint(min(n, 1), 10), err // we are level 1
	}
	return "", nil
}

// isAnswerOnly reports a value that may be an answer but never a proposal.
func isAnswerOnly(v []byte) bool {
	switch string(v) {
	case pdu.ValueNotUnderstood, pdu.ValueIrrelevant, pdu.ValueReject:
		return true
	}
	return false
}

// number reads a number within a range.
func number(key string, v []byte, least, most uint64) (uint64, error) {
	n, err := pdu.ParseNumber(v)
	if err != nil || n < least || n > most {
		return 0, &pdu.NegotiationError{Key: key, Chosen: quote(v)}
	}
	return n, nil
}

// atMost reads the answer to a key whose result is the minimum. Reject and
// Irrelevant leave the default in force, which is fine.
func atMost(key string, v []byte, offered uint32, least uint64) error {
	return answerWithin(key, v, offered, least, uint64(offered))
}

// atLeast reads the answer to a key whose result is the maximum.
func atLeast(key string, v []byte, offered uint32, most uint64) error {
	return answerWithin(key, v, offered, uint64(offered), most)
}

func answerWithin(key string, v []byte, offered uint32, least, most uint64) error {
	switch string(v) {
	case pdu.ValueIrrelevant, pdu.ValueReject:
		return nil
	}
	if _, err := number(key, v, least, most); err != nil {
		return &pdu.NegotiationError{Key: key, Offered: strconv.FormatUint(uint64(offered), 10), Chosen: quote(v)}
	}
	return nil
}
