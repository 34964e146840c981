package ikev2

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// readRecord reads a file of names and values.
func readRecord(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	record := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), " "); ok && k != "#" {
			record[k] = v
		}
	}
	return record
}

// opened returns the payloads of a recorded message, in clear text or not.
func opened(t *testing.T, p *protection, m []byte) *contents {
	t.Helper()
	h, err := ike.ParseHeader(m)
	if err != nil {
		t.Fatal(err)
	}
	var list []ike.Payload
	if p == nil {
		list, _, err = ike.ParsePayloads(h.Next, m[ike.HeaderLen:])
	} else {
		list, err = p.open(h, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := readContents(list, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCharon has two exchanges that were recorded with charon: the messages, the secret of
// Diffie-Hellman, and the keys of ESP that charon's log had as well.
func TestCharon(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"charon-gcm.txt", "charon-cbc.txt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readRecord(t, name)
			suite, esp := ikeSuite(t, r["ike"]), espSuite(t, r["esp"])
			first, second := unhex(t, r["init-request"]), unhex(t, r["init-response"])
			request, answer := opened(t, nil, first), opened(t, nil, second)
			if s, ok := pickedIKE(answer.offers[0], []ike.Suite{suite}, 0); !ok || s != suite {
				t.Errorf("charon picked %+v, want %+v", s, suite)
			}
			seed := initialSeed(suite.PRF, ike.NewSecret(unhex(t, r["shared"])), request.nonce, answer.nonce)
			a := newSecurity(time.Time{}, suite, ike.SPI(first[:8]), ike.SPI(second[8:16]), true, seed, request.nonce, answer.nonce)

			peer := opened(t, &a.in, unhex(t, r["auth-response"]))
			if want := ike.ParseIdentity("10.97.0.2"); !peer.peer.Equal(want) {
				t.Errorf("got the identity %v, want %v", peer.peer, want)
			}
			if want := authOf(suite.PRF, []byte(r["psk"]), second, request.nonce, a.keys.pr, peer.peerBody); !bytes.Equal(peer.auth, want) {
				t.Errorf("charon's AUTH is %x, want %x", peer.auth, want)
			}
			ours := opened(t, &a.out, unhex(t, r["auth-request"]))
			if want := authOf(suite.PRF, []byte(r["psk"]), first, answer.nonce, a.keys.pi, ours.peerBody); !bytes.Equal(ours.auth, want) {
				t.Errorf("our AUTH was %x, want %x", ours.auth, want)
			}
			picked, ok := pickedESP(peer.offers[0], []ike.ESPSuite{esp}, false)
			if !ok {
				t.Fatalf("charon picked %+v", peer.offers)
			}
			out, in := childKeys(suite.PRF, a.keys.d, ike.Secret{}, request.nonce, answer.nonce, picked)
			for what, got := range map[string][]byte{
				"in":  join(spiBytes(binary.BigEndian.Uint32(ours.offers[0].spi)), in.Bytes()),
				"out": join(peer.offers[0].spi, out.Bytes()),
			} {
				if want := unhex(t, r[what]); !bytes.Equal(got, want) {
					t.Errorf("%s: got %x, want %x", what, got, want)
				}
			}
			if c := opened(t, &a.out, unhex(t, r["delete-request"])); len(c.deletions) != 1 || c.deletions[0].protocol != protocolIKE {
				t.Errorf("our Delete was %+v", c.deletions)
			}
		})
	}
}
