package ipsec

import (
	"fmt"
	"slices"
	"strings"
)

// The words that stand for a list of proposals.
const (
	ProposalsDefault = "default" // what is good today
	ProposalsLegacy  = "legacy"  // that, and then what RFC 3723 asks of targets: 3DES, SHA-1 and a group of 1024 bits
)

// Limits of a list of proposals.
const (
	maxProposals     = 16  // items
	maxProposalsText = 512 // bytes
)

// Proposals are the algorithms that are offered to a peer, best first, in the words
// of strongSwan: aes256-sha256-modp2048.
type Proposals struct {
	IKE []string // each with a Diffie-Hellman group
	ESP []string // each with a group where it is for perfect forward secrecy alone
}

// What is offered. RFC 3723 wants 3DES with SHA-1 of every target, and with it go
// small groups; they are offered only where asked for.
var (
	defaultIKE = []string{"aes256-sha256-modp2048", "aes128-sha256-modp2048", "aes128-sha1-modp2048"}
	legacyIKE  = []string{"aes128-sha1-modp1024", "3des-sha1-modp1024"}
	defaultESP = []string{"aes256gcm16", "aes128-sha256", "aes128-sha1"}
	legacyESP  = []string{"3des-sha1"}
)

// The groups of perfect forward secrecy.
const (
	groupPFS       = "modp2048"
	legacyGroupPFS = "modp1024"
)

// ParseProposals reads "default", "legacy", or a list of proposals, separated by
// commas and nothing else. Each is of words that are joined by '-': ciphers, hashes,
// Diffie-Hellman groups. One with a group is for IKE, one without for ESP, and
// "esp=" before one says that it is for ESP in spite of its group, which is that of
// perfect forward secrecy then. IKE or ESP that the list does not name is as by
// default. At most 16 items and 512 bytes. ESP that does not encrypt, single DES, MD5
// and groups below 1024 bits are refused. The error is a *ProposalsError.
func ParseProposals(s string) (Proposals, error) {
	switch s {
	case "", ProposalsDefault:
		return Proposals{IKE: slices.Clone(defaultIKE), ESP: slices.Clone(defaultESP)}, nil
	case ProposalsLegacy:
		return Proposals{IKE: slices.Concat(defaultIKE, legacyIKE), ESP: slices.Concat(defaultESP, legacyESP)}, nil
	}
	refuse := func(reason string) (Proposals, error) {
		return Proposals{}, &ProposalsError{Input: s, Reason: reason}
	}
	items := strings.Split(s, ",")
	if len(s) > maxProposalsText || len(items) > maxProposals {
		return refuse(fmt.Sprintf("at most %d proposals in %d bytes", maxProposals, maxProposalsText))
	}
	var p Proposals
	groups := map[string]bool{}
	for _, item := range items {
		text, esp := strings.CutPrefix(item, "esp=")
		group, reason := checkProposal(text, esp)
		if reason != "" {
			return refuse(fmt.Sprintf("%q: %s", cut(item), reason))
		}
		list := &p.IKE
		if esp || group == "" {
			groups[group] = true
			list = &p.ESP
		}
		if slices.Contains(*list, text) {
			return refuse(fmt.Sprintf("%q occurs twice", cut(item)))
		}
		*list = append(*list, text)
	}
	if len(groups) > 1 {
		return refuse("the proposals for ESP must have the same group for perfect forward secrecy, or none: IKEv1 offers only one at a time")
	}
	if p.IKE == nil {
		p.IKE = slices.Clone(defaultIKE)
	}
	if p.ESP == nil {
		p.ESP = slices.Clone(defaultESP)
	}
	return p, nil
}

// ForESP returns what is offered for ESP under a plan. With perfect forward secrecy
// a proposal without a group has that of the first one for IKE. A group without
// perfect forward secrecy is a *ProposalsError: the peer would be asked for more than
// the plan says.
func (p Proposals) ForESP(pfs bool) ([]string, error) {
	var all []string
	for _, e := range p.ESP {
		has := groupOf(e) != ""
		switch {
		case !pfs && has:
			return nil, &ProposalsError{Input: "esp=" + e, Reason: "it has a group, but the plan has no perfect forward secrecy: add pfs to the IPsec flags, or remove the group"}
		case pfs && !has:
			e += "-" + p.groupFor(e)
		}
		all = append(all, e)
	}
	return all, nil
}

// groupFor returns the group of perfect forward secrecy that goes with a proposal.
func (p Proposals) groupFor(esp string) string {
	if slices.Contains(legacyESP, esp) && slices.Equal(p.IKE, slices.Concat(defaultIKE, legacyIKE)) {
		return legacyGroupPFS
	}
	if len(p.IKE) > 0 {
		return groupOf(p.IKE[0])
	}
	return groupPFS
}

// A kind is what a word of a proposal is for.
type kind uint8

const (
	cipherKind   kind = iota + 1
	combinedKind      // a cipher that needs no hash
	hashKind
	groupKind
)

// algorithms are the words that are known.
var algorithms = map[string]kind{
	"aes": cipherKind, "aes128": cipherKind, "aes192": cipherKind, "aes256": cipherKind, "3des": cipherKind,
	"aes128gcm16": combinedKind, "aes192gcm16": combinedKind, "aes256gcm16": combinedKind,
	"sha": hashKind, "sha1": hashKind, "sha256": hashKind, "sha2_256": hashKind, "sha384": hashKind, "sha2_384": hashKind, "sha512": hashKind, "sha2_512": hashKind,
	"modp1024": groupKind, "modp1536": groupKind, "modp2048": groupKind, "modp3072": groupKind, "modp4096": groupKind, "modp6144": groupKind, "modp8192": groupKind,
	"modp2048s256": groupKind, "ecp256": groupKind, "ecp384": groupKind, "ecp521": groupKind,
}

// checkProposal returns the group of a proposal, or what is wrong with it. esp says
// that it is for ESP although it may have a group.
func checkProposal(s string, esp bool) (group, reason string) {
	count := map[kind]int{}
	for word := range strings.SplitSeq(s, "-") {
		k, ok := algorithms[word]
		if !ok {
			return "", fmt.Sprintf("%q is not a supported cipher, hash or group; an example is aes256-sha256-modp2048 (for IKE) or aes256-sha256 (for ESP)", cut(word))
		}
		if k == groupKind {
			group = word
		}
		count[k]++
	}
	esp = esp || group == ""
	switch {
	case count[groupKind] > 1:
		return "", "it has more than one group: make one proposal for each"
	case count[cipherKind]+count[combinedKind] == 0:
		return "", "it has no cipher"
	case count[cipherKind] > 0 && count[combinedKind] > 0:
		return "", "a GCM cipher cannot be combined with other ciphers: make one proposal for each"
	case !esp && count[combinedKind] > 0:
		return "", "GCM is for ESP: IKEv1 does not have it"
	case count[cipherKind] > 0 && count[hashKind] == 0:
		return "", "it has no hash"
	case count[combinedKind] > 0 && count[hashKind] > 0:
		return "", "a cipher with GCM needs no hash"
	}
	return group, ""
}

// groupOf returns the group of a proposal; empty: it has none.
func groupOf(s string) string {
	for word := range strings.SplitSeq(s, "-") {
		if algorithms[word] == groupKind {
			return word
		}
	}
	return ""
}

// A ProposalsError is text that is no list of proposals, or a list that does not go
// with a plan. It says what would be right.
type ProposalsError struct {
	Input  string
	Reason string // in lower case
}

func (e *ProposalsError) Error() string {
	return fmt.Sprintf("proposals %q: %s", cut(e.Input), e.Reason)
}
