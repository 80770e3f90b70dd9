//! Manages many namespaces on a dedicated control plane: creates them, counts and compares their objects, and removes
//! the changes of a measurement.

use std::collections::{BTreeMap, HashSet};

use gcr_test_support::fault_proxy::{FaultProxy, Route};
use gcr_test_support::{ControlPlane, Error, Options, Result, Session, keys};
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::load::{ApiRequest, RequestSequence, send_all, send_one};
use super::requests::{self, SecretApply};

/// Requests in flight while preparing a measurement.
const SETUP_CONCURRENCY: usize = 16;

/// A dedicated control plane and the namespaces that `-A` selects there: `default`, and those created here.
pub(super) struct Namespaces {
    control_plane: ControlPlane,
    /// Access without a proxy.
    pub(super) direct: ServerAccess,
    names: Vec<String>,
    apply: SecretApply,
}

/// Access to the API server, direct or through a proxy.
pub(super) struct ServerAccess {
    pub(super) session: Session,
    pub(super) endpoint: Endpoint,
}

impl ServerAccess {
    fn open(kubeconfig: &std::path::Path) -> Result<Self> {
        let session = Session::open(Some(kubeconfig))?;
        session.file("key.json", keys::KEY, 0o600);
        let endpoint = Endpoint::of(&session)?;
        Ok(Self { session, endpoint })
    }
}

/// Kind and namespace of each object, with its `resourceVersion`.
pub(super) type Versions = BTreeMap<(&'static str, String), String>;

impl Namespaces {
    /// Starts a control plane, which has only the system namespaces and `default`.
    pub(super) fn start() -> Result<Self> {
        let control_plane = ControlPlane::start(Options::new().throwaway())?;
        let direct = ServerAccess::open(control_plane.kubeconfig())?;
        let apply = SecretApply::of(&direct.session)?;
        Ok(Self {
            control_plane,
            direct,
            names: vec!["default".into()],
            apply,
        })
    }

    /// Starts a proxy in front of the server and returns it with the access through it.
    pub(super) fn through(&self, route: Route) -> Result<(FaultProxy, ServerAccess)> {
        let proxy = FaultProxy::start(&self.control_plane, route)?;
        let access = ServerAccess::open(proxy.kubeconfig())?;
        Ok((proxy, access))
    }

    /// Returns the names of the namespaces that `-A` selects.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the number of namespaces that `-A` selects.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Creates namespaces, each with its `default` ServiceAccount, until there are `count`.
    pub(super) fn grow_to(&mut self, count: usize) -> Result<()> {
        let new: Vec<String> = (self.names.len()..count)
            .map(|index| format!("bench-{index:05}"))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        eprintln!("  creating {} namespaces", new.len());
        // Create the accounts too, because the controller has only one worker.
        let sequences = new.iter().map(|name| {
            vec![
                requests::create_namespace(name),
                requests::create_account(name),
            ]
        });
        send_all(&self.direct.endpoint, sequences, SETUP_CONCURRENCY)?;
        self.names.extend(new);
        Ok(())
    }

    /// Deletes the Secrets and removes the references to them from the accounts.
    pub(super) fn clear(&self) -> Result<()> {
        let clear =
            |name: &String| vec![requests::clear_account(name), requests::delete_secret(name)];
        send_all(
            &self.direct.endpoint,
            self.names.iter().map(clear),
            SETUP_CONCURRENCY,
        )
        .map(drop)
    }

    /// Returns the plugin's writes, per namespace: the apply of the Secret, and the patch of the account with its
    /// current `resourceVersion`.
    pub(super) fn plugin_writes(&self) -> Result<Vec<RequestSequence>> {
        let accounts = self.list(requests::list_accounts())?;
        let names: HashSet<&str> = self.names.iter().map(String::as_str).collect();
        let selected = accounts.iter().filter(|it| names.contains(namespace(it)));
        let sequence = |account: &Value| {
            vec![
                self.apply.to(namespace(account)),
                requests::account_patch(account),
            ]
        };
        Ok(selected.map(sequence).collect())
    }

    /// Checks the number of namespaces with the Secret, and of accounts that reference only this Secret.
    ///
    /// # Errors
    /// A number differs.
    pub(super) fn expect_counts(&self, secrets: usize, accounts: usize) -> Result<()> {
        let references_secret = |it: &&Value| it["imagePullSecrets"] == json!([{"name": "gcr-io"}]);
        let found = (
            self.list(requests::list_secrets())?.len(),
            self.list(requests::list_accounts())?
                .iter()
                .filter(references_secret)
                .count(),
        );
        if found == (secrets, accounts) {
            return Ok(());
        }
        Err(Error::new(format!(
            "found {} Secrets and {} references instead of {secrets} and {accounts}",
            found.0, found.1
        )))
    }

    /// Returns the number of all namespaces, including the system namespaces.
    pub(super) fn count_all(&self) -> Result<usize> {
        Ok(self.list(requests::list_namespaces())?.len())
    }

    /// Returns the versions of all Secrets and accounts that the plugin writes.
    pub(super) fn versions(&self) -> Result<Versions> {
        let mut versions = Versions::new();
        for (kind, request) in [
            ("secret", requests::list_secrets()),
            ("serviceaccount", requests::list_accounts()),
        ] {
            for item in self.list(request)? {
                let version = item["metadata"]["resourceVersion"].as_str();
                let version = version.unwrap_or_default().to_owned();
                versions.insert((kind, namespace(&item).to_owned()), version);
            }
        }
        Ok(versions)
    }

    fn list(&self, request: ApiRequest) -> Result<Vec<Value>> {
        let path = request.path.clone();
        let body = send_one(&self.direct.endpoint, request)?;
        let mut list: Value =
            serde_json::from_slice(&body).map_err(|error| Error::during(&path, error))?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err(Error::during(&path, "the response is not a list")),
        }
    }
}

fn namespace(item: &Value) -> &str {
    item["metadata"]["namespace"].as_str().unwrap_or_default()
}
