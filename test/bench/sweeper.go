package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// errPatience is why a sweeper was ended.
var errPatience = errors.New("it took too long")

// A sweeper is a client that sweeps addresses.
type sweeper struct {
	name string
	args []string // PORT in them is the target's TCP port
	read func() reader
	want []netip.Addr // what it has to find
	may  []int        // exit statuses that are no failure, beside 0
	lost bool         // it may find less: it sends each packet once, or gives up soon
}

// always is a reader that remembers nothing.
func always(r reader) func() reader { return func() reader { return r } }

// sweep has a sweeper sweep, and checks what it has found, which is how many. The
// time is good with errPatience, too.
func (l *lab) sweep(s *settings, c sweeper) (f figures, n int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.swept.patience)
	defer cancel()
	args := slices.Clone(c.args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "PORT", l.port)
	}
	args = s.placed(args, false)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	out, err := os.Create(filepath.Join(s.dir, "out"))
	if err != nil {
		return f, 0, err
	}
	defer out.Close()
	said, err := os.Create(filepath.Join(s.dir, "said"))
	if err != nil {
		return f, 0, err
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = out, said
	begin := time.Now()
	f, err = measureRun(cmd, func() error { return l.clients.Run(cmd) }, append([]int{0}, c.may...)...)
	if ctx.Err() != nil {
		return figures{wall: time.Since(begin).Seconds()}, 0, errPatience
	}
	if err != nil {
		text, _ := os.ReadFile(said.Name())
		return f, 0, fmt.Errorf("%w\n%s", err, text[max(0, len(text)-1000):])
	}
	got, err := readFound(out.Name(), c.read())
	if err == nil {
		err = exactly(got, c.want, c.lost)
	}
	if err != nil {
		return f, 0, fmt.Errorf("%v: %w", args, err)
	}
	return f, len(got), nil
}

// discover is discover as a sweeper of what is given, with flags.
func (s *settings) discover(name string, want []netip.Addr, flags, what string) sweeper {
	args := append([]string{s.command, "scan", what, "-o", "jsonl", "--tcp-port", "PORT"}, strings.Fields(flags)...)
	return sweeper{name: name, args: args, read: always(readDiscover), want: want, may: []int{1, 3}}
}

// sweepers returns the other clients that sweep a network, where they are installed.
// masscan and zmap make their packets themselves, so they have to be told what the
// kernel knows.
func (s *settings) sweepers() (there []sweeper) {
	w := &s.swept
	block, wait, rate := w.block().String(), fmt.Sprint(int(w.connect.Seconds())), fmt.Sprint(int(w.rate))
	for _, c := range []sweeper{
		{
			name: "nmap --open (open ports only)", lost: true, read: always(readNmap), want: w.open(),
			args: []string{"nmap", "-n", "-Pn", "-p", "PORT", "--open", "-oG", "-", block},
		},
		{
			name: "nmap --script iscsi-info", lost: true, read: readScript, want: w.living(),
			args: []string{"nmap", "-n", "-Pn", "-p", "PORT", "--open", "--script", "+iscsi-info", "-oN", "-", block},
		},
		{
			name: "masscan --rate " + rate + " (open ports only)", lost: true, read: always(readMasscan), want: w.open(),
			args: []string{"masscan", block, "-p", "PORT", "--rate", rate, "--wait", wait, "--interface", clientEnd, "--source-ip", clientAddr.String(), "--router-mac", targetMAC, "-oL", "-"},
		},
		{
			name: "zmap -r " + rate + " (open ports only)", lost: true, read: always(readZmap), want: w.open(),
			args: []string{"zmap", "-p", "PORT", "-r", rate, "-c", wait, "-i", clientEnd, "-S", clientAddr.String(), "-G", targetMAC, "-b", os.DevNull, "-o", "-", block},
		},
	} {
		if len(installed(contender{args: c.args})) > 0 {
			there = append(there, c)
		}
	}
	return there
}
