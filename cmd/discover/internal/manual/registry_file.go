package manual

// Registry is the manual of discover registry.
const Registry = `discover registry manages the registry file: where it is, whether it is intact, and
the key with which its secrets are sealed.

The registry is the file given by --registry; without --registry, the file that the
environment variable DISCOVER_REGISTRY names; without that, the default file of the
system.`

// RegistryPath is the manual of discover registry path.
const RegistryPath = `discover registry path prints the path of the registry, whether or not the file
exists. JSON output also has the path of the key file, and what determined the path.

Examples:
  discover registry path
  DISCOVER_REGISTRY=/srv/san.db discover registry path -o json`

// RegistryCheck is the manual of discover registry check.
const RegistryCheck = `discover registry check checks the registry and changes nothing. It checks type,
mode and owner of the registry files and of the key file, each page of the database,
and each record. It opens the secrets to see whether the key is right, but never
shows them; if the key is a passphrase, this needs --key.

Exit status: 1 if anything is wrong.

Examples:
  discover registry check
  discover registry check --key prompt -o json`

// RegistryRekey is the manual of discover registry rekey.
const RegistryRekey = `discover registry rekey seals all secrets of the registry with another key, in one
step: whenever it is interrupted, either the old key or the new key opens them all.
Other commands can run meanwhile; a command that was about to store a secret sealed
with the old key reports an error and stores nothing.

A key in registry.key is replaced by a new key or, with --new-key, by a passphrase.
A passphrase, which --key must give, is replaced by another one with --new-key, or
by a key in registry.key with --new-key-file. For file: and cred: secrets, only
references are in the registry, so they are not affected.

Older copies of the registry still need the old key. If others know the old key,
they can open the secrets in such copies: then change these secrets as well.

Secrets that were sealed while Go did not enforce FIPS 140-3 cannot be opened while
it does, unless --fips was given.

Examples:
  discover registry rekey
  discover registry rekey --new-key prompt
  discover registry rekey --key file:old --new-key file:new
  discover registry rekey --key prompt --new-key-file`
