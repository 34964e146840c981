// Package view changes what is shown of the addresses that targets advertise: it
// rewrites, filters and probes them between the engine and an output. Nothing that is
// stored changes.
package view
