package reference

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// stageWords are what is tried at each stage, and what to look at where it fails.
var stageWords = map[initiator.Stage]string{
	initiator.StageValidate:   "The portal and its options are checked. Nothing was sent: change what the message names",
	initiator.StageResolve:    "The host name of the portal is looked up. Check the name and this host's name server",
	initiator.StageSelectPort: "The source address is chosen. Check `--source`, `--instance` and `--initiator-port` against `discover port list`, and the route",
	initiator.StageSecure:     "IPsec is set up: keys are negotiated. See [IPsec negotiations](#ipsec-negotiations), and ask `discover ipsec explain`",
	initiator.StageConnect:    "TCP connects. Check the address, the TCP port, the route and the firewalls",
	initiator.StageLogin:      "The iSCSI login, with CHAP. See [login statuses](#login-statuses)",
	initiator.StageDiscover:   "SendTargets is sent, and the list of targets is read. The targets that were read before the failure are in the output",
	initiator.StageLogout:     "The session ends. A logout never fails a discovery, so no result has this stage",
	initiator.StageStore:      "The result is written into the registry. Check the disk and the rights of the file (`discover registry check`)",
}

// stages is the section about stages.
func stages(t *testing.T) string {
	all := sourceOf(t, "pkg/initiator").without("pkg/initiator/isns/").constants("Stage")
	if len(all) != len(stageWords) {
		t.Fatalf("got words for %d stages, want for %d", len(stageWords), len(all))
	}
	var b strings.Builder
	b.WriteString("| stage | the line begins with | what is tried, and what to look at |\n| --- | --- | --- |\n")
	portal := initiator.Portal{Address: "P", Port: 3260}
	for i := range all {
		stage := initiator.Stage(i)
		line, _, _ := strings.Cut((&initiator.Error{Stage: stage, Portal: portal, Err: errNone}).Error(), "P:")
		b.WriteString(row(code(stage.String()), code(line+"PORTAL"), stageWords[stage]))
	}
	return b.String()
}
