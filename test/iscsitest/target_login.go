package iscsitest

import (
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// login answers a Login Request.
func (s *talk) login(m *pdu.LoginRequest) error {
	r := &pdu.LoginResponse{CSG: m.CSG}
	s.text = append(s.text, m.Data...)
	if m.Continue {
		return s.reply(m, r)
	}
	in := s.text
	s.text = nil
	if !s.began {
		s.began = true
		if s.t.Redirect != "" {
			r.Status = pdu.StatusMovedTemporarily
			r.Data = r.Data.Append(pdu.KeyTargetAddress, s.t.Redirect)
		}
		if s.t.Status != pdu.StatusSuccess {
			r.Status = s.t.Status
		}
		if r.Status != pdu.StatusSuccess {
			return s.reply(m, r)
		}
		r.Data = r.Data.Append(pdu.KeyTargetPortalGroupTag, itoa(int(s.t.PortalGroupTag)))
	}
	if m.CSG == pdu.SecurityNegotiation {
		s.security(in, r)
	} else {
		s.authenticated = s.authenticated || s.t.Secret == ""
		s.operational(in, r)
	}
	switch {
	case r.Status != pdu.StatusSuccess:
		r.Data = nil
	case !s.authenticated && m.CSG != pdu.SecurityNegotiation:
		r.Status, r.Data = pdu.StatusAuthFailure, nil
	case m.Transit && s.authenticated:
		r.Transit, r.NSG = true, m.NSG
	}
	return s.reply(m, r)
}

// security answers the keys of the security stage.
func (s *talk) security(in pdu.Text, r *pdu.LoginResponse) {
	keys := values(in)
	answer := func(key, value string) { r.Data = r.Data.Append(key, value) }
	switch {
	case keys["CHAP_R"] != "":
		if keys["CHAP_N"] != s.t.User || !s.chap.correct(keys["CHAP_R"], s.t.Secret) {
			r.Status = pdu.StatusAuthFailure
			return
		}
		s.authenticated = true
		if keys["CHAP_C"] == "" {
			return
		}
		id, err := strconv.ParseUint(keys["CHAP_I"], 0, 8)
		challenge, err2 := decodeBinary(keys["CHAP_C"])
		if err != nil || err2 != nil || s.t.MutualSecret == "" {
			r.Status = pdu.StatusAuthFailure
			return
		}
		answer("CHAP_N", s.t.MutualUser)
		answer("CHAP_R", hexValue(CHAPResponse(s.chap.algorithm, byte(id), s.t.MutualSecret, challenge)))
	case keys["CHAP_A"] != "":
		if !s.chap.begin(keys["CHAP_A"], s.t.Algorithm) {
			r.Status = pdu.StatusAuthFailure
			return
		}
		answer("CHAP_A", s.chap.algorithm)
		answer("CHAP_I", itoa(int(s.chap.id)))
		answer("CHAP_C", hexValue(s.chap.challenge))
	case keys[pdu.KeyAuthMethod] != "":
		method := pdu.ValueNone
		if s.t.Secret != "" {
			method = "CHAP"
		}
		if !offers(keys[pdu.KeyAuthMethod], method) {
			r.Status = pdu.StatusAuthFailure
			return
		}
		answer(pdu.KeyAuthMethod, method)
		s.authenticated = method == pdu.ValueNone
	default:
		s.authenticated = s.authenticated || s.t.Secret == ""
	}
}

// operational answers the keys of the operational stage.
func (s *talk) operational(in pdu.Text, r *pdu.LoginResponse) {
	for p := range in.Pairs() {
		key, value := string(p.Key), string(p.Value)
		answer := ""
		switch key {
		case pdu.KeyHeaderDigest:
			answer = digest(value, s.t.HeaderDigest)
		case pdu.KeyDataDigest:
			answer = digest(value, s.t.DataDigest)
		case pdu.KeyMaxRecvDataSegmentLength:
			if n, err := strconv.Atoi(value); err == nil {
				s.maxData = n
			}
			r.Data = r.Data.Append(key, itoa(pdu.DefaultMaxData))
		case pdu.KeyDefaultTime2Wait, pdu.KeyDefaultTime2Retain:
			answer = value
		case pdu.KeyErrorRecoveryLevel:
			answer = "0"
		default:
			switch keyKinds[key] {
			case operational:
				answer = pdu.ValueIrrelevant
			case 0:
				answer = pdu.ValueNotUnderstood
			}
		}
		if answer != "" {
			r.Data = r.Data.Append(key, answer)
		}
	}
}

// digest chooses from an offer.
func digest(offer string, crc bool) string {
	for d := range strings.SplitSeq(offer, ",") {
		if d == pdu.ValueNone && !crc || d == "CRC32C" && crc {
			return d
		}
	}
	if offers(offer, pdu.ValueNone) {
		return pdu.ValueNone
	}
	return pdu.ValueReject
}

func offers(list, item string) bool {
	for i := range strings.SplitSeq(list, ",") {
		if i == item {
			return true
		}
	}
	return false
}

// values returns the pairs of a text; the Auditor sees to repeated keys.
func values(t pdu.Text) map[string]string {
	m := make(map[string]string)
	for p := range t.Pairs() {
		m[string(p.Key)] = string(p.Value)
	}
	return m
}
