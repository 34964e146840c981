package page

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

// A chromium is a headless browser, spoken to by the Chrome DevTools Protocol through two
// pipes: JSON with a NUL behind each message.
type chromium struct {
	t    *testing.T
	cmd  *exec.Cmd
	to   io.WriteCloser
	from *bufio.Reader

	mu      sync.Mutex // guards the following
	calls   map[int]chan message
	events  []message
	changed chan struct{}
	last    int
}

// A message is what the browser sends: the answer to a call, or an event.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

// startChromium starts a browser that ends with the test.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds")
	}
	program := need.Program(t, "chromium")
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "discover-chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-proxy-server",
		"--user-data-dir="+folder, "--remote-debugging-pipe", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_CACHE_HOME="+folder, "DBUS_SESSION_BUS_ADDRESS=disabled:")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	stderr, err := os.Create(filepath.Join(folder, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with the processes that it starts
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	c := &chromium{t: t, cmd: cmd, to: in, from: bufio.NewReader(out), calls: make(map[int]chan message), changed: make(chan struct{}, 1)}
	go c.read()
	t.Cleanup(func() {
		c.end(stderr)
		out.Close()
	})
	return c
}

// end ends the browser, tells what it said when the test failed, and removes what it wrote.
func (c *chromium) end(stderr *os.File) {
	fmt.Fprint(c.to, `{"id":1000000,"method":"Browser.close"}`+"\x00")
	ended := make(chan struct{})
	go func() { c.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		c.cmd.Process.Kill()
		<-ended
	}
	syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // what is left of them, which still writes
	c.to.Close()
	stderr.Close()
	defer func() {
		for range 100 {
			if os.RemoveAll(filepath.Dir(stderr.Name())) == nil {
				return
			}
		}
	}()
	if c.t.Failed() {
		text, _ := os.ReadFile(stderr.Name())
		c.t.Logf("standard error of the browser:\n%s", text[max(0, len(text)-2000):])
	}
}

// read hands answers to those who wait for them, and keeps events.
func (c *chromium) read() {
	for {
		b, err := c.from.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(b[:len(b)-1], &m) != nil {
			continue
		}
		c.mu.Lock()
		if m.Method != "" {
			c.events = append(c.events, m)
		} else if answer := c.calls[m.ID]; answer != nil {
			delete(c.calls, m.ID)
			answer <- m
		}
		c.mu.Unlock()
		select {
		case c.changed <- struct{}{}:
		default:
		}
	}
}

// call calls a method of the protocol, and puts what it answers into result.
func (c *chromium) call(session, method string, params map[string]any, result any) {
	c.t.Helper()
	answer := make(chan message, 1)
	c.mu.Lock()
	c.last++
	c.calls[c.last] = answer
	call := map[string]any{"id": c.last, "method": method, "params": params}
	c.mu.Unlock()
	if params == nil {
		call["params"] = map[string]any{}
	}
	if session != "" {
		call["sessionId"] = session
	}
	b, err := json.Marshal(call)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.to.Write(append(b, 0)); err != nil {
		c.t.Fatal(err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			c.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				c.t.Fatal(err)
			}
		}
	case <-time.After(60 * time.Second):
		c.t.Fatalf("%s: the browser did not answer for a minute", method)
	}
}

// seen returns the events of a method so far.
func (c *chromium) seen(method string) (all []json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.events {
		if m.Method == method {
			all = append(all, m.Params)
		}
	}
	return all
}

// await waits until there are more than n events of a method.
func (c *chromium) await(method string, n int) {
	c.t.Helper()
	deadline := time.After(60 * time.Second)
	for len(c.seen(method)) <= n {
		select {
		case <-c.changed:
		case <-deadline:
			c.t.Fatalf("no %s within a minute", method)
		}
	}
}

// A tab is one page of the browser. Script is off in it, as pages have to do without.
type tab struct {
	*chromium
	session string
}

// newTab opens a tab of a width, light or dark.
func (c *chromium) newTab(width int, scheme string) *tab {
	c.t.Helper()
	var target struct{ TargetID string }
	c.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	c.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	t := &tab{c, attached.SessionID}
	for _, domain := range []string{"Page", "Network", "Log", "Runtime", "Accessibility", "DOM"} {
		t.do(domain+".enable", nil, nil)
	}
	t.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	t.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	t.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	return t
}

func (t *tab) do(method string, params map[string]any, result any) {
	t.t.Helper()
	t.call(t.session, method, params, result)
}

// open opens an address, and waits until it is loaded.
func (t *tab) open(url string) {
	t.t.Helper()
	n := len(t.seen("Page.loadEventFired"))
	var result struct{ ErrorText string }
	t.do("Page.navigate", map[string]any{"url": url}, &result)
	if result.ErrorText != "" {
		t.t.Fatalf("%s: %s", url, result.ErrorText)
	}
	t.await("Page.loadEventFired", n)
	t.laidOut()
}

// screenshot writes the whole page as a PNG where DISCOVER_TEST_SCREENSHOTS names a folder.
func (t *tab) screenshot(name string) {
	t.t.Helper()
	var picture struct{ Data string }
	t.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &picture)
	b, err := base64.StdEncoding.DecodeString(picture.Data)
	if err != nil || len(b) < 1000 {
		t.t.Fatalf("a screenshot of %d bytes, error %v", len(b), err)
	}
	if folder := os.Getenv("DISCOVER_TEST_SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), b, 0o644); err != nil {
			t.t.Fatal(err)
		}
	}
}

// A node is what a screen reader has of an element.
type node struct{ Role, Name string }

// tree returns what a screen reader has of the page.
func (t *tab) tree() (nodes []node) {
	t.t.Helper()
	type value struct{ Value any }
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name value
		}
	}
	t.do("Accessibility.getFullAXTree", nil, &tree)
	for _, n := range tree.Nodes {
		if !n.Ignored {
			nodes = append(nodes, node{fmt.Sprint(n.Role.Value), fmt.Sprint(n.Name.Value)})
		}
	}
	return nodes
}

// text returns all text of the page as a screen reader has it.
func (t *tab) text() string {
	t.t.Helper()
	var b strings.Builder
	for _, n := range t.tree() {
		if n.Role == "StaticText" {
			b.WriteString(n.Name + "\n")
		}
	}
	return b.String()
}

// press presses a key.
func (t *tab) press(key string, code int) {
	t.t.Helper()
	for _, kind := range []string{"rawKeyDown", "keyUp"} {
		t.do("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}, nil)
	}
}
