package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// network is what package userspace, and what is below it, may use of the packages by which
// a program gets at the network. TCP can be connected by none of it: a socket of TCP is
// bound, and no more.
var network = map[string][]string{
	"net": {"Addr", "Conn", "ErrClosed", "ListenConfig", "OpError", "TCPAddrFromAddrPort", "UDPConn"},
	"syscall": {
		"AF_INET", "AF_INET6", "Bind", "BindToDevice", "Close", "CloseOnExec", "Closesocket", "ECONNABORTED", "ECONNREFUSED",
		"ECONNRESET", "EADDRINUSE", "EADDRNOTAVAIL", "EHOSTUNREACH", "ENETUNREACH", "ENOTCONN", "EPIPE", "ETIMEDOUT", "Errno", "ForkLock",
		"Getsockname", "IPPROTO_TCP", "RawConn", "SO_REUSEADDR", "SOCK_STREAM", "SOL_SOCKET", "SetsockoptInt", "Sockaddr",
		"SockaddrInet4", "SockaddrInet6", "Socket", "WSAData", "WSAStartup",
	},
}

// TestNoDial: the enforcer in user space has no way to connect TCP by the system, on any
// system: each call that gets at the network is one of those that are listed.
func TestNoDial(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"pkg/ipsec/userspace", "pkg/ipsec/userspace/internal/netstack"} {
		files, err := filepath.Glob(filepath.Join("../..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				checkNetwork(t, name)
			}
		}
	}
}

func checkNetwork(t *testing.T, name string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		if i.Name != nil {
			t.Errorf("%s: %s is imported by another name, so that what is used of it cannot be seen", name, path)
		}
		if strings.HasPrefix(path, "golang.org/x/") || path == "C" || path == "unsafe" || path == "os/exec" || path == "net/http" {
			t.Errorf("%s: %s is imported", name, path)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil {
			if may, of := network[x.Name]; of && !slices.Contains(may, s.Sel.Name) {
				t.Errorf("%s: %s.%s is used", set.Position(s.Pos()), x.Name, s.Sel.Name)
			}
		}
		if s.Sel.Name == "Listen" || strings.HasPrefix(s.Sel.Name, "Listen") && !slices.Contains([]string{"ListenConfig", "ListenPacket"}, s.Sel.Name) {
			t.Errorf("%s: %s is called", set.Position(s.Pos()), s.Sel.Name)
		}
		return true
	})
}
