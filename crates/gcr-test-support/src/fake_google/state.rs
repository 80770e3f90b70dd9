//! Everything that the fake remembers: projects, accounts, keys, repositories, policies, tokens and operations.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderValue;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::iam_policy::PolicyStore;
use super::pending_operation::Operation;
use super::propagation::{Delay, Propagation};
use super::stored_key::Key;

/// State of one fake.
pub(super) struct State {
    pub(super) projects: BTreeMap<String, Project>,
    pub(super) tokens: BTreeMap<String, AccessToken>,
    pub(super) refresh_tokens: BTreeMap<String, RefreshToken>,
    /// Subject tokens that the token exchange accepts, with their subject.
    pub(super) subject_tokens: BTreeMap<String, String>,
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) propagation: Propagation,
    /// Number of polls after which an operation is done; `None` for one that never ends.
    pub(super) operation_polls: Option<u32>,
    /// Error with which new operations end.
    pub(super) operation_error: Option<Value>,
    /// Permissions that the operator lacks, each with a part of the resource name to which that applies.
    pub(super) denied: BTreeSet<(String, String)>,
    /// The only permissions of [`super::OPERATOR`]; `None` means all.
    pub(super) allowed: Option<BTreeSet<String>>,
    /// Account of the virtual machine, if the fake has a metadata server.
    pub(super) machine_account: Option<String>,
    /// All secrets that were issued: tokens, and the lines of private keys.
    pub(super) secrets: Vec<String>,
    /// Difference to the system's clock.
    pub(super) clock_offset: jiff::SignedDuration,
    serial: u64,
}

/// A project.
pub(super) struct Project {
    pub(super) id: String,
    pub(super) number: u64,
    /// Enabled services, with the calls that do not see it yet.
    pub(super) services: BTreeMap<String, Delay>,
    /// Service accounts by email address.
    pub(super) accounts: BTreeMap<String, Account>,
    /// Repositories by location and id.
    pub(super) repositories: BTreeMap<(String, String), Repository>,
    pub(super) policy: PolicyStore,
    /// Constraints that the organization enforces, for example `iam.disableServiceAccountKeyCreation`.
    pub(super) constraints: BTreeSet<String>,
    pub(super) has_billing: bool,
}

/// A service account.
pub(super) struct Account {
    pub(super) unique_id: String,
    pub(super) display_name: String,
    pub(super) description: String,
    pub(super) disabled: bool,
    pub(super) delay: Delay,
    pub(super) keys: Vec<Key>,
    pub(super) policy: PolicyStore,
}

/// A repository.
pub(super) struct Repository {
    pub(super) format: String,
    pub(super) mode: String,
    pub(super) description: String,
    pub(super) created: Timestamp,
    pub(super) policy: PolicyStore,
}

/// An OAuth access token.
#[derive(Clone)]
pub(super) struct AccessToken {
    /// Member that the token authenticates, for example `user:operator@example.com`.
    pub(super) member: String,
    pub(super) expires: Timestamp,
    pub(super) scopes: Vec<String>,
}

/// A refresh token of a user.
#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) member: String,
    /// Error and description with which the token endpoint refuses it.
    pub(super) refusal: Option<(String, String)>,
}

/// Scope of all Google Cloud APIs.
pub(super) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

impl State {
    pub(super) fn new() -> Self {
        Self {
            projects: BTreeMap::new(),
            tokens: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            subject_tokens: BTreeMap::new(),
            operations: BTreeMap::new(),
            propagation: Propagation::default(),
            operation_polls: Some(0),
            operation_error: None,
            denied: BTreeSet::new(),
            allowed: None,
            machine_account: None,
            secrets: Vec::new(),
            clock_offset: jiff::SignedDuration::ZERO,
            serial: 0,
        }
    }

    /// Returns a number that was not returned before.
    pub(super) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Returns the fake's time.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + self.clock_offset
    }

    /// Returns the fake's time as the value of a `Date` header.
    pub(super) fn http_date(&self) -> HeaderValue {
        let date = self.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        HeaderValue::try_from(date).expect("a date is valid in a header")
    }

    /// Adds a project with no service enabled except the one that enables others.
    pub(super) fn add_project(&mut self, id: &str) -> &mut Project {
        let number = 100_000_000_000 + self.next_serial();
        self.projects
            .entry(id.to_owned())
            .or_insert_with(|| Project {
                id: id.to_owned(),
                number,
                services: BTreeMap::from([(
                    "serviceusage.googleapis.com".into(),
                    Delay::default(),
                )]),
                accounts: BTreeMap::new(),
                repositories: BTreeMap::new(),
                policy: PolicyStore::default(),
                constraints: BTreeSet::new(),
                has_billing: true,
            })
    }

    /// Returns a project by id or number.
    pub(super) fn project(&mut self, name: &str) -> Option<&mut Project> {
        self.projects
            .values_mut()
            .find(|project| project.id == name || project.number.to_string() == name)
    }

    /// Returns a service account by email address or unique id, in any project.
    pub(super) fn account(&mut self, name: &str) -> Option<(&str, &mut Account)> {
        let mut all = self
            .projects
            .values_mut()
            .flat_map(|project| project.accounts.iter_mut());
        let (email, account) =
            all.find(|(email, account)| *email == name || account.unique_id == name)?;
        Some((email, account))
    }

    /// Issues an access token.
    pub(super) fn issue_token(&mut self, member: &str, seconds: i64, scopes: &[String]) -> String {
        let token = format!("ya29.c.{}", random_text(96));
        let expires = self.now() + seconds.seconds();
        self.secrets.push(token.clone());
        self.tokens.insert(
            token.clone(),
            AccessToken {
                member: member.to_owned(),
                expires,
                scopes: scopes.to_vec(),
            },
        );
        token
    }

    /// Records the lines of a private key as secrets.
    pub(super) fn add_secret_key(&mut self, pem: &str) {
        let lines = pem.lines().filter(|line| !line.starts_with("---"));
        self.secrets.extend(lines.map(str::to_owned));
    }

    /// Returns the state as JSON without tokens, key material, times and etags, to compare two fakes.
    pub(super) fn summary(&self) -> Value {
        let projects = self.projects.iter();
        projects
            .map(|(id, project)| (id.clone(), project.summary()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

impl Project {
    fn summary(&self) -> Value {
        let accounts = self.accounts.iter().map(|(email, account)| {
            let value = json!({
                "disabled": account.disabled,
                "keys": account.keys.iter().map(|key| json!({"disabled": key.disabled})).collect::<Vec<_>>(),
                "policy": account.policy.without_etag(),
            });
            (email.clone(), value)
        });
        let repositories = self.repositories.iter().map(|((location, id), repository)| {
            let value = json!({"format": repository.format, "policy": repository.policy.without_etag()});
            (format!("{location}/{id}"), value)
        });
        json!({
            "services": self.services.keys().collect::<Vec<_>>(),
            "accounts": accounts.collect::<serde_json::Map<_, _>>(),
            "repositories": repositories.collect::<serde_json::Map<_, _>>(),
            "policy": self.policy.without_etag(),
        })
    }
}

/// Returns random letters and digits.
pub(super) fn random_text(length: usize) -> String {
    (0..length).map(|_| fastrand::alphanumeric()).collect()
}

/// Formats a time as Google's APIs do.
pub(super) fn rfc3339(time: Timestamp) -> String {
    format!("{time:.0}")
}
