// Package manual has the texts that discover help prints of each verb, but for the
// flags, which say themselves what they do.
package manual
