package main

import (
	"context"
	"fmt"

	artifactregistry "google.golang.org/api/artifactregistry/v1"
	resourcemanager "google.golang.org/api/cloudresourcemanager/v1"
	resourcemanager3 "google.golang.org/api/cloudresourcemanager/v3"
	iam "google.golang.org/api/iam/v1"
	iamcredentials "google.golang.org/api/iamcredentials/v1"
	"google.golang.org/api/option"
	serviceusage "google.golang.org/api/serviceusage/v1"
)

// apis are Google's clients.
type apis struct {
	*checker
	artifacts   *artifactregistry.Service
	credentials *iamcredentials.Service
	iam         *iam.Service
	projects    *resourcemanager.Service
	projects3   *resourcemanager3.Service
	services    *serviceusage.Service
}

func openAPIs(ctx context.Context, c *checker, options ...option.ClientOption) *apis {
	a := &apis{checker: c}
	var err error
	open := func(failed error) {
		if failed != nil {
			panic(failed)
		}
	}
	a.artifacts, err = artifactregistry.NewService(ctx, options...)
	open(err)
	a.credentials, err = iamcredentials.NewService(ctx, options...)
	open(err)
	a.iam, err = iam.NewService(ctx, options...)
	open(err)
	a.projects, err = resourcemanager.NewService(ctx, options...)
	open(err)
	a.projects3, err = resourcemanager3.NewService(ctx, options...)
	open(err)
	a.services, err = serviceusage.NewService(ctx, options...)
	open(err)
	return a
}

func (a *apis) checkServices(project string) {
	name := "projects/" + project + "/services/artifactregistry.googleapis.com"
	before, err := a.services.Services.Get(name).Do()
	if got := reply(a.checker, "services.get", before, err); got.State != "DISABLED" {
		a.failf("services.get: state %s", got.State)
	}
	ids := []string{"artifactregistry.googleapis.com", "iam.googleapis.com", "iamcredentials.googleapis.com"}
	request := &serviceusage.BatchEnableServicesRequest{ServiceIds: ids}
	started, err := a.services.Services.BatchEnable("projects/"+project, request).Do()
	operation := reply(a.checker, "services.batchEnable", started, err)
	a.embedded("services.batchEnable", operation.Metadata, &serviceusage.OperationMetadata{})
	for polls := 0; !operation.Done && polls < 10; polls++ {
		polled, err := a.services.Operations.Get(operation.Name).Do()
		operation = reply(a.checker, "operations.get", polled, err)
	}
	a.embedded("services.batchEnable", operation.Response, &serviceusage.BatchEnableServicesResponse{})
	again, err := a.services.Services.Enable(name, &serviceusage.EnableServiceRequest{}).Do()
	if got := reply(a.checker, "services.enable", again, err); !got.Done {
		a.failf("services.enable: not done at once for an enabled service")
	}
	a.embedded("services.enable", again.Response, &serviceusage.EnableServiceResponse{})
	listed, err := a.services.Services.List("projects/" + project).Filter("state:ENABLED").Do()
	if got := reply(a.checker, "services.list", listed, err); len(got.Services) < len(ids) {
		a.failf("services.list: %d services", len(got.Services))
	}
	batch, err := a.services.Services.BatchGet("projects/" + project).Names(name).Do()
	reply(a.checker, "services.batchGet", batch, err)
}

func (a *apis) checkProject(project string) {
	got, err := a.projects.Projects.Get(project).Do()
	if got := reply(a.checker, "projects.get", got, err); got.ProjectNumber == 0 {
		a.failf("projects.get: no number")
	}
	got3, err := a.projects3.Projects.Get("projects/" + project).Do()
	reply(a.checker, "projects.get v3", got3, err)
	asked := []string{"iam.serviceAccounts.create", "serviceusage.services.enable"}
	held, err := a.projects.Projects.TestIamPermissions(project, &resourcemanager.TestIamPermissionsRequest{Permissions: asked}).Do()
	if got := reply(a.checker, "projects.testIamPermissions", held, err); len(got.Permissions) != len(asked) {
		a.failf("projects.testIamPermissions: %v", got.Permissions)
	}
	request := &resourcemanager.GetIamPolicyRequest{Options: &resourcemanager.GetPolicyOptions{RequestedPolicyVersion: 3}}
	policy, err := a.projects.Projects.GetIamPolicy(project, request).Do()
	policy = reply(a.checker, "projects.getIamPolicy", policy, err)
	policy.Bindings = append(policy.Bindings, &resourcemanager.Binding{Role: "roles/viewer", Members: []string{"user:a@example.com"},
		Condition: &resourcemanager.Expr{Title: "t", Expression: "true"}})
	policy.Version = 3
	set, err := a.projects.Projects.SetIamPolicy(project, &resourcemanager.SetIamPolicyRequest{Policy: policy}).Do()
	if got := reply(a.checker, "projects.setIamPolicy", set, err); got.Version != 3 || got.Etag == policy.Etag {
		a.failf("projects.setIamPolicy: version %d, etag %s", got.Version, got.Etag)
	}
}

