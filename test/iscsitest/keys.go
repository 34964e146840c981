package iscsitest

import (
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A kind of key says where in login it may stand.
type kind int

const (
	anyStage kind = iota + 1
	security
	operational
)

// keyKinds are the standard keys of login (RFC 7143, sections 12 and 13).
var keyKinds = map[string]kind{
	"SessionType": anyStage, "InitiatorName": anyStage, "InitiatorAlias": anyStage,
	"TargetName": anyStage, "TargetAlias": anyStage, "TargetAddress": anyStage, "TargetPortalGroupTag": anyStage,

	"AuthMethod": security, "CHAP_A": security, "CHAP_I": security,
	"CHAP_C": security, "CHAP_N": security, "CHAP_R": security,

	"HeaderDigest": operational, "DataDigest": operational, "MaxRecvDataSegmentLength": operational,
	"DefaultTime2Wait": operational, "DefaultTime2Retain": operational, "ErrorRecoveryLevel": operational,
	"iSCSIProtocolLevel": operational, "MaxConnections": operational, "InitialR2T": operational,
	"ImmediateData": operational, "MaxBurstLength": operational, "FirstBurstLength": operational,
	"MaxOutstandingR2T": operational, "DataPDUInOrder": operational, "DataSequenceInOrder": operational,
	"TaskReporting": operational, "IFMarker": operational, "OFMarker": operational,
	"IFMarkInt": operational, "OFMarkInt": operational,
}

// known reports whether a key is a standard one.
func known(key string) bool { return keyKinds[key] != 0 }

// declarative reports whether a key of the target wants no answer.
func declarative(key string) bool {
	switch key {
	case pdu.KeyTargetAlias, pdu.KeyTargetAddress, pdu.KeyTargetPortalGroupTag, pdu.KeyMaxRecvDataSegmentLength:
		return true
	}
	// Each key of CHAP is answered by another one; X# may be ignored.
	return strings.HasPrefix(key, "CHAP_") || strings.HasPrefix(key, "X#")
}

// keyInStage checks that the initiator sends a key where it belongs. A key that
// is not standard can only be the answer to one of the target.
func (a *Auditor) keyInStage(stage pdu.Stage, key string) {
	switch keyKinds[key] {
	case security:
		a.want(stage == pdu.SecurityNegotiation, "%s in stage %d", key, stage)
	case operational:
		a.want(stage == pdu.LoginOperationalNegotiation, "%s in stage %d", key, stage)
	case 0:
		a.want(a.login.asks(key), "%s is no standard key, and the target did not ask", key)
	}
}

func (l *loginAudit) asks(key string) bool {
	for _, k := range l.asked {
		if k == key {
			return true
		}
	}
	return false
}
