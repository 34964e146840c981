package notify

import (
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets returns the listening sockets that systemd passed to this process. No other
// process gets them from it.
func Sockets() ([]net.Listener, error) {
	files := activation.Files(true)
	if len(files) == 0 {
		return nil, errors.New("systemd passed no socket: LISTEN_FDS and LISTEN_PID are not those of this process; start the daemon by a .socket unit")
	}
	var listeners []net.Listener
	var errs []error
	for _, f := range files {
		l, err := net.FileListener(f)
		f.Close() // the listener has a descriptor of its own
		if err != nil {
			errs = append(errs, fmt.Errorf("the socket %s from systemd does not listen for connections: %w", f.Name(), err))
			continue
		}
		listeners = append(listeners, l)
	}
	if len(errs) > 0 {
		for _, l := range listeners {
			l.Close()
		}
		return nil, errors.Join(errs...)
	}
	return listeners, nil
}
