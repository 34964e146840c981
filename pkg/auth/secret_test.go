package auth_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	htmltemplate "html/template"
	"log"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/go-iscsi/discovery/pkg/auth"
)

const password = "tOp-5ecret-pAssw0rd"

// hidden is someone else's struct: fmt cannot call the methods of a field that
// is not exported.
type hidden struct {
	name   string
	secret auth.Secret
	method auth.CHAP
	ptr    *auth.Secret
	list   []auth.Secret
	byName map[string]auth.Secret
	any    any
	inner  struct{ secret auth.Secret }
}

type shown struct {
	Name   string
	Secret auth.Secret
	Method auth.CHAP
	Ptr    *auth.Secret
	List   []auth.Secret
	ByName map[string]auth.Secret
	Any    any
	Hidden hidden
}

// holders returns the secret in all that can hold one.
func holders() map[string]any {
	s := auth.NewSecret([]byte(password))
	method := auth.CHAP{User: "u", Secret: s, Mutual: true, TargetSecret: s}
	h := hidden{
		name: "h", secret: s, method: method, ptr: &s, list: []auth.Secret{s},
		byName: map[string]auth.Secret{"k": s}, any: s, inner: struct{ secret auth.Secret }{s},
	}
	v := shown{
		Name: "v", Secret: s, Method: method, Ptr: &s, List: []auth.Secret{s},
		ByName: map[string]auth.Secret{"k": s}, Any: s, Hidden: h,
	}
	x := method.Begin()
	return map[string]any{
		"secret":        s,
		"pointer":       &s,
		"slice":         []auth.Secret{s},
		"array":         [1]auth.Secret{s},
		"pointers":      []*auth.Secret{&s},
		"map":           map[string]auth.Secret{"k": s},
		"method":        method,
		"method ptr":    &method,
		"exchange":      x,
		"shown":         v,
		"shown ptr":     &v,
		"hidden":        h,
		"hidden ptr":    &h,
		"hidden slice":  []hidden{h},
		"hidden in any": []any{h, &h},
	}
}

// check fails where the password can be read from output, in any of the ways
// that fmt and encoders have to spell bytes.
func check(t *testing.T, what, output string) {
	t.Helper()
	var decimal, goSyntax []string
	for _, b := range []byte(password) {
		decimal = append(decimal, strconv.Itoa(int(b)))
		goSyntax = append(goSyntax, fmt.Sprintf("%#x", b))
	}
	spaced := fmt.Sprintf("% x", password)
	for _, leak := range []string{
		password, hex.EncodeToString([]byte(password)), strings.Join(decimal[:4], " "), strings.Join(decimal[:4], ","),
		strings.Join(goSyntax[:4], ", "), spaced[:12], "dE9wLTVlY3Jl", // base64
	} {
		if strings.Contains(strings.ToLower(output), strings.ToLower(leak)) {
			t.Errorf("%s shows %q: %s", what, leak, output)
		}
	}
}

func TestSecretInFormats(t *testing.T) {
	t.Parallel()
	verbs := []string{"%T", "%p"}
	for _, verb := range "vsqxXdoObcUeEfFgGtwz" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "30", ".3", "#+", "# "} {
			verbs = append(verbs, "%"+flags+string(verb))
		}
	}
	for name, v := range holders() {
		for _, verb := range verbs {
			check(t, name+" with "+verb, fmt.Sprintf(verb, v))
		}
		check(t, name+" printed", fmt.Sprintln(v)+fmt.Sprint(v))
		for _, misused := range []string{"text", "%*d", "%.*d", "%[3]d", "%!", "%d %d"} {
			check(t, name+" misused in "+misused, fmt.Sprintf(misused, v, v))
			check(t, name+" in an error", fmt.Errorf(misused+" %w", v, v, v).Error())
		}
		var b strings.Builder
		log.New(&b, "", 0).Print(v)
		check(t, name+" in log", b.String())
	}
}

