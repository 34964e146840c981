package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// A link keeps of a client's endpoints how the last attempt to connect failed, since
// gRPC makes a text of it.
type link struct {
	urls           []string
	requestTimeout time.Duration

	mu        sync.Mutex
	failures  map[string]error // guarded by mu; by HOST:PORT
	allFailed func()           // guarded by mu; called when no endpoint is left; nil: nobody waits
}

// linkKey is where the context of a client has its link.
type linkKey struct{}

// linkOf returns the link of a client that Dial has made, or nil.
func linkOf(c *clientv3.Client) *link {
	l, _ := c.Ctx().Value(linkKey{}).(*link)
	return l
}

// note takes note of how an attempt to connect went.
func (l *link) note(address string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		delete(l.failures, address)
		return
	}
	l.failures[address] = err
	if len(l.failures) >= len(l.urls) && l.allFailed != nil {
		l.allFailed()
	}
}

// waitsNoMore ends that all endpoints' failures end the call of Dial.
func (l *link) waitsNoMore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allFailed = nil
}

// dial opens a connection for gRPC, with no proxy on the way.
func (l *link) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		l.note(address, err)
		return nil, err
	}
	return &firstRead{Conn: conn, link: l, address: address}, nil
}

// A firstRead is a connection whose first read tells whether the other side is one that
// takes us: it closes it, or refuses our certificate, before it has sent anything.
type firstRead struct {
	net.Conn
	link    *link
	address string
	once    sync.Once
}

func (c *firstRead) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.once.Do(func() {
		if n > 0 {
			err = nil
		}
		if !errors.Is(err, net.ErrClosed) { // by us
			c.link.note(c.address, err)
		}
	})
	return n, err
}

// explain puts into an error why the endpoints were not reached.
func (l *link) explain(e *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var reasons, urls []string
	for _, u := range l.urls {
		err := l.failures[strings.TrimPrefix(strings.TrimPrefix(u, "http://"), "https://")]
		if err == nil {
			continue
		}
		bad, reason := failure(err)
		if bad {
			e.State = BadCertificate
		}
		urls = append(urls, u)
		reasons = append(reasons, u+": "+reason)
		e.Err = errors.Join(e.Err, err)
	}
	switch len(reasons) {
	case 0:
		return
	case 1:
		e.Endpoints = urls
		_, reasons[0], _ = strings.Cut(reasons[0], "//")
		_, reasons[0], _ = strings.Cut(reasons[0], ": ")
	}
	const most = 3
	if more := len(reasons) - most; more > 0 {
		reasons = append(reasons[:most:most], fmt.Sprintf("and %d more", more))
	}
	e.Reason = strings.Join(reasons, ", ")
}

// failure puts into words why no connection came about, and whether a certificate is to
// blame.
func failure(err error) (certificate bool, reason string) {
	var (
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		header  tls.RecordHeaderError
		ours    *certificateError
		op      *net.OpError
		dns     *net.DNSError
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &ours):
		return true, ours.Error()
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return true, "the server's certificate is valid from " + day(invalid.Cert.NotBefore) + " to " + day(invalid.Cert.NotAfter) + ", and our clock has " + day(time.Now())
	case errors.As(err, &unknown):
		return true, "the server's certificate is not signed by an authority that we know"
	case errors.As(err, &name):
		return true, "the server's certificate is for other names"
	case errors.As(err, &invalid):
		return true, "the server's certificate is not valid for this"
	case errors.As(err, &header):
		return false, "the server does not answer in TLS; is it http?"
	case errors.As(err, &op) && op.Op == "remote error":
		return true, "the server refuses our certificate, or wants one: " + text.Shown(text.Cut(op.Err.Error(), maxShown))
	case errors.As(err, &dns) && dns.IsNotFound:
		return false, "no such host"
	case errors.As(err, &errno):
		return false, errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return false, "the server closes the connection; is it https?"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.Canceled):
		return false, NoAnswer
	}
	return false, text.Shown(text.Cut(err.Error(), maxShown))
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// A certificateError is files of ours that cannot be used, or a certificate that has
// ended.
type certificateError struct {
	path, reason string
	err          error
}

func (e *certificateError) Error() string { return text.Shown(e.path) + ": " + e.reason }
func (e *certificateError) Unwrap() error { return e.err }

// fileError returns the error for files that cannot be used, one of which is at path: the
// one that cannot be read is named, whichever it is.
func fileError(path string, err error, otherwise string) error {
	e := &certificateError{path: path, reason: otherwise, err: err}
	var failed *fs.PathError
	if errors.As(err, &failed) {
		e.path, e.reason = failed.Path, failed.Err.Error()
	}
	return e
}
