package architecture

// A row says of a package what it may import of ours, and what it must not need of
// others, itself and by what it imports.
type row struct {
	may     []string
	mustNot []string
}

// rows are the plan of the house: one row for each package, from the ground up. An
// import that is in no row is an arrow in the wrong direction, or a new one that has to
// be agreed on here.
var rows = map[string]row{
	"internal/host":                      {mustNot: []string{"net"}},
	"internal/need":                      {},
	"internal/owndisk":                   {may: []string{"internal/need"}},
	"internal/powercut":                  {may: []string{"internal/need"}},
	"internal/safefile":                  {},
	"pkg/pdu":                            {mustNot: []string{"net", "context"}},
	"pkg/auth":                           {may: []string{"pkg/pdu"}, mustNot: []string{"net"}},
	"pkg/ipsec":                          {may: []string{"internal/host"}, mustNot: []string{"net"}},
	"pkg/ipsec/enforce":                  {may: []string{"pkg/auth", "pkg/ipsec"}},
	"pkg/ipsec/enforce/enforcetest":      {may: []string{"pkg/auth", "pkg/ipsec", "pkg/ipsec/enforce"}},
	"pkg/ipsec/strongswan":               {may: []string{"pkg/auth", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/ipsec/strongswan/internal/vici", "pkg/ipsec/xfrm"}},
	"pkg/ipsec/strongswan/internal/vici": {},
	"pkg/ipsec/xfrm":                     {may: []string{"pkg/ipsec", "pkg/ipsec/enforce"}},
	"pkg/initiator":                      {may: []string{"pkg/auth", "pkg/initiator/internal/descriptors", "pkg/initiator/internal/dial", "pkg/initiator/internal/feed", "pkg/initiator/internal/handshakes", "pkg/initiator/internal/openplans", "pkg/initiator/internal/pace", "pkg/initiator/internal/session", "pkg/initiator/internal/stopwatch", "pkg/initiator/internal/text", "pkg/initiator/internal/zone", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/name", "pkg/initiator/ports", "pkg/initiator/target", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/pdu"}},
	"pkg/initiator/capture":              {may: []string{"pkg/pdu"}},
	"pkg/initiator/internal/descriptors": {mustNot: []string{"net"}},
	"pkg/initiator/internal/feed":        {mustNot: []string{"net"}},
	"pkg/initiator/internal/stopwatch":   {may: []string{"pkg/initiator/internal/dial"}},
	"pkg/initiator/internal/dial":        {may: []string{"pkg/initiator/internal/zone"}},
	"pkg/initiator/internal/handshakes":  {may: []string{"pkg/initiator/internal/dial"}},
	"pkg/initiator/internal/openplans":   {may: []string{"pkg/ipsec", "pkg/ipsec/enforce"}},
	"pkg/initiator/internal/pace":        {mustNot: []string{"net"}},
	"pkg/initiator/internal/scene":       {may: []string{"pkg/auth", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/name", "pkg/initiator/ports", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/pdu", "test/iscsitest"}},
	"pkg/initiator/internal/session":     {may: []string{"pkg/auth", "pkg/initiator/internal/text", "pkg/pdu"}, mustNot: []string{"net"}},
	"pkg/initiator/internal/text":        {},
	"pkg/initiator/internal/zone":        {may: []string{"internal/host"}},
	"pkg/initiator/isdsc":                {mustNot: []string{"net"}},
	"pkg/initiator/login":                {may: []string{"pkg/auth", "pkg/initiator/isdsc", "pkg/initiator/name"}, mustNot: []string{"net"}},
	"pkg/initiator/name":                 {may: []string{"internal/host", "pkg/initiator/internal/text", "pkg/initiator/isdsc"}, mustNot: []string{"net"}},
	"pkg/initiator/ports":                {may: []string{"pkg/initiator/internal/text", "pkg/initiator/internal/zone", "pkg/initiator/isdsc", "pkg/pdu"}},
	"pkg/initiator/target":               {may: []string{"pkg/initiator/internal/text", "pkg/initiator/internal/zone", "pkg/initiator/name", "pkg/pdu"}},
	"pkg/initiator/target/targettest":    {may: []string{"pkg/pdu"}},
	"pkg/initiator/registry":             {may: []string{"internal/host", "pkg/auth", "pkg/initiator", "pkg/initiator/internal/text", "pkg/initiator/internal/zone", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/name", "pkg/initiator/ports", "pkg/initiator/target", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/pdu"}},
	"pkg/initiator/registry/memstore":    {may: []string{"pkg/initiator/registry"}},
	"pkg/initiator/registry/seal":        {may: []string{"internal/safefile", "pkg/auth"}},
	"pkg/initiator/registry/sqlite":      {may: []string{"internal/safefile", "pkg/initiator/registry"}},
	"pkg/initiator/registry/storetest":   {may: []string{"pkg/initiator/registry"}},
	"cmd/discover":                       {may: []string{"cmd/discover/internal/machine", "cmd/discover/internal/verbs"}},
	"cmd/discover/internal/verbs":        {may: []string{"cmd/discover/internal/app", "cmd/discover/internal/column", "cmd/discover/internal/flags", "cmd/discover/internal/iscsicli", "cmd/discover/internal/machine", "cmd/discover/internal/manual", "cmd/discover/internal/render", "cmd/discover/internal/sweep", "cmd/discover/internal/view", "cmd/discover/internal/windows", "pkg/auth", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/name", "pkg/initiator/ports", "pkg/initiator/registry", "pkg/initiator/target", "pkg/ipsec", "pkg/ipsec/strongswan", "pkg/pdu"}},
	"cmd/discover/internal/windows":      {may: []string{"cmd/discover/internal/app", "cmd/discover/internal/flags", "cmd/discover/internal/iscsicli", "cmd/discover/internal/machine", "cmd/discover/internal/render", "pkg/auth", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/registry", "pkg/ipsec", "pkg/pdu"}},
	"cmd/discover/internal/app":          {may: []string{"cmd/discover/internal/flags", "cmd/discover/internal/machine", "cmd/discover/internal/render", "internal/safefile", "pkg/auth", "pkg/initiator", "pkg/initiator/capture", "pkg/initiator/isdsc", "pkg/initiator/name", "pkg/initiator/ports", "pkg/initiator/registry", "pkg/initiator/registry/memstore", "pkg/initiator/registry/seal", "pkg/initiator/registry/sqlite", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/pdu"}},
	"cmd/discover/internal/view":         {may: []string{"cmd/discover/internal/flags", "cmd/discover/internal/machine", "cmd/discover/internal/render", "pkg/initiator", "pkg/initiator/target", "pkg/pdu"}},
	"cmd/discover/internal/flags":        {may: []string{"cmd/discover/internal/machine", "cmd/discover/internal/render", "cmd/discover/internal/sweep", "pkg/auth", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/name", "pkg/initiator/ports", "pkg/initiator/registry", "pkg/ipsec", "pkg/pdu"}},
	"cmd/discover/internal/manual":       {},
	"cmd/discover/internal/render":       {may: []string{"cmd/discover/internal/machine", "cmd/discover/internal/sweep", "pkg/auth", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/ports", "pkg/initiator/registry", "pkg/initiator/target", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/pdu"}},
	"cmd/discover/internal/sweep":        {may: []string{"cmd/discover/internal/machine", "pkg/auth", "pkg/initiator", "pkg/initiator/ports", "pkg/pdu"}},
	"cmd/discover/internal/machine":      {may: []string{"internal/safefile", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/ports", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/ipsec/strongswan", "pkg/ipsec/xfrm"}},
	"cmd/discover/internal/iscsicli":     {may: []string{"cmd/discover/internal/column", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/login", "pkg/initiator/ports", "pkg/initiator/registry", "pkg/initiator/target", "pkg/ipsec", "pkg/pdu"}},
	"cmd/discover/internal/column":       {},
	"test/architecture":                  {},
	"test/bench":                         {may: []string{"pkg/pdu", "test/netns", "test/targets"}},
	"test/command":                       {},
	"test/demo":                          {may: []string{"test/targets/gotgt"}},
	"test/esp":                           {},
	"test/golden":                        {},
	"test/integration":                   {},
	"test/ipsec":                         {},
	"test/ipsec/job":                     {may: []string{"pkg/auth", "pkg/initiator", "pkg/initiator/isdsc", "pkg/initiator/ports", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/ipsec/strongswan", "pkg/ipsec/xfrm", "pkg/pdu"}},
	"test/ipsec/jobd":                    {may: []string{"test/ipsec/job"}},
	"test/ipsec/suite":                   {may: []string{"pkg/auth", "pkg/ipsec", "pkg/ipsec/enforce", "pkg/ipsec/enforce/enforcetest", "pkg/ipsec/strongswan", "pkg/ipsec/xfrm"}},
	"test/iscsitest":                     {may: []string{"internal/need", "pkg/pdu"}},
	"test/library":                       {},
	"test/lio":                           {},
	"test/netns":                         {may: []string{"internal/need"}},
	"test/network":                       {},
	"test/targets":                       {may: []string{"internal/need", "test/netns", "test/targets/gotgt"}},
	"test/targets/gotgt":                 {},
	"test/targets/gotgtd":                {may: []string{"test/targets/gotgt"}},
	"test/uml":                           {may: []string{"internal/need", "test/netns", "test/uml/internal/control"}},
	"test/uml/guestd":                    {may: []string{"test/uml/internal/control"}},
	"test/uml/internal/control":          {},
	"test/uml/wire":                      {},
}

// maxFiles is how many files a package has at most, tests not counted.
const maxFiles = 32
