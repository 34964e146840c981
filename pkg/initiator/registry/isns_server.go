package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// An ISNSServer is an iSNS server that the registry asks for targets. The reference API
// has its address alone; what else there is says from where it is asked, and how.
type ISNSServer struct {
	Address  initiator.Portal // a host name or an address; TCP port 0: isns.DefaultPort
	Instance string           // initiator instance that it is asked from; empty: any
	Port     ports.Number     // initiator port, as for a portal
	Register bool             // see isns.Client
}

// A StoredISNSServer is an iSNS server of the registry.
type StoredISNSServer struct {
	ISNSServer
	Added time.Time
	Last  LastResult // its Time is zero before the server was asked
}

// An isnsRecord is an iSNS server as it is stored.
type isnsRecord struct {
	Address  string        `json:"address"`
	TCPPort  uint16        `json:"tcp_port"`
	Instance string        `json:"instance,omitempty"`
	Port     uint32        `json:"port"`
	Register bool          `json:"register,omitempty"`
	Added    time.Time     `json:"added"`
	Last     *LastResult   `json:"last,omitempty"`
	Answer   *answerRecord `json:"answer,omitempty"` // what is kept of the last answer
}

// isnsFields are the fields of an isnsRecord without its methods.
type isnsFields isnsRecord

// maxISNSFormat is the newest format of the records of iSNS servers, and of what they say of
// portals, that this version reads. It has no number in it.
const maxISNSFormat = 1

// UnmarshalJSON reads a server. Of a newer format nothing but the number is read, and the
// error is a *RecordFormatError.
func (r *isnsRecord) UnmarshalJSON(b []byte) error {
	if _, err := checkFormat(b, 2, maxISNSFormat); err != nil {
		return err
	}
	return json.Unmarshal(b, (*isnsFields)(r))
}

// server returns the server that a record describes.
func (r *isnsRecord) server() ISNSServer {
	return ISNSServer{Address: initiator.Portal{Address: r.Address, Port: r.TCPPort}, Instance: r.Instance, Port: ports.N(r.Port), Register: r.Register}
}

// stored returns the entry that a record describes.
func (r *isnsRecord) stored() StoredISNSServer {
	s := StoredISNSServer{ISNSServer: r.server(), Added: r.Added}
	if r.Last != nil {
		s.Last = r.Last.migrated()
	}
	return s
}

// Key returns the key by which a server is watched.
func (v *ISNSServer) Key() initiator.Key {
	return initiator.Key{Instance: v.Instance, Port: v.Port, Portal: v.Address}
}

// withPort returns the address of a server with its TCP port.
func withPort(p initiator.Portal) initiator.Portal {
	if p.Port == 0 {
		p.Port = isns.DefaultPort
	}
	return p
}

// validate refuses what cannot be stored, with the code of the reference API.
func (v *ISNSServer) validate() error {
	v.Address = withPort(v.Address)
	p := initiator.SendTargetPortal{Portal: v.Address, Instance: v.Instance, Port: v.Port}
	err := p.Validate()
	switch code := initiator.Code(err); code {
	case isdsc.NoPortalSpecified, isdsc.InvalidHost: // of a portal; the reference API has one code for names of servers
		refused := (*isdsc.Error)(nil)
		errors.As(err, &refused)
		return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: isnsServer, Reason: refused.Reason, Err: err}
	}
	return err
}

// AddISNSServer stores an iSNS server and asks it (AddISNSServer of the reference API). A
// server that is there already gets the options of v, and is asked again. What is refused
// stores nothing; a server that does not answer stays stored, as ISNSResult.Stored says.
func (s *Service) AddISNSServer(ctx context.Context, v ISNSServer) (ISNSResult, error) {
	err := s.allowed(ctx, &v)
	if err == nil {
		err = storeError(retryConflicts(ctx, func() error { return s.storeISNS(ctx, v) }))
	}
	if err != nil {
		err = s.isnsFailed(v.Address, err)
		return ISNSResult{Server: v, Err: err}, err
	}
	return s.RefreshISNSServer(ctx, v.Address)
}

// CheckISNSServer returns v as AddISNSServer would store it, and refuses what that would
// refuse. Nothing is stored, and the server is not asked.
func (s *Service) CheckISNSServer(ctx context.Context, v ISNSServer) (ISNSServer, error) {
	err := s.allowed(ctx, &v)
	return v, s.isnsFailed(v.Address, err)
}

// allowed refuses a server that cannot be stored.
func (s *Service) allowed(ctx context.Context, v *ISNSServer) error {
	if err := v.validate(); err != nil || v.Instance == "" {
		return err
	}
	return s.hasInstance(ctx, v.Instance)
}

// hasInstance refuses an instance that does not exist.
func (s *Service) hasInstance(ctx context.Context, name string) error {
	selector, err := s.Selector(ctx, false)
	if err != nil {
		return err
	}
	_, err = selector.Instance(name)
	return err
}

