//! Decides why an image cannot be pulled. Pure.

use std::sync::Arc;

use gcr_google::registry::{Finding, Verdict};
use kube_clientcmd::escape_control::escape_control;

use super::chain::{Chain, End};
use super::fix::{Fixes, Place};
use super::kubelet_message::other_cause;
use crate::verify::finding::message;
use crate::verify::requested::Requested;

/// Why an image cannot be pulled. The words are stable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    Ok,
    RetryPending,
    InvalidImageName,
    NoPullSecret,
    PodPredatesSecret,
    OwnPullSecrets,
    SecretMissing,
    SecretUnreadable,
    SecretWrongType,
    SecretUndecodable,
    NoEntryForHost,
    CredentialRefused,
    ImageNotFound,
    RegistryUnreachable,
    CachedImage,
    NeverPulled,
    NotCredentials,
    NotGoogle,
}

impl Cause {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::RetryPending => "retry-pending",
            Self::InvalidImageName => "invalid-image-name",
            Self::NoPullSecret => "no-pull-secret",
            Self::PodPredatesSecret => "pod-predates-secret",
            Self::OwnPullSecrets => "own-pull-secrets",
            Self::SecretMissing => "secret-missing",
            Self::SecretUnreadable => "secret-unreadable",
            Self::SecretWrongType => "secret-wrong-type",
            Self::SecretUndecodable => "secret-undecodable",
            Self::NoEntryForHost => "no-entry-for-host",
            Self::CredentialRefused => "credential-refused",
            Self::ImageNotFound => "image-not-found",
            Self::RegistryUnreachable => "registry-unreachable",
            Self::CachedImage => "cached-image",
            Self::NeverPulled => "never-pulled",
            Self::NotCredentials => "not-credentials",
            Self::NotGoogle => "not-google",
        }
    }

    pub(super) fn is_problem(self) -> bool {
        !matches!(self, Self::Ok | Self::RetryPending)
    }
}

/// The result for one image.
pub(super) struct Diagnosis {
    pub(super) cause: Cause,
    /// One sentence without a full stop.
    pub(super) message: String,
    /// The command that solves the problem.
    pub(super) fix: Option<String>,
    /// The registry's answer that decided.
    pub(super) finding: Option<Arc<Finding>>,
}

/// The evidence about one image of a pod, or of a pod that does not exist yet.
pub(super) struct Case<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) requested: &'a Requested,
    /// The pull secrets of the pod; those of the account without a pod.
    pub(super) own: &'a [String],
    pub(super) own_chain: &'a Chain,
    /// The pull secrets that the account lists now; `None` if they are not known.
    pub(super) account: Option<&'a [String]>,
    pub(super) account_chain: Option<&'a Chain>,
    /// kubelet's reason and text, if the container waits.
    pub(super) reason: Option<&'a str>,
    pub(super) message: &'a str,
    /// Whether the node has the image and wants a proof of access to it.
    pub(super) is_cached: bool,
    /// A Secret of the namespace that nothing references and whose credential works.
    pub(super) spare: Option<&'a str>,
    pub(super) all_registries: bool,
}

impl Diagnosis {
    fn new(cause: Cause, message: impl Into<String>, fix: Option<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            fix,
            finding: None,
        }
    }

    /// Returns the diagnosis of an image that kubelet cannot parse.
    pub(super) fn invalid_image(place: &Place<'_>, image: &str) -> Self {
        let reason = if image.chars().any(char::is_uppercase) {
            ": the path of an image has only lower-case letters"
        } else {
            ""
        };
        let shown = escape_control(image);
        Self::new(
            Cause::InvalidImageName,
            format!("the image name {shown} is not valid{reason}"),
            Some(Fixes(place).set_image(image)),
        )
    }
}

