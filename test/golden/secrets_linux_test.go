package golden

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSecretsOpen: portals with CHAP let in today's command, with the secrets that an
// earlier one sealed; and what it then stores has the keys that were there.
func TestSecretsOpen(t *testing.T) {
	for _, m := range all {
		t.Run(m.commit, func(t *testing.T) {
			serve(t)
			dir := m.unpack(t)
			for registry, steps := range map[string][]step{
				byKeyFile: {
					{line: "192.0.2.20"},                                                 // sealed
					{line: "192.0.2.20 --instance San"},                                  // stored by iscsicli
					{line: "192.0.2.21"},                                                 // by reference
					{line: "192.0.2.22"},                                                 // with the target's secret
					{line: "192.0.2.23"},                                                 // with the secret of all targets
					{line: "192.0.2.25"},                                                 // by an algorithm that FIPS 140-3 approves
					{line: "192.0.2.26 --instance San --initiator-port 0"},               // with all options of a login
					{line: "192.0.2.28", isNew: true}, {line: "192.0.2.30", isNew: true}, // in later formats
				},
				byPassphrase: {{line: "192.0.2.22"}},
			} {
				c := caller{command: today, registry: filepath.Join(dir, registry), dir: t.TempDir()}
				c.writeCredentials(t)
				c.run(t, step{line: "ipsec default 0x00"}) // or portals are asked under IPsec
				before := slices.Sorted(maps.Keys(rawRecords(t, c.registry)))
				for _, s := range steps {
					if !m.withoutNew || !s.isNew {
						c.run(t, step{line: "portal refresh " + s.line})
					}
				}
				after := slices.Sorted(maps.Keys(rawRecords(t, c.registry)))
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("%s: keys (-before +after):\n%s", registry, diff)
				}
			}
		})
	}
}
