package strongswan

import (
	"bufio"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// A charon is a daemon for tests: it keeps what it is given, and negotiates what
// a test wants.
type charon struct {
	t      *testing.T
	Socket string

	// Settings; not changed while it is in use.
	log     []string          // what initiate says, as "GROUP text"
	fails   bool              // initiate does
	backlog int               // how many connections may wait, about; 0: many
	gate    chan struct{}     // a connection is accepted for each that is in it; nil: all are
	endless bool              // list-sas is
	second  bool              // what is said of initiate is so of the second phase alone
	silent  bool              // initiate goes on until it is terminated
	refuse  map[string]string // commands that are refused, and why
	hang    map[string]bool   // commands that are never answered
	drop    map[string]bool   // commands at which the connection is closed
	change  func(ike, child map[string]string)
	sticky  bool // what is unloaded stays
	foreign vici.Section
	extra   vici.Section // associations of others

	mu       sync.Mutex
	commands []string                // guarded by mu, like all that follows
	conns    map[string]vici.Section // by name
	keys     map[string]vici.Section
	up       map[string]bool          // associations of IKE
	children map[string]bool          // and of ESP
	phases   []string                 // what was initiated: "ike" or "child"
	conn     int                      // connections that were accepted
	open     []net.Conn               // all of these
	stop     map[string]chan struct{} // negotiations that go on
	loaded   []vici.Section           // every connection there was
	bytes    string                   // that went through, each way
	began    chan string              // names whose negotiation goes on
	asleep   bool                     // no command goes on
	awake    sync.Cond                // it does again
	listed   int                      // bytes of an endless list
}

// newCharon runs one until the end of the test.
func newCharon(t *testing.T, change func(*charon)) *charon {
	t.Helper()
	c := &charon{
		t: t, Socket: filepath.Join(t.TempDir(), "vici"), bytes: "1000",
		conns: map[string]vici.Section{}, keys: map[string]vici.Section{}, up: map[string]bool{}, children: map[string]bool{},
		stop: map[string]chan struct{}{}, began: make(chan string, 16),
	}
	c.awake.L = &c.mu
	if change != nil {
		change(c)
	}
	l, err := c.listen()
	if err != nil {
		t.Fatal(err)
	}
	quit := make(chan struct{})
	var served sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		close(quit)
		c.wake()
		served.Wait()
	})
	served.Go(func() {
		for {
			if c.gate != nil {
				select {
				case <-c.gate: // one at a time, or all when it is closed
				case <-quit:
				}
			}
			nc, err := l.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.conn++
			c.open = append(c.open, nc)
			c.mu.Unlock()
			served.Go(func() { c.serve(nc, quit) })
		}
	})
	return c
}

// wake ends what holds commands up.
func (c *charon) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asleep = false
	c.awake.Broadcast()
}

// hangUp closes all connections with it.
func (c *charon) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, nc := range c.open {
		nc.Close()
	}
}

// sleep makes it stop as it is, as by SIGSTOP.
func (c *charon) sleep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asleep = true
}

func (c *charon) serve(nc net.Conn, quit <-chan struct{}) {
	gone := make(chan struct{})
	defer close(gone)
	defer nc.Close()
	go func() {
		select {
		case <-quit:
			nc.Close()
		case <-gone:
		}
	}()
	r := bufio.NewReader(nc)
	registered := map[string]bool{}
	for {
		p, err := vici.ReadPacket(r)
		if err != nil {
			return
		}
		switch p.Type {
		case vici.EventRegister, vici.EventUnregister:
			registered[p.Name] = p.Type == vici.EventRegister
			err = vici.WritePacket(nc, vici.Packet{Type: vici.EventConfirm})
		case vici.CommandRequest:
			emit := func(event string, s vici.Section) error {
				if !registered[event] {
					return nil
				}
				return vici.WritePacket(nc, vici.Packet{Type: vici.Event, Name: event, Message: s})
			}
			if c.drop[p.Name] {
				return
			}
			if c.hang[p.Name] {
				<-quit
				return
			}
			answer := c.command(p.Name, p.Message, emit, quit)
			err = vici.WritePacket(nc, vici.Packet{Type: vici.CommandResponse, Message: answer})
			// A late one, as they come after a real one's answer, too.
			_ = emit("control-log", vici.Section{vici.Text("msg", "late")})
		}
		if err != nil {
			return
		}
	}
}

func no(reason string) vici.Section {
	return vici.Section{vici.Text("success", "no"), vici.Text("errmsg", reason)}
}

var yes = vici.Section{vici.Text("success", "yes")}

