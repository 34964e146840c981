package session

import (
	"strconv"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// enterOperational declares and offers all that we have to, at once: a target
// that misses a key proposes it itself and waits (LIO).
func (l *Login) enterOperational() {
	l.request.CSG = pdu.LoginOperationalNegotiation
	l.transit(pdu.FullFeaturePhase)
	l.state = (*Login).operational
	l.text = l.text.Append(pdu.KeyHeaderDigest, l.cfg.HeaderDigest.offer())
	l.text = l.text.Append(pdu.KeyDataDigest, l.cfg.DataDigest.offer())
	l.text = appendNumber(l.text, pdu.KeyMaxRecvDataSegmentLength, uint32(l.cfg.MaxRecvDataSegmentLength))
	for _, k := range []struct {
		key string
		Number
	}{
		{pdu.KeyMaxConnections, l.cfg.MaxConnections},
		{pdu.KeyDefaultTime2Wait, l.cfg.DefaultTime2Wait},
		{pdu.KeyDefaultTime2Retain, l.cfg.DefaultTime2Retain},
	} {
		if k.Specified {
			l.text = appendNumber(l.text, k.key, k.Value)
		}
	}
}

// operational is the operational stage.
func (l *Login) operational(a *answer) error {
	l.text = append(l.text[:0], a.replies...)
	if !a.transit {
		return nil
	}
	for i, d := range a.digests {
		if d.seen {
			continue
		}
		pref, key := l.digest(i)
		if err := pref.unanswered(key); err != nil {
			return err
		}
	}
	l.result.HeaderDigest, l.result.DataDigest = a.digests[0].on, a.digests[1].on
	l.done = true
	return nil
}

// digest returns the preference and the key of header (0) or data (1) digests.
func (l *Login) digest(i int) (DigestPreference, string) {
	if i == 0 {
		return l.cfg.HeaderDigest, pdu.KeyHeaderDigest
	}
	return l.cfg.DataDigest, pdu.KeyDataDigest
}

func appendNumber(t pdu.Text, key string, v uint32) pdu.Text {
	t = append(append(t, key...), '=')
	t = strconv.AppendUint(t, uint64(v), 10)
	return append(t, 0)
}
