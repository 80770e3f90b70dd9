//! Generates races: initial objects, jobs, faults, and concurrent writes of other clients.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::server::{InjectedFault, Server, ServerFault};
use super::store::Store;
use super::writer::{Job, SecretJob};
use crate::domain::pull_secret::KEY;

/// The model's namespaces; a scenario uses the first ones. In storage order, the first comes before the second.
pub(super) const NAMESPACES: [&str; 3] = ["team-b", "team", "apps"];
/// The accounts of each namespace.
pub(super) const ACCOUNTS: [&str; 2] = ["builder", "default"];

#[derive(Debug, Clone)]
pub(super) struct Scenario {
    /// The initial state of each namespace.
    pub(super) initial_states: Vec<InitialState>,
    pub(super) jobs: Vec<(Job, Vec<InjectedFault>)>,
    /// Pause in milliseconds, index of the namespace, write.
    pub(super) external_writes: Vec<(u16, usize, ExternalWrite)>,
    pub(super) seed: u64,
}

/// The initial state of a namespace.
#[derive(Debug, Clone, Default)]
pub(super) struct InitialState {
    /// The accounts' lists.
    pub(super) lists: [Vec<Value>; 2],
    /// Whether `default` does not exist at first.
    pub(super) late: bool,
}

/// A write of another client.
#[derive(Debug, Clone)]
pub(super) enum ExternalWrite {
    Append(usize, Value),
    Prepend(usize, Value),
    /// Removes the first entry that no writer of the scenario attaches.
    Drop(usize),
    Label(usize, u8),
    /// Deletes and recreates the account, without the writers' entries.
    Recreate(usize),
    /// Annotates every Secret.
    Annotate(u8),
    /// Replaces the credentials in every Secret, as an update by another field manager.
    ReplaceData(u8),
    /// Clears the `managedFields` of every Secret.
    ClearManagedFields,
}

impl Scenario {
    pub(super) fn namespaces(&self) -> &'static [&'static str] {
        &NAMESPACES[..self.initial_states.len()]
    }

    pub(super) fn stores(&self) -> Vec<Store> {
        let initial_states = self.initial_states.iter().zip(self.namespaces());
        let store = |(initial, namespace): (&InitialState, &&'static str)| {
            let mut store = Store::new(namespace);
            store.intents = self.jobs.iter().map(|(job, _)| job.intent()).collect();
            for (name, list) in ACCOUNTS.iter().zip(&initial.lists) {
                if !(initial.late && *name == "default") {
                    store.commit(None, &format!("serviceaccount/{name}"), account(name, list));
                }
            }
            // The initial objects do not count as writes.
            store.commits.clear();
            store
        };
        initial_states.map(store).collect()
    }

    /// Executes the writes of other clients, each after its pause.
    pub(super) async fn write_externally(&self, server: &Server) {
        for (pause, index, write) in &self.external_writes {
            tokio::time::sleep(Duration::from_millis((*pause).into())).await;
            let namespaces = self.namespaces();
            let namespace = namespaces[index % namespaces.len()];
            self.write_once(write, server.world().store(namespace));
        }
        for (initial, namespace) in self.initial_states.iter().zip(self.namespaces()) {
            let mut world = server.world();
            let store = world.store(namespace);
            if initial.late && !store.objects.contains_key("serviceaccount/default") {
                let list = &initial.lists[1];
                store.commit(None, "serviceaccount/default", account("default", list));
            }
        }
    }

    fn write_once(&self, write: &ExternalWrite, store: &mut Store) {
        let secrets: Vec<String> = store
            .objects
            .keys()
            .filter(|key| key.starts_with("secret/"))
            .cloned()
            .collect();
        let change: &dyn Fn(&mut Value) = match write {
            ExternalWrite::Annotate(note) => &|secret| {
                secret["metadata"]["annotations"]["theirs"] = json!(note.to_string());
            },
            ExternalWrite::ReplaceData(note) => &|secret| replace_data(secret, *note),
            ExternalWrite::ClearManagedFields => &|secret| {
                secret["metadata"]["managedFields"] = json!([]);
            },
            _ => return self.write_account(write, store),
        };
        for key in secrets {
            let mut secret = store.objects[&key].clone();
            change(&mut secret);
            store.commit(None, &key, secret);
            store.replaced_data.insert(key);
        }
    }

    fn write_account(&self, write: &ExternalWrite, store: &mut Store) {
        let ours = |entry: &Value| {
            entry["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("ours"))
        };
        let (ExternalWrite::Append(index, _)
        | ExternalWrite::Prepend(index, _)
        | ExternalWrite::Drop(index)
        | ExternalWrite::Label(index, _)
        | ExternalWrite::Recreate(index)) = write
        else {
            return;
        };
        let key = format!("serviceaccount/{}", ACCOUNTS[*index]);
        let Some(mut account) = store.objects.get(&key).cloned() else {
            return;
        };
        let mut list = super::rules::list(&account);
        match write {
            ExternalWrite::Append(_, entry) => list.push(entry.clone()),
            ExternalWrite::Prepend(_, entry) => list.insert(0, entry.clone()),
            ExternalWrite::Drop(_) => {
                if let Some(at) = list.iter().position(|entry| !ours(entry)) {
                    list.remove(at);
                }
            }
            ExternalWrite::Label(_, label) => {
                account["metadata"]["labels"]["theirs"] = json!(label.to_string())
            }
            ExternalWrite::Recreate(_) => {
                for entry in list.iter().filter(|entry| ours(entry)) {
                    store
                        .removed
                        .insert(entry["name"].as_str().unwrap().to_owned());
                }
                list.retain(|entry| !ours(entry));
                account["metadata"]["uid"] = Value::Null;
            }
            _ => {}
        }
        account["imagePullSecrets"] = Value::Array(list);
        store.commit(None, &key, account);
    }
}

