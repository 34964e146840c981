//go:build unix

package etcdtest

import (
	"os"
	"os/exec"
)

// removing waits until its standard input ends, with the process that made it or before,
// and removes a folder: once more where a server that was killed with us still wrote.
const removing = `trap '' HUP INT TERM
while read -r _; do :; done
for _ in 1 2 3 4 5; do rm -rf -- "$1" && exit; sleep 1; done`

// removeAtEnd returns a function that removes a folder. However this process ends, the
// folder is removed then.
func removeAtEnd(folder string) (remove func(), err error) {
	cmd := exec.Command("/bin/sh", "-c", removing, "sh", folder)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	end, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		end.Close()
		_ = cmd.Wait() // it has said why
	}, nil
}
