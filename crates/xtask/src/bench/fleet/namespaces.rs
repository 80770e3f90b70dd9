//! Many namespaces on a control plane of their own, and the sessions that work on them: made, looked at, and brought
//! back to where nobody has written anything yet.

use std::collections::{BTreeMap, HashSet};

use gcr_test_support::fault_proxy::{FaultProxy, Route};
use gcr_test_support::{ControlPlane, Error, Options, Result, Session, keys};
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::load::{Call, Job, ask, send};
use super::requests::{self, SecretApply};

/// Requests side by side where nothing is measured.
const SIDE_BY_SIDE: usize = 16;

/// The namespaces that `-A` means on a control plane where nobody else is: `default`, and those made here.
pub(super) struct Namespaces {
    own: ControlPlane,
    /// Straight to the server.
    pub(super) direct: Way,
    names: Vec<String>,
    apply: SecretApply,
}

/// A way to the server.
pub(super) struct Way {
    pub(super) session: Session,
    pub(super) endpoint: Endpoint,
}

impl Way {
    fn open(kubeconfig: &std::path::Path) -> Result<Self> {
        let session = Session::open(Some(kubeconfig))?;
        session.file("key.json", keys::KEY, 0o600);
        let endpoint = Endpoint::of(&session)?;
        Ok(Self { session, endpoint })
    }
}

/// An object and its `resourceVersion`.
pub(super) type Versions = BTreeMap<(&'static str, String), String>;

impl Namespaces {
    /// A control plane with no namespaces but the system's and `default`.
    pub(super) fn start() -> Result<Self> {
        let own = ControlPlane::start(Options::new().throwaway())?;
        let direct = Way::open(own.kubeconfig())?;
        let apply = SecretApply::of(&direct.session)?;
        Ok(Self {
            own,
            direct,
            names: vec!["default".into()],
            apply,
        })
    }

    /// A proxy before the server, and the way through it.
    pub(super) fn through(&self, route: Route) -> Result<(FaultProxy, Way)> {
        let proxy = FaultProxy::start(&self.own, route)?;
        let way = Way::open(proxy.kubeconfig())?;
        Ok((proxy, way))
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Makes more namespaces, until there are so many, each with its account `default`.
    pub(super) fn grow_to(&mut self, count: usize) -> Result<()> {
        let new: Vec<String> = (self.names.len()..count)
            .map(|index| format!("fleet-{index:05}"))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        eprintln!("  making {} namespaces", new.len());
        // Their accounts too: the controller has one worker.
        let jobs = new.iter().map(|name| {
            vec![
                requests::create_namespace(name),
                requests::create_account(name),
            ]
        });
        send(&self.direct.endpoint, jobs, SIDE_BY_SIDE)?;
        self.names.extend(new);
        Ok(())
    }

    /// Deletes the Secrets and takes the references out of the accounts.
    pub(super) fn clear(&self) -> Result<()> {
        let clear =
            |name: &String| vec![requests::clear_account(name), requests::delete_secret(name)];
        send(
            &self.direct.endpoint,
            self.names.iter().map(clear),
            SIDE_BY_SIDE,
        )
        .map(drop)
    }

    /// What the plugin sends: per namespace the Secret's apply and the account's patch, which is bound to the version that
    /// is there now.
    pub(super) fn both(&self) -> Result<Vec<Job>> {
        let accounts = self.list(requests::list_accounts())?;
        let meant: HashSet<&str> = self.names.iter().map(String::as_str).collect();
        let meant = accounts.iter().filter(|it| meant.contains(namespace(it)));
        let job = |account: &Value| {
            vec![
                self.apply.to(namespace(account)),
                requests::account_patch(account),
            ]
        };
        Ok(meant.map(job).collect())
    }

    /// That so many namespaces have the Secret, and so many of their accounts refer to it and to nothing else.
    pub(super) fn expect(&self, secrets: usize, accounts: usize) -> Result<()> {
        let refers = |it: &&Value| it["imagePullSecrets"] == json!([{"name": "gcr-io"}]);
        let there = (
            self.list(requests::list_secrets())?.len(),
            self.list(requests::list_accounts())?
                .iter()
                .filter(refers)
                .count(),
        );
        if there == (secrets, accounts) {
            return Ok(());
        }
        Err(Error::new(format!(
            "{} Secrets and {} references are there, not {secrets} and {accounts}",
            there.0, there.1
        )))
    }

    /// How many namespaces there are, the system's with them.
    pub(super) fn all(&self) -> Result<usize> {
        Ok(self.list(requests::list_namespaces())?.len())
    }

    /// The versions of all Secrets and accounts there are by these names.
    pub(super) fn versions(&self) -> Result<Versions> {
        let mut versions = Versions::new();
        for (kind, call) in [
            ("secret", requests::list_secrets()),
            ("serviceaccount", requests::list_accounts()),
        ] {
            for item in self.list(call)? {
                let version = item["metadata"]["resourceVersion"].as_str();
                let version = version.unwrap_or_default().to_owned();
                versions.insert((kind, namespace(&item).to_owned()), version);
            }
        }
        Ok(versions)
    }

    fn list(&self, call: Call) -> Result<Vec<Value>> {
        let path = call.path.clone();
        let body = ask(&self.direct.endpoint, call)?;
        let mut list: Value =
            serde_json::from_slice(&body).map_err(|error| Error::during(&path, error))?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err(Error::during(&path, "it is no list")),
        }
    }
}

fn namespace(item: &Value) -> &str {
    item["metadata"]["namespace"].as_str().unwrap_or_default()
}
