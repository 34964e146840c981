package render

// The formats of --output.
const (
	FormatTable    = "table"
	FormatJSON     = "json"
	FormatJSONL    = "jsonl"
	FormatISCSIADM = "iscsiadm"
)

// Formats are the words of -o.
var Formats = []string{FormatTable, FormatJSON, FormatJSONL, FormatISCSIADM}
