package etcd

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// Explain returns the [*Error] for what a client of etcd said when something was to be
// done. It returns nil for nil, and an *Error as it is; one of a context that was
// cancelled is in it by errors.Is. [ExplainFrom] knows more.
func Explain(what string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	state, reason := judge(err)
	return &Error{What: what, State: state, Reason: reason, Err: err}
}

// ExplainFrom is Explain for a client of [Dial]: the error also has the endpoints, and
// where no member answers it says of each why, such as that its certificate has expired.
func ExplainFrom(client *clientv3.Client, what, key string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	state, reason := judge(err)
	e := &Error{What: what, Endpoints: client.Endpoints(), Key: key, State: state, Reason: reason, Err: err}
	if l := linkOf(client); l != nil && state == Unreachable {
		l.explain(e)
	}
	return e
}

// said has of what a server may say the state; what is not there is judged by its code.
var said = []struct {
	err   error
	state State
}{
	{rpctypes.ErrPermissionDenied, Denied},
	{rpctypes.ErrAuthFailed, Unauthenticated},
	{rpctypes.ErrUserEmpty, Unauthenticated},
	{rpctypes.ErrUserNotFound, Unauthenticated},
	{rpctypes.ErrInvalidAuthToken, Unauthenticated},
	{rpctypes.ErrAuthOldRevision, Unauthenticated},
	{rpctypes.ErrNoSpace, NoSpace},
	{rpctypes.ErrCompacted, Compacted},
	{rpctypes.ErrRequestTooLarge, TooLarge},
	{rpctypes.ErrTooManyOps, TooLarge},
	{rpctypes.ErrCorrupt, Damaged},
	{rpctypes.ErrTooManyRequests, Busy},
	{rpctypes.ErrLeaseNotFound, Unreachable}, // it ended while we did not reach the server
}

// judge returns the state for an error of a client, and what the server said of it.
func judge(err error) (State, string) {
	served := rpctypes.Error(err)
	for _, s := range said {
		if errors.Is(served, s.err) {
			return s.state, shown(served)
		}
	}
	switch code := codeOf(served); code {
	case codes.Unavailable:
		return Unreachable, shown(served)
	case codes.DeadlineExceeded, codes.Canceled:
		return Unreachable, NoAnswer
	case codes.ResourceExhausted:
		return TooLarge, shown(served)
	case codes.PermissionDenied:
		return Denied, shown(served)
	case codes.Unauthenticated:
		return Unauthenticated, shown(served)
	case codes.Unknown:
		// A member of 3.4 that has no leader hands on that its own context ended.
		if d := rpctypes.ErrorDesc(served); d == context.DeadlineExceeded.Error() || d == context.Canceled.Error() {
			return Unreachable, NoAnswer
		}
	}
	return Other, shown(served)
}

// codeOf returns the code of an error of a client or of a context.
func codeOf(err error) codes.Code {
	var served rpctypes.EtcdError
	switch {
	case errors.As(err, &served):
		return served.Code()
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	}
	return status.Code(err)
}

// shown returns what an error says, without what gRPC puts before it, fit for a line.
func shown(err error) string {
	return text.Shown(text.Cut(rpctypes.ErrorDesc(err), maxShown))
}
