//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watch has the daemon ask a registry for some intervals, and says what that takes: the
// share of a processor, memory, and how late attempts begin. The floor is the CPU of scans
// of the same portals, one in each interval.
func (s *settings) watch() error {
	daemon, err := s.build("discoverd", "github.com/go-iscsi/discovery/cmd/discoverd")
	if err != nil {
		return err
	}
	list, err := s.file("watched", s.portals)
	if err != nil {
		return err
	}
	port, _, stop, err := s.startTarget(nil, "be-the-target", "4", s.kind)
	if err != nil {
		return err
	}
	defer stop()
	file := filepath.Join(s.dir, "watched.db")
	if err := fillRegistry(file, s.portals, port); err != nil {
		return err
	}
	d, err := s.startDaemon(daemon, file)
	if err != nil {
		return err
	}
	defer d.kill()
	fmt.Printf("\ndiscoverd, %d portals of 4 targets every %v\n", s.portals, s.every)
	fmt.Println("interval  asked  failed  CPU s  share of a processor  resident MiB  late: mean ms  within 0.1 s  within 1 s   scan's CPU s  ratio")
	time.Sleep(s.every + s.every/5) // each portal was asked once, and its targets are in the registry
	before, err := d.sample()
	if err != nil {
		return err
	}
	for i := range s.pairs {
		time.Sleep(s.every)
		now, err := d.sample()
		if err != nil {
			return err
		}
		floor, err := measure(s.placed([]string{s.command, "scan", "@" + list, "--parallel", strconv.Itoa(s.parallel), "-o", "jsonl", "--tcp-port", port}, false))
		if err != nil {
			return err
		}
		cpu, asked := now.cpu-before.cpu, now.asked-before.asked
		per := cpu / max(asked, 1) * float64(s.portals)
		late := now.late.minus(before.late)
		fmt.Printf("%8d  %5.0f  %6.0f  %5.2f  %20.3f  %12.1f  %13.1f  %12.3f  %10.3f  %13.2f  %5.2f\n",
			i+1, asked, now.failed-before.failed, cpu, cpu/s.every.Seconds(), now.resident/(1<<20),
			late.sum/max(late.count, 1)*1e3, late.within["0.1"]/max(late.count, 1), late.within["1"]/max(late.count, 1), floor.cpu, per/floor.cpu)
		if before, err = d.sample(); err != nil { // the time of the scan does not count
			return err
		}
	}
	return nil
}

// A watchingDaemon is a discoverd that was started.
type watchingDaemon struct {
	cmd *exec.Cmd
	url string
}

// startDaemon starts a daemon on a registry.
func (s *settings) startDaemon(program, registry string) (*watchingDaemon, error) {
	args := s.placed([]string{program, "--listen", "127.0.0.1:0", "--registry", registry, "--every", s.every.String(), "--initiator-name", "iqn.2026-11.com.example:bench"}, false)
	d := &watchingDaemon{cmd: exec.Command(args[0], args[1:]...)}
	said, err := d.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), "listening at "); ok {
			d.url = "http://" + at
			go io.Copy(os.Stderr, said) //nolint:errcheck // until it ends
			return d, nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	d.kill()
	return nil, fmt.Errorf("%s does not listen", program)
}

func (d *watchingDaemon) kill() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	_ = d.cmd.Wait()
}

// A sample is what the metrics of a daemon say.
type sample struct {
	cpu, resident, asked, failed float64
	late                         lateness
}

// A lateness is the histogram of how late attempts begin.
type lateness struct {
	sum, count float64
	within     map[string]float64 // by the bound in seconds
}

func (l lateness) minus(before lateness) lateness {
	d := lateness{sum: l.sum - before.sum, count: l.count - before.count, within: make(map[string]float64)}
	for bound, n := range l.within {
		d.within[bound] = n - before.within[bound]
	}
	return d
}

// sample reads the metrics.
func (d *watchingDaemon) sample() (s sample, err error) {
	r, err := http.Get(d.url + "/metrics")
	if err != nil {
		return s, err
	}
	defer r.Body.Close()
	s.late.within = make(map[string]float64)
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if at < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		value, err := strconv.ParseFloat(lines.Text()[at+1:], 64)
		if err != nil || math.IsNaN(value) {
			continue
		}
		const late = "iscsi_discovery_lateness_seconds"
		switch series := lines.Text()[:at]; {
		case series == "process_cpu_seconds_total":
			s.cpu = value
		case series == "process_resident_memory_bytes":
			s.resident = value
		case strings.HasPrefix(series, "iscsi_discovery_attempts_total{"):
			s.asked += value
			if strings.Contains(series, `result="error"`) {
				s.failed += value
			}
		case series == late+"_sum":
			s.late.sum = value
		case series == late+"_count":
			s.late.count = value
		case strings.HasPrefix(series, late+`_bucket{le="`):
			s.late.within[strings.TrimSuffix(strings.TrimPrefix(series, late+`_bucket{le="`), `"}`)] = value
		}
	}
	return s, lines.Err()
}
