//go:build unix

package strongswan

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// listen is net.Listen with a backlog.
func (c *charon) listen() (net.Listener, error) {
	if c.backlog == 0 {
		return net.Listen("unix", c.Socket)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), c.Socket)
	defer f.Close()
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: c.Socket}); err != nil {
		return nil, err
	}
	if err := unix.Listen(fd, c.backlog); err != nil {
		return nil, err
	}
	return net.FileListener(f)
}