/// Replaces every credential in a Secret. The data field then belongs to another field manager, and no longer to ours.
fn replace_data(secret: &mut Value, note: u8) {
    let encoded = secret["data"][KEY].as_str().unwrap_or_default();
    let mut config: Value = serde_json::from_slice(&STANDARD.decode(encoded).unwrap()).unwrap();
    for (_, entry) in config["auths"].as_object_mut().unwrap() {
        entry["auth"] = json!(STANDARD.encode(format!("theirs:{note}")));
    }
    secret["data"][KEY] = json!(STANDARD.encode(config.to_string()));
    let entries = secret["metadata"]["managedFields"].as_array_mut().unwrap();
    for entry in entries.iter_mut() {
        entry["fieldsV1"]["f:data"] = json!({});
    }
    entries.push(json!({"manager": "theirs", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {format!("f:{KEY}"): {}}}}));
}

pub(super) fn account(name: &str, list: &[Value]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "labels": {"app": "x"}, "annotations": {"a": "b"}},
        "secrets": [{"name": "token"}, {}], "automountServiceAccountToken": false,
        "imagePullSecrets": list,
    })
}

fn entry() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(vec!["theirs", "a", "zz", ""]).prop_map(|name| json!({"name": name})),
        1 => Just(json!({})),
        // An entry of a writer exists already, perhaps twice.
        1 => (0..4usize).prop_map(|index| json!({"name": format!("ours-{index}")})),
    ]
}

fn theirs() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(vec!["theirs", "b", "aa"]).prop_map(|name| json!({"name": name})),
        1 => Just(json!({})),
    ]
}

fn injected_fault() -> impl Strategy<Value = InjectedFault> {
    let fault = prop_oneof![
        12 => Just(ServerFault::None),
        1 => Just(ServerFault::NotConnected),
        1 => Just(ServerFault::ResetBefore),
        4 => Just(ServerFault::ReplyLost),
        1 => Just(ServerFault::Truncated),
        1 => select(vec![502, 503, 504]).prop_map(ServerFault::GatewayAfter),
        1 => Just(ServerFault::TimeoutAfter),
        2 => select(vec![500, 502, 503]).prop_map(ServerFault::Rejected),
        1 => (0..4u8).prop_map(ServerFault::Throttled),
        1 => Just(ServerFault::Conflict),
        1 => Just(ServerFault::Restored),
        2 => Just(ServerFault::Forbidden),
        1 => (0..20u8).prop_map(ServerFault::Late),
        1 => Just(ServerFault::Hang),
        1 => Just(ServerFault::Silent),
        1 => Just(ServerFault::Huge),
        1 => Just(ServerFault::LoginPage),
        1 => Just(ServerFault::Redirected),
        1 => Just(ServerFault::Gone),
    ];
    let fault = prop_oneof![
        100 => fault,
        // Rare, because a 401 ends the run on the cluster.
        1 => Just(ServerFault::Unauthorized),
    ];
    (0..40u16, 0..40u16, fault).prop_map(|(before, after, fault)| InjectedFault {
        before,
        after,
        fault,
    })
}

