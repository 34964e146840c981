package command

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

// hostileFile would run a command in a shell that takes its name as it is.
const hostileFile = "x$(touch harmed)`touch harmed`;touch harmed"

// completed are lines, of which each TAB is a key that the user presses, and the words that
// the shell runs then: HOSTILE stands for hostileFile, and _ for a blank in a word.
var completed = []struct{ line, want string }{
	{"discover sc\t", "discover scan"},
	{"discover scan --ipsec transport,ma\t", "discover scan --ipsec transport,main"},
	{"discover scan --ipsec=transport,ma\t", "discover scan --ipsec=transport,main"},
	{"discover -o json scan --sour\t127\t", "discover -o json scan --source 127.0.0.1"},
	{"discover scan --source=127.0.\t", "discover scan --source=127.0.0.1"},
	{"discover target remove iqn.2026-11.com.example:di\t", "discover target remove iqn.2026-11.com.example:disk1"},
	{"discover target remove iqn.2\t", "discover target remove iqn.2026-11.com.example:disk1"},
	{"discover target remove eui\t", "discover target remove eui"}, // which there is none of
	{"discover scan --chap-secret file:plai\t", "discover scan --chap-secret file:plain"},
	{"discover scan --chap-secret=file:plai\t", "discover scan --chap-secret=file:plain"},
	{"discover scan --chap-secret env:OFTHET\t", "discover scan --chap-secret env:OFTHETEST"},
	{"discover scan @plai\t", "discover scan @plain"},
	{"discover scan @./x\t", "discover scan @./HOSTILE"},
	{"discover scan @./x\t --timeo\t", "discover scan @./HOSTILE --timeout"}, // asked with the name in the line
	{"discover scan --chap-secret=file:./x\t --timeo\t", "discover scan --chap-secret=file:./HOSTILE --timeout"},
	{"discover scan $(echo run >>runs) --timeo\t", "discover scan --timeout"}, // which is run by Enter alone
	{"discover scan @sub\ttwo\t", "discover scan @sub_folder/two_words"},
	{"discover scan --source ::1 --initiator-po\t", "discover scan --source ::1 --initiator-po"},
	{"discover ipsec pol\tlis\t", "discover ipsec policy list"},
	{"discover iscsicli AddTargetP\t", "discover iscsicli AddTargetPortal"},
	{"discover iscsiadm -m discoveryd\t-t se\t", "discover iscsiadm -m discoverydb -t sendtargets"},
}

// TestCompletionShells (issue 19, 1): a user presses TAB in a real bash without any package,
// zsh and fish, and gets the word; what is in a name is not run.
func TestCompletionShells(t *testing.T) {
	t.Parallel()
	for _, shell := range []struct {
		name string
		args []string
		set  string // what the user has in his profile, before the prompt
		show string // defines show, which prints its arguments
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, "bind 'set enable-bracketed-paste off'; source <(discover completion bash)", `show() { printf '<%s>' "$@"; echo; }`},
		{"zsh", []string{"-f", "-i"}, "autoload -U compinit; compinit -D; unsetopt PROMPT_SP ZLE_BRACKETED_PASTE; source <(discover completion zsh)", `show() { printf '<%s>' "$@"; echo; }`},
		{"fish", []string{"-i", "--private", "--no-config"}, "discover completion fish | source", `function show; printf '<%s>' $argv; echo; end`},
	} {
		t.Run(shell.name, func(t *testing.T) {
			t.Parallel()
			program := need.Program(t, shell.name)
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "sub folder"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"plain", hostileFile, "sub folder/two words"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			env := append(os.Environ(), "HOME="+dir, "OFTHETEST=1", "DISCOVER_REGISTRY="+filepath.Join(dir, "registry.db"), "TERM=xterm",
				"PATH="+binDir+string(os.PathListSeparator)+need.StandardTools())
			add := exec.Command(filepath.Join(binDir, "discover"), "target", "add", "iqn.2026-11.com.example:disk1")
			add.Env = env
			if out, err := add.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			cmd := exec.Command(program, shell.args...)
			cmd.Dir, cmd.Env = dir, env
			typist := startTypist(t, cmd)
			typist.run(shell.set + "; " + shell.show + "; printf '<%s>\\n' 'set''up'")
			typist.wait("<setup>")
			for _, tt := range completed {
				// Before it is run, show is put before the line: Ctrl-A goes to where it begins.
				typist.run(tt.line + "\x01show ")
				want := "<" + strings.ReplaceAll(tt.want, " ", "><") + ">\r\n"
				typist.wait(strings.NewReplacer("HOSTILE", hostileFile, "_", " ").Replace(want))
			}
			if _, err := os.Stat(filepath.Join(dir, "harmed")); err == nil {
				t.Error("the shell ran what is in the name of a file")
			}
			if runs, err := os.ReadFile(filepath.Join(dir, "runs")); err != nil || string(runs) != "run\n" {
				t.Errorf("got %q and %v, want that the shell ran the command in a line once", runs, err)
			}
		})
	}
}

// A typist sits before a shell on a terminal.
type typist struct {
	t     *testing.T
	outer *os.File
	shown chan string
	so    string // what was shown since the last wait
	line  string // what was typed last
}

// startTypist starts a shell on a terminal of its own.
func startTypist(t *testing.T, cmd *exec.Cmd) *typist {
	t.Helper()
	outer, inner := openTerminal(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inner, inner, inner
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	y := &typist{t: t, outer: outer, shown: make(chan string)}
	go func() {
		defer close(y.shown)
		b := make([]byte, 4096)
		for {
			n, err := outer.Read(b)
			if n > 0 {
				y.shown <- string(b[:n])
			}
			if err != nil {
				return // the shell has ended
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range y.shown {
		}
		_ = cmd.Wait()
	})
	return y
}

// run types a line.
func (y *typist) run(line string) {
	y.t.Helper()
	y.line = line
	if _, err := io.WriteString(y.outer, line+"\r"); err != nil {
		y.t.Fatal(err)
	}
}

// wait reads until the terminal shows a text.
func (y *typist) wait(text string) {
	y.t.Helper()
	for !strings.Contains(y.so, text) {
		select {
		case more, ok := <-y.shown:
			if y.so += more; ok {
				continue
			}
		case <-time.After(time.Minute): // the text does not come
		}
		y.t.Fatalf("%q: the terminal shows %q, want %q", y.line, y.so, text)
	}
	_, y.so, _ = strings.Cut(y.so, text)
}
