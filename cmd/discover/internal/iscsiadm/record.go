package iscsiadm

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// A Record is a discovery record: how a portal, or an iSNS server, is asked. Secrets in it
// are never printed but by Print, where that is asked to.
type Record struct {
	Type   Type // SendTargets or ISNS
	Portal Portal

	// IsRef reports that a value is a reference to a secret, not the secret; nil: each
	// value is the secret itself.
	IsRef func(value string) bool

	values map[string]fieldValue // by field; those that are missing are the standard
}

// NewRecord returns the record of a type for a portal, with the defaults of d.
func NewRecord(t Type, p Portal, d Defaults) *Record {
	values := make(map[string]fieldValue)
	for name, v := range d.values {
		if fieldOf(t, name) != nil {
			values[name] = v
		}
	}
	return &Record{Type: t, Portal: p, values: values}
}

// RecordOf returns the record whose contents Stored returned. Its error names a field
// that this version does not know, or whose value it does not take.
func RecordOf(t Type, p Portal, fields map[string]string, secrets map[string]auth.Secret, refs map[string]string) (*Record, error) {
	r := NewRecord(t, p, Defaults{})
	for name, s := range fields {
		f := fieldOf(t, name)
		if f == nil || f.kind == fieldLookup || f.kind == fieldSecret {
			return nil, unknownField(name)
		}
		v, _, err := f.parse(s)
		if err != nil {
			return nil, fmt.Errorf("the record has a value for %s that is not valid", name)
		}
		r.values[name] = v
	}
	for name, secret := range secrets {
		if !isSecret(t, name) {
			return nil, unknownField(name)
		}
		r.values[name] = fieldValue{secret: secret}
	}
	for name, ref := range refs {
		if !isSecret(t, name) {
			return nil, unknownField(name)
		}
		r.values[name] = fieldValue{ref: ref}
	}
	return r, nil
}

// isSecret reports the name of a field for a secret in records of a type.
func isSecret(t Type, name string) bool {
	f := fieldOf(t, name)
	return f != nil && f.kind == fieldSecret
}

func unknownField(name string) error {
	return fmt.Errorf("the record has a field %s, which this version of discover does not know", shown(name))
}

// Stored returns the contents of the record, to be kept: all that is in a field, and
// secrets apart. Defaults that are built in are among it, since what the record says
// must not change with the program; but for the algorithms of CHAP, see LoginOptions.
func (r *Record) Stored() (fields map[string]string, secrets map[string]auth.Secret, refs map[string]string) {
	fields, secrets, refs = make(map[string]string), make(map[string]auth.Secret), make(map[string]string)
	for _, f := range r.Type.fields() {
		v, set := r.values[f.name]
		switch {
		case f.kind == fieldLookup, f.kind == fieldAlgorithms && !set:
		case v.ref != "":
			refs[f.name] = v.ref
		case !v.secret.IsZero():
			secrets[f.name] = v.secret
		case r.text(f.name) != "":
			fields[f.name] = r.text(f.name)
		}
	}
	return fields, secrets, refs
}

// Check returns what is wrong with values for the record, as iscsiadm says it: a
// *UsageError; and what to tell of values that are taken.
func (r *Record) Check(params []Param) (tell []string, err error) {
	_, tell, err = r.parse(params)
	return tell, err
}

// Set sets values that Check lets pass: all of them, or none.
func (r *Record) Set(params []Param) {
	if values, _, err := r.parse(params); err == nil {
		maps.Copy(r.values, values)
	}
}

// parse reads values, the last one of a field. Names are looked at before any value, as
// iscsiadm does.
func (r *Record) parse(params []Param) (values map[string]fieldValue, tell []string, err error) {
	for _, p := range params {
		f := fieldOf(r.Type, p.Name)
		if f == nil {
			return nil, nil, &UsageError{Text: "Cannot modify " + shownWord(p.Name) + ". Invalid param name."}
		}
		if f.kind == fieldLookup {
			return nil, nil, &UsageError{Text: "Cannot modify " + f.name + ". It is used to look up the record and cannot be changed."}
		}
	}
	values = make(map[string]fieldValue)
	for _, p := range params {
		f := fieldOf(r.Type, p.Name)
		v, more, err := f.parse(p.Value)
		if err != nil {
			return nil, nil, err
		}
		if f.kind == fieldSecret && r.IsRef != nil && r.IsRef(p.Value) {
			v = fieldValue{ref: p.Value}
		}
		values[f.name], tell = v, append(tell, more...)
	}
	return values, tell, nil
}

// text returns what is in a field that has no secret.
func (r *Record) text(name string) string {
	switch name {
	case keyAddress:
		return r.Portal.Address
	case keyPort:
		return strconv.Itoa(int(r.Portal.Port))
	}
	if v, set := r.values[name]; set {
		return v.text
	}
	return fieldOf(r.Type, name).standard
}

// recordVersion is the version of open-iscsi whose records these are.
const recordVersion = "2.1.11"

// Print writes the record as iscsiadm does, with the secrets or with asterisks in their
// places.
func (r *Record) Print(w io.Writer, secrets bool) error {
	var b bytes.Buffer
	b.WriteString("# BEGIN RECORD " + recordVersion + "\n")
	for _, f := range r.Type.fields() {
		s := r.text(f.name)
		if v := r.values[f.name]; f.kind == fieldSecret && !v.isZero() {
			switch {
			case !secrets:
				s = "********"
			case v.ref != "":
				s = v.ref
			default:
				s = string(v.secret.Reveal())
			}
		}
		if s == "" {
			s = "<empty>"
		}
		b.WriteString(f.name + " = " + s + "\n")
	}
	b.WriteString("# END RECORD\n")
	_, err := w.Write(b.Bytes())
	return err
}

// LoginTimeout is how long a connection, and each answer of a login, may take.
func (r *Record) LoginTimeout() time.Duration { return r.seconds(keyLogin) }

// ActiveTimeout is how long the answer to SendTargets may take.
func (r *Record) ActiveTimeout() time.Duration { return r.seconds(keyActive) }

// ReopenMax is how often iscsiadm tries again.
func (r *Record) ReopenMax() int { return r.number(keyReopen) }

func (r *Record) seconds(name string) time.Duration {
	return time.Duration(r.number(name)) * time.Second
}

func (r *Record) number(name string) int {
	n, _ := strconv.Atoi(r.text(name)) // of 31 bits: parse has seen to it
	return n
}
