//go:build linux || darwin

package gotgt

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/gostor/gotgt/pkg/config"
	_ "github.com/gostor/gotgt/pkg/port/iscsit" // registers the driver
	"github.com/gostor/gotgt/pkg/scsi"
	_ "github.com/gostor/gotgt/pkg/scsi/backingstore" // registers file and null
	"github.com/sirupsen/logrus"
)

// firstDevice is the number of the first backing store; any would do.
const firstDevice = 1000

// Serve serves in this process, which is best a child's, and does not return
// while it goes well. It calls ready when gotgt listens. If the port is taken,
// gotgt ends the process with status 1.
func Serve(cfg Config, ready func()) error {
	logrus.SetOutput(io.Discard)
	logrus.AddHook(&hook{ready: ready})
	c, err := translate(cfg)
	if err != nil {
		return err
	}
	if err := scsi.InitSCSILUMap(c); err != nil {
		return fmt.Errorf("gotgt: %w", err)
	}
	driver, err := scsi.NewTargetDriver("iscsi", scsi.NewSCSITargetService())
	if err != nil {
		return fmt.Errorf("gotgt: %w", err)
	}
	for _, t := range cfg.Targets {
		if err := driver.NewTarget(t.Name, c); err != nil {
			return fmt.Errorf("gotgt: %s: %w", t.Name, err)
		}
	}
	return driver.Run(int(cfg.Port))
}

// translate puts a configuration into gotgt's terms. The portals of a target
// are indexes into one list for all, which must not repeat a portal within a
// group but may otherwise, so every mention gets an entry.
func translate(cfg Config) (*config.Config, error) {
	c := &config.Config{ISCSITargets: make(map[string]config.ISCSITarget)}
	for _, t := range cfg.Targets {
		if _, ok := c.ISCSITargets[t.Name]; ok {
			return nil, fmt.Errorf("gotgt: target %s is there twice", t.Name)
		}
		target := config.ISCSITarget{TPGTs: make(map[string][]uint64), LUNs: make(map[string]uint64)}
		for _, g := range t.Groups {
			tag := strconv.Itoa(int(g.Tag))
			for _, p := range g.Portals {
				index := len(c.ISCSIPortals)
				c.ISCSIPortals = append(c.ISCSIPortals, config.ISCSIPortalInfo{ID: uint16(index), Portal: p})
				target.TPGTs[tag] = append(target.TPGTs[tag], uint64(index))
			}
		}
		if t.LUN != "" {
			device := uint64(firstDevice + len(c.Storages))
			c.Storages = append(c.Storages, config.BackendStorage{DeviceID: device, Path: t.LUN, Online: true, BlockShift: 9})
			target.LUNs["0"] = device
		}
		c.ISCSITargets[t.Name] = target
	}
	return c, nil
}

// A hook hears what gotgt logs: the line by which it says that it listens, and
// its errors. The level is lowered then, since it logs every connection.
type hook struct {
	ready func()
}

func (h *hook) Levels() []logrus.Level {
	return []logrus.Level{logrus.PanicLevel, logrus.FatalLevel, logrus.ErrorLevel, logrus.InfoLevel}
}

func (h *hook) Fire(e *logrus.Entry) error {
	switch {
	case e.Level != logrus.InfoLevel:
		fmt.Fprintln(os.Stderr, "gotgt:", e.Message)
	case strings.HasPrefix(e.Message, "iSCSI service listening on"):
		logrus.SetLevel(logrus.ErrorLevel)
		h.ready()
	}
	return nil
}
