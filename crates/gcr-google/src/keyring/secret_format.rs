//! The form of a pull Secret.

/// The form of a pull Secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretFormat {
    /// `kubernetes.io/dockerconfigjson`: `{"auths": {…}}`.
    DockerConfigJson,
    /// `kubernetes.io/dockercfg`: the entries alone.
    Dockercfg,
}
