// Command control-plane is a real Kubernetes control plane in one process, for tests, the demo and the bench:
// etcd, kube-apiserver, and the two controllers without which namespaces neither get their `default` ServiceAccount
// nor ever end. It has no scheduler, no nodes and no pods, and is no cluster to keep anything in.
//
// It prints one line of JSON to standard output when it is ready, and ends when its standard input does: a parent
// that dies in whatever way takes it along.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// settings are the words of the command line.
type settings struct {
	state          string
	bind           string
	port           int
	sync           bool
	throwaway      bool
	untilSignal    bool
	users          users
	apiserverFlags repeated
}

// ready is the line printed once the server answers. All paths are absolute.
type ready struct {
	Server     string `json:"server"`
	Kubeconfig string `json:"kubeconfig"`
	State      string `json:"state"`
	PID        int    `json:"pid"`
}

// repeated is a flag that may be given several times.
type repeated []string

func (r *repeated) String() string         { return strings.Join(*r, " ") }
func (r *repeated) Set(value string) error { *r = append(*r, value); return nil }

func main() {
	var s settings
	flag.StringVar(&s.state, "state", "", "directory of everything that is kept; made when it is missing (required)")
	flag.StringVar(&s.bind, "bind", "127.0.0.1", "IP address the API server listens on")
	flag.IntVar(&s.port, "port", 0, "port the API server listens on; 0 takes a free one")
	flag.BoolVar(&s.sync, "sync", false, "write through to the disk, so that the state outlives kill -9")
	flag.BoolVar(&s.throwaway, "throwaway", false, "remove the state directory at a regular end")
	flag.BoolVar(&s.untilSignal, "until-signal", false, "do not watch standard input; end at SIGINT, SIGTERM or SIGHUP alone")
	flag.Var(&s.users, "user", "NAME[:GROUP+GROUP]: a user with a kubeconfig and no rights of its own; repeatable")
	flag.Var(&s.apiserverFlags, "apiserver-flag", "a flag handed to kube-apiserver as it is; repeatable")
	flag.Parse()
	if s.state == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "error: --state DIR is required, and there are no words beside flags")
		os.Exit(2)
	}

	// Kept from here on: the log takes over os.Stderr.
	terminal := os.Stderr
	if err := run(s); err != nil {
		fmt.Fprintf(terminal, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	var err error
	if s.state, err = filepath.Abs(s.state); err != nil {
		return err
	}
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return err
	}
	if err := logToFile(s.state); err != nil {
		return err
	}

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	if !s.untilSignal {
		go func() {
			_, _ = io.Copy(io.Discard, bufio.NewReader(os.Stdin))
			cancel()
		}()
	}

	// Whoever asked for the end before everything was up is not told that something is not up.
	if err := serve(ctx, s); err != nil && ctx.Err() == nil {
		return err
	}
	if s.throwaway {
		return os.RemoveAll(s.state)
	}
	return nil
}

// serve starts the parts in order, announces them, waits for the end, and stops them in the opposite order.
func serve(ctx context.Context, s settings) error {
	started := time.Now()
	database, err := startEtcd(s.state, s.sync)
	if err != nil {
		return err
	}
	defer database.Close()

	server, err := startAPIServer(s)
	if err != nil {
		return err
	}
	defer server.stop()

	if err := server.waitUntilReady(ctx, 60*time.Second); err != nil {
		return err
	}
	stopControllers, err := startControllers(server.adminConfig())
	if err != nil {
		return err
	}
	defer stopControllers()
	if err := waitForDefaultAccount(ctx, server.adminConfig(), 30*time.Second); err != nil {
		return err
	}

	line, err := json.Marshal(ready{server.url, kubeconfigPath(s.state, admin), s.state, os.Getpid()})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	logf("ready after %s", time.Since(started).Round(time.Millisecond))

	select {
	case <-ctx.Done():
		return nil
	case err := <-server.ended:
		return fmt.Errorf("kube-apiserver ended by itself: %w", err)
	}
}
