package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// maxSocketPath is the longest socket path that all systems accept: macOS allows 103 bytes, Linux 107.
const maxSocketPath = 103

// etcdSocket returns the socket on which etcd listens. A Unix socket in the state directory avoids port conflicts, and
// other users of the machine cannot reach the database, which requires no credentials.
func etcdSocket(state string) url.URL {
	return url.URL{Scheme: "unix", Path: filepath.Join(state, "etcd.sock")}
}

// startEtcd starts a single-member etcd. Without sync it skips fsync, which is faster but loses data when the process
// is killed.
func startEtcd(state string, sync bool) (*embed.Etcd, error) {
	client := etcdSocket(state)
	peer := url.URL{Scheme: "unix", Path: filepath.Join(state, "etcd-peer.sock")}
	for _, socket := range []string{client.Path, peer.Path} {
		if len(socket) > maxSocketPath {
			return nil, fmt.Errorf("%s: socket path is longer than %d bytes; use a shorter --state", socket, maxSocketPath)
		}
		// A killed process leaves its sockets behind.
		if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}

	config := embed.NewConfig()
	config.Dir = filepath.Join(state, "etcd")
	config.ListenClientUrls = []url.URL{client}
	config.AdvertiseClientUrls = []url.URL{client}
	config.ListenPeerUrls = []url.URL{peer}
	config.AdvertisePeerUrls = []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = !sync
	config.LogLevel = "warn"
	config.LogOutputs = []string{filepath.Join(state, logName)}

	database, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("etcd did not start: %w", err)
	}
	select {
	case <-database.Server.ReadyNotify():
		return database, nil
	case err := <-database.Err():
		database.Close()
		return nil, fmt.Errorf("etcd ended while it started: %w", err)
	case <-time.After(60 * time.Second):
		database.Close()
		return nil, fmt.Errorf("etcd was not ready within 60 s")
	}
}
