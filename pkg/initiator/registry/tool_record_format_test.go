package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// TestToolRecordDamaged: a record that cannot be read costs itself and no other, nothing
// of it is shown, and it can be replaced or removed.
func TestToolRecordDamaged(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		`{"secret-of`, `{}`, `null`, `[]`, `"secret-of-x"`, `{"format":0}`, `{"format":"1"}`, `{"format":null}`, `{"format":1,"fields":["secret-of"]}`,
		`{"format":1,"fields":{"a":1}}`, `{"format":1,"secrets":{"secret-of":null}}`, `{"format":1,"secrets":{"a":"secret-of"}}`, `{"format":1,"secrets":{"a":{"sealed":"secret-of !"}}}`,
	} {
		w := newWorld(t)
		other := aToolRecord()
		other.Name = "2001:db8::11,3260"
		if err := w.PutToolRecord(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		w.writeRaw(toolRow, value)
		r := aToolRecord()
		judge := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, registry.ErrRegistryDamaged) || strings.Contains(err.Error(), "secret-of") ||
				!strings.HasSuffix(err.Error(), "remove the record of other-tool for 2001:db8::10,3260, and make it again") {
				t.Errorf("%s: %s: %v", value, what, err)
			}
		}
		_, ok, err := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name)
		if judge("read", err); !ok {
			t.Errorf("%s: it is not there", value)
		}
		_, err = w.ChangeToolRecord(t.Context(), r.Tool, r.Kind, r.Name, func(*registry.ToolRecord) error { panic(value) })
		judge("change", err)
		_, err = registry.CheckRecord(registry.Record{Key: toolRow, Value: []byte(value)}, nil)
		judge("check", err)
		_, _, err = registry.ResealRecord(registry.Record{Key: toolRow, Value: []byte(value)}, plainSealer{}, plainSealer{})
		judge("rekey", err)
		n := 0
		for listed, err := range w.ToolRecords(t.Context(), r.Tool, r.Kind) {
			if n++; listed.Name == r.Name {
				judge("list", err)
			} else if err != nil {
				t.Errorf("%s: %v", value, err)
			}
		}
		if n != 2 {
			t.Errorf("%s: %d are listed", value, n)
		}
		r.Version = registry.AnyVersion
		if err := w.PutToolRecord(t.Context(), r); err != nil {
			t.Errorf("%s: replaced: %v", value, err)
		}
		w.writeRaw(toolRow, value)
		if ok, err := w.RemoveToolRecord(t.Context(), r.Tool, r.Kind, r.Name); !ok || err != nil {
			t.Errorf("%s: removed: %t, %v", value, ok, err)
		}
	}
}

// TestToolRecordFormat: a record is byte for byte as the first version wrote it. One of a
// newer version is refused by its number, and nothing but its removal changes it.
func TestToolRecordFormat(t *testing.T) {
	t.Parallel()
	const first = `{"format":1,"fields":{"empty":"","method":"CHAP","user":"host1"},"secrets":{"key":{"ref":"file:/etc/key"},` +
		`"password":{"sealed":"dG9vbC9vdGhlci10b29sL3BvcnRhbHMvMjAwMTpkYjg6OjEwJTJDMzI2MABwYXNzd29yZAB2MQBzZWNyZXQtb2YtaG9zdDE="},"password_in":{"sealed":"dG9vbC9vdGhlci10b29sL3BvcnRhbHMvMjAwMTpkYjg6OjEwJTJDMzI2MABwYXNzd29yZF9pbgB2MQBzZWNyZXQtb2YtYXJyYXk="}}}`
	w := newWorld(t)
	r := aToolRecord()
	if err := w.PutToolRecord(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if stored, err := w.store.Get(t.Context(), toolRow); string(stored.Value) != first {
		t.Errorf("got  %s, %v\nwant %s", stored.Value, err, first)
	}
	r.Version = registry.AnyVersion
	for _, format := range []string{"2", "18446744073709551615"} {
		newer := strings.Replace(first, `"format":1`, `"format":`+format+`,"proxy":"of the future"`, 1)
		w.writeRaw(toolRow, newer)
		judge := func(err error) {
			t.Helper()
			var newer *registry.RecordFormatError
			if !errors.As(err, &newer) || fmt.Sprint(newer.Format) != format || newer.Known != 1 || errors.Is(err, registry.ErrRegistryDamaged) {
				t.Errorf("format %s: %v", format, err)
			}
		}
		_, _, err := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name)
		judge(err)
		_, err = w.ChangeToolRecord(t.Context(), r.Tool, r.Kind, r.Name, func(*registry.ToolRecord) error { panic("read") })
		judge(err)
		judge(w.PutToolRecord(t.Context(), r))
		stored, _ := w.store.Get(t.Context(), toolRow)
		_, err = registry.CheckRecord(stored, nil)
		judge(err)
		_, _, err = registry.ResealRecord(stored, plainSealer{}, plainSealer{})
		judge(err)
		if string(stored.Value) != newer {
			t.Errorf("it has become %s", stored.Value)
		}
	}
	if ok, err := w.RemoveToolRecord(t.Context(), r.Tool, r.Kind, r.Name); !ok || err != nil {
		t.Errorf("removed: %t, %v", ok, err)
	}
}
