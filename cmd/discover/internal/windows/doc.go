// Package windows does what the discovery verbs of Windows' iscsicli do, on our
// registry. What such a command line says, and the texts of the answers, are in package
// iscsicli.
package windows
