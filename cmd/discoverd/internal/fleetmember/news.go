package fleetmember

import (
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// isNews reports an error that tells the administrator something that the one before did
// not. What was to be done with which key is none but where a role does not permit the key:
// all that is done fails when etcd is away, and each request says so in its own words.
func isNews(before, now error) bool {
	if now == nil {
		return false
	}
	var a, b *etcd.Error
	if !errors.As(before, &a) || !errors.As(now, &b) {
		return errorText(before) != errorText(now)
	}
	switch {
	case a.State != b.State:
		return true
	case b.State == etcd.Denied:
		return a.Key != b.Key
	case b.State == etcd.Unreachable && strings.HasSuffix(b.Reason, etcd.NoAnswer):
		return false // one member was waited for, or all of them
	}
	return a.Reason != b.Reason
}
