package machine

import "strings"

// IsUTF8 reports that the locale says that standard output takes UTF-8. Windows has no
// such variables, and its consoles take any text.
func (w *Env) IsUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v, ok := w.LookupEnv(name); ok && v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return w.System == "windows"
}
