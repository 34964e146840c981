// Package seal keeps secrets at rest: a [Sealer] encrypts each one and binds it to the place
// where it belongs. Its key is in a file ([KeyFile]) or comes from a passphrase
// ([Passphrase]); [NextKey] and what follows it replace a key file. The key protects
// backups and copies of what is sealed, not the host that has both.
package seal
