package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/net/netutil"
)

// Bounds of a Server.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	maxConns      = 4096 // of one listener; more wait to be accepted
	shutdownTime  = 3 * time.Second
)

// A Server answers requests at listeners.
type Server struct {
	Handler   http.Handler
	WebConfig string // file of exporter-toolkit: TLS and users; empty: neither
	Log       *slog.Logger
}

// Serve answers until ctx ends, and then lets answers under way end, for a short time. The
// listeners are closed when it returns.
func (s *Server) Serve(ctx context.Context, listeners []net.Listener) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	failed := make(chan error, len(listeners))
	var servers []*http.Server
	for _, l := range listeners {
		// One each: the toolkit changes the server that it is given.
		one := &http.Server{
			Handler: s.Handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
			ErrorLog:                     slog.NewLogLogger(s.Log.Handler(), slog.LevelInfo),
			DisableGeneralOptionsHandler: true, // OPTIONS * is refused like any other, and by Host

			BaseContext: func(net.Listener) context.Context { return requests },
		}
		servers = append(servers, one)
		systemd := false
		flags := &web.FlagConfig{WebConfigFile: &s.WebConfig, WebSystemdSocket: &systemd}
		go func() { failed <- web.Serve(netutil.LimitListener(l, maxConns), one, flags, s.Log) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	end() // requests that wait for events, or for a portal, end
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	for _, one := range servers {
		if one.Shutdown(down) != nil {
			_ = one.Close()
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// yamlLine finds where a file is wrong in an error that may repeat what stands there.
var yamlLine = regexp.MustCompile(`line \d+`)

// CheckWebConfig reads the file of TLS and users, as it is read again with each connection.
// Its error repeats nothing of the file, which has passwords and may have keys.
func CheckWebConfig(path string) error {
	err := web.Validate(path)
	if err == nil || !strings.HasPrefix(err.Error(), "yaml: ") {
		return err
	}
	if where := yamlLine.FindString(err.Error()); where != "" {
		return fmt.Errorf("%s is not as the format wants it", where)
	}
	return errors.New("it is not YAML")
}
