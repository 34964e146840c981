package etcdtest

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A User is one of etcd's, with a role of the same name.
type User struct {
	Name     string
	Password string   // "": none; the user shows a certificate with the name
	Read     []string // prefixes of keys
	Write    []string // prefixes of keys, to read as well
}

// rootPassword is root's.
const rootPassword = "root of tests"

// Authenticate adds root and users, and demands that clients of the cluster be one of
// them.
func (s *Server) Authenticate(t testing.TB, users ...User) {
	t.Helper()
	s.wantOwn(t)
	client := s.Client(t)
	check := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
	}
	check(client.RoleAdd(t.Context(), "root"))
	check(client.UserAdd(t.Context(), "root", rootPassword))
	check(client.UserGrantRole(t.Context(), "root", "root"))
	for _, u := range users {
		s.addUser(t, client, u)
	}
	check(client.AuthEnable(t.Context()))
	for _, p := range s.peers {
		p.root = rootPassword
	}
}

// AddUser adds a user after Authenticate.
func (s *Server) AddUser(t testing.TB, u User) {
	t.Helper()
	s.addUser(t, s.Client(t), u)
}

func (s *Server) addUser(t testing.TB, client *clientv3.Client, u User) {
	t.Helper()
	check := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v: user %s: %v", s, u.Name, err)
		}
	}
	grant := func(prefixes []string, p clientv3.PermissionType) {
		t.Helper()
		for _, prefix := range prefixes {
			check(client.RoleGrantPermission(t.Context(), u.Name, prefix, clientv3.GetPrefixRangeEnd(prefix), p))
		}
	}
	check(client.RoleAdd(t.Context(), u.Name))
	grant(u.Read, clientv3.PermissionType(clientv3.PermRead))
	grant(u.Write, clientv3.PermissionType(clientv3.PermReadWrite))
	check(client.UserAddWithOptions(t.Context(), u.Name, u.Password, &clientv3.UserAddOptions{NoPassword: u.Password == ""}))
	check(client.UserGrantRole(t.Context(), u.Name, u.Name))
}
