package strongswan

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
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
	keeps   bool         // the peer renews nothing with a group
	hasty   bool         // a renewal is over before anything is listed
	used    bool         // something went through an association before it was renewed

	mu       sync.Mutex
	commands []string                // guarded by mu, like all that follows
	conns    map[string]vici.Section // by name
	keys     map[string]vici.Section
	up       map[string]bool          // associations of IKE
	children map[string]bool          // and of ESP
	renewing map[string]int           // how often associations were listed since their renewal began
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
	// The path of a socket has little room (104 bytes on some systems), and the name of
	// the test is in t.TempDir.
	folder, err := os.MkdirTemp("", "vici")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	c := &charon{
		t: t, Socket: filepath.Join(folder, "s"), bytes: "1000",
		conns: map[string]vici.Section{}, keys: map[string]vici.Section{}, up: map[string]bool{}, children: map[string]bool{}, renewing: map[string]int{},
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

// accepted returns how many connections there were.
func (c *charon) accepted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
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
