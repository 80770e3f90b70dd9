//! Finds the repositories behind the registries that the user names.

use gcr_core::domain::registry_host::RegistryHost;
use gcr_google::gcloud_configuration::GcloudConfiguration;
use gcr_google::names::{Location, ProjectId, RepositoryName};
use gcr_google::project::default_project;
use gcr_google::registry::{Action, PullTarget};
use kubectl_plugin::{UsageError, parse_each, parse_one};

use crate::google_args::Failure;

/// The registries as the user names them.
#[derive(Debug, Default)]
pub(super) struct RegistryFlags {
    named: Vec<Named>,
    /// `--location` and `--repository`.
    repository: Option<(Location, String)>,
}

/// A registry host with a path.
#[derive(Debug)]
struct Named {
    entry: RegistryHost,
    host: String,
    path: String,
}

/// A registry of the run.
#[derive(Debug, Clone)]
pub(super) struct Registry {
    /// The key of the entry in the Docker config.
    pub(super) entry: RegistryHost,
    /// `HOST/PROJECT[/REPOSITORY]`, for reports.
    pub(super) name: String,
    /// The repository.
    pub(super) repository: RepositoryName,
    /// The access that the credential must allow.
    pub(super) target: PullTarget,
}

impl RegistryFlags {
    /// Validates the flags.
    ///
    /// # Errors
    /// Fails for names that are invalid or not Google's, and for flags that contradict each other.
    pub(super) fn parse(
        registries: &[String],
        images: &[String],
        location: Option<&str>,
        repository: Option<&str>,
    ) -> Result<Self, UsageError> {
        let mut flags = Self::default();
        let entries: Vec<RegistryHost> = parse_each(registries)?;
        for entry in entries {
            flags.add(entry.clone(), entry.as_str())?;
        }
        for image in images {
            let entry = RegistryHost::from_image(image);
            let entry = entry.map_err(|error| UsageError::new(error.to_string()))?;
            let path = image.split_once('/').map_or("", |(_, path)| path);
            let path = path.split(['@', ':']).next().unwrap_or_default();
            // An image of Artifact Registry names its project, its repository and the image itself.
            let text = format!("{}/{path}", entry.as_str().trim_end_matches('/'));
            flags.add(entry, &text)?;
        }
        flags.repository = match (location, repository) {
            (None, None) => None,
            (Some(location), Some(repository)) if flags.named.is_empty() => {
                Some((parse_one(location)?, repository.to_owned()))
            }
            (Some(_), Some(_)) => {
                return Err(UsageError::new(
                    "--location and --repository cannot be used with --registry or --image",
                ));
            }
            _ => {
                return Err(UsageError::new(
                    "--location and --repository must be given together",
                ));
            }
        };
        Ok(flags)
    }

    fn add(&mut self, entry: RegistryHost, text: &str) -> Result<(), UsageError> {
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let named = Named {
            entry,
            host: host.to_owned(),
            path: path.trim_end_matches('/').to_owned(),
        };
        // A project to stand in: only the form is checked here.
        let any: ProjectId = parse_one("project")?;
        RepositoryName::of_registry(&named.host, &named.path, Some(&any))
            .map_err(|error| UsageError::new(error.to_string()))?;
        self.named.push(named);
        Ok(())
    }

    /// Returns the project of the service account, and the registries, each once.
    ///
    /// # Errors
    /// Fails if nothing names a project.
    pub(super) fn resolve(
        &self,
        flag: Option<&ProjectId>,
        gcloud: &GcloudConfiguration,
        action: Action,
    ) -> Result<(ProjectId, Vec<Registry>), Failure> {
        let known: Vec<RepositoryName> = self
            .named
            .iter()
            .filter_map(|it| RepositoryName::of_registry(&it.host, &it.path, None).ok())
            .collect();
        let flag = flag.map(ProjectId::as_str);
        let (project, _) = default_project(flag, &known, gcloud).map_err(Failure::new)?;
        let mut registries: Vec<Registry> = Vec::new();
        let mut add = |registry: Registry| {
            let is_known = registries
                .iter()
                .any(|it| it.entry == registry.entry && it.repository == registry.repository);
            if !is_known {
                registries.push(registry);
            }
        };
        for named in &self.named {
            let name = RepositoryName::of_registry(&named.host, &named.path, Some(&project));
            let repository = name.map_err(Failure::new)?;
            add(registry(
                named.entry.clone(),
                &named.host,
                repository,
                action,
            ));
        }
        if let Some((location, id)) = &self.repository {
            let repository = RepositoryName::new(project.clone(), location.clone(), id);
            let repository = repository.map_err(Failure::new)?;
            let host = if id.contains('.') {
                id.clone()
            } else {
                format!("{location}-docker.pkg.dev")
            };
            let entry = host.parse().map_err(Failure::new)?;
            add(registry(entry, &host, repository, action));
        } else if self.named.is_empty() {
            let repository = RepositoryName::of_registry("gcr.io", "", Some(&project));
            let repository = repository.map_err(Failure::new)?;
            let entry = "gcr.io".parse().map_err(Failure::new)?;
            add(registry(entry, "gcr.io", repository, action));
        }
        Ok((project, registries))
    }
}

