// Demo shows the whole way in a few seconds, with nothing but Go on the machine:
// it starts a real iSCSI target (gotgt), builds the command, runs it against the
// target as a person would, adds the target's portal to a registry, lists what
// that knows, and cleans up.
//
//	go run ./test/demo
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/test/targets/gotgt"
)

// childArg makes this program its own child: gotgt is a process of its own.
const childArg = "be-the-target"

func main() {
	if len(os.Args) == 2 && os.Args[1] == childArg {
		gotgt.Child()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// names are the targets that the demo serves.
var names = []string{
	"iqn.2026-11.com.example:archive",
	"iqn.2026-11.com.example:database",
	"iqn.2026-11.com.example:scratch",
}

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "discover-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	portal, stop, err := startTarget(ctx)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(out, "# a real target (gotgt %s) with %d targets serves at %s\n", "v0.2.2", len(names), portal)

	d := demo{out: out, dir: dir, command: filepath.Join(dir, "discover")}
	if err := d.build(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		line string
		want []string // in what it prints
	}{
		{"scan " + portal, names},
		{"scan " + portal + " -o iscsiadm", names},
		{"scan " + portal + " -o json", names},
		{"portal add --registry demo.db " + portal, names},
		{"portal list --registry demo.db", []string{portal, fmt.Sprintf("%d targets", len(names))}},
		{"target list --registry demo.db", names},
	} {
		text, err := d.show(ctx, strings.Fields(step.line)...)
		if err != nil {
			return err
		}
		for _, want := range step.want {
			if !strings.Contains(text, want) {
				return fmt.Errorf("discover %s did not show %s", step.line, want)
			}
		}
	}
	return nil
}

// startTarget starts gotgt on a free port of this host.
func startTarget(ctx context.Context) (portal string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for range 10 { // somebody may take the port first
		var port uint16
		if port, err = freePort(); err != nil {
			return "", nil, err
		}
		portal = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
		cfg := gotgt.Config{Port: port}
		for _, name := range names {
			cfg.Targets = append(cfg.Targets, gotgt.Target{
				Name:   name,
				Groups: []gotgt.Group{{Tag: 1, Portals: []string{portal}}},
			})
		}
		stop, err = gotgt.Start(ctx, exec.Command(self, childArg), cfg)
		if !errors.Is(err, gotgt.ErrNotReady) {
			break
		}
	}
	return portal, stop, err
}

// freePort returns a TCP port that is free now.
func freePort() (uint16, error) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port(), nil
}

// A demo runs the command and shows what a person would see.
type demo struct {
	out     io.Writer
	dir     string // to run in
	command string
}

// build builds the command from this checkout.
func (d *demo) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", d.command, "github.com/go-iscsi/discovery/cmd/discover")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// show runs the command, and prints the line and what comes of it.
func (d *demo) show(ctx context.Context, args ...string) (string, error) {
	fmt.Fprintf(d.out, "\n$ discover %s\n", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, d.command, args...)
	cmd.Dir = d.dir
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	_, _ = d.out.Write(text)
	if err != nil {
		return "", fmt.Errorf("discover %s: %w", strings.Join(args, " "), err)
	}
	return string(text), nil
}
