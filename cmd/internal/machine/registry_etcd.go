package machine

import "strings"

// etcdScheme begins what --registry has for a registry in etcd.
const etcdScheme = "etcd:"

// RegistryInEtcd returns the prefix of etcd's keys that a registry in etcd has, which ends
// in a slash; ok: the registry is in etcd, and in no file.
func RegistryInEtcd(registry string) (prefix string, ok bool) {
	prefix, ok = strings.CutPrefix(registry, etcdScheme)
	if ok && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return prefix, ok
}
