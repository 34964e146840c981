// Package wording has phrases of messages: counts, arguments that are repeated, and reasons
// that keep to themselves what may be a secret.
package wording
