package auth_test

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// hashOf returns the hash of an algorithm by its number in CHAP_A.
func hashOf(number string, data []byte) []byte {
	switch number {
	case "5":
		h := md5.Sum(data)
		return h[:]
	case "6":
		h := sha1.Sum(data)
		return h[:]
	case "7":
		h := sha256.Sum256(data)
		return h[:]
	case "8":
		h := sha3.Sum256(data)
		return h[:]
	}
	return nil
}

// respond is RFC 1994, section 4.1, once more: the tests share no code with what
// they test.
func respond(number string, id byte, secret string, challenge []byte) []byte {
	return hashOf(number, append(append([]byte{id}, secret...), challenge...))
}

// A target is the other side of CHAP, well-behaved.
type target struct {
	user, secret    string // what we want to see
	name, ownSecret string // what we prove ourselves by

	number string // of the algorithm
	id     byte
	sent   []byte
}

// values returns the pairs of a text, none of which may come twice.
func values(t *testing.T, in pdu.Text) map[string]string {
	t.Helper()
	m := make(map[string]string)
	for p, err := range in.Pairs() {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m[string(p.Key)]; ok {
			t.Fatalf("%s came twice", p.Key)
		}
		m[string(p.Key)] = string(p.Value)
	}
	return m
}

// challenge takes the first algorithm of the offer.
func (g *target) challenge(t *testing.T, in pdu.Text) pdu.Text {
	t.Helper()
	g.number, _, _ = strings.Cut(values(t, in)["CHAP_A"], ",")
	b := make([]byte, 21)
	rand.Read(b)
	g.id, g.sent = b[0], b[1:]
	return text("CHAP_A="+g.number, "CHAP_I="+strconv.Itoa(int(g.id)), "CHAP_C=0x"+hex.EncodeToString(g.sent))
}

// prove verifies the initiator, and answers its challenge where there is one.
func (g *target) prove(t *testing.T, in pdu.Text) pdu.Text {
	t.Helper()
	keys := values(t, in)
	if keys["CHAP_N"] != g.user {
		t.Fatalf("got user %q, want %q", keys["CHAP_N"], g.user)
	}
	if got, want := keys["CHAP_R"], "0x"+hex.EncodeToString(respond(g.number, g.id, g.secret, g.sent)); got != want {
		t.Fatalf("got CHAP_R %s, want %s", got, want)
	}
	if keys["CHAP_C"] == "" {
		return nil
	}
	id, err := strconv.ParseUint(keys["CHAP_I"], 10, 8)
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := hex.DecodeString(strings.TrimPrefix(keys["CHAP_C"], "0x"))
	if err != nil {
		t.Fatal(err)
	}
	if len(challenge) < 16 || bytes.Equal(challenge, g.sent) {
		t.Fatalf("got a challenge of %d bytes, and ours: %v", len(challenge), bytes.Equal(challenge, g.sent))
	}
	return text("CHAP_N="+g.name, "CHAP_R=0x"+hex.EncodeToString(respond(g.number, byte(id), g.ownSecret, challenge)))
}
