//! Chooses the project of the service account.

use crate::gcloud_configuration::GcloudConfiguration;
use crate::names::{NameError, ProjectId, RepositoryName};

/// Where a project was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProjectSource {
    /// The flag `--project`.
    Flag,
    /// A registry that the user named.
    Registry,
    /// The variable `CLOUDSDK_CORE_PROJECT` or the active configuration of gcloud.
    Gcloud,
}

/// There is no project, or its name is invalid.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProjectError {
    /// None of the four ways names a project.
    #[error(
        "no Google project: pass --project ID, name it in --registry HOST/PROJECT/REPOSITORY, set CLOUDSDK_CORE_PROJECT, or run: gcloud config set project ID"
    )]
    Missing,
    /// The registries name several projects.
    #[error(
        "the registries are in several projects ({0}); pass --project ID for the service account"
    )]
    Ambiguous(String),
    /// The name is invalid.
    #[error(transparent)]
    Invalid(#[from] NameError),
}

/// Returns the project: that of the flag, the only one in `registries`, or gcloud's.
///
/// # Errors
/// Fails if there is none; the error names all four ways.
pub fn default_project(
    flag: Option<&str>,
    registries: &[RepositoryName],
    gcloud: &GcloudConfiguration,
) -> Result<(ProjectId, ProjectSource), ProjectError> {
    if let Some(flag) = flag {
        return Ok((flag.parse()?, ProjectSource::Flag));
    }
    let mut projects: Vec<&ProjectId> = registries.iter().map(|it| &it.project).collect();
    projects.sort();
    projects.dedup();
    match projects.as_slice() {
        [] => {}
        [one] => return Ok(((*one).clone(), ProjectSource::Registry)),
        several => {
            let names: Vec<&str> = several.iter().map(|it| it.as_str()).collect();
            return Err(ProjectError::Ambiguous(names.join(", ")));
        }
    }
    match gcloud.property("core", "project") {
        Some(project) => Ok((project.parse()?, ProjectSource::Gcloud)),
        None => Err(ProjectError::Missing),
    }
}

#[cfg(test)]
mod tests {
    use kube_clientcmd::Environment;

    use super::*;

    async fn gcloud(variables: &[(&str, &str)]) -> GcloudConfiguration {
        GcloudConfiguration::read(&Environment::of(variables)).await
    }

    fn registry(path: &str) -> RepositoryName {
        RepositoryName::of_registry("gcr.io", path, None).unwrap()
    }

    #[tokio::test]
    async fn project_is_searched_in_order() {
        let gcloud = gcloud(&[("CLOUDSDK_CORE_PROJECT", "of-gcloud")]).await;
        let registries = [registry("of-registry"), registry("of-registry/x")];
        let found = |flag, registries| {
            let (project, source) = default_project(flag, registries, &gcloud).unwrap();
            (project.to_string(), source)
        };
        assert_eq!(
            found(Some("of-flag"), &registries),
            ("of-flag".to_owned(), ProjectSource::Flag)
        );
        assert_eq!(
            found(None, &registries),
            ("of-registry".to_owned(), ProjectSource::Registry)
        );
        assert_eq!(
            found(None, &[]),
            ("of-gcloud".to_owned(), ProjectSource::Gcloud)
        );
    }

    #[tokio::test]
    async fn missing_project_names_all_four_ways() {
        let error = default_project(None, &[], &gcloud(&[]).await)
            .unwrap_err()
            .to_string();
        for way in [
            "--project",
            "--registry",
            "CLOUDSDK_CORE_PROJECT",
            "gcloud config set project",
        ] {
            assert!(error.contains(way), "{error}");
        }
    }

    #[tokio::test]
    async fn registries_of_several_projects_need_the_flag() {
        let registries = [registry("b"), registry("a")];
        assert_eq!(
            default_project(None, &registries, &gcloud(&[]).await),
            Err(ProjectError::Ambiguous("a, b".to_owned()))
        );
    }
}