fn registry(
    entry: RegistryHost,
    host: &str,
    repository: RepositoryName,
    action: Action,
) -> Registry {
    // A project `example.com:p` is written as two parts.
    let project = repository.project.as_str().replace(':', "/");
    let path = if repository.id == host {
        project
    } else {
        format!("{project}/{}", repository.id)
    };
    Registry {
        entry,
        name: format!("{host}/{path}"),
        target: PullTarget::repository(host, &path, action),
        repository,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(
        registries: &[&str],
        images: &[&str],
        project: Option<&str>,
    ) -> Result<(String, Vec<String>), String> {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let flags = RegistryFlags::parse(&owned(registries), &owned(images), None, None);
        let flags = flags.map_err(|error| error.to_string())?;
        let project = project.map(|it| it.parse().unwrap());
        let gcloud = GcloudConfiguration::default();
        let (project, found) = flags
            .resolve(project.as_ref(), &gcloud, Action::Pull)
            .map_err(|failure| failure.text)?;
        let shown = found.iter().map(|it| {
            format!(
                "{} {} {}",
                it.entry.as_str(),
                it.name,
                it.repository.resource()
            )
        });
        Ok((project.to_string(), shown.collect()))
    }

    #[test]
    fn registry_names_its_repository_and_the_project() {
        let (project, found) =
            resolve(&["europe-west1-docker.pkg.dev/p/images"], &[], None).unwrap();
        assert_eq!(project, "p");
        assert_eq!(
            found,
            [
                "europe-west1-docker.pkg.dev/p/images/ europe-west1-docker.pkg.dev/p/images projects/p/locations/europe-west1/repositories/images"
            ]
        );
    }

    #[test]
    fn default_registry_is_that_of_the_tutorial() {
        let (_, found) = resolve(&[], &[], Some("p")).unwrap();
        assert_eq!(
            found,
            ["gcr.io gcr.io/p projects/p/locations/us/repositories/gcr.io"]
        );
        let (_, found) = resolve(&["eu.gcr.io"], &[], Some("example.com:p")).unwrap();
        assert_eq!(
            found,
            [
                "eu.gcr.io eu.gcr.io/example.com/p projects/example.com:p/locations/europe/repositories/eu.gcr.io"
            ]
        );
    }

    #[test]
    fn images_of_one_repository_count_once() {
        let images = [
            "us-docker.pkg.dev/p/r/app:1.0",
            "us-docker.pkg.dev/p/r/web/front@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ];
        let (_, found) = resolve(&[], &images, None).unwrap();
        assert_eq!(
            found,
            ["us-docker.pkg.dev us-docker.pkg.dev/p/r projects/p/locations/us/repositories/r"]
        );
    }

    #[test]
    fn registry_without_repository_or_of_another_vendor_is_refused() {
        for registry in [
            "us-docker.pkg.dev",
            "us-docker.pkg.dev/p",
            "mirror.gcr.io",
            "docker.io/library",
            "gcr.io.example.com/p",
        ] {
            let error = resolve(&[registry], &[], Some("p")).unwrap_err();
            assert!(error.contains("invalid registry"), "{registry}: {error}");
        }
    }

    #[test]
    fn registries_of_several_projects_need_the_flag() {
        let registries = ["us-docker.pkg.dev/a/r", "us-docker.pkg.dev/b/r"];
        let error = resolve(&registries, &[], None).unwrap_err();
        assert!(error.contains("pass --project ID"), "{error}");
        assert_eq!(resolve(&registries, &[], Some("a")).unwrap().1.len(), 2);
    }
}
