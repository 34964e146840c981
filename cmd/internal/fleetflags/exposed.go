package fleetflags

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
)

// SayExposed warns, after Understand, of a password that others can read on its way to etcd,
// and of the file of our certificate's key where every user of this host can.
func (f *Etcd) SayExposed(say func(format string, args ...any)) {
	f.sayCleartext(say)
	if runtime.GOOS == "windows" || f.config.Key == "" { // there modes say nothing
		return
	}
	if info, err := os.Stat(f.config.Key); err == nil && info.Mode().Perm()&0o007 != 0 {
		say("warning: the key %s of our certificate for etcd can be read or written by every user of this host (its mode is %#o): chmod 600 or 640", f.config.Key, info.Mode().Perm())
	}
}

// sayCleartext warns of a member to whom the password goes so that others can read it on the
// way: over http, but to this host itself.
func (f *Etcd) sayCleartext(say func(format string, args ...any)) {
	if f.config.User == "" {
		return
	}
	for _, e := range f.config.Endpoints {
		scheme, host, ok := strings.Cut(e, "://")
		if !ok {
			scheme, host = "http", e
			if f.config.CACert != "" || f.config.Cert != "" {
				scheme = "https"
			}
		}
		host = host[strings.LastIndexByte(host, '@')+1:] // a password does not belong there, and is refused
		if scheme == "http" && !isLoopback(host) {
			say("warning: the password of %s is sent to etcd at %s unencrypted, where others can read it on the way: use https", f.config.User, host)
			return
		}
	}
}

// isLoopback reports that HOST[:PORT] is this host.
func isLoopback(host string) bool {
	host = strings.TrimRight(host, "/")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if address, err := netip.ParseAddr(host); err == nil {
		return address.IsLoopback()
	}
	return host == "localhost"
}
