package main

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	artifactregistry "google.golang.org/api/artifactregistry/v1"
	iam "google.golang.org/api/iam/v1"
	"google.golang.org/api/iamcredentials/v1"
	serviceusage "google.golang.org/api/serviceusage/v1"
)

// checkErrors provokes errors of each kind.
func (a *apis) checkErrors(project string) {
	accounts := a.iam.Projects.ServiceAccounts
	parent := "projects/" + project
	_, err := accounts.Create(parent, &iam.CreateServiceAccountRequest{AccountId: "puller"}).Do()
	a.refusal("duplicate account", err, "ALREADY_EXISTS", "ResourceInfo")
	_, err = accounts.Create(parent, &iam.CreateServiceAccountRequest{AccountId: "X"}).Do()
	a.refusal("invalid account id", err, "INVALID_ARGUMENT", "account ID")
	_, err = accounts.Get(parent + "/serviceAccounts/missing@" + project + ".iam.gserviceaccount.com").Do()
	a.refusal("missing account", err, "NOT_FOUND", "Unknown service account")
	_, err = accounts.Get("projects/-/serviceAccounts/missing@" + project + ".iam.gserviceaccount.com").Do()
	a.refusal("missing account without project", err, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED")
	account := parent + "/serviceAccounts/puller@" + project + ".iam.gserviceaccount.com"
	for {
		_, err = accounts.Keys.Create(account, &iam.CreateServiceAccountKeyRequest{}).Do()
		if err != nil {
			break
		}
	}
	a.refusal("eleventh key", err, "FAILED_PRECONDITION", "Precondition check failed.")
	_, err = accounts.Keys.Delete(account + "/keys/0123456789").Do()
	a.refusal("missing key", err, "NOT_FOUND", "does not exist")

	repositories := a.artifacts.Projects.Locations.Repositories
	_, err = repositories.Get(parent + "/locations/us/repositories/missing").Do()
	a.refusal("missing repository", err, "NOT_FOUND", "Requested entity was not found.")
	_, err = repositories.Get(parent + "/locations/nowhere/repositories/missing").Do()
	a.refusal("unknown location", err, "INVALID_ARGUMENT", "nowhere")
	_, err = repositories.Create(parent+"/locations/us", &artifactregistry.Repository{Format: "DOCKER"}).RepositoryId("images").Do()
	a.refusal("duplicate repository", err, "ALREADY_EXISTS", "already exists")
	stale := &artifactregistry.Policy{Etag: "BwAAAAAAAAA="}
	_, err = repositories.SetIamPolicy(parent+"/locations/us/repositories/images", &artifactregistry.SetIamPolicyRequest{Policy: stale}).Do()
	a.refusal("stale etag", err, "ABORTED", "concurrent policy changes")
	unknown := &artifactregistry.Policy{Bindings: []*artifactregistry.Binding{{Role: "roles/viewer", Members: []string{"serviceAccount:missing@" + project + ".iam.gserviceaccount.com"}}}}
	_, err = repositories.SetIamPolicy(parent+"/locations/us/repositories/images", &artifactregistry.SetIamPolicyRequest{Policy: unknown}).Do()
	a.refusal("unknown member", err, "INVALID_ARGUMENT", "does not exist")

	_, err = a.services.Services.Get("projects/no-such-project/services/iam.googleapis.com").Do()
	a.refusal("unknown project", err, "PERMISSION_DENIED", "CONSUMER_INVALID")
	_, err = a.services.Services.Enable(parent+"/services/missing.googleapis.com", &serviceusage.EnableServiceRequest{}).Do()
	a.refusal("unknown service", err, "PERMISSION_DENIED", "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED")
	_, err = a.projects.Projects.Get("no-such-project").Do()
	a.refusal("unknown project of Resource Manager", err, "PERMISSION_DENIED", "does not have permission")
	long := &iamcredentials.GenerateAccessTokenRequest{Scope: []string{cloudPlatform}, Lifetime: "7200s"}
	_, err = a.credentials.Projects.ServiceAccounts.GenerateAccessToken("projects/-/serviceAccounts/puller@"+project+".iam.gserviceaccount.com", long).Do()
	a.refusal("long lifetime", err, "INVALID_ARGUMENT", "allowServiceAccountCredentialLifetimeExtension")
	_, err = a.services.Services.Disable(parent+"/services/artifactregistry.googleapis.com", &serviceusage.DisableServiceRequest{}).Do()
	if err != nil {
		a.failf("services.disable: %v", err)
	}
	_, err = repositories.List(parent + "/locations/us").Do()
	a.refusal("disabled API", err, "PERMISSION_DENIED", "SERVICE_DISABLED")

	a.checked++
	config := oauth2.Config{ClientID: "x.apps.googleusercontent.com", ClientSecret: "y", Endpoint: google.Endpoint}
	_, err = config.TokenSource(context.Background(), &oauth2.Token{RefreshToken: "unknown"}).Token()
	var refused *oauth2.RetrieveError
	var transport *url.Error
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" || refused.ErrorDescription == "" || errors.As(err, &transport) || !strings.Contains(err.Error(), "invalid_grant") {
		a.failf("unknown refresh token: %v", err)
	}
}
