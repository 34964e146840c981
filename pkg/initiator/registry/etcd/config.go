package etcd

import (
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// The times of a Config that has none, and the port of an endpoint that has none.
const (
	DefaultDialTimeout    = 5 * time.Second
	DefaultRequestTimeout = 10 * time.Second
	DefaultPort           = "2379"
)

// MaxEndpoints is how many members of a cluster a Config may name.
const MaxEndpoints = 64

// A Config says how etcd is reached. Endpoints are needed, nothing else is.
type Config struct {
	// Endpoints are the members' URLs for clients, http or https, or HOST:PORT, which is
	// https where there is a CACert or a Cert. All of them are of one kind. A member that
	// does not answer is passed over.
	Endpoints []string

	// CACert is a PEM file with the authorities that sign the members' certificates; "":
	// the system's. Cert and Key are PEM files with the certificate that members are
	// shown; "": none. All are read at each handshake, so that a certificate that was
	// renewed needs no restart.
	CACert, Cert, Key string

	// User and Password are etcd's; "": none. Over http they can be read on the way. A
	// user whom the common name of Cert names has no password.
	User     string
	Password auth.Secret

	DialTimeout    time.Duration // until the first connection; 0: DefaultDialTimeout
	RequestTimeout time.Duration // of a Store's request, with its further tries; 0: DefaultRequestTimeout
}

// urls returns the endpoints as URLs.
func (c *Config) urls() ([]string, error) {
	if len(c.Endpoints) == 0 || len(c.Endpoints) > MaxEndpoints {
		return nil, misconfigured("", "from 1 to 64 endpoints can be named")
	}
	var urls []string
	for _, e := range c.Endpoints {
		u, err := c.url(e)
		if err != nil {
			return nil, err
		}
		if len(urls) > 0 && strings.HasPrefix(u, "https:") != strings.HasPrefix(urls[0], "https:") {
			return nil, misconfigured(e, "all endpoints have to be http, or all https")
		}
		urls = append(urls, u)
	}
	switch secure := strings.HasPrefix(urls[0], "https:"); {
	case !secure && (c.CACert != "" || c.Cert != "" || c.Key != ""):
		return nil, misconfigured(c.Endpoints[0], "certificates are for https only")
	case (c.Cert == "") != (c.Key == ""):
		return nil, misconfigured("", "a certificate and its key go together")
	case (c.User == "") != c.Password.IsZero():
		return nil, misconfigured("", "a user and a password go together; a user whom a certificate names needs neither")
	}
	return urls, nil
}

// url returns an endpoint as a URL that has a port and no path.
func (c *Config) url(endpoint string) (string, error) {
	scheme, host, ok := strings.Cut(endpoint, "://")
	if !ok {
		scheme, host = "http", endpoint
		if c.CACert != "" || c.Cert != "" {
			scheme = "https"
		}
	}
	u, err := url.Parse(scheme + "://" + host)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || (scheme != "http" && scheme != "https") {
		return "", misconfigured(endpoint, "an endpoint is a URL http://HOST:PORT or https://HOST:PORT, or HOST:PORT")
	}
	port := u.Port()
	if port == "" {
		port = DefaultPort
	}
	return scheme + "://" + net.JoinHostPort(u.Hostname(), port), nil
}

// misconfigured returns the error for a Config that cannot be used.
func misconfigured(endpoint, reason string) error {
	e := &Error{What: "connect", State: Misconfigured, Reason: reason}
	if endpoint != "" {
		e.Endpoints = []string{text.Shown(text.Cut(withoutUser(endpoint), maxShown))}
	}
	return e
}

// withoutUser takes a user and a password, which do not belong there, out of an endpoint
// that is shown.
func withoutUser(endpoint string) string {
	scheme, host, ok := strings.Cut(endpoint, "://")
	if !ok {
		scheme, host = "", endpoint
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = "..." + host[at:]
	}
	if scheme == "" {
		return host
	}
	return scheme + "://" + host
}
