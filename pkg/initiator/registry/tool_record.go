package registry

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// A ToolRecord is what a program that uses a Service keeps in the registry for itself,
// such as the records of another tool whose command line it understands. A Service gives
// the fields no meaning. Secrets are sealed, as those of portals are.
type ToolRecord struct {
	Tool, Kind, Name string // together the key; none is empty

	Fields  map[string]string
	Secrets map[string]auth.Secret // by field; without a Sealer there can be none
	Refs    map[string]string      // references to secrets, by field: the Service does not resolve them

	// Version is that of the Record: a Put expects it (0 that there is none, AnyVersion
	// no matter which).
	Version uint64
}

// maxToolFormat is the newest format of a ToolRecord that this version reads. A record
// has always a number, so that a later version can add what this one would ignore.
const maxToolFormat = 1

// A toolRecord is a ToolRecord as it is stored.
type toolRecord struct {
	Format  uint64                 `json:"format"`
	Fields  map[string]string      `json:"fields,omitempty"`
	Secrets map[string]*keptSecret `json:"secrets,omitempty"`
}

// toolFields are the fields of a toolRecord without its methods.
type toolFields toolRecord

// UnmarshalJSON reads a record. Of a newer format nothing but the number is read, and
// the error is a *RecordFormatError.
func (r *toolRecord) UnmarshalJSON(b []byte) error {
	numbered, err := checkFormat(b, 1, maxToolFormat)
	if err == nil && !numbered {
		err = errors.New("it has no record format")
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, (*toolFields)(r)); err != nil {
		return err
	}
	for _, kept := range r.Secrets {
		if kept == nil {
			return errors.New("a secret in it is null")
		}
	}
	return nil
}

// sealedFields returns the secrets of a record, in the order of their fields.
func (r *toolRecord) sealedFields() (fields []sealedField) {
	for _, field := range slices.Sorted(maps.Keys(r.Secrets)) {
		fields = append(fields, sealedField{r.Secrets[field], field})
	}
	return fields
}

// toolPrefix begins the keys of the records of a tool of one kind.
func toolPrefix(tool, kind string) string {
	return rowkey.Tool + url.PathEscape(tool) + "/" + url.PathEscape(kind) + "/"
}

// toolKey is the key of the record of a name.
func toolKey(tool, kind, name string) (string, error) {
	if tool == "" || kind == "" || name == "" {
		return "", refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "tool record", Reason: "a tool, a kind and a name make its key, and one is empty"})
	}
	return toolPrefix(tool, kind) + url.PathEscape(name), nil
}

// ToolRecord returns the record of a name, with its secrets; false: there is none.
func (s *Service) ToolRecord(ctx context.Context, tool, kind, name string) (r ToolRecord, ok bool, err error) {
	key, err := toolKey(tool, kind, name)
	if err != nil {
		return ToolRecord{}, false, err
	}
	stored, err := s.cfg.Store.Get(ctx, key)
	if err != nil || stored.Version == 0 {
		return ToolRecord{}, false, storeError(err)
	}
	r, err = s.toolRecord(ctx, stored, true)
	return r, true, storeError(err)
}

// toolRecord reads a record, and opens its secrets if it is asked to. Where that fails
// the record has what its key says.
func (s *Service) toolRecord(ctx context.Context, stored Record, open bool) (ToolRecord, error) {
	r := ToolRecord{Tool: rowkey.Part(stored.Key, 1), Kind: rowkey.Part(stored.Key, 2), Name: rowkey.Part(stored.Key, 3), Version: stored.Version}
	var kept toolRecord
	if err := decode(stored, &kept); err != nil {
		return r, err
	}
	refs, secrets := make(map[string]string), make(map[string]auth.Secret)
	for _, f := range kept.sealedFields() {
		switch {
		case f.kept.Ref != "":
			refs[f.field] = f.kept.Ref
		case open:
			secret, err := s.reveal(ctx, *f.kept, stored.Key, f.field)
			if err != nil {
				return r, err
			}
			secrets[f.field] = secret
		}
	}
	r.Fields, r.Refs, r.Secrets = kept.Fields, refs, secrets
	return r, nil
}