func (a *apis) checkAccounts(project string) {
	accounts := a.iam.Projects.ServiceAccounts
	request := &iam.CreateServiceAccountRequest{AccountId: "puller", ServiceAccount: &iam.ServiceAccount{DisplayName: "Pulls images", Description: "x"}}
	created, err := accounts.Create("projects/"+project, request).Do()
	account := reply(a.checker, "serviceAccounts.create", created, err)
	read, err := accounts.Get(account.Name).Do()
	reply(a.checker, "serviceAccounts.get", read, err)
	listed, err := accounts.List("projects/" + project).PageSize(1).Do()
	reply(a.checker, "serviceAccounts.list", listed, err)
	disabled, err := accounts.Disable(account.Name, &iam.DisableServiceAccountRequest{}).Do()
	reply(a.checker, "serviceAccounts.disable", disabled, err)
	read, err = accounts.Get(account.Name).Do()
	if got := reply(a.checker, "serviceAccounts.get", read, err); !got.Disabled {
		a.failf("serviceAccounts.get: not disabled")
	}
	enabled, err := accounts.Enable(account.Name, &iam.EnableServiceAccountRequest{}).Do()
	reply(a.checker, "serviceAccounts.enable", enabled, err)
	policy, err := accounts.GetIamPolicy(account.Name).OptionsRequestedPolicyVersion(3).Do()
	policy = reply(a.checker, "serviceAccounts.getIamPolicy", policy, err)
	member := "serviceAccount:" + account.Email
	policy.Bindings = []*iam.Binding{{Role: "roles/iam.serviceAccountTokenCreator", Members: []string{member}}}
	set, err := accounts.SetIamPolicy(account.Name, &iam.SetIamPolicyRequest{Policy: policy}).Do()
	reply(a.checker, "serviceAccounts.setIamPolicy", set, err)
	asked := &iam.TestIamPermissionsRequest{Permissions: []string{"iam.serviceAccountKeys.create"}}
	held, err := accounts.TestIamPermissions(account.Name, asked).Do()
	reply(a.checker, "serviceAccounts.testIamPermissions", held, err)

	key, err := accounts.Keys.Create(account.Name, &iam.CreateServiceAccountKeyRequest{}).Do()
	key = reply(a.checker, "keys.create", key, err)
	keys, err := accounts.Keys.List(account.Name).KeyTypes("USER_MANAGED").Do()
	if got := reply(a.checker, "keys.list", keys, err); len(got.Keys) != 1 || got.Keys[0].Name != key.Name {
		a.failf("keys.list: %d keys", len(got.Keys))
	}
	off, err := accounts.Keys.Disable(key.Name, &iam.DisableServiceAccountKeyRequest{}).Do()
	reply(a.checker, "keys.disable", off, err)
	readKey, err := accounts.Keys.Get(key.Name).PublicKeyType("TYPE_RAW_PUBLIC_KEY").Do()
	if got := reply(a.checker, "keys.get", readKey, err); !got.Disabled || got.PublicKeyData == "" {
		a.failf("keys.get: disabled %v", got.Disabled)
	}
	on, err := accounts.Keys.Enable(key.Name, &iam.EnableServiceAccountKeyRequest{}).Do()
	reply(a.checker, "keys.enable", on, err)
	gone, err := accounts.Keys.Delete(key.Name).Do()
	reply(a.checker, "keys.delete", gone, err)
}

func (a *apis) checkRepositories(project string) {
	locations := a.artifacts.Projects.Locations
	listed, err := locations.List("projects/" + project).Do()
	reply(a.checker, "locations.list", listed, err)
	location, err := locations.Get("projects/" + project + "/locations/us").Do()
	reply(a.checker, "locations.get", location, err)
	settings, err := a.artifacts.Projects.GetProjectSettings("projects/" + project + "/projectSettings").Do()
	reply(a.checker, "getProjectSettings", settings, err)
	parent := "projects/" + project + "/locations/us"
	wanted := &artifactregistry.Repository{Format: "DOCKER", Mode: "STANDARD_REPOSITORY", Description: "x"}
	started, err := locations.Repositories.Create(parent, wanted).RepositoryId("images").Do()
	operation := reply(a.checker, "repositories.create", started, err)
	a.embedded("repositories.create", operation.Metadata, &artifactregistry.OperationMetadata{})
	for polls := 0; !operation.Done && polls < 10; polls++ {
		polled, err := locations.Operations.Get(operation.Name).Do()
		operation = reply(a.checker, "locations.operations.get", polled, err)
	}
	a.embedded("repositories.create", operation.Response, &artifactregistry.Repository{})
	name := parent + "/repositories/images"
	repository, err := locations.Repositories.Get(name).Do()
	reply(a.checker, "repositories.get", repository, err)
	repositories, err := locations.Repositories.List(parent).Do()
	reply(a.checker, "repositories.list", repositories, err)
	policy, err := locations.Repositories.GetIamPolicy(name).OptionsRequestedPolicyVersion(3).Do()
	policy = reply(a.checker, "repositories.getIamPolicy", policy, err)
	member := fmt.Sprintf("serviceAccount:puller@%s.iam.gserviceaccount.com", project)
	policy.Bindings = []*artifactregistry.Binding{{Role: "roles/artifactregistry.reader", Members: []string{member}}}
	set, err := locations.Repositories.SetIamPolicy(name, &artifactregistry.SetIamPolicyRequest{Policy: policy}).Do()
	reply(a.checker, "repositories.setIamPolicy", set, err)
	asked := &artifactregistry.TestIamPermissionsRequest{Permissions: []string{"artifactregistry.repositories.downloadArtifacts"}}
	held, err := locations.Repositories.TestIamPermissions(name, asked).Do()
	reply(a.checker, "repositories.testIamPermissions", held, err)
}
