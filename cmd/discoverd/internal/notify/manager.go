package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

const (
	statusEvery = 10 * time.Second // how often a status that changed is sent at most
	maxStatus   = 200              // bytes of it
)

// A Manager is the service manager that started the daemon: systemd, or none.
type Manager struct {
	pulse    *Pulse
	watchdog time.Duration            // within which it wants a WATCHDOG=1; 0: it wants none
	send     func(state string) error // to it
}

// NewManager returns the service manager that the environment names. pulse decides
// whether its watchdog is told that all is well.
func NewManager(pulse *Pulse) (*Manager, error) {
	watchdog, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		return nil, fmt.Errorf("the watchdog of the service manager: %w", err)
	}
	return &Manager{pulse: pulse, watchdog: watchdog, send: func(state string) error {
		_, err := daemon.SdNotify(false, state)
		return err
	}}, nil
}

// Ready says that the daemon serves. After an error the service manager does not know,
// and will end the daemon.
func (m *Manager) Ready() error {
	if err := m.send(daemon.SdNotifyReady); err != nil {
		return fmt.Errorf("the service manager cannot be told that the daemon is ready: %w", err)
	}
	return nil
}

// Reload says that the daemon reloads while reload runs, and that it is ready again.
func (m *Manager) Reload(reload func()) error {
	// With the time, systemd from version 253 on knows which reload this is (Type=notify-reload).
	if err := m.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec()); err != nil {
		reload() // all the same: an administrator may have sent the signal by hand
		return fmt.Errorf("the service manager cannot be told of the reload: %w", err)
	}
	reload()
	return m.Ready()
}

// Stopping says that the daemon is about to end. An error changes nothing: the service
// manager sees the end itself.
func (m *Manager) Stopping() { _ = m.send(daemon.SdNotifyStopping) }

// Run sends the watchdog's sign of life while the scheduler moves, and the status when it
// has changed, until the context ends. A message that is lost is made up for by the next.
func (m *Manager) Run(ctx context.Context, status func() string) {
	every := statusEvery
	if m.watchdog > 0 {
		every = min(every, m.watchdog/2) // as sd_watchdog_enabled(3) recommends
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for sent := ""; ; {
		if m.watchdog > 0 && m.pulse.Moves() {
			_ = m.send(daemon.SdNotifyWatchdog)
		}
		if s := oneLine(status()); s != sent && m.send("STATUS="+s) == nil {
			sent = s
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Status is how the daemon stands, in a line: how many portals answer, and when the next
// is asked; zero: none will be. The time of day stays true between two messages.
func Status(up, all int, next time.Time) string {
	s := fmt.Sprintf("%d of %d portals up", up, all)
	if all == 0 {
		s = "the registry has no portals"
	}
	if !next.IsZero() {
		s += "; next at " + next.Format("15:04:05")
	}
	return s
}

// oneLine makes a text fit for a message, in which each line is a command to the service manager.
func oneLine(s string) string {
	if s = terminal.Visible(s); len(s) > maxStatus {
		s = strings.ToValidUTF8(s[:maxStatus-len("…")], "") + "…"
	}
	return s
}
