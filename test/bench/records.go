package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A recordKind says what targets of a list have, beside a name.
type recordKind struct {
	random    bool                 // their names have nothing in common at the end
	alias     bool                 // each has one of its own
	churn     bool                 // one in a hundred has another alias every other time
	addresses func(i int) []string // of target i
}

// usualKind is the kind where no other is asked for.
const usualKind = "alike"

// churnKind is the kind whose answers differ.
const churnKind = "churn"

// recordKinds are the kinds, by name.
var recordKinds = map[string]recordKind{
	usualKind: {addresses: sameAddress},
	churnKind: {churn: true, addresses: sameAddress},
	"bare":    {addresses: func(int) []string { return nil }},
	"four": {addresses: func(int) []string {
		return []string{"192.0.2.10:3260,1", "192.0.2.11:3260,1", "192.0.2.12:3260,2", "192.0.2.13:3260,2"}
	}},
	"random": {random: true, addresses: sameAddress},
	"turn":   {addresses: func(i int) []string { return []string{fmt.Sprintf("192.0.2.%d:3260,1", 10+i%4)} }},
	"alias":  {alias: true, addresses: sameAddress},
	"own":    {addresses: func(i int) []string { return []string{fmt.Sprintf("10.%d.%d.%d:3260,1", i>>16, i>>8&255, i&255)} }},
}

func sameAddress(int) []string { return []string{"192.0.2.10:3260,1"} }

// kindNames lists the kinds.
func kindNames() string { return strings.Join(slices.Sorted(maps.Keys(recordKinds)), ", ") }

// targetList is the text of n targets. odd is the other answer, where there are two.
func targetList(n int, kind recordKind, odd bool) pdu.Text {
	var list pdu.Text
	for i := range n {
		name := fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", i)
		if kind.random {
			name = fmt.Sprintf("iqn.2003-01.org.linux-iscsi.host.x8664:sn.%012x", uint64(i+1)*0x9e3779b97f4a7c15>>16)
		}
		list = list.Append(pdu.KeyTargetName, name)
		if kind.alias {
			list = list.Append(pdu.KeyTargetAlias, fmt.Sprintf("disk %d", i))
		}
		if kind.churn && odd && i%100 == 0 {
			list = list.Append(pdu.KeyTargetAlias, "other")
		}
		for _, a := range kind.addresses(i) {
			list = list.Append(pdu.KeyTargetAddress, a)
		}
	}
	return list
}
