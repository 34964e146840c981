// Package seal keeps secrets at rest: encrypted, and bound to the place where
// they belong.
//
// A [Sealer] has its key from a file of its own ([KeyFile]) or from a passphrase
// ([Passphrase]). The file protects backups and copies of what is sealed, not the
// host that has both. What is sealed says by which algorithm and which key:
//
//	byte 0      1, the version of this format
//	byte 1      algorithm: 1 is XChaCha20-Poly1305, 2 is AES-256-GCM
//	bytes 2-9   id of the key, which tells nothing about it
//	then        nonce, ciphertext and tag, as the algorithm has them
//
// The first ten bytes and the context, such as row and field, are authenticated:
// a secret that was copied to another row does not open there. Where Go enforces
// FIPS 140-3, secrets are sealed with AES-256-GCM and passphrases go through
// PBKDF2; elsewhere it is XChaCha20-Poly1305 and scrypt, and both are opened.
// [Sealer.SealApproved] seals for both modes. [NextKey] and what follows it replace a
// key file.
package seal
