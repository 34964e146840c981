package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// A handshaker is gRPC's TLS with the files of a Config as they are at each handshake.
type handshaker struct {
	link              *link
	caCert, cert, key string
}

// ClientHandshake does what its interface says.
func (h *handshaker) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	cfg, ends, err := h.config()
	if err != nil {
		h.link.note(authority, err)
		return nil, nil, err
	}
	conn, info, err := credentials.NewTLS(cfg).ClientHandshake(ctx, authority, withoutFirstRead(raw))
	if err != nil {
		h.link.note(authority, h.blame(err, ends))
		return nil, nil, err
	}
	return &judged{Conn: conn, handshaker: h, address: authority, ends: ends}, info, nil
}

// withoutFirstRead returns the connection below TLS: what it reads first is of TLS.
func withoutFirstRead(c net.Conn) net.Conn {
	if f, ok := c.(*firstRead); ok {
		return f.Conn
	}
	return c
}

// blame returns the error for what the server said when our certificate had ended: that
// is why.
func (h *handshaker) blame(err error, ends time.Time) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" && !ends.IsZero() && time.Now().After(ends) {
		return &certificateError{path: h.cert, reason: "our certificate ended on " + day(ends), err: err}
	}
	return err
}

// judgedLimit is how long a connection that is closed before anything was read of it is
// read for the server's reason.
const judgedLimit = 100 * time.Millisecond

// A judged is a connection on which the server judges our certificate after the handshake
// (RFC 8446, section 4.4.2.4): its first read tells.
type judged struct {
	net.Conn
	*handshaker
	address string
	ends    time.Time
	first   sync.Once
}

func (c *judged) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.first.Do(func() { c.judge(n, err) })
	return n, err
}

// Close closes the connection. A server that refuses us closes it first, which gRPC may
// notice when it writes: then nothing has read why.
func (c *judged) Close() error {
	c.first.Do(func() {
		_ = c.SetReadDeadline(time.Now().Add(judgedLimit)) // else the read fails
		n, err := c.Conn.Read(make([]byte, 1))
		c.judge(n, err)
	})
	return c.Conn.Close()
}

// judge takes note of the first read.
func (c *judged) judge(n int, err error) {
	if n > 0 {
		err = nil
	}
	c.link.note(c.address, c.blame(err, c.ends))
}

// config reads the files, and returns when our certificate ends; zero: we show none.
func (h *handshaker) config() (cfg *tls.Config, ends time.Time, err error) {
	cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	if h.caCert != "" {
		pem, err := os.ReadFile(h.caCert)
		if err != nil {
			return nil, ends, fileError(h.caCert, err, "it cannot be read")
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, ends, &certificateError{path: h.caCert, reason: "no PEM of a certificate"}
		}
	}
	if h.cert != "" {
		pair, err := tls.LoadX509KeyPair(h.cert, h.key)
		if err != nil {
			return nil, ends, fileError(h.cert, err, "no PEM of a certificate, or none of its key in "+text.Shown(h.key))
		}
		cfg.Certificates = []tls.Certificate{pair}
		ends = pair.Leaf.NotAfter
	}
	return cfg, ends, nil
}

// ServerHandshake is for servers, which we are not.
func (h *handshaker) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.ErrUnsupported
}

// Info tells what gRPC wants to know.
func (h *handshaker) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone returns h, which does not change.
func (h *handshaker) Clone() credentials.TransportCredentials { return h }

// OverrideServerName does nothing: the name is that of the endpoint.
func (h *handshaker) OverrideServerName(string) error { return nil }