// PutToolRecord stores a record in the place of the one that was there, also of a
// damaged one. One that a newer version wrote is refused, and stays. Where the version
// is another than r expects, the error is a *ConflictError.
func (s *Service) PutToolRecord(ctx context.Context, r ToolRecord) error {
	key, err := toolKey(r.Tool, r.Kind, r.Name)
	if err != nil {
		return err
	}
	return storeError(s.putTool(ctx, key, r))
}

func (s *Service) putTool(ctx context.Context, key string, r ToolRecord) error {
	old, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	var newer *RecordFormatError
	if old.Version != 0 && errors.As(decode(old, new(toolRecord)), &newer) {
		return newer
	}
	if err := r.checkText(); err != nil {
		return err
	}
	kept := toolRecord{Format: maxToolFormat, Fields: r.Fields, Secrets: make(map[string]*keptSecret)}
	for _, field := range slices.Sorted(maps.Keys(r.Secrets)) {
		k, err := s.keep(r.Secrets[field], "", key, field)
		if err != nil {
			return err
		}
		if !k.isZero() {
			kept.Secrets[field] = &k
		}
	}
	for field, ref := range r.Refs {
		kept.Secrets[field] = &keptSecret{Ref: ref}
	}
	return s.cfg.Store.Apply(ctx, Change{Key: key, Version: r.Version, Value: encode(kept)})
}

// checkText refuses text that is not UTF-8: JSON would change it.
func (r *ToolRecord) checkText() error {
	for _, texts := range []map[string]string{r.Fields, r.Refs} {
		for field, text := range texts {
			if !utf8.ValidString(field) || !utf8.ValidString(text) {
				return refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "tool record", Reason: "a field is not valid UTF-8"})
			}
		}
	}
	return nil
}

// ChangeToolRecord stores what change makes of a record; false: there is none. change is
// called again where another process changed the record meanwhile; its error ends that,
// nothing is stored then, and ChangeToolRecord returns it.
func (s *Service) ChangeToolRecord(ctx context.Context, tool, kind, name string, change func(*ToolRecord) error) (ok bool, err error) {
	var refusal error // of change
	err = retryConflicts(ctx, func() error {
		var r ToolRecord
		if r, ok, err = s.ToolRecord(ctx, tool, kind, name); err != nil || !ok {
			return err
		}
		now := r
		if refusal = change(&now); refusal != nil {
			return nil
		}
		now.Tool, now.Kind, now.Name, now.Version = tool, kind, name, r.Version
		return s.PutToolRecord(ctx, now)
	})
	if refusal != nil {
		return ok, refusal
	}
	return ok, storeError(err)
}

// RemoveToolRecord removes a record, also one that cannot be read; false: there is none.
func (s *Service) RemoveToolRecord(ctx context.Context, tool, kind, name string) (ok bool, err error) {
	key, err := toolKey(tool, kind, name)
	if err != nil {
		return false, err
	}
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil || r.Version == 0 {
		return false, storeError(err)
	}
	return true, storeError(s.cfg.Store.Apply(ctx, Change{Key: key, Version: AnyVersion, Delete: true}))
}

// ToolRecords yields the records of a tool of one kind, by name, without their secrets.
// A record that cannot be read is yielded with what its key says and an error that is a
// *RegistryError or a *RecordFormatError; others follow. Any other error is the last.
func (s *Service) ToolRecords(ctx context.Context, tool, kind string) iter.Seq2[ToolRecord, error] {
	return func(yield func(ToolRecord, error) bool) {
		for stored, err := range s.cfg.Store.List(ctx, toolPrefix(tool, kind)) {
			var r ToolRecord
			if err == nil {
				r, err = s.toolRecord(ctx, stored, false)
			}
			if !yield(r, storeError(err)) || err != nil && !oneRecord(err) {
				return
			}
		}
	}
}
