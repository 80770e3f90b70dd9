// Program registry runs a real registry (distribution) on a loopback port, and pushes and pulls images with a real client
// (go-containerregistry).
//
//	registry serve KEYS ISSUER AUDIENCE   serves until standard input closes; prints {"port":N}
//	registry push IMAGE                   pushes a small random image; prints its digest
//	registry pull IMAGE                   pulls an image with all layers; prints its digest
//	registry logout HOST                  removes the credential of a host as `docker logout` does
//
// The client reads its credentials from $DOCKER_CONFIG/config.json, and honours HTTPS_PROXY and SSL_CERT_FILE.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "serve":
		return serve(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "push":
		return push(args[1])
	case len(args) == 2 && args[0] == "pull":
		return pull(args[1])
	case len(args) == 2 && args[0] == "logout":
		return logout(args[1])
	}
	return fmt.Errorf("usage: registry serve KEYS ISSUER AUDIENCE | push IMAGE | pull IMAGE | logout HOST")
}
