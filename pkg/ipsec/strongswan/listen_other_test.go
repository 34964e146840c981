//go:build !unix

package strongswan

import (
	"errors"
	"net"
)

// listen is net.Listen: there is no other backlog.
func (c *charon) listen() (net.Listener, error) {
	if c.backlog != 0 {
		return nil, errors.ErrUnsupported
	}
	return net.Listen("unix", c.Socket)
}
