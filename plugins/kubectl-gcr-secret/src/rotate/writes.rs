//! Writes the new key to the Secrets, concurrently, as `create` does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use gcr_core::domain::docker_config::DockerConfig;
use gcr_core::domain::names::Namespace;
use gcr_core::domain::pull_secret::CachedSecret;
use gcr_core::domain::registry_credential::{KeyAuth, RegistryCredential};
use gcr_core::domain::service_account_key::ServiceAccountKey;
use gcr_core::engine::{
    OpenResource, Outcome, RunContext, TargetPermit, TargetWork, Writes, reconcile,
};
use gcr_core::request::{DesiredSecret, KeyReplacement, Manifest};
use gcr_core::resources::{NamespaceTarget, SecretResource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use zeroize::Zeroizing;

use super::carrier::Place;
use super::prepared::Prepared;
use super::request::RotateRequest;
use super::secret_search::{Scopes, SearchResult};

/// Number of namespaces that are written concurrently: more than the limiter's requests in flight.
const MAX_ACTIVE: usize = 64;

/// Number of Secrets per cluster and service account that get the annotation with the previous keys. Only the run after one that
/// ended between the last write and the disabling of the old key needs it: until then the old key in a Secret shows that a rotation
/// is unfinished. One annotation is enough for that, and each costs a second write.
const MAX_MARKED: usize = 100;

/// The outcomes of the Secrets.
pub(super) type Ends = HashMap<Place, Outcome>;

/// A rotation prints no key: it is in the Secrets.
const MANIFEST: Manifest = Manifest {
    masked: true,
    with_namespace: true,
};

/// Writes the key to these Secrets, as far as they carry one of the `old` keys. `key` is `None` in a client dry run that
/// creates no key.
pub(super) async fn write(
    request: &RotateRequest,
    scopes: &Scopes,
    run: &RunContext,
    mut prepared: Vec<Prepared>,
    key: Option<&ServiceAccountKey>,
    old: &BTreeSet<String>,
) -> Ends {
    prepared.sort_by(|left, right| left.carrier.place.cmp(&right.carrier.place));
    let mut marked: HashMap<usize, usize> = HashMap::new();
    // Equal Secrets share one desired state.
    let mut groups: HashMap<String, usize> = HashMap::new();
    let mut desired: Vec<DesiredSecret> = Vec::new();
    let mut targets: BTreeMap<(usize, Namespace), Vec<(usize, ObjectMeta)>> = BTreeMap::new();
    for one in prepared {
        let is_written = one.carrier.keys.iter().any(|key| old.contains(key));
        let count = marked.entry(one.carrier.place.0).or_default();
        let marks = is_written && *count < MAX_MARKED;
        *count += usize::from(marks);
        let group = format!(
            "{} {:?} {} {:?} {marks}",
            one.carrier.place.2, one.auth, one.merge, one.hosts
        );
        let index = *groups.entry(group).or_insert_with(|| {
            let replaces = KeyReplacement {
                old: old.clone(),
                marks,
            };
            desired.push(desired_secret(request, &one, key, replaces));
            desired.len() - 1
        });
        let (cluster, namespace, _) = one.carrier.place;
        let secrets = targets.entry((cluster, namespace)).or_default();
        secrets.push((index, one.carrier.metadata));
    }
    let desired = &desired;
    let work = stream::iter(targets).map(|((cluster, namespace), secrets)| async move {
        let scope = &scopes.clusters[cluster];
        let target = NamespaceTarget {
            cluster: Arc::clone(&scope.client),
            access: Arc::clone(&scope.access),
            namespace: namespace.clone(),
            named: scope.is_named,
        };
        let resources = secrets.into_iter().map(|(index, metadata)| {
            let listed = Some(Some(metadata));
            let (desired, execution) = (&desired[index], &request.execution);
            let resource = SecretResource::new(&target, desired, execution, MANIFEST, listed);
            OpenResource::new(resource)
        });
        let work = TargetWork {
            target: target.name(),
            resources: resources.collect(),
            discovery: None,
        };
        let outcomes = reconcile(work, TargetPermit::default(), run).await;
        let ends = outcomes.into_iter().filter_map(|(id, outcome)| {
            let place = (cluster, namespace.clone(), id.name.parse().ok()?);
            Some((place, outcome))
        });
        ends.collect::<Vec<_>>()
    });
    let mut work = work.buffer_unordered(MAX_ACTIVE);
    let mut ends = Ends::new();
    while let Some(finished) = work.next().await {
        ends.extend(finished);
    }
    ends
}

/// Returns whether a Secret holds the key of an account that these writes carried, by their outcomes and by a later read.
pub(super) fn writes_of(
    ends: &Ends,
    search: &SearchResult,
    (account, key): (&str, &str),
) -> Writes {
    let has = |wanted: fn(&Outcome) -> bool| ends.values().any(wanted);
    if has(|it| matches!(it, Outcome::Changed(_)))
        || search.keys_of(account).any(|carried| carried == key)
    {
        Writes::Confirmed
    } else if has(|it| *it == Outcome::Unknown)
        || !search.unread.is_empty() && has(|it| *it == Outcome::Failed)
    {
        Writes::Unconfirmed
    } else {
        Writes::None
    }
}

fn desired_secret(
    request: &RotateRequest,
    one: &Prepared,
    key: Option<&ServiceAccountKey>,
    replaces: KeyReplacement,
) -> DesiredSecret {
    let key = key.and_then(|key| {
        // The text comes from a valid key.
        ServiceAccountKey::parse(Zeroizing::new(key.text().as_bytes().to_vec())).ok()
    });
    let credential = match key {
        Some(key) => RegistryCredential::ServiceAccountKey {
            key,
            auth: one.auth,
        },
        None => RegistryCredential::Planned {
            kind: match one.auth {
                KeyAuth::JsonKey => "json-key",
                KeyAuth::JsonKeyBase64 => "json-key-base64",
            },
            account: one.carrier.account.clone(),
        },
    };
    DesiredSecret {
        name: one.carrier.place.2.clone(),
        config: DockerConfig::new(one.hosts.iter().cloned(), credential.auth()),
        credential,
        cached: CachedSecret::default(),
        merge: one.merge,
        force_conflicts: request.force_conflicts,
        recreate: request.recreate,
        only_as_observed: true,
        replaces: Some(replaces),
    }
}
