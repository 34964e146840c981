package strongswan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

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
	case "rekey":
		if !c.children[m.Text("child")] {
			return no("no matching SAs to rekey found")
		}
		c.renewing[m.Text("child")] = 1
		if c.hasty {
			c.renewing[m.Text("child")] = 2
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
		"version": conn.Text("version"), "state": "ESTABLISHED", "encr-alg": "AES_CBC", "encr-keysize": "256", "integ-alg": "HMAC_SHA2_256_128", "prf-alg": "PRF_HMAC_SHA2_256", "dh-group": "MODP_2048",
		"local-host": strings.Join(conn.List("local_addrs"), ""), "remote-host": strings.Join(conn.List("remote_addrs"), ""),
	}
	k := map[string]string{
		"name": name, "state": "INSTALLED", "mode": strings.ToUpper(child.Text("mode")), "protocol": "ESP", "reqid": child.Text("reqid"),
		"spi-in": "c0000001", "spi-out": "c0000002", "encr-alg": "AES_GCM_16", "encr-keysize": "256", "bytes-in": c.bytes, "bytes-out": c.bytes,
	}
	list := []map[string]string{k}
	if esp := child.List("esp_proposals"); conn.Text("version") == "2" {
		list = c.renewal(name, k)
	} else if len(esp) > 0 && (strings.Contains(esp[0], "modp") || strings.Contains(esp[0], "ecp")) {
		k["dh-group"] = "MODP_2048"
	}
	if c.change != nil {
		c.change(i, k)
	}
	ike := section(i)
	if k["name"] != "" && c.children[name] {
		var sections []vici.Element
		for i, k := range list {
			sections = append(sections, vici.Sub(fmt.Sprintf("%s-%d", name, i), section(k)...))
		}
		ike = append(ike, vici.Sub("child-sas", sections...))
	}
	return vici.Section{vici.Sub(name, ike...)}
}

// renewal returns the associations of version 2 as they are listed one time after the
// other: the first one, which is then being renewed, and then gone but for its name.
func (c *charon) renewal(name string, first map[string]string) []map[string]string {
	n := c.renewing[name]
	if n == 0 {
		return []map[string]string{first}
	}
	c.renewing[name]++
	switch {
	case n == 1:
		first["state"] = "REKEYING"
		return []map[string]string{first}
	case c.keeps:
		return []map[string]string{first}
	}
	second := maps.Clone(first)
	second["dh-group"], second["spi-in"], second["spi-out"] = "MODP_2048", "c0000003", "c0000004"
	first["state"] = "DELETED"
	if !c.used {
		first["bytes-in"], first["bytes-out"] = "0", "0"
	}
	return []map[string]string{first, second}
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