// storeISNS stores a server. What is known of one that was there before stays.
func (s *Service) storeISNS(ctx context.Context, v ISNSServer) error {
	key := rowkey.OfServer(v.Address)
	old, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	var r isnsRecord
	if old.Version != 0 {
		err = decode(old, &r)
	}
	if newer := (*RecordFormatError)(nil); errors.As(err, &newer) {
		return refused(err)
	}
	if old.Version == 0 || err != nil {
		r = isnsRecord{Added: s.now()}
	}
	r.Address, r.TCPPort, r.Instance, r.Port, r.Register = v.Address.Host(), v.Address.Port, v.Instance, v.Port.Uint32(), v.Register
	return s.cfg.Store.Apply(ctx, Change{Key: key, Version: old.Version, Value: encode(r)})
}

// RemoveISNSServer removes an iSNS server (RemoveISNSServer of the reference API), and with
// it what it said of the security of portals. The targets that it reported stay in the
// list. isdsc.ISNSServerNotFound: it is not in the registry.
func (s *Service) RemoveISNSServer(ctx context.Context, address initiator.Portal) error {
	address = withPort(address)
	key := rowkey.OfServer(address)
	err := retryConflicts(ctx, func() error {
		r, err := s.cfg.Store.Get(ctx, key)
		if err != nil {
			return err
		}
		if r.Version == 0 {
			return noISNSServer()
		}
		changes := []Change{{Key: key, Version: r.Version, Delete: true}}
		mechanism := rowkey.ISNSMechanism(address)
		var v isnsRecord
		if decode(r, &v) == nil && v.Answer != nil && !v.Answer.Seen.IsZero() { // when its targets were seen, for the list
			any, err := s.hasFound(ctx, mechanism)
			if err != nil {
				return err
			}
			if any {
				changes = append(changes, Change{Key: seenKey(mechanism), Version: AnyVersion, Value: encode(seenRecord{v.Answer.Seen})})
			}
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err == nil || initiator.Code(err) == isdsc.ISNSServerNotFound { // what it said may be left, where removing it once broke off
		err = cmp.Or(s.putBitmaps(ctx, address, nil), err)
	}
	return s.isnsFailed(address, storeError(err))
}

// ISNSServers yields the iSNS servers of the registry, by address. A record that cannot be
// read is yielded as a *RegistryError, and others follow; any other error is the last.
func (s *Service) ISNSServers(ctx context.Context) iter.Seq2[StoredISNSServer, error] {
	return func(yield func(StoredISNSServer, error) bool) {
		for r, err := range s.cfg.Store.List(ctx, rowkey.ISNSServer) {
			if err != nil {
				yield(StoredISNSServer{}, storeError(err))
				return
			}
			var v isnsRecord
			var stored StoredISNSServer
			if err = decode(r, &v); err == nil {
				stored = v.stored()
			}
			if !yield(stored, storeError(err)) {
				return
			}
		}
	}
}

// ReportISNSServers fills servers with the addresses of the iSNS servers of the registry
// and returns how many there are (ReportISNSServerList of the reference API). Where that
// is more than there is room for, the error has the code isdsc.Win32InsufficientBuffer,
// and nothing is filled in.
func (s *Service) ReportISNSServers(ctx context.Context, servers []string) (count int, err error) {
	var all []string
	for v, err := range s.ISNSServers(ctx) {
		if err != nil {
			return 0, err
		}
		all = append(all, isnsText(v.Address))
	}
	if len(all) > len(servers) {
		return len(all), refused(&isdsc.Error{Code: isdsc.Win32InsufficientBuffer, What: "report", Reason: "the registry has more iSNS servers than the slice has room for"})
	}
	return copy(servers, all), nil
}

// isnsText returns a server as the reference API writes it: with its TCP port where that
// is not the usual one.
func isnsText(p initiator.Portal) string {
	if p.Port == isns.DefaultPort {
		return p.Host()
	}
	if strings.Contains(p.Host(), ":") {
		return fmt.Sprintf("[%s]:%d", p.Host(), p.Port)
	}
	return fmt.Sprintf("%s:%d", p.Host(), p.Port)
}

// refreshServers yields a result for each server, in order. A server is begun once the one
// before it by as many as are asked at once has its result, so no more answers than that are
// held.
func (s *Service) refreshServers(ctx context.Context, all []StoredISNSServer, yield func(ISNSResult) bool) {
	ctx, cancel := context.WithCancel(ctx)
	var under sync.WaitGroup
	defer under.Wait()
	defer cancel() // where the caller has left
	results := make([]chan ISNSResult, len(all))
	begin := func(i int) {
		results[i] = make(chan ISNSResult, 1)
		under.Go(func() {
			r, _ := s.RefreshISNSServer(ctx, all[i].Address) // whose error is that of the result
			results[i] <- r
		})
	}
	atOnce := maxServers
	if p := s.cfg.Discoverer.Parallel; p > 0 {
		atOnce = min(atOnce, p)
	}
	for i := range min(atOnce, len(all)) {
		begin(i)
	}
	for i := range all {
		r := <-results[i]
		if next := i + atOnce; next < len(all) {
			begin(next)
		}
		if !yield(r) {
			return
		}
	}
}
