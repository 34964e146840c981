package scene

import (
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// OneWay and mutual ask for CHAP.
func OneWay(p initiator.SendTargetPortal) initiator.SendTargetPortal {
	return WithCHAP(p, CHAPUser, CHAPSecret)
}

func Mutual(p initiator.SendTargetPortal) initiator.SendTargetPortal {
	return WithMutualCHAP(OneWay(p), TargetUser, TargetSecret)
}

// CHAPTarget is a target that does CHAP as it should, with one algorithm; empty:
// the initiator's first.
func CHAPTarget(algorithm string) *iscsitest.Target {
	return &iscsitest.Target{
		User: CHAPUser, Secret: CHAPSecret, MutualUser: TargetUser, MutualSecret: TargetSecret, Algorithm: algorithm,
		Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}},
	}
}
