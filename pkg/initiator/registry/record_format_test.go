package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// goldenRecords returns entries as the version before record formats wrote them: a
// key, a line end, the value, a line end.
func goldenRecords(t *testing.T) (all []Record) {
	t.Helper()
	b, err := os.ReadFile("testdata/portal_records_1.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
	for i := 0; i+1 < len(lines); i += 2 {
		all = append(all, Record{Key: string(lines[i]), Version: 1, Value: lines[i+1]})
	}
	if len(all) != 3 {
		t.Fatalf("%d records, want 3", len(all))
	}
	return all
}

// TestRecordFormat1: entries without newer options stay byte for byte as older
// versions wrote them.
func TestRecordFormat1(t *testing.T) {
	t.Parallel()
	for _, golden := range goldenRecords(t) {
		var r portalRecord
		if err := decode(golden, &r); err != nil {
			t.Fatal(err)
		}
		if got := encode(r); !bytes.Equal(got, golden.Value) {
			t.Errorf("got  %s\nwant %s", got, golden.Value)
		}
		// So do those that are made anew from what they mean.
		p := r.portal()
		again := newPortalRecord(&p, keptSecrets{})
		again.Added, again.Last = r.Added, r.Last
		again.IPsecKey, again.Login.Password, again.Login.TargetPassword = r.IPsecKey, r.Login.Password, r.Login.TargetPassword
		if got := encode(again); !bytes.Equal(got, golden.Value) {
			t.Errorf("made anew:\ngot  %s\nwant %s", got, golden.Value)
		}
		if k, ok := rowkey.EntryKey(golden.Key); !ok || !k.Same(p.Key()) {
			t.Errorf("%s: got the key %s, want %s", golden.Key, k, p.Key())
		}
	}
}

// TestRecordFormat2: each newer option makes an entry one of format 2, which holds
// all that it held before, and which a version without formats does not take.
func TestRecordFormat2(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(o *login.Options){
		"redirect names": func(o *login.Options) { o.RedirectNames = true },
		"short secrets":  func(o *login.Options) { o.ShortSecrets = true },
		"CHAP policy":    func(o *login.Options) { o.CHAPPolicy = login.CHAPPreferred },
		"all of them": func(o *login.Options) {
			o.RedirectNames, o.ShortSecrets, o.CHAPPolicy = true, true, login.CHAPPreferred
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, golden := range goldenRecords(t) {
				var before portalRecord
				if err := decode(golden, &before); err != nil {
					t.Fatal(err)
				}
				p := before.portal()
				set(&p.Login)
				r := newPortalRecord(&p, keptSecrets{})
				r.Added, r.Last = before.Added, before.Last
				r.IPsecKey, r.Login.Password, r.Login.TargetPassword = before.IPsecKey, before.Login.Password, before.Login.TargetPassword
				value := encode(r)

				// An older version reads it like this.
				var old struct {
					Login loginRecord `json:"login"`
					Added time.Time   `json:"added"`
				}
				err := json.Unmarshal(value, &old)
				if err == nil || !strings.Contains(err.Error(), "record format 2: use a newer version of discover") {
					t.Errorf("an older version gets %v of %s", err, value)
				}
				var again portalRecord
				if err := decode(Record{Key: golden.Key, Value: value}, &again); err != nil {
					t.Fatal(err)
				}
				if got := encode(again); !bytes.Equal(got, value) {
					t.Errorf("rewritten:\ngot  %s\nwant %s", got, value)
				}
				if q := again.portal(); q.Login.RedirectNames != p.Login.RedirectNames || q.Login.ShortSecrets != p.Login.ShortSecrets || q.Login.CHAPPolicy != p.Login.CHAPPolicy {
					t.Errorf("got %+v, want %+v", q.Login, p.Login)
				}
				// Without the option it is what it was.
				again.Login.RedirectNames, again.Login.ShortSecrets, again.Login.CHAPPolicy = false, false, 0
				if got := encode(again); !bytes.Equal(got, golden.Value) {
					t.Errorf("without the option:\ngot  %s\nwant %s", got, golden.Value)
				}
			}
		})
	}
}

// TestRecordFormatNumbers: which numbers are newer formats, and which are none.
func TestRecordFormatNumbers(t *testing.T) {
	t.Parallel()
	const rest = `,"instance":"","port":4294967295,"address":"192.0.2.10","tcp_port":3260,"login":{},"added":"x","added_at":"2026-11-22T12:00:00Z"}`
	for format, newer := range map[string]uint64{
		`5`: 5, `6`: 6, `18446744073709551615`: 18446744073709551615,
		`4`: 0, `3`: 0, `2`: 0, `1`: 0, `0`: 0, `-1`: 0, `-3`: 0, `2.5`: 0, `3e0`: 0, `"3"`: 0, `null`: 0, `true`: 0, `[3]`: 0, `18446744073709551616`: 0,
	} {
		var r portalRecord
		err := decode(Record{Key: "portal/x", Value: []byte(`{"format":` + format + rest)}, &r)
		var f *RecordFormatError
		var damaged *RegistryError
		switch {
		case newer != 0:
			if !errors.As(err, &f) || f.Format != newer || f.Known != 4 || errors.Is(err, ErrRegistryDamaged) || r.Address != "" {
				t.Errorf("format %s: got %v, %+v", format, err, r)
			}
		case format == "2" || format == "3" || format == "4":
			if err != nil || r.Address != "192.0.2.10" || r.Added.IsZero() {
				t.Errorf("format %s: got %v, %+v", format, err, r)
			}
		case !errors.As(err, &damaged):
			t.Errorf("format %s: got %v, want a damaged record", format, err)
		}
	}
	const want = "this entry needs record format 5, and this version of discover knows 4: use a newer version"
	if got := (&RecordFormatError{Format: 5, Known: 4}).Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestKeyOfRecord: the key of an entry is in the key of its record, and nothing
// else passes for one.
func TestKeyOfRecord(t *testing.T) {
	t.Parallel()
	for _, k := range []initiator.Key{
		{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}},
		{Portal: initiator.Portal{Address: "fe80::1%eth0", Port: 1}, Instance: "a/b c%2f", Port: ports.N(0)},
		{Portal: initiator.Portal{Address: "Array.Example.", Port: 65535}, Instance: "HBA 7", Port: ports.N(4294967294)},
	} {
		if got, ok := rowkey.EntryKey(rowkey.OfEntry(k)); !ok || !got.Same(k) {
			t.Errorf("%s: got %s, %t", k, got, ok)
		}
	}
	for _, record := range []string{"", "portal/", "portal/a/1/", "target/a/1//2", "portal/a/65536//2", "portal/a/1//4294967296", "portal/%zz/1//2", "portal/a/1/%zz/2", "portal/a/b/c/d/e"} {
		if k, ok := rowkey.EntryKey(record); ok {
			t.Errorf("%q: got %s", record, k)
		}
	}
}