fn accounts() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        3 => Just(vec!["default"]),
        2 => subsequence(ACCOUNTS.to_vec(), 1..=2),
        1 => Just(Vec::new()),
    ]
}

/// Generates the job of writer `index`. Each writer has its own Secret names, so that only it attaches them.
fn job(index: usize) -> impl Strategy<Value = Job> {
    let own = format!("ours-{index}");
    let more = format!("ours-{index}b");
    let ways = (any::<bool>(), any::<bool>(), any::<bool>());
    (0..10u8, accounts(), ways, 0..4usize).prop_map(
        move |(kind, accounts, (merge, shared, lists), removed)| {
            let name = if shared {
                "ours-shared".to_owned()
            } else {
                own.clone()
            };
            let host = format!(
                "{}-docker.pkg.dev",
                ["us", "europe", "asia", "us-east1"][index]
            );
            let secret = SecretJob {
                name: name.clone(),
                host,
                merge: merge || shared,
            };
            let job = match kind {
                0..=2 => Job {
                    attaches: vec![own.clone()],
                    accounts,
                    ..Job::default()
                },
                3 => Job {
                    attaches: vec![own.clone(), more.clone()],
                    accounts,
                    ..Job::default()
                },
                4 => Job {
                    detaches: vec![format!("ours-{removed}")],
                    accounts,
                    ..Job::default()
                },
                5 => Job {
                    secret: Some(secret),
                    accounts,
                    dry_run: true,
                    attaches: vec![name],
                    ..Job::default()
                },
                6 => Job {
                    secret: Some(secret),
                    accounts: vec!["builder"],
                    ..Job::default()
                }
                .without_accounts(),
                _ => Job {
                    secret: Some(secret),
                    attaches: vec![name],
                    accounts,
                    ..Job::default()
                },
            };
            Job { lists, ..job }
        },
    )
}

impl Job {
    fn without_accounts(mut self) -> Self {
        self.accounts = Vec::new();
        self
    }
}

fn act() -> impl Strategy<Value = (u16, usize, ExternalWrite)> {
    let act = prop_oneof![
        3 => (0..2usize, theirs()).prop_map(|(at, entry)| ExternalWrite::Append(at, entry)),
        2 => (0..2usize, theirs()).prop_map(|(at, entry)| ExternalWrite::Prepend(at, entry)),
        1 => (0..2usize).prop_map(ExternalWrite::Drop),
        2 => (0..2usize, any::<u8>()).prop_map(|(at, label)| ExternalWrite::Label(at, label)),
        1 => (0..2usize).prop_map(ExternalWrite::Recreate),
        1 => any::<u8>().prop_map(ExternalWrite::Annotate),
        1 => any::<u8>().prop_map(ExternalWrite::ReplaceData),
        1 => Just(ExternalWrite::ClearManagedFields),
    ];
    let pause = prop_oneof![4 => 0..60u16, 1 => 100..3000u16];
    (pause, 0..NAMESPACES.len(), act)
}

pub(super) fn scenario() -> impl Strategy<Value = Scenario> {
    let injected_faults = || vec(injected_fault(), 0..30);
    let start = (vec(entry(), 0..6), vec(entry(), 0..6), any::<bool>());
    let start = start.prop_map(|(builder, default, late)| InitialState {
        lists: [builder, default],
        late,
    });
    let jobs = prop_oneof![
        1 => (job(0), injected_faults()).prop_map(|one| vec![one]),
        2 => ((job(0), injected_faults()), (job(1), injected_faults())).prop_map(|(a, b)| vec![a, b]),
        2 => ((job(0), injected_faults()), (job(1), injected_faults()), (job(2), injected_faults()), (job(3), injected_faults())).prop_map(|(a, b, c, d)| vec![a, b, c, d]),
    ];
    let initial_states = vec(start, 1..=NAMESPACES.len());
    (initial_states, jobs, vec(act(), 0..14), any::<u64>()).prop_map(
        |(initial_states, jobs, external_writes, seed)| Scenario {
            initial_states,
            jobs,
            external_writes,
            seed,
        },
    )
}
