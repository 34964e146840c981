// Package registry is the initiator service of the reference API (Microsoft's iSCSI
// discovery library): a registry of SendTargets portals, static targets, initiator
// instances, preshared keys and IPsec policies, and the targets that were found. It
// asks its portals with package initiator, and keeps its records in a Store: packages
// sqlite (a file that several processes share) and memstore have one each.
package registry

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// A Config says what a Service works with.
type Config struct {
	// Store keeps the registry; required. The Service closes it.
	Store Store

	// Discoverer asks the portals; required. Its InitiatorName holds where no
	// other is set, its Ports are not used: the Service finds its own.
	Discoverer *initiator.Discoverer

	// Sealer keeps secrets in the registry; nil: only references to secrets can
	// be stored.
	Sealer Sealer

	// Secrets resolves references to secrets at each use; nil: none can be.
	Secrets SecretFunc

	// TraceISNS gets each message that is exchanged with an iSNS server; nil: none. It may be
	// called from several goroutines.
	TraceISNS func(isns.TraceEvent)

	Addresses func() ([]ports.Address, error) // of this host; nil: ports.Addresses
	Now       func() time.Time                // nil: time.Now

	// Allow is asked before a connection to where a redirection leads; its error is why
	// none is made. nil: the rules for redirections alone decide.
	Allow func(dst netip.AddrPort) error
}

// A Service is the initiator service of the reference API: a registry of
// SendTargets portals that outlives the process, the list of the targets that
// were found behind them, and what goes with both. Its methods may be called
// from several goroutines, and several Services may share a Store, also from
// several processes.
//
// What fails is an *Error; Code gives the number of the reference API.
type Service struct {
	cfg Config
	*memory

	// rules are set where it answers from these (see underRules); nil: from the
	// registry as it is now.
	rules *rules
}

// A memory is what ends with a Service.
type memory struct {
	mu       sync.Mutex              // guards the following
	static   map[string]staticRecord // targets, by folded name
	volatile map[string][]byte       // records, by key
}

// Open returns a Service on what cfg says. It sends nothing; see Start.
func Open(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Discoverer == nil {
		return nil, &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "service", Reason: "it needs a Store and a Discoverer"}
	}
	return &Service{cfg: cfg, memory: &memory{static: make(map[string]staticRecord), volatile: make(map[string][]byte)}}, nil
}

// Close closes the Store. Other calls must have returned.
func (s *Service) Close() error { return s.cfg.Store.Close() }

// put writes a record, in the registry or for as long as the Service lives. Changes
// that go along with it are of the registry; its error may be a *ConflictError of these.
func (s *Service) put(ctx context.Context, key string, value []byte, persist bool, along ...Change) error {
	if !persist {
		s.mu.Lock()
		s.volatile[key] = value
		s.mu.Unlock()
		return nil
	}
	if err := s.cfg.Store.Apply(ctx, append(along, Change{Key: key, Version: AnyVersion, Value: value})...); err != nil {
		return storeError(err)
	}
	s.mu.Lock()
	delete(s.volatile, key) // what is set last counts
	s.mu.Unlock()
	return nil
}

// drop deletes a record, or returns missing where there is none.
func (s *Service) drop(ctx context.Context, key string, missing error) error {
	s.mu.Lock()
	_, there := s.volatile[key]
	delete(s.volatile, key)
	s.mu.Unlock()
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return storeError(err)
	}
	if r.Version == 0 {
		if there {
			return nil
		}
		return refused(missing)
	}
	return storeError(s.cfg.Store.Apply(ctx, Change{Key: key, Version: AnyVersion, Delete: true}))
}

// records yields records of the registry, and those that end with the Service
// in the place of stored ones of the same key.
func (s *Service) records(ctx context.Context, prefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		s.mu.Lock()
		volatile := maps.Clone(s.volatile)
		s.mu.Unlock()
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if _, ok := volatile[r.Key]; ok && err == nil {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		for _, key := range slices.Sorted(maps.Keys(volatile)) {
			if strings.HasPrefix(key, prefix) && !yield(Record{Key: key, Value: volatile[key]}, nil) {
				return
			}
		}
	}
}

// now returns the time as it is stored: without a monotonic part, in UTC.
func (s *Service) now() time.Time {
	if s.cfg.Now != nil {
		return s.cfg.Now().UTC()
	}
	return time.Now().UTC()
}

