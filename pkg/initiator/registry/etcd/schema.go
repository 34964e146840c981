package etcd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// schemaVersion is the version that this package writes. Each Apply compares it, so that
// no process of before an update writes after it.
const schemaVersion = 1

var schemaText = strconv.Itoa(schemaVersion)

// ensureFormat refuses what is not of our schema, and begins a registry where there is
// none and the user may write.
func (s *Store) ensureFormat(ctx context.Context) error {
	var found *string
	err := s.read(ctx, "open the registry", s.format(), func(ctx context.Context) error {
		answer, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(s.format()), ">", 0)).
			Then(clientv3.OpGet(s.format())).Commit()
		if err == nil && answer.Succeeded {
			value := string(answer.Responses[0].GetResponseRange().Kvs[0].Value)
			found = &value
		}
		return err
	})
	if err != nil {
		return err
	}
	if found != nil {
		return s.checkFormat(*found)
	}
	err = s.read(ctx, "begin a registry", s.format(), func(ctx context.Context) error {
		_, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(s.format()), "=", 0)).
			Then(clientv3.OpPut(s.format(), schemaText)).Commit()
		return err
	})
	if errors.Is(err, fs.ErrPermission) {
		return nil // who may only read finds it empty
	}
	return err
}

// checkFormat refuses a registry of another schema.
func (s *Store) checkFormat(found string) error {
	if found == schemaText {
		return nil
	}
	e := &Error{What: "open the registry", Endpoints: s.client.Endpoints(), Key: s.format(), State: Damaged}
	if version, err := strconv.ParseUint(found, 10, 32); err == nil && version > schemaVersion {
		e.State, e.Reason = Newer, fmt.Sprintf("it has schema %d, and this version knows %d", version, schemaVersion)
		return e
	}
	e.Reason = "it has no number of a schema, but " + text.QuoteMost([]byte(found), 32)
	return e
}
