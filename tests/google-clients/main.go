// Program google-clients calls every method of a fake Google with Google's own clients, and decodes each reply strictly:
// an unknown field, a wrong type or a malformed error detail is a failure. The clients reach the fake under Google's host
// names (HTTPS_PROXY, SSL_CERT_FILE).
//
//	google-clients PROJECT TOKEN-FILE USER-CREDENTIAL FEDERATED-CREDENTIAL
//
// The two credentials are files of the types authorized_user and external_account. The account puller@PROJECT… must not
// exist, and GCE_METADATA_HOST must name a metadata server.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: google-clients PROJECT TOKEN-FILE USER-CREDENTIAL FEDERATED-CREDENTIAL")
		os.Exit(2)
	}
	token, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: strings.TrimSpace(string(token))})
	checker := newChecker(source)
	apis := openAPIs(context.Background(), checker, option.WithHTTPClient(checker.client))
	project := os.Args[1]
	apis.checkServices(project)
	apis.checkProject(project)
	apis.checkAccounts(project)
	apis.checkRepositories(project)
	apis.checkCredentials(project, os.Args[3], os.Args[4])
	apis.checkErrors(project)
	for _, problem := range checker.problems {
		fmt.Fprintln(os.Stderr, problem)
	}
	fmt.Printf("%d replies checked\n", checker.checked)
	if len(checker.problems) > 0 {
		os.Exit(1)
	}
}
