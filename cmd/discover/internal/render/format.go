package render

// The formats of --output.
const (
	FormatTable    = "table"
	FormatJSON     = "json"
	FormatJSONL    = "jsonl"
	FormatISCSIADM = "iscsiadm"
)

var Formats = []string{FormatTable, FormatJSON, FormatJSONL, FormatISCSIADM}

const UnknownProceed, UnknownRefuse = "proceed", "refuse"
