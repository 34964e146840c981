// Package docs has the pages that discover prints itself: discover help guide, discover man.
package docs

import "embed"

// Pages are the guides, and the pages that an operator needs beside them. A page of this
// folder is among them, or among those that TestPages knows as pages for other readers.
//
//go:embed guide/*.md
//go:embed reference/errors.md reference/limits.md reference/output.md
//go:embed glossary.md recipes.md start.md troubleshooting.md windows.md
var Pages embed.FS
