// Package page is the daemon's page for people: which initiator port reaches which
// portal, the paths to one target, and what changed. It is HTML, SVG and one sheet of
// CSS, without script; all that is shown of a target's or a portal's texts is escaped.
package page
