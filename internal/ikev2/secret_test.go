package ikev2

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestSecrets looks for keys in what can be printed, and for keys that are left.
func TestSecrets(t *testing.T) {
	t.Parallel()
	var copies [][]byte
	w := up(t, "aes256gcm16-modp2048", func(c *ike.Config, _ *iketest.V2Config) {
		c.PSK = func() []byte {
			b := []byte(testKey)
			copies = append(copies, b)
			return b
		}
	})
	if len(copies) != 2 {
		t.Errorf("the preshared key was asked for %d times, want 2", len(copies))
	}
	for _, b := range copies {
		if !bytes.Equal(b, make([]byte, len(testKey))) {
			t.Errorf("a copy of the preshared key is left: %q", b)
		}
	}
	keys := w.machine.security.keys
	all := []ike.Secret{keys.d, keys.ai, keys.ar, keys.ei, keys.er, keys.pi, keys.pr}
	said := fmt.Sprintf("%v %+v %#v %v %+v", w.machine, *w.machine.security, w.machine.security.out, w.events, w.machine.Reason(1))
	for _, k := range append(all, w.ups(1)[0].In.Key, w.ups(1)[0].Out.Key) {
		b := k.Bytes()
		if len(b) == 0 { // of the integrity, with a combined cipher
			continue
		}
		list := strings.Trim(fmt.Sprint(b[:8]), "[]")
		if strings.Contains(said, hex.EncodeToString(b[:8])) || strings.Contains(said, list) {
			t.Error("a key is printed")
		}
	}
	w.do(w.machine.Rekey(w.now, 1))
	pending := w.machine.security.pending
	w.close()
	for i, k := range all {
		if !bytes.Equal(k.Bytes(), make([]byte, len(k.Bytes()))) {
			t.Errorf("key %d is left after Close", i)
		}
	}
	if pending == nil || pending.key == nil {
		t.Fatal("the rekey has no key")
	}
	if _, err := pending.key.Shared(append(make([]byte, 255), 2)); err == nil {
		if s, _ := pending.key.Shared(append(make([]byte, 255), 2)); s.Bytes()[255] != 1 {
			t.Error("the exponent of a rekey is left after Close")
		}
	}
}

// TestSecretsOfRekey looks for the keys of an IKE security association that was replaced.
func TestSecretsOfRekey(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	old := w.machine.security.keys.d
	w.machine.security.rekeyAt = w.now
	w.do(w.machine.Tick(w.now))
	w.run(time.Second)
	if w.machine.security.keys.d.Equal(old) || !bytes.Equal(old.Bytes(), make([]byte, len(old.Bytes()))) {
		t.Error("the keys of an association that was replaced are left")
	}
}

// TestWiped has an association whose keys were cleared: nothing is sealed or opened under
// keys of zeros, which an attacker can guess.
func TestWiped(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"aes256gcm16-prfsha256-ecp256", "aes256-sha256-ecp256"} {
		w := up(t, "aes256gcm16", func(c *ike.Config, v *iketest.V2Config) {
			c.Suites = []ike.Suite{ikeSuite(t, suite)}
			v.Suites = c.Suites
		})
		a := w.machine.security
		a.wipe()
		h := a.header(exchangeInformational, 0, false)
		if _, err := a.out.seal(h, nil, rand.Reader); err == nil {
			t.Errorf("%s: a message is sealed under cleared keys", suite)
		}
		zeros := protection{suite: a.suite, key: ike.NewSecret(make([]byte, a.suite.Encryption.KeyLen(a.suite.Bits))), integ: ike.NewSecret(make([]byte, a.suite.Integrity.KeyLen()))}
		data, err := zeros.seal(h, nil, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		h, err = ike.ParseHeader(data)
		if _, openErr := a.in.open(h, data); err != nil || openErr == nil {
			t.Errorf("%s: a message under keys of zeros is taken: %v", suite, err)
		}
	}
}

// TestRivalDeleted has both ends replace the IKE security association at once, and the
// peer delete its own new one before its answer to ours has come.
func TestRivalDeleted(t *testing.T) {
	t.Parallel()
	for range 20 {
		w := up(t, "aes256gcm16", nil)
		w.machine.security.rekeyAt = w.now
		var answer []flight
		w.carry = func(_ int, f flight) []flight {
			if h, err := ike.ParseHeader(f.d.Data); err == nil && !f.toPeer && h.Exchange == exchangeCreateChild && h.Flags&flagResponse != 0 {
				answer = append(answer, f)
				return nil
			}
			return []flight{f}
		}
		w.fromPeer(w.peer.RekeyIKE())
		w.do(w.machine.Tick(w.now))
		w.run(20 * time.Millisecond)
		if w.machine.rekeying == nil || w.machine.rekeying.rival == nil || len(answer) == 0 {
			t.Fatal("the rekeys are not at once")
		}
		w.fromPeer(w.peer.DeleteIKE(2))
		w.run(20 * time.Millisecond)
		for _, a := range w.machine.securities() {
			if bytes.Equal(a.keys.d.Bytes(), make([]byte, 32)) {
				t.Fatal("an association is used whose keys are cleared")
			}
		}
		w.carry = nil
		answer[0].at = w.now
		w.flights = append(w.flights, answer[0])
		w.run(5 * time.Second)
		w.do(w.machine.Rekey(w.now, 1))
		w.run(time.Second)
		w.wantUp(1, 2)
		w.close()
	}
}

// TestSecretsOfDropped drops a child before its answer has come: the keys that follow from
// the answer are cleared, and nothing of the child is kept.
func TestSecretsOfDropped(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	o := &offer{child: w.machine.children[0]}
	w.do(w.machine.Drop(w.now, 1))
	up := &ike.ChildUp{In: ike.Association{Key: ike.NewSecret([]byte{1})}, Out: ike.Association{Key: ike.NewSecret([]byte{1})}}
	w.machine.install(w.now, o, &pair{}, up)
	if up.In.Key.Bytes()[0] != 0 || up.Out.Key.Bytes()[0] != 0 {
		t.Error("the keys of a child that was dropped are left")
	}
	w.do(w.machine.Open(w.now, 2, ike.Child{}))
	w.do(w.machine.Drop(w.now, 2))
	if n := len(w.machine.children); w.down(2) == nil || n != 0 {
		t.Errorf("%d children are kept after Drop, want none", n)
	}
}