// Names of settings.
const (
	settingNodeName   = rowkey.Setting + "node-name"
	settingCHAPSecret = rowkey.Setting + "chap-secret"
)

// InitiatorNodeName returns the iSCSI name that all instances share which have
// none of their own (GetIScsiInitiatorNodeName of the reference API).
func (s *Service) InitiatorNodeName(ctx context.Context) (string, error) {
	var name string
	r, err := s.cfg.Store.Get(ctx, settingNodeName)
	if err == nil && r.Version != 0 {
		err = decode(r, &name)
	}
	if err != nil {
		return "", storeError(err)
	}
	if name == "" {
		name = s.cfg.Discoverer.InitiatorName
	}
	return name, nil
}

// SetInitiatorNodeName stores the iSCSI name; empty: the Discoverer's again
// (SetIScsiInitiatorNodeName of the reference API, which does not check the
// name). A harmful name is refused (see CheckName), and where the Discoverer has
// StrictNames one that is no iSCSI name in form, too. It is stored and sent as it
// was given, case and all: access lists of targets may compare bytes.
func (s *Service) SetInitiatorNodeName(ctx context.Context, name string) error {
	change := Change{Key: settingNodeName, Version: AnyVersion, Delete: name == ""}
	if name != "" {
		if _, err := s.cfg.Discoverer.CheckName(name); err != nil {
			return refused(err)
		}
		change.Value = encode(name)
	}
	return storeError(s.cfg.Store.Apply(ctx, change))
}

// SetInitiatorCHAPSecret stores the secret by which targets prove themselves in
// mutual CHAP, unless a portal has one of its own; no secret clears it
// (SetIScsiInitiatorCHAPSharedSecret of the reference API). A secret below 12
// bytes is stored all the same, and short is true: it is good under IPsec, or for
// portals with ShortSecrets. Where there is a ref it is stored, and secret, if there
// is one, is only held against the rules.
func (s *Service) SetInitiatorCHAPSecret(ctx context.Context, secret auth.Secret, ref string) (short bool, err error) {
	change := Change{Key: settingCHAPSecret, Version: AnyVersion, Delete: secret.IsZero() && ref == ""}
	if secret.Len() > s.maxSecret() {
		return false, refused(&isdsc.Error{Code: isdsc.InvalidInitiatorCHAPSecret, What: "initiator CHAP secret", Reason: "too long"})
	}
	if !change.Delete {
		kept, err := s.keep(secret, ref, settingCHAPSecret, fieldPassword)
		if err != nil {
			return false, storeError(err)
		}
		change.Value = encode(kept)
	}
	short = !secret.IsZero() && secret.Len() < auth.MinSecretLen
	return short, storeError(s.cfg.Store.Apply(ctx, change))
}

// InitiatorCHAPSecretSet reports whether there is a secret by which targets prove
// themselves.
func (s *Service) InitiatorCHAPSecretSet(ctx context.Context) (bool, error) {
	r, err := s.cfg.Store.Get(ctx, settingCHAPSecret)
	return r.Version != 0, storeError(err)
}

// initiatorCHAPSecret returns the secret by which targets prove themselves; none
// where none is set.
func (s *Service) initiatorCHAPSecret(ctx context.Context) (auth.Secret, error) {
	r, err := s.cfg.Store.Get(ctx, settingCHAPSecret)
	if err != nil || r.Version == 0 {
		return auth.Secret{}, err
	}
	var kept keptSecret
	if err := decode(r, &kept); err != nil {
		return auth.Secret{}, err
	}
	return s.reveal(ctx, kept, settingCHAPSecret, fieldPassword)
}

// Lengths of CHAP secrets in bytes.
const (
	maxSecret       = 255
	maxStrictSecret = 16
)

func (s *Service) maxSecret() int {
	if s.cfg.Discoverer.Strict {
		return maxStrictSecret
	}
	return maxSecret
}

// refused makes an *Error of parameters that are not usable; nil stays nil.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return &initiator.Error{Stage: initiator.StageValidate, Err: err}
}

// storeError makes an *Error of what the registry said; nil stays nil.
func storeError(err error) error {
	var e *initiator.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &initiator.Error{Stage: initiator.StageStore, Err: err}
}
