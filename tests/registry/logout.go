package main

import "github.com/docker/cli/cli/config"

// logout removes the credential of a host with Docker's own code, in the spellings of its logout command
// (cli/command/registry/logout.go).
func logout(host string) error {
	file, err := config.Load(config.Dir())
	if err != nil {
		return err
	}
	for _, spelling := range []string{host, "http://" + host, "https://" + host} {
		if err := file.GetCredentialsStore(spelling).Erase(spelling); err != nil {
			return err
		}
	}
	return nil
}
