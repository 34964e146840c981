package terminal

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// PrepareScreen has the console understand the sequences of a VT100. Consoles before
// Windows 10 do not.
func PrepareScreen(out io.Writer) (restore func(), ok bool) {
	f, isFile := out.(*os.File)
	if !isFile {
		return nil, false
	}
	h := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return nil, false
	}
	if err := windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING); err != nil {
		return nil, false
	}
	return func() { _ = windows.SetConsoleMode(h, mode) }, true
}
