package ipsec

import (
	"fmt"
	"strings"
)

// A kind is what a word of a proposal is for.
type kind uint8

const (
	cipherKind   kind = iota + 1
	combinedKind      // a cipher that needs no hash
	hashKind
	prfKind // the pseudo-random function of IKEv2, where the hash does not say it
	groupKind
)

// An algorithm is what a word of a proposal means.
type algorithm struct {
	kind    kind
	ikev2   bool // IKEv1 has no number for it
	espOnly bool
}

// algorithms are the words that are known.
var algorithms = map[string]algorithm{
	"aes": {kind: cipherKind}, "aes128": {kind: cipherKind}, "aes192": {kind: cipherKind}, "aes256": {kind: cipherKind}, "3des": {kind: cipherKind},
	"aes128gcm16": {kind: combinedKind}, "aes192gcm16": {kind: combinedKind}, "aes256gcm16": {kind: combinedKind},
	"chacha20poly1305": {kind: combinedKind, ikev2: true, espOnly: true},
	"sha":              {kind: hashKind}, "sha1": {kind: hashKind}, "sha256": {kind: hashKind}, "sha2_256": {kind: hashKind},
	"sha384": {kind: hashKind}, "sha2_384": {kind: hashKind}, "sha512": {kind: hashKind}, "sha2_512": {kind: hashKind},
	"prfsha1": {kind: prfKind, ikev2: true}, "prfsha256": {kind: prfKind, ikev2: true}, "prfsha384": {kind: prfKind, ikev2: true}, "prfsha512": {kind: prfKind, ikev2: true},
	"modp1024": {kind: groupKind}, "modp1536": {kind: groupKind}, "modp2048": {kind: groupKind}, "modp3072": {kind: groupKind},
	"modp4096": {kind: groupKind}, "modp6144": {kind: groupKind}, "modp8192": {kind: groupKind}, "modp2048s256": {kind: groupKind},
	"ecp256": {kind: groupKind}, "ecp384": {kind: groupKind}, "ecp521": {kind: groupKind}, "curve25519": {kind: groupKind, ikev2: true},
}

// An item is one element of a list of proposals.
type item struct {
	esp    bool
	byKind map[kind][]string // the words, each once, in their order
}

// parseItem reads an element of a list, or says what is wrong with it.
func parseItem(text string, v IKEVersion) (it item, reason string) {
	text, ike := strings.CutPrefix(text, "ike:")
	if !ike {
		for _, prefix := range []string{"esp:", "esp="} {
			if rest, ok := strings.CutPrefix(text, prefix); ok {
				text, it.esp = rest, true
				break
			}
		}
	}
	it.byKind = map[kind][]string{}
	for word := range strings.SplitSeq(text, "-") {
		a, ok := algorithms[word]
		switch {
		case !ok:
			return it, fmt.Sprintf("%q is not a supported cipher, hash or group; an example is aes256-sha256-modp2048 (for IKE) or aes256-sha256 (for ESP)", cut(word))
		case a.ikev2 && v != IKEv2:
			return it, fmt.Sprintf("IKEv1 does not have %s", word)
		case len(it.byKind[a.kind]) > 0 && (a.kind == groupKind || a.kind == prfKind):
			return it, "it has more than one group or pseudo-random function: make one proposal for each"
		}
		it.byKind[a.kind] = appendNew(it.byKind[a.kind], word)
	}
	if len(it.byKind[groupKind]) == 0 {
		if ike {
			return it, "it is for IKE, and has no group"
		}
		it.esp = true
	}
	return it, it.wrong(v)
}

// wrong says what is wrong with the words together.
func (it item) wrong(v IKEVersion) string {
	has := func(k kind) bool { return len(it.byKind[k]) > 0 }
	switch {
	case !has(cipherKind) && !has(combinedKind):
		return "it has no cipher"
	case has(cipherKind) && has(combinedKind):
		return "a combined cipher (GCM, ChaCha20-Poly1305) cannot be offered with other ciphers: make one proposal for each"
	case has(cipherKind) && !has(hashKind):
		return "it has no hash"
	case it.esp && has(prfKind):
		return "a pseudo-random function is for IKE: ESP has none"
	case !it.esp && has(combinedKind) && v != IKEv2:
		return "GCM is for ESP: IKEv1 does not have it"
	case has(combinedKind) && has(hashKind):
		return "a combined cipher (GCM, ChaCha20-Poly1305) needs no hash"
	case !it.esp && has(combinedKind) && !has(prfKind):
		return "for IKE a cipher with GCM needs a pseudo-random function, such as prfsha256"
	}
	for _, word := range it.byKind[combinedKind] {
		if !it.esp && algorithms[word].espOnly {
			return word + " is for ESP"
		}
	}
	return ""
}

// proposals returns the proposals that the item stands for: one for each pair of cipher
// and hash.
func (it item) proposals() (all []string) {
	tail := it.byKind[prfKind]
	tail = append(tail[:len(tail):len(tail)], it.byKind[groupKind]...)
	join := func(words ...string) { all = append(all, strings.Join(append(words, tail...), "-")) }
	for _, cipher := range it.byKind[combinedKind] {
		join(cipher)
	}
	for _, cipher := range it.byKind[cipherKind] {
		for _, hash := range it.byKind[hashKind] {
			join(cipher, hash)
		}
	}
	return all
}
