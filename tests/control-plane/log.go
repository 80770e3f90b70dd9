package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"
)

// logName is the log file of a state directory. Restarts append to it.
const logName = "control-plane.log"

// logToFile redirects klog, the standard logger and crash output to the log, so that the terminal or a test's output
// shows only this program's own messages. Call it before creating any component, because components keep the value of
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

// logf writes a line of this program to the log.
func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s control-plane: %s\n", time.Now().Format(time.RFC3339Nano), fmt.Sprintf(format, args...))
}
