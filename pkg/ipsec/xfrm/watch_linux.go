package xfrm

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// A watcher hears from the kernel when security associations go away, and looks
// whether those that a connection needs are still there.
type watcher struct {
	hold    Hold
	out, in flow
	socket  *nl.NetlinkSocket
	running sync.WaitGroup

	mu   sync.Mutex
	gone *enforce.LostError // guarded by mu
}

// watch begins to listen.
func watch(h Hold, source netip.Addr, portal netip.AddrPort) (*watcher, error) {
	s, err := nl.Subscribe(unix.NETLINK_XFRM, nl.XFRMNLGRP_SA, nl.XFRMNLGRP_EXPIRE)
	if err != nil {
		return nil, err
	}
	w := &watcher{hold: h, socket: s}
	w.out, w.in = flows(source, portal)
	return w, nil
}

// start calls lost, from another goroutine, when the associations are gone.
func (w *watcher) start(lost func()) {
	w.running.Go(func() {
		for w.listen() {
			if w.intact() {
				continue
			}
			w.mu.Lock()
			w.gone = &enforce.LostError{Reason: w.hold.String()}
			w.mu.Unlock()
			lost()
			return
		}
	})
}

// listen waits until an association went away; false: the watcher was closed.
func (w *watcher) listen() bool {
	for {
		messages, _, err := w.socket.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			return true // more was said than we could hear
		case err != nil:
			return false
		}
		relevant := false
		for _, m := range messages {
			switch m.Header.Type {
			case nl.XFRM_MSG_DELSA, nl.XFRM_MSG_FLUSHSA, nl.XFRM_MSG_EXPIRE:
				relevant = true
			}
			clear(m.Data) // there are keys in it
		}
		if relevant {
			return true
		}
	}
}

// intact reports whether there is an association for each that the hold demands.
// Where that cannot be found out the hold does its work all the same.
func (w *watcher) intact() bool {
	states, err := listStates(context.Background())
	return err != nil || served(states, w.hold.out, w.out) && served(states, w.hold.in, w.in)
}

// lost returns the error of a connection whose associations are gone, else nil.
func (w *watcher) lost() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone == nil {
		return nil
	}
	return w.gone
}

// close ends the watcher, and waits for it.
func (w *watcher) close() {
	w.socket.Close()
	w.running.Wait()
}