func TestSecretReadsRedacted(t *testing.T) {
	t.Parallel()
	s := auth.NewSecret([]byte(password))
	const want = "[redacted]"
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%#v", "%+v", "%d", "%t"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s: got %q, want %q", verb, got, want)
		}
	}
	if got := s.String(); got != want {
		t.Errorf("String: got %q, want %q", got, want)
	}
	if got := s.GoString(); got != want {
		t.Errorf("GoString: got %q, want %q", got, want)
	}
	if got := (auth.Secret{}).String(); got != want {
		t.Errorf("no secret: got %q, want %q", got, want)
	}
	if b, err := json.Marshal(struct{ S auth.Secret }{s}); string(b) != `{"S":"[redacted]"}` {
		t.Errorf("JSON: got %s, %v", b, err)
	}
	if b, err := json.Marshal(struct {
		S auth.Secret `json:",omitzero"`
	}{}); string(b) != `{}` {
		t.Errorf("JSON without a secret: got %s, %v", b, err)
	}
}

func TestSecretInEncoders(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		if b, err := json.Marshal(v); err == nil {
			check(t, name+" as JSON", string(b))
		} else {
			check(t, name+" as a JSON error", err.Error())
		}
		if b, err := xml.Marshal(v); err == nil {
			check(t, name+" as XML", string(b))
		} else {
			check(t, name+" as an XML error", err.Error())
		}
		var b bytes.Buffer
		err := gob.NewEncoder(&b).Encode(v)
		check(t, name+" as gob", b.String())
		if err == nil {
			t.Errorf("%s: gob stored it", name)
		} else {
			check(t, name+" as a gob error", err.Error())
		}
		b.Reset()
		_ = template.Must(template.New("").Parse(`{{.}} {{printf "%x %s %#v" . . .}} {{print .}} {{html .}} {{js .}} {{urlquery .}}`)).Execute(&b, v)
		check(t, name+" in a text template", b.String())
		b.Reset()
		_ = htmltemplate.Must(htmltemplate.New("").Parse(`<a href="{{.}}" title="{{.}}">{{.}}</a><script>x = {{.}}</script>`)).Execute(&b, v)
		check(t, name+" in an HTML template", b.String())
	}
	type element struct {
		S auth.Secret `xml:"s,attr"`
	}
	if b, err := xml.Marshal(element{auth.NewSecret([]byte(password))}); err != nil {
		t.Error(err)
	} else {
		check(t, "an XML attribute", string(b))
	}
}

func TestSecretInSlog(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		var b strings.Builder
		for _, h := range []slog.Handler{
			slog.NewTextHandler(&b, nil),
			slog.NewJSONHandler(&b, nil),
		} {
			l := slog.New(h)
			l.Info("m", "k", v)
			l.With("k", v).WithGroup("g").Info("m", slog.Group("g", "k", v))
		}
		check(t, name+" in slog", b.String())
	}
}

func TestSecretIsNotReadBack(t *testing.T) {
	t.Parallel()
	var s auth.Secret
	//lint:ignore SA9005 that a Secret cannot be read is what is tested
	if err := json.Unmarshal([]byte(`"[redacted]"`), &s); err == nil {
		t.Error("JSON: [redacted] became a secret")
	}
}

func TestSecretValues(t *testing.T) {
	t.Parallel()
	b := []byte(password)
	s := auth.NewSecret(b)
	clear(b)
	if got := string(s.Reveal()); got != password {
		t.Errorf("got %q, want a copy of what was given", got)
	}
	clear(s.Reveal())
	if got := string(s.Reveal()); got != password {
		t.Errorf("got %q, want what Reveal returns to be a copy", got)
	}
	if s.Len() != len(password) || s.IsZero() {
		t.Errorf("got %d bytes, zero %v", s.Len(), s.IsZero())
	}
	for _, zero := range []auth.Secret{{}, auth.NewSecret(nil), auth.NewSecret([]byte{})} {
		if !zero.IsZero() || zero.Len() != 0 || len(zero.Reveal()) != 0 || !zero.Equal(auth.Secret{}) || zero.Equal(s) {
			t.Error("no bytes are a secret")
		}
	}
	for other, want := range map[string]bool{password: true, password + "x": false, password[1:]: false, strings.ToLower(password): false} {
		if got := s.Equal(auth.NewSecret([]byte(other))); got != want {
			t.Errorf("%q: got %v, want %v", other, got, want)
		}
	}
}
