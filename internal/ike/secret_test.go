package ike

import (
	"bytes"
	"crypto/rand"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"text/template"
)

const testKey = "tOp-5ecret-keYing"

// hidden has a secret in fields whose methods fmt cannot call.
type hidden struct {
	secret Secret
	list   []Secret
	any    any
	in     Association
	up     ChildUp
}

// holders returns the secret in all that holds one.
func holders(t *testing.T) map[string]any {
	t.Helper()
	s := NewSecret([]byte(testKey))
	a := Association{SPI: 256, Key: s}
	up := ChildUp{Child: 1, In: a, Out: a}
	h := hidden{secret: s, list: []Secret{s}, any: s, in: a, up: up}
	pair, err := newMODP(MODP2048, bytes.NewReader(append([]byte(testKey), make([]byte, 32)...)))
	if err != nil {
		t.Fatal(err)
	}
	pair.Public = nil // it is random, and no secret
	return map[string]any{
		"secret": s, "pointer": &s, "slice": []Secret{s}, "map": map[string]Secret{"k": s},
		"association": a, "association ptr": &a, "event": Event(up), "output": Output{Events: []Event{up}},
		"hidden": h, "hidden ptr": &h, "hidden in any": []any{h, &h},
		"key pair": *pair, "key pair ptr": pair, "key pair in any": []any{pair}, "key pair in a struct": struct{ k *KeyPair }{pair},
	}
}

// check fails where the key can be read from output, in any of the ways that fmt and
// encoders have to spell bytes.
func check(t *testing.T, what, output string) {
	t.Helper()
	var decimal, goSyntax []string
	for _, b := range []byte(testKey) {
		decimal = append(decimal, strconv.Itoa(int(b)))
		goSyntax = append(goSyntax, fmt.Sprintf("%#x", b))
	}
	for _, leak := range []string{
		testKey, hex.EncodeToString([]byte(testKey[1:9])), strings.Join(decimal[1:5], " "), strings.Join(decimal[1:5], ","),
		strings.Join(goSyntax[1:5], ", "), fmt.Sprintf("% x", testKey[1:6]), "dE9wLTVlY3Jl", // base64
	} {
		if strings.Contains(strings.ToLower(output), strings.ToLower(leak)) {
			t.Errorf("%s shows %q: %s", what, leak, output)
		}
	}
}

// TestSecretInFormats: no format of fmt, no log and no error shows a key.
func TestSecretInFormats(t *testing.T) {
	t.Parallel()
	var verbs []string
	for _, verb := range "vsqxXdoObcUeEfFgGtwzTp" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "30", ".3", "#+", "# "} {
			verbs = append(verbs, "%"+flags+string(verb))
		}
	}
	for name, v := range holders(t) {
		for _, verb := range verbs {
			check(t, name+" with "+verb, fmt.Sprintf(verb, v))
		}
		check(t, name+" printed", fmt.Sprintln(v)+fmt.Sprint(v))
		for _, misused := range []string{"text", "%*d", "%.*d", "%[3]d", "%!"} {
			check(t, name+" misused in "+misused, fmt.Errorf(misused+" %w", v, v, v).Error())
		}
		var b strings.Builder
		log.New(&b, "", 0).Print(v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			slog.New(h).With("k", v).WithGroup("g").Info("m", slog.Group("g", "k", v))
		}
		check(t, name+" in a log", b.String())
	}
}

// TestSecretInEncoders: no encoder writes a key.
func TestSecretInEncoders(t *testing.T) {
	t.Parallel()
	for name, v := range holders(t) {
		j, err := json.Marshal(v)
		check(t, name+" as JSON", string(j)+fmt.Sprint(err))
		x, err := xml.Marshal(v)
		check(t, name+" as XML", string(x)+fmt.Sprint(err))
		var b bytes.Buffer
		err = gob.NewEncoder(&b).Encode(v)
		check(t, name+" as gob", b.String()+fmt.Sprint(err))
		b.Reset()
		_ = template.Must(template.New("").Parse(`{{.}} {{printf "%x %s %#v" . . .}} {{print .}} {{html .}}`)).Execute(&b, v)
		check(t, name+" in a template", b.String())
	}
}

// TestSecretReadsRedacted: what is shown in its place.
func TestSecretReadsRedacted(t *testing.T) {
	t.Parallel()
	s := NewSecret([]byte(testKey))
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%#v", "%+v", "%d"} {
		if got := fmt.Sprintf(verb, s); got != redacted {
			t.Errorf("%s: got %q, want %q", verb, got, redacted)
		}
	}
	if s.String() != redacted || s.GoString() != redacted || (Secret{}).String() != redacted {
		t.Errorf("got %q, %q and %q", s.String(), s.GoString(), Secret{}.String())
	}
	if b, err := json.Marshal(struct{ S Secret }{s}); string(b) != `{"S":"[redacted]"}` {
		t.Errorf("JSON: got %s, %v", b, err)
	}
}

// TestSecretValues: the bytes, when they are equal, and that Wipe clears them for each
// copy.
func TestSecretValues(t *testing.T) {
	t.Parallel()
	b := []byte(testKey)
	s := NewSecret(b)
	other := s
	if got := string(s.Bytes()); got != testKey {
		t.Errorf("got %q", got)
	}
	if !s.Equal(NewSecret([]byte(testKey))) || s.Equal(NewSecret([]byte(testKey[1:]))) || s.Equal(Secret{}) || !(Secret{}).Equal(Secret{}) {
		t.Error("equal secrets are not, or others are")
	}
	s.Wipe()
	if zero := make([]byte, len(testKey)); !bytes.Equal(b, zero) || !bytes.Equal(other.Bytes(), zero) {
		t.Errorf("got %q and %q after Wipe", b, other.Bytes())
	}
	(Secret{}).Wipe()
	if got := (Secret{}).Bytes(); got != nil {
		t.Errorf("no secret: got %q", got)
	}
}

// TestKeyPairWipe: a key pair that is wiped has no private half.
func TestKeyPairWipe(t *testing.T) {
	t.Parallel()
	for _, g := range []Group{MODP2048, ECP256, Curve25519} {
		k, err := NewKeyPair(g, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k.Wipe()
		if k.ec != nil || k.modp != nil {
			t.Errorf("%s: the private half is there after Wipe", g)
		}
		if _, err := k.Shared(k.Public); err == nil {
			t.Errorf("%s: got a secret after Wipe", g)
		}
		k.Wipe()
	}
}
