// Command control-plane runs a real Kubernetes control plane in one process, for tests, the demo and the benchmarks:
// etcd, kube-apiserver, the controllers that create each namespace's `default` ServiceAccount and finish the deletion of
// namespaces, and those of Deployments, ReplicaSets and PodDisruptionBudgets. It has no scheduler and no nodes, so that no pod runs. Do not store anything of value in it.
//
// It prints one line of JSON to standard output when it is ready, and exits when its standard input closes, so that it
// never outlives its parent process.
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

// settings are the parsed command-line flags.
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

// ready is the line printed once the server responds. All paths are absolute.
type ready struct {
	Server     string `json:"server"`
	Kubeconfig string `json:"kubeconfig"`
	State      string `json:"state"`
	PID        int    `json:"pid"`
}

// repeated is a flag that can be given several times.
type repeated []string

func (r *repeated) String() string         { return strings.Join(*r, " ") }
func (r *repeated) Set(value string) error { *r = append(*r, value); return nil }

func main() {
	var s settings
	flag.StringVar(&s.state, "state", "", "state directory; created if missing (required)")
	flag.StringVar(&s.bind, "bind", "127.0.0.1", "IP address on which the API server listens")
	flag.IntVar(&s.port, "port", 0, "port on which the API server listens; 0 selects a free port")
	flag.BoolVar(&s.sync, "sync", false, "fsync writes, so that the state survives kill -9")
	flag.BoolVar(&s.throwaway, "throwaway", false, "remove the state directory on a graceful exit")
	flag.BoolVar(&s.untilSignal, "until-signal", false, "ignore standard input; exit only on SIGINT, SIGTERM or SIGHUP")
	flag.Var(&s.users, "user", "NAME[:GROUP+GROUP]: user with a kubeconfig and no permissions; repeatable")
	flag.Var(&s.apiserverFlags, "apiserver-flag", "flag passed to kube-apiserver unchanged; repeatable")
	flag.Parse()
	if s.state == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "error: --state DIR is required; positional arguments are not allowed")
		os.Exit(2)
	}

	// logToFile replaces os.Stderr, so keep the terminal for error messages.
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

	// After a stop request, errors of components that are still starting are expected.
	if err := serve(ctx, s); err != nil && ctx.Err() == nil {
		return err
	}
	if s.throwaway {
		return os.RemoveAll(s.state)
	}
	return nil
}

// serve starts the components in order, reports readiness, waits for the stop request, and stops the components in
// reverse order.
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
		return fmt.Errorf("kube-apiserver exited: %w", err)
	}
}