func (c *charon) command(name string, m vici.Section, emit func(string, vici.Section) error, quit <-chan struct{}) vici.Section {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands = append(c.commands, name)
	for c.asleep {
		c.awake.Wait()
	}
	if reason, ok := c.refuse[name]; ok {
		return no(reason)
	}
	switch name {
	case "load-shared":
		// What the message aliases is not kept by the client.
		c.keys[m.Text("id")] = m
	case "load-conn":
		for n, s := range m.Subs() {
			c.conns[n] = s
			c.loaded = append(c.loaded, s)
		}
	case "unload-shared":
		if _, ok := c.keys[m.Text("id")]; !ok {
			return no("not found")
		}
		if !c.sticky {
			delete(c.keys, m.Text("id"))
		}
	case "unload-conn":
		if _, ok := c.conns[m.Text("name")]; !ok {
			return no("not found")
		}
		delete(c.conns, m.Text("name"))
	case "get-conns":
		return vici.Section{vici.List("conns", sorted(c.conns)...)}
	case "get-shared":
		return vici.Section{vici.List("keys", sorted(c.keys)...)}
	case "list-conns":
		for n, s := range c.foreign.Subs() {
			_ = emit("list-conn", vici.Section{vici.Sub(n, s...)})
		}
		for n, s := range c.conns {
			_ = emit("list-conn", vici.Section{vici.Sub(n, s...)})
		}
	case "list-sas":
		for big := strings.Repeat("x", 1<<15); c.endless; c.listed += len(big) {
			if emit("list-sa", vici.Section{vici.Sub("x", vici.Text("local-host", big))}) != nil {
				return yes
			}
		}
		for n, s := range c.extra.Subs() {
			_ = emit("list-sa", vici.Section{vici.Sub(n, s...)})
		}
		for n := range c.up {
			if f := m.Text("ike"); f == "" || f == n {
				_ = emit("list-sa", c.association(n))
			}
		}
	case "initiate":
		return c.initiate(m, emit, quit)
	case "terminate":
		return c.terminate(m.Text("ike"))
	default:
		c.t.Errorf("command %s", name)
	}
	return yes
}

// initiate is called with mu held, and returns with it held.
func (c *charon) initiate(m vici.Section, emit func(string, vici.Section) error, quit <-chan struct{}) vici.Section {
	name, child := m.Text("ike"), m.Text("child")
	if _, ok := c.conns[name]; !ok || child != "" && child != name {
		return no("config not found")
	}
	phase := "ike"
	if child != "" {
		phase = "child"
	}
	c.phases = append(c.phases, phase)
	c.up[name] = true
	if c.second && child == "" {
		return yes
	}
	for _, line := range c.log {
		group, msg, _ := strings.Cut(line, " ")
		_ = emit("control-log", vici.Section{vici.Text("group", group), vici.Text("level", "1"), vici.Text("ikesa-name", name), vici.Text("msg", msg)})
	}
	if c.silent {
		stop := make(chan struct{})
		c.stop[name] = stop
		c.began <- name
		c.mu.Unlock()
		select {
		case <-stop:
		case <-quit:
		}
		c.mu.Lock()
		return no("establishing CHILD_SA failed")
	}
	if c.fails {
		return no("establishing CHILD_SA failed")
	}
	c.children[name] = child != ""
	return yes
}

func (c *charon) terminate(name string) vici.Section {
	if !c.up[name] {
		return no("no matching SAs to terminate found")
	}
	delete(c.up, name)
	delete(c.children, name)
	if stop, ok := c.stop[name]; ok {
		close(stop)
		delete(c.stop, name)
	}
	return yes
}

// association returns what list-sas has of a connection that is up: what was
// asked for.
func (c *charon) association(name string) vici.Section {
	conn := c.conns[name]
	child := conn.Sub("children").Sub(name)
	i := map[string]string{
		"version": "1", "state": "ESTABLISHED", "encr-alg": "AES_CBC", "encr-keysize": "256", "integ-alg": "HMAC_SHA2_256_128", "prf-alg": "PRF_HMAC_SHA2_256", "dh-group": "MODP_2048",
		"local-host": strings.Join(conn.List("local_addrs"), ""), "remote-host": strings.Join(conn.List("remote_addrs"), ""),
	}
	k := map[string]string{
		"name": name, "state": "INSTALLED", "mode": strings.ToUpper(child.Text("mode")), "protocol": "ESP", "reqid": child.Text("reqid"),
		"spi-in": "c0000001", "spi-out": "c0000002", "encr-alg": "AES_GCM_16", "encr-keysize": "256", "bytes-in": c.bytes, "bytes-out": c.bytes,
	}
	if esp := child.List("esp_proposals"); len(esp) > 0 && strings.Contains(esp[0], "modp") {
		k["dh-group"] = "MODP_2048"
	}
	if c.change != nil {
		c.change(i, k)
	}
	ike := section(i)
	if k["name"] != "" && c.children[name] {
		ike = append(ike, vici.Sub("child-sas", vici.Sub(name+"-1", section(k)...)))
	}
	return vici.Section{vici.Sub(name, ike...)}
}

func section(m map[string]string) (s vici.Section) {
	for _, k := range sorted(m) {
		if m[k] != "" {
			s = append(s, vici.Text(k, m[k]))
		}
	}
	return s
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// has returns the names of all that is in it.
func (c *charon) has() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := slices.Concat(sorted(c.conns), sorted(c.keys), sorted(c.up))
	slices.Sort(names)
	return slices.Compact(names)
}

// wantEmpty fails the test where something is left in it.
func (c *charon) wantEmpty() {
	c.t.Helper()
	if left := c.has(); len(left) > 0 {
		c.t.Errorf("left in charon: %v", left)
	}
}

// took returns how often a command came.
func (c *charon) took(command string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.commands {
		if name == command {
			n++
		}
	}
	return n
}
