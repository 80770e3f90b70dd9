package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
)

// serve runs a registry that keeps images in memory and accepts tokens signed with a key in the JSON web key set keys.
func serve(keys, issuer, audience string) error {
	logrus.SetOutput(io.Discard)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	config := &configuration.Configuration{
		Version: configuration.MajorMinorVersion(0, 1),
		Storage: configuration.Storage{
			"inmemory":    {},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
		// The realm is never used: the fake Google in front of this registry answers requests without a token.
		Auth: configuration.Auth{"token": {"realm": "unused", "service": audience, "issuer": issuer, "jwks": keys}},
	}
	config.HTTP.Secret = "one process, no secret to share"
	config.HTTP.RelativeURLs = true
	config.Log.AccessLog.Disabled = true
	server := &http.Server{Handler: handlers.NewApp(context.Background(), config)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(closed)
	}()
	select {
	case err := <-failed:
		return err
	case <-closed:
		return nil
	}
}