impl Case<'_> {
    /// Returns why the image cannot be pulled.
    pub(super) fn diagnose(&self) -> Diagnosis {
        if self.reason == Some("ErrImageNeverPull") && !self.is_cached {
            let text = "the image is not on the node, and imagePullPolicy Never forbids kubelet to pull it";
            return Diagnosis::new(Cause::NeverPulled, text, None);
        }
        if !self.requested.is_google() && !self.all_registries {
            let text = format!(
                "{} is not a registry of Google; --all-registries checks its pull secrets too",
                escape_control(&self.requested.target.host)
            );
            return Diagnosis::new(Cause::NotGoogle, text, None);
        }
        if matches!(self.own_chain.end, End::Undecodable(_)) || self.own_chain.is_good() {
            return self.of_chain(self.own_chain);
        }
        match self.account_chain {
            Some(chain) if chain.is_good() => self.of_better_account(),
            // New pods get the list of the account, so that the fix must correct that list.
            Some(chain) if self.own.is_empty() => self.of_chain(chain),
            _ => self.of_chain(self.own_chain),
        }
    }

    /// The pod's own list does not work, and that of its account does.
    fn of_better_account(&self) -> Diagnosis {
        let listed = self.account.unwrap_or_default();
        let account = self.place.account;
        let names = joined(listed);
        let fixes = Fixes(self.place);
        let is_older = self.own.iter().all(|name| listed.contains(name));
        if !is_older {
            let text = format!(
                "the pod lists its own pull secrets ({}), so that kubelet ignores those of ServiceAccount {account} ({names})",
                joined(self.own)
            );
            let fix = fixes.remove_own_secrets();
            let fix = fix.or_else(|| self.of_chain(self.own_chain).fix);
            return Diagnosis::new(Cause::OwnPullSecrets, text, fix);
        }
        let state = if self.own.is_empty() {
            "the pod has no pull secret".to_owned()
        } else {
            format!("the pod has only the pull secret {}", joined(self.own))
        };
        let text =
            format!("{state}: it was created before ServiceAccount {account} listed {names}");
        Diagnosis::new(Cause::PodPredatesSecret, text, Some(fixes.restart()))
    }

    fn of_chain(&self, chain: &Chain) -> Diagnosis {
        let fixes = Fixes(self.place);
        let host = &self.requested.target.host;
        let shown = escape_control(&self.requested.repository);
        let mut diagnosis = match &chain.end {
            End::Empty => self.without_secret(),
            End::Undecodable(name) => Diagnosis::new(
                Cause::SecretUndecodable,
                format!(
                    "kubelet cannot decode Secret {name}, and therefore pulls nothing for the pod, whatever its other Secrets contain"
                ),
                Some(fixes.rewrite_secret(name, host, false)),
            ),
            End::Missing(name) => Diagnosis::new(
                Cause::SecretMissing,
                format!(
                    "Secret {} does not exist, and kubelet skips it",
                    escape_control(name)
                ),
                Some(fixes.create_secret(name, host)),
            ),
            End::Unreadable(name, error) => Diagnosis::new(
                Cause::SecretUnreadable,
                format!("Secret {name} cannot be read: {}", first_line(error)),
                None,
            ),
            End::WrongType(name, kind) => Diagnosis::new(
                Cause::SecretWrongType,
                format!("Secret {name} has type {kind}, and kubelet ignores it"),
                Some(fixes.recreate_secret(name, host)),
            ),
            End::NoEntry(name, nearest) => {
                let nearest = match nearest {
                    Some(entry) => format!("; its nearest entry is {}", escape_control(entry)),
                    None => "; it has no entry at all".to_owned(),
                };
                Diagnosis::new(
                    Cause::NoEntryForHost,
                    format!("Secret {name} has no entry for {shown}{nearest}"),
                    Some(fixes.rewrite_secret(name, host, true)),
                )
            }
            End::NotContacted => {
                self.without_refusal("an entry matches; the registry was not contacted")
            }
            End::Works => {
                self.without_refusal("the registry accepts the credential and has the image")
            }
            End::ImageMissing => Diagnosis::new(
                Cause::ImageNotFound,
                format!(
                    "the registry accepts the credential, and has no image {}",
                    escape_control(&self.requested.label)
                ),
                Some(fixes.list_tags(self.requested)),
            ),
            End::Refused(refusal) => {
                let verdict = refusal.finding.verdict;
                let text = message(&refusal.finding, &refusal.facts);
                let is_unreachable = matches!(
                    verdict,
                    Verdict::RegistryUnreachable | Verdict::RegistryBusy
                );
                let cause = if is_unreachable {
                    Cause::RegistryUnreachable
                } else {
                    Cause::CredentialRefused
                };
                let text = if is_unreachable {
                    format!(
                        "the credential in Secret {} was not checked: {text}",
                        refusal.secret
                    )
                } else {
                    format!(
                        "the registry refuses the credential in Secret {} ({verdict}): {text}",
                        refusal.secret
                    )
                };
                Diagnosis::new(cause, text, fixes.refusal(refusal, self.requested))
            }
        };
        diagnosis.finding.clone_from(&chain.finding);
        diagnosis
    }

    /// Returns the diagnosis if no registry refuses the credentials.
    fn without_refusal(&self, text: &str) -> Diagnosis {
        let Some(reason) = self.reason else {
            return Diagnosis::new(Cause::Ok, text, None);
        };
        if let Some(other) = other_cause(self.message) {
            let text = format!("it is not a credential problem: {other}");
            return Diagnosis::new(Cause::NotCredentials, text, None);
        }
        if !self.requested.is_google() {
            let text = format!("{text}, and kubelet says {reason}");
            return Diagnosis::new(Cause::NotGoogle, text, None);
        }
        let text = "pulling works now; kubelet tries again within 5 minutes";
        Diagnosis::new(Cause::RetryPending, text, None)
    }

    fn without_secret(&self) -> Diagnosis {
        let account = self.place.account;
        let whose = if self.account.is_none() && self.place.pod.is_some() {
            format!(
                "the pod lists no pull secret, and ServiceAccount {account} does not exist or cannot be read"
            )
        } else if self.reason.is_some() {
            format!("neither the pod nor ServiceAccount {account} lists a pull secret")
        } else {
            format!("ServiceAccount {account} lists no pull secret")
        };
        let fix = Fixes(self.place).attach(self.spare, &self.requested.target.host);
        if self.is_cached {
            let text = format!(
                "{whose}, and the image on the node came from another pod's pull, which kubelet 1.35 and newer does not let it use"
            );
            return Diagnosis::new(Cause::CachedImage, text, Some(fix));
        }
        Diagnosis::new(Cause::NoPullSecret, whose, Some(fix))
    }
}

/// Joins names of referenced Secrets, for which the server accepts any text.
fn joined(names: &[String]) -> String {
    escape_control(&names.join(", ")).into_owned()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
