package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// Schema is the newest layout of records that this version writes and reads. Fields that a
// reader does not know are passed over, so it grows only where an old reader would be wrong.
const Schema = 1

// Bounds of a record.
const (
	MaxRecordLen = 64 << 10 // bytes of a record in etcd
	MaxTextLen   = 1024     // bytes of one text in it
	MaxPorts     = 256      // initiator ports of a host
)

// A NewerError is a record that a newer version wrote. It is shown as such, and stays.
type NewerError struct{ Schema int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer version wrote it (schema %d; this one reads up to %d): update discover here", e.Schema, Schema)
}

// A RecordError is a record that cannot be what its key says.
type RecordError struct{ Why string }

func (e *RecordError) Error() string { return e.Why }

// numbered is what each record begins with.
type numbered struct {
	Schema int `json:"schema"`
}

// unmarshal reads a record or an answer. The error is a *NewerError or a *RecordError.
func unmarshal(b []byte, v any) error {
	var n numbered
	if err := json.Unmarshal(b, &n); err != nil {
		return &RecordError{notRecord(err)}
	}
	if n.Schema > Schema {
		return &NewerError{n.Schema}
	}
	if n.Schema < 1 {
		return &RecordError{"it has no schema number"}
	}
	if err := json.Unmarshal(b, v); err != nil {
		return &RecordError{notRecord(err)}
	}
	return nil
}

// notRecord says why b is no record, without what is written in it.
func notRecord(err error) string {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return "its field " + text.Shown(text.Cut(wrong.Field, 64)) + " has a value of another kind"
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return "it is not JSON"
	}
	return "a value in it is none that its field can have"
}

// decode reads a record of at most MaxRecordLen bytes.
func decode(b []byte, v any) error {
	if len(b) > MaxRecordLen {
		return &RecordError{fmt.Sprintf("it has %d bytes, more than %d", len(b), MaxRecordLen)}
	}
	return unmarshal(b, v)
}

// encode writes a record.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // records have nothing that cannot be written
		panic(err)
	}
	return b
}

// checkTexts refuses texts that are longer than MaxTextLen, or not UTF-8.
func checkTexts(all ...string) error {
	for _, s := range all {
		if len(s) > MaxTextLen || !utf8.ValidString(s) {
			return &RecordError{fmt.Sprintf("a text in it has more than %d bytes, or is not UTF-8", MaxTextLen)}
		}
	}
	return nil
}

// cutText shortens s to a text of a record.
func cutText(s string) string {
	if len(s) > MaxTextLen {
		s = s[:MaxTextLen-len("…")]
		for !utf8.ValidString(s) && s != "" {
			s = s[:len(s)-1]
		}
		return s + "…"
	}
	return s
}
