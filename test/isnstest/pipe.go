package isnstest

import (
	"bufio"
	"net"
	"net/netip"
)

// A pipeEnd is one end of a connection in memory that has addresses.
type pipeEnd struct {
	net.Conn
	r             *bufio.Reader // takes what the other end writes at once, as a kernel does
	local, remote net.Addr
}

func (e *pipeEnd) Read(b []byte) (int, error) { return e.r.Read(b) }
func (e *pipeEnd) LocalAddr() net.Addr        { return e.local }
func (e *pipeEnd) RemoteAddr() net.Addr       { return e.remote }

// pipe returns the two ends of a connection.
func pipe(client, server netip.AddrPort) (a, b net.Conn) {
	c, s := net.Pipe()
	from, to := net.TCPAddrFromAddrPort(client), net.TCPAddrFromAddrPort(server)
	return &pipeEnd{Conn: c, r: bufio.NewReaderSize(c, 16<<10), local: from, remote: to},
		&pipeEnd{Conn: s, r: bufio.NewReaderSize(s, 16<<10), local: to, remote: from}
}
