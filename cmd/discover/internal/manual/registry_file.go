package manual

// Registry is the manual of discover registry.
const Registry = `discover registry is about the file of the registry itself: where it is, whether it is
in order, and the key by which the secrets in it are sealed.

The registry is the file of --registry; without it that of the environment variable
DISCOVER_REGISTRY; without that the usual place of the system.`

// RegistryPath is the manual of discover registry path.
const RegistryPath = `discover registry path prints which file the registry is, whether there is one or not.
JSON also has the file of the key, and what says where the registry is.

Examples:
  discover registry path
  DISCOVER_REGISTRY=/srv/san.db discover registry path -o json`

// RegistryCheck is the manual of discover registry check.
const RegistryCheck = `discover registry check looks at the registry and changes nothing: at the kind, mode and
owner of its files and of its key, at each page of the database, and at each record.
Secrets are opened, to see that the key fits, and not shown; where the key is a
passphrase, with --key only.

Exit status: 1 where anything is wrong.

Examples:
  discover registry check
  discover registry check --key prompt -o json`

// RegistryRekey is the manual of discover registry rekey.
const RegistryRekey = `discover registry rekey seals all secrets of the registry by another key, at once: it
can be interrupted at any moment, and either the old key opens them all or the new
one. Other commands may go on meanwhile; one that was about to store a secret by the
old key stores nothing, and says so.

A key in registry.key is replaced by a new one, or with --new-key by a passphrase. A
passphrase, which --key has to name, is replaced by another with --new-key, or with
--new-key-file by a key in registry.key. Secrets by file: and cred: are not in the
registry, and stay as they are.

Copies of the registry from before need the key from before. If that key is known to
others, so are the secrets in those copies: change these as well.

Secrets that were sealed where Go did not enforce FIPS 140-3 do not open where it does,
unless --fips was given.

Examples:
  discover registry rekey
  discover registry rekey --new-key prompt
  discover registry rekey --key file:old --new-key file:new
  discover registry rekey --key prompt --new-key-file`
