// Package probe answers /probe: one discovery session with one portal, now, of which
// nothing is stored. It asks what the registry has and what an administrator has allowed,
// and nothing else, whoever asks for it.
package probe
