package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"
)

// logName is the one log of a state directory. It is only ever appended to, also across restarts.
const logName = "control-plane.log"

// logToFile sends what klog, the standard logger and a crash would say to the log, so that a terminal or a test's
// output shows only what this program itself has to say. To be called before any part is made: parts remember
// os.Stderr.
func logToFile(state string) error {
	file, err := os.OpenFile(filepath.Join(state, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	os.Stderr = file
	log.SetOutput(file)
	return debug.SetCrashOutput(file, debug.CrashOptions{})
}

// logf writes a line of our own to the log.
func logf(format string, words ...any) {
	fmt.Fprintf(os.Stderr, "%s control-plane: %s\n", time.Now().Format(time.RFC3339Nano), fmt.Sprintf(format, words...))
}
