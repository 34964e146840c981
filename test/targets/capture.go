package targets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

// markType is the type of the Ethernet frames, one of two that are free for
// experiments, that mark the start and the end of a capture.
const markType = 0x88b5

// markEvery is how often a mark is sent until it is seen.
const markEvery = 10 * time.Millisecond

var (
	errDumpcap   = errors.New("targets: dumpcap ended by itself")
	errNoCapture = errors.New("targets: dumpcap captures nothing on the interface")
)

// A CaptureConfig says what to capture.
type CaptureConfig struct {
	Namespace *netns.Namespace // nil: where the test is
	Interface string           // empty: the loopback
	Port      uint16           // TCP port; zero: everything, whatever its protocol
}

// A Capture is what went over an interface.
type Capture struct {
	// File is the capture, as pcapng. It is complete after Stop, and removed
	// at the end of the test.
	File string

	cfg     CaptureConfig
	t       testing.TB
	process *netns.Process
	stream  *pcapng
	output  *output
	stopped bool
}

// StartCapture starts a capture. It runs when StartCapture returns: what is sent
// from then on is in it.
func StartCapture(t testing.TB, cfg CaptureConfig) *Capture {
	t.Helper()
	need.Root(t)
	program := need.Program(t, "dumpcap")
	if cfg.Interface == "" {
		cfg.Interface = "lo"
	}
	c := &Capture{File: filepath.Join(t.TempDir(), "capture.pcapng"), cfg: cfg, t: t, output: &output{}}
	file, err := os.Create(c.File)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	c.stream = &pcapng{to: file}
	args := []string{"-q", "-B", "16", "-i", cfg.Interface, "-w", "-"}
	if cfg.Port != 0 {
		args = append(args, "-f", fmt.Sprintf("tcp port %d or ether proto %#x", cfg.Port, markType))
	}
	// By a pipe and not by a file, since it flushes only a pipe at once.
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = c.stream, c.output
	if c.process, err = cfg.Namespace.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.process.Kill)
	if err := c.mark(); err != nil {
		t.Fatal(err)
	}
	return c
}

// Stop ends the capture. What was sent before is in it. The end of the test
// does the same.
func (c *Capture) Stop() {
	c.t.Helper()
	if c.stopped {
		return
	}
	c.stopped = true
	if err := c.mark(); err != nil {
		c.t.Fatal(err)
	}
	c.process.Kill()
	if err := c.stream.err; err != nil {
		c.t.Fatal(err)
	}
}

// Judge stops the capture and has Wireshark judge it.
func (c *Capture) Judge() *Judgement {
	c.t.Helper()
	c.Stop()
	return Judge(c.t, c.File, c.cfg.Port)
}

// mark sends frames through the interface until the capture has one, and thus
// all that went before.
func (c *Capture) mark() error {
	text := []byte("mark " + rand.Text())
	seen := c.stream.watch(text)
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	limit := time.After(startLimit)
	for {
		if err := sendFrame(c.cfg.Namespace, c.cfg.Interface, markType, text); err != nil {
			return err
		}
		select {
		case <-seen:
			return nil
		case <-c.process.Done():
			return fmt.Errorf("%w: %s", errDumpcap, c.output)
		case <-limit:
			return fmt.Errorf("%w: %s: %s", errNoCapture, c.cfg.Interface, c.output)
		case <-tick.C:
		}
	}
}
