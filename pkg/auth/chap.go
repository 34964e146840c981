package auth

import (
	"crypto/fips140"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Lengths in bytes.
const (
	minSecretLen       = 12 // 96 bits (RFC 7143, section 9.2.1)
	minShortSecretLen  = 1  // where IPsec protects the connection, or the user takes them without
	maxSecretLen       = 255
	maxStrictSecretLen = 16 // of the reference API
	maxNameLen         = 255
)

// CHAP is the Method of RFC 7143, section 12.1.3: the target challenges us to
// prove that we know a secret, and, where Mutual is set, we the target. It is not
// to be changed while it is in use.
type CHAP struct {
	User   string // CHAP_N, 1 to 255 bytes without NUL; required
	Secret Secret // that we answer with, 12 to 255 bytes; required

	// Mutual demands that the target prove itself, too. TargetSecret, which we
	// verify it with, is required then, must not be Secret, and is of 12 to 255
	// bytes. TargetUser is the CHAP_N that it has to send; empty: any. Both mean
	// nothing where Mutual is not set.
	Mutual       bool
	TargetUser   string
	TargetSecret Secret

	Algorithms []Algorithm // to offer, in order; none: DefaultAlgorithms

	Strict    bool // no secret longer than the 16 bytes of the reference API
	Protected bool // IPsec protects the connection: secrets from 1 byte on

	// Short takes secrets from 1 byte on without IPsec, too: the user has said so,
	// for targets that have such secrets. Strict goes before it.
	Short bool

	// Outstanding are the challenges that a target must not send back, ours
	// among them; nil: those of the one exchange alone.
	Outstanding *Challenges

	Rand io.Reader // of identifiers and challenges; nil: crypto/rand
}

// Name returns "CHAP".
func (c *CHAP) Name() string { return "CHAP" }

// Begin starts a run. What Validate would refuse, the first Step does.
func (c *CHAP) Begin() Exchange {
	e := &chapExchange{chap: *c, step: (*chapExchange).offer}
	e.outcome.Method = c.Name()
	if e.chap.Outstanding == nil {
		e.chap.Outstanding = new(Challenges)
	}
	if e.chap.Rand == nil {
		e.chap.Rand = rand.Reader
	}
	return e
}

// Validate reports, as a *ConfigError, what makes c useless before anything is
// sent.
func (c *CHAP) Validate() error {
	_, err := c.check(fips140.Enforced())
	return err
}

// check returns the algorithms to offer, or what Validate reports.
func (c *CHAP) check(fips bool) ([]Algorithm, error) {
	if c.User == "" {
		return nil, &ConfigError{Field: FieldUser, Reason: "missing"}
	}
	if reason := badName(c.User); reason != "" {
		return nil, &ConfigError{Field: FieldUser, Reason: reason}
	}
	if reason := c.badSecret(c.Secret); reason != "" {
		return nil, &ConfigError{Field: FieldSecret, Reason: reason}
	}
	if c.Mutual {
		if reason := badTargetName(c.TargetUser); reason != "" {
			return nil, &ConfigError{Field: FieldTargetUser, Reason: reason}
		}
		if reason := c.badSecret(c.TargetSecret); reason != "" {
			return nil, &ConfigError{Field: FieldTargetSecret, Reason: reason}
		}
		if c.Secret.Equal(c.TargetSecret) {
			return nil, &ConfigError{Field: FieldSecrets, Reason: "the same in both directions"}
		}
	}
	return c.offer(fips)
}

// HasShortSecret reports whether a secret that c uses is shorter than the 12
// bytes that RFC 7143 wants without IPsec. It does not tell which, nor the length.
func (c *CHAP) HasShortSecret() bool {
	short := func(s Secret) bool { return !s.IsZero() && s.Len() < minSecretLen }
	return short(c.Secret) || c.Mutual && short(c.TargetSecret)
}

// badSecret returns what is wrong with the length of a secret, or nothing. It
// does not tell the length, which is half a secret.
func (c *CHAP) badSecret(s Secret) string {
	least, most := minSecretLen, maxSecretLen
	if c.Protected || c.Short && !c.Strict {
		least = minShortSecretLen
	}
	if c.Strict {
		most = maxStrictSecretLen
	}
	switch {
	case s.IsZero():
		return "missing"
	case s.Len() < least:
		return fmt.Sprintf("shorter than %d bytes, which needs IPsec", least)
	case s.Len() > most:
		return fmt.Sprintf("longer than %d bytes", most)
	}
	return ""
}

// badName returns what keeps a name from being a CHAP_N, or nothing.
func badName(name string) string {
	switch {
	case len(name) > maxNameLen:
		return fmt.Sprintf("longer than %d bytes", maxNameLen)
	case strings.Contains(name, "\x00"):
		return "it contains a NUL"
	}
	return ""
}

// badTargetName is badName for a name that is going to be shown.
func badTargetName(name string) string {
	if !utf8.ValidString(name) {
		return "not UTF-8"
	}
	return badName(name)
}

// offer returns the algorithms to offer.
func (c *CHAP) offer(fips bool) ([]Algorithm, error) {
	wanted := c.Algorithms
	if len(wanted) == 0 {
		wanted = DefaultAlgorithms()
	}
	var offered []Algorithm
	for _, a := range wanted {
		switch {
		case !a.known():
			return nil, &ConfigError{Field: FieldAlgorithms, Reason: fmt.Sprintf("there is no algorithm with number %d", uint8(a))}
		case slices.Contains(offered, a):
			return nil, &ConfigError{Field: FieldAlgorithms, Reason: a.String() + " occurs twice"}
		case !fips || a.approved():
			offered = append(offered, a)
		}
	}
	if len(offered) == 0 {
		return nil, &ConfigError{Field: FieldAlgorithms, Reason: "none is left, because FIPS 140 mode forbids md5 and sha1"}
	}
	return offered, nil
}

// names returns algorithms as the command takes them.
func names(algorithms []Algorithm) string {
	var list []string
	for _, a := range algorithms {
		list = append(list, a.String())
	}
	return strings.Join(list, ",")
}

// numbers returns the value of CHAP_A.
func numbers(algorithms []Algorithm) string {
	var list []string
	for _, a := range algorithms {
		list = append(list, strconv.Itoa(int(a)))
	}
	return strings.Join(list, ",")
}
