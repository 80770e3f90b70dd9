//! The source of a credential: a Secret or a file.

use std::ffi::OsString;
use std::sync::Arc;

use gcr_core::domain::access_token::AccessToken;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{ObjectId, ObjectKind, TargetName, TargetScope};
use gcr_core::kubernetes::secrets::StoredSecret;
use gcr_google::keyring::{Keyring, SecretFormat};
use gcr_google::registry::Login;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::UsageError;
use secrecy::{ExposeSecret as _, SecretString};

use crate::credential_flags::{quoted, read};

/// A local file with a credential.
const FILE: ObjectKind = ObjectKind {
    rank: 10,
    singular: "file",
    kind: "File",
    unchanged: "unchanged",
};

/// A credential, or several for different hosts.
pub(crate) struct Source {
    /// Its location.
    pub(crate) target: TargetName,
    /// Its name in lines.
    pub(crate) object: ObjectId,
    /// Its content.
    pub(crate) content: Content,
}

/// The content of a source.
pub(crate) enum Content {
    /// Entries for hosts, in kubelet's order.
    Entries(Keyring),
    /// One credential for any host.
    Login(Login),
    /// No credential, for this reason.
    Unusable(String),
}

impl Source {
    /// Reads the file that one of the flags names; `None` without a flag.
    ///
    /// # Errors
    /// Fails if the file cannot be read, or does not contain a valid access token.
    pub(crate) fn of_flags(
        key_file: Option<&OsString>,
        token_file: Option<&OsString>,
        docker_config: Option<&OsString>,
        redactor: &Redactor,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>, UsageError> {
        if let Some(file) = key_file {
            let bytes = read("--key-file", file, warnings)?;
            let content = match std::str::from_utf8(&bytes) {
                Ok(text) => {
                    Content::Login(Login::new("_json_key", SecretString::from(text.trim_end())))
                }
                Err(_) => Content::Unusable("the key file is not UTF-8".to_owned()),
            };
            return Ok(Some(Self::of_file(file, content, redactor)));
        }
        if let Some(file) = token_file {
            let token = AccessToken::parse(read("--access-token-file", file, warnings)?);
            let token = token.map_err(|error| {
                UsageError::new(format!("access token file {} {error}", quoted(file)))
            })?;
            let login = Login::new("oauth2accesstoken", token.expose().into());
            return Ok(Some(Self::of_file(file, Content::Login(login), redactor)));
        }
        let Some(file) = docker_config else {
            return Ok(None);
        };
        let bytes = read("--docker-config", file, warnings)?;
        redactor.add_docker_config(&bytes);
        let content = entries(SecretFormat::DockerConfigJson, &bytes)
            .unwrap_or_else(|| Content::Unusable("the Docker config cannot be decoded".to_owned()));
        Ok(Some(Self::of_file(file, content, redactor)))
    }

    fn of_file(file: &OsString, content: Content, redactor: &Redactor) -> Self {
        let path: Arc<str> = escape_control(&file.to_string_lossy()).into();
        content.register(redactor);
        Self {
            target: TargetName {
                context: None,
                scope: TargetScope::File(Arc::clone(&path)),
            },
            object: ObjectId::new(&FILE, path),
            content,
        }
    }

    /// Returns the credentials of a Secret.
    pub(crate) fn of_secret(
        target: TargetName,
        object: ObjectId,
        secret: &StoredSecret,
        redactor: &Redactor,
    ) -> Self {
        let content = match format_of(secret) {
            Some((format, data)) => entries(format, data).unwrap_or_else(|| {
                let reason =
                    "kubelet cannot decode the Secret, so that every pull that uses it fails";
                Content::Unusable(reason.to_owned())
            }),
            None => Content::Unusable(format!(
                "the Secret has type {} and no Docker config, so that kubelet ignores it",
                escape_control(&secret.type_)
            )),
        };
        content.register(redactor);
        Self {
            target,
            object,
            content,
        }
    }
}

impl Content {
    /// Adds every password to the redactor.
    fn register(&self, redactor: &Redactor) {
        match self {
            Self::Entries(keyring) => {
                for entry in keyring.entries() {
                    redactor.add_secret(entry.login.password.expose_secret());
                }
            }
            Self::Login(login) => redactor.add_secret(login.password.expose_secret()),
            Self::Unusable(_) => {}
        }
    }
}

/// Returns the form and the data of a pull Secret, by kubelet's rule (`MakeDockerKeyring`); `None` if kubelet ignores it.
pub(crate) fn format_of(secret: &StoredSecret) -> Option<(SecretFormat, &[u8])> {
    let (format, key) = match secret.type_.as_str() {
        "kubernetes.io/dockerconfigjson" => (SecretFormat::DockerConfigJson, ".dockerconfigjson"),
        "kubernetes.io/dockercfg" => (SecretFormat::Dockercfg, ".dockercfg"),
        _ => return None,
    };
    let data = secret.data.get(key)?;
    Some((format, data.as_slice()))
}

fn entries(format: SecretFormat, data: &[u8]) -> Option<Content> {
    Keyring::new([(format, data)]).ok().map(Content::Entries)
}
