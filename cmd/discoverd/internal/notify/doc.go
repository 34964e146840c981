// Package notify is the daemon's side of systemd: it says when the daemon is ready,
// reloads and stops, how it stands, and that its scheduler moves, and it takes over the
// sockets that systemd has opened. Where no service manager asked for that, nothing is sent.
package notify
