//! Writes the commands that mend a cause, in a form that can be pasted into a shell.

use gcr_core::domain::names::Namespace;
use gcr_core::kubernetes::pod::Pod;
use gcr_google::names::{RepositoryName, ServiceAccountEmail};
use gcr_google::registry::Verdict;

use super::chain::{Refusal, SecretState, Secrets};
use crate::verify::requested::Requested;

/// Where an image is used.
pub(super) struct Place<'a> {
    pub(super) context: Option<&'a str>,
    pub(super) namespace: &'a Namespace,
    pub(super) account: &'a str,
    /// The pod and its container, if there is one.
    pub(super) pod: Option<(&'a Pod, &'a str)>,
    pub(super) secrets: &'a Secrets,
}

/// The fixes at a place.
pub(super) struct Fixes<'a>(pub(super) &'a Place<'a>);

impl Fixes<'_> {
    /// Returns the flags that select the namespace and the cluster.
    fn flags(&self) -> String {
        let namespace = format!(" -n {}", self.0.namespace);
        match self.0.context {
            Some(context) => format!("{namespace} --context {}", quoted(context)),
            None => namespace,
        }
    }

    /// Gives the container another image; as a proposal the same one in lower case.
    pub(super) fn set_image(&self, image: &str) -> String {
        let proposal = image.to_lowercase();
        let proposal = if gcr_google::keyring::ImageName::parse(&proposal).is_ok() {
            proposal
        } else {
            "IMAGE".to_owned()
        };
        match self.0.pod {
            Some((pod, container)) => format!(
                "kubectl set image {} {container}={}{}",
                quoted(&pod.editable()),
                quoted(&proposal),
                self.flags()
            ),
            None => format!(
                "kubectl gcr-secret doctor --image {}{}",
                quoted(&proposal),
                self.flags()
            ),
        }
    }

    /// Replaces the pod: by its controller, or from its own manifest.
    pub(super) fn restart(&self) -> String {
        let Some((pod, _)) = self.0.pod else {
            return String::new();
        };
        let (name, flags) = (&pod.metadata.name, self.flags());
        if pod.controller().is_some() {
            format!("kubectl gcr-secret doctor {name} --restart{flags}")
        } else {
            format!("kubectl get pod {name}{flags} -o yaml | kubectl replace --force -f -")
        }
    }

    /// Removes the list of the pod template, so that new pods take that of their ServiceAccount.
    pub(super) fn remove_own_secrets(&self) -> Option<String> {
        let (pod, _) = self.0.pod?;
        let object = pod.editable();
        if object.starts_with("pod/") {
            return None;
        }
        let patch = r#"[{"op":"remove","path":"/spec/template/spec/imagePullSecrets"}]"#;
        Some(format!(
            "kubectl patch {} --type=json -p '{patch}'{}",
            quoted(&object),
            self.flags()
        ))
    }

    /// Creates a Secret that is referenced.
    pub(super) fn create_secret(&self, name: &str, host: &str) -> String {
        self.create(name, host, "")
    }

    /// Writes an existing Secret again. `keeps_others` keeps its entries for other hosts.
    pub(super) fn rewrite_secret(&self, name: &str, host: &str, keeps_others: bool) -> String {
        let merge = if keeps_others { " --merge" } else { "" };
        self.create(name, host, &format!("{merge}{}", self.force(name)))
    }

    /// Replaces a Secret of another type.
    pub(super) fn recreate_secret(&self, name: &str, host: &str) -> String {
        self.create(name, host, &format!(" --recreate{}", self.force(name)))
    }

    /// Lets the ServiceAccount list a Secret: `spare` if there is one that works, otherwise a new one.
    pub(super) fn attach(&self, spare: Option<&str>, host: &str) -> String {
        let account = self.0.account;
        if let Some(spare) = spare {
            return format!(
                "kubectl gcr-patch-sa {account} --secret {spare}{}",
                self.flags()
            );
        }
        let attach = if account == "default" {
            " --attach".to_owned()
        } else {
            format!(" --serviceaccount {account}")
        };
        self.create("gcr-io", host, &attach)
    }

    /// The server accepts any text as the name of a referenced Secret.
    fn create(&self, name: &str, host: &str, more: &str) -> String {
        let foreign = Requested::of_entry(host);
        let any_host = if foreign.is_google() {
            ""
        } else {
            " --allow-any-host"
        };
        format!(
            "kubectl gcr-secret create {} --key-file key.json --registry {}{more}{any_host}{}",
            quoted(name),
            quoted(host),
            self.flags()
        )
    }

    /// Returns the flag that takes over a Secret of another owner.
    fn force(&self, name: &str) -> &'static str {
        let key = (self.0.namespace.clone(), name.to_owned());
        match self.0.secrets.get(&key) {
            Some(SecretState::Data(_, _, origin) | SecretState::WrongType(_, origin))
                if !origin.is_ours =>
            {
                " --force-conflicts"
            }
            _ => "",
        }
    }

    /// Lists the images that exist.
    pub(super) fn list_tags(&self, requested: &Requested) -> String {
        format!(
            "gcloud artifacts docker tags list {}",
            quoted(&requested.repository)
        )
    }

    /// Returns the fix for a credential that the registry refuses.
    pub(super) fn refusal(&self, refusal: &Refusal, requested: &Requested) -> Option<String> {
        let host = &requested.target.host;
        let path = requested.target.repository.as_deref().unwrap_or_default();
        let repository = RepositoryName::of_registry(host, path, None).ok();
        let account = refusal.facts.account.as_deref();
        let of_project = |command: &str| {
            let project = &repository.as_ref()?.project;
            Some(format!("gcloud {command}{}", quoted(project.as_str())))
        };
        match refusal.finding.verdict {
            Verdict::PermissionDenied => {
                let (repository, account) = (repository?, account?);
                Some(format!(
                    "gcloud artifacts repositories add-iam-policy-binding {} --project {} --location {} --member serviceAccount:{} --role roles/artifactregistry.reader",
                    repository.id,
                    repository.project,
                    repository.location,
                    quoted(account)
                ))
            }
            Verdict::RepositoryNotFound => {
                let repository = repository?;
                Some(format!(
                    "gcloud artifacts repositories create {} --repository-format docker --project {} --location {}",
                    repository.id, repository.project, repository.location
                ))
            }
            Verdict::AccountDisabled => {
                let account = account?;
                // Not the project of gcloud's configuration, which may be any.
                let email: Option<ServiceAccountEmail> = account.parse().ok();
                let project = email.and_then(|email| email.project());
                let project = project.map(|it| format!(" --project {}", quoted(it.as_str())));
                Some(format!(
                    "gcloud iam service-accounts enable {}{}",
                    quoted(account),
                    project.unwrap_or_default()
                ))
            }
            Verdict::ApiDisabled => {
                of_project("services enable artifactregistry.googleapis.com --project ")
            }
            Verdict::NotMigrated => of_project("artifacts docker upgrade migrate --projects "),
            Verdict::NotAKey
            | Verdict::BadEncoding
            | Verdict::KeyRevoked
            | Verdict::AccountDeleted
            | Verdict::TokenExpired
            | Verdict::Unauthorized => {
                Some(self.rewrite_secret(&refusal.secret, host, refusal.has_others))
            }
            Verdict::Ok
            | Verdict::ClockSkew
            | Verdict::NoCredentialForHost
            | Verdict::ImageNotFound
            | Verdict::RegistryUnreachable
            | Verdict::RegistryBusy
            | Verdict::Unrecognized => None,
        }
    }
}

/// Quotes a word for a shell, unless it is safe as it is.
fn quoted(word: &str) -> String {
    let is_safe = |it: char| it.is_ascii_alphanumeric() || "-_./:@=+,".contains(it);
    let word = kube_clientcmd::escape_control::escape_control(word);
    if !word.is_empty() && word.chars().all(is_safe) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("gcr.io/p/app:1"), "gcr.io/p/app:1");
        assert_eq!(quoted("a; rm -rf ~"), "'a; rm -rf ~'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn referenced_secret_with_any_name_is_one_word() {
        let namespace: Namespace = "shop".parse().unwrap();
        let place = Place {
            context: None,
            namespace: &namespace,
            account: "default",
            pod: None,
            secrets: &Secrets::new(),
        };
        assert_eq!(
            Fixes(&place).create_secret("x; rm -rf ~", "gcr.io"),
            "kubectl gcr-secret create 'x; rm -rf ~' --key-file key.json --registry gcr.io -n shop"
        );
    }
}
