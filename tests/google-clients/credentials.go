package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	iam "google.golang.org/api/iam/v1"
	"google.golang.org/api/iamcredentials/v1"
)

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// checkCredentials obtains a token from every kind of credential with Google's libraries, and uses it.
func (a *apis) checkCredentials(project, userFile, federatedFile string) {
	account := fmt.Sprintf("puller@%s.iam.gserviceaccount.com", project)
	key, err := a.iam.Projects.ServiceAccounts.Keys.Create("projects/"+project+"/serviceAccounts/"+account, &iam.CreateServiceAccountKeyRequest{}).Do()
	key = reply(a.checker, "keys.create", key, err)
	file, err := base64.StdEncoding.DecodeString(key.PrivateKeyData)
	if err != nil {
		a.failf("keys.create: %v", err)
	}
	a.obtain("service account key", file)
	for name, path := range map[string]string{"user credential": userFile, "federated credential": federatedFile} {
		content, err := os.ReadFile(path)
		if err != nil {
			a.failf("%s: %v", name, err)
			continue
		}
		a.obtain(name, content)
	}
	impersonated, _ := json.Marshal(map[string]any{
		"type":                              "impersonated_service_account",
		"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + account + ":generateAccessToken",
		"source_credentials":                json.RawMessage(file),
		"delegates":                         []string{},
	})
	a.obtain("impersonation", impersonated)

	name := "projects/-/serviceAccounts/" + account
	ctx := context.Background()
	token, err := a.credentials.Projects.ServiceAccounts.GenerateAccessToken(name,
		&iamcredentials.GenerateAccessTokenRequest{Scope: []string{cloudPlatform}, Lifetime: "600s"}).Do()
	reply(a.checker, "generateAccessToken", token, err)
	identity, err := a.credentials.Projects.ServiceAccounts.GenerateIdToken(name, &iamcredentials.GenerateIdTokenRequest{Audience: "x"}).Do()
	reply(a.checker, "generateIdToken", identity, err)
	signed, err := a.credentials.Projects.ServiceAccounts.SignJwt(name, &iamcredentials.SignJwtRequest{Payload: `{"a":1}`}).Do()
	reply(a.checker, "signJwt", signed, err)

	machine, err := google.ComputeTokenSource("", cloudPlatform).Token()
	a.use("metadata server", machine, err)
	email, err := metadata.EmailWithContext(ctx, "default")
	a.checked++
	if err != nil || email != account {
		a.failf("metadata server: account %q, %v", email, err)
	}
	id, err := metadata.ProjectIDWithContext(ctx)
	a.checked++
	if err != nil || id != project {
		a.failf("metadata server: project %q, %v", id, err)
	}
}

func (a *apis) obtain(name string, file []byte) {
	credentials, err := google.CredentialsFromJSON(context.Background(), file, cloudPlatform)
	if err != nil {
		a.checked++
		a.failf("%s: %v", name, err)
		return
	}
	token, err := credentials.TokenSource.Token()
	a.use(name, token, err)
}

// use checks a token's fields and calls an API with it. A 403 proves that the API knows the caller.
func (a *apis) use(name string, token *oauth2.Token, err error) {
	a.checked++
	if err != nil {
		a.failf("%s: %v", name, err)
		return
	}
	if left := time.Until(token.Expiry); token.Type() != "Bearer" || left < 30*time.Minute || left > time.Hour {
		a.failf("%s: type %s, expires in %s", name, token.Type(), left)
	}
	request, _ := http.NewRequest("GET", "https://serviceusage.googleapis.com/v1/projects/demo-project/services/iam.googleapis.com", nil)
	token.SetAuthHeader(request)
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != 200 && response.StatusCode != 403 {
		a.failf("%s: using the token: %v, %v", name, response, err)
	}
}
