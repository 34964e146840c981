package daemon

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestSecrets: no secret is in anything that the daemon tells.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const secret, mutual, user = "correct-horse-battery", "tr0ub4dor-and-3-more", "host-user"
	server := iscsitest.Listen(t, &iscsitest.Target{User: user, Secret: secret, MutualUser: "array-user", MutualSecret: mutual, Records: twoTargets.Records})
	refusing := iscsitest.Listen(t, &iscsitest.Target{User: user, Secret: "another-secret-here"})
	o := login.Options{
		Specified: login.SpecifiedAuthType | login.SpecifiedUsername | login.SpecifiedPassword, AuthType: login.MutualCHAP, Username: user,
		Password: auth.NewSecret([]byte(secret)), TargetPassword: auth.NewSecret([]byte(mutual)),
	}
	h := newHouse(t)
	h.add(server, "array", o)
	h.add(refusing, "refusing", o)
	h.start("--metrics-targets")
	at := server.Addr.String()
	h.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+at+`"} 1`)
	h.hasLine("/metrics", `iscsi_discovery_auth_info{algorithm="sha3-256",method="chap",mutual="true",portal="`+at+`"} 1`)
	h.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+refusing.Addr.String()+`"} 0`)
	h.hasLine("/metrics", `iscsi_discovery_paths{target="iqn.2026-11.example:a"} 1`)
	all := make(map[string]string)
	for _, path := range []string{
		"/metrics", "/sd", "/api/v1/targets", "/api/v1/portals", "/api/v1/paths", "/api/v1/events", "/", "/targets", "/portals", "/events", "/style.css",
		"/portal?portal=" + at, "/target/iqn.2026-11.example:a", "/probe?target=" + at, "/probe?module=array&target=" + at,
		"/probe?debug=true&module=array&target=" + at, "/probe?debug=true&module=refusing&target=" + refusing.Addr.String(), "/probe?module=array&target=" + refusing.Addr.String(),
	} {
		_, all[path] = h.get(path)
	}
	if !strings.Contains(all["/probe?debug=true&module=array&target="+at], "probe_success 1") {
		t.Errorf("the module does not log in: %s", all["/probe?debug=true&module=array&target="+at])
	}
	h.reload <- os.Interrupt
	h.stop()
	all["standard error"], all["standard output"] = h.stderr.String(), h.stdout.String()
	for name, text := range all {
		for _, s := range []string{secret, mutual} {
			for _, form := range []string{s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s)} {
				if strings.Contains(text, form) {
					t.Errorf("%s has a secret:\n%s", name, text)
				}
			}
		}
	}
}
