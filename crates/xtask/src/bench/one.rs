//! `bench one`: the job in one namespace, by the tutorial's commands and by ours, each time in a fresh namespace.

use std::process::Command;

use gcr_test_support::{ControlPlane, Error, Options, Result, Session, keys};

use super::samples::{Samples, print_bar, print_table, time};

const ROUNDS: usize = 25;
/// How many times faster than the tutorial's commands, by median.
const BAR_DIRECT: f64 = 15.0;
const BAR_KUBECTL: f64 = 3.0;

/// One way: its name, and the command for a namespace.
type Way = (&'static str, fn(&Session, &str) -> Command);

const WAYS: [Way; 3] = [
    ("the tutorial's kubectl commands", |session, namespace| {
        session
            .shell(
                "kubectl -n \"$NS\" create secret docker-registry gcr-io --docker-server gcr.io \
                 --docker-username _json_key --docker-email any@valid.email --docker-password=\"$(cat key.json)\" \
                 --dry-run=client -o yaml | kubectl apply -f - && \
                 kubectl -n \"$NS\" patch serviceaccount default -p '{\"imagePullSecrets\": [{\"name\": \"gcr-io\"}]}'",
            )
            .env("NS", namespace)
            .into_command()
    }),
    (
        "kubectl gcr-secret create --attach",
        |session, namespace| {
            session
                .kubectl([
                    "gcr-secret",
                    "create",
                    "--key-file",
                    "key.json",
                    "--attach",
                    "-n",
                    namespace,
                ])
                .into_command()
        },
    ),
    (
        "kubectl-gcr_secret create --attach",
        |session, namespace| {
            session
                .gcr_secret([
                    "create",
                    "--key-file",
                    "key.json",
                    "--attach",
                    "-n",
                    namespace,
                ])
                .into_command()
        },
    ),
];

/// Measures and prints.
pub(crate) fn run() -> Result<()> {
    let own = ControlPlane::start(Options::new().throwaway())?;
    let session = Session::open(Some(own.kubeconfig()))?;
    session.file("key.json", keys::KEY, 0o600);
    // One round more than is counted: the first fills kubectl's cache and the server's.
    let namespaces = own.create_namespaces("one", (ROUNDS + 1) * WAYS.len());

    let mut samples = WAYS.map(|(name, _)| Samples::of(name));
    for (round, namespaces) in namespaces.chunks(WAYS.len()).enumerate() {
        // In turn, and each way in each place of the turn.
        for turn in 0..WAYS.len() {
            let way = (turn + round) % WAYS.len();
            let took = time((WAYS[way].1)(&session, &namespaces[way]))?;
            if round > 0 {
                samples[way].add(took);
            }
        }
    }
    let secrets = own.list("secrets").len();
    let attached = own
        .list("serviceaccounts")
        .iter()
        .filter(|one| one["imagePullSecrets"][0]["name"] == "gcr-io")
        .count();
    if (secrets, attached) != (namespaces.len(), namespaces.len()) {
        return Err(Error::new(format!(
            "of {} namespaces, {secrets} have the Secret and {attached} the reference to it",
            namespaces.len()
        )));
    }

    println!("one namespace, Secret and ServiceAccount, {ROUNDS} rounds\n");
    print_table(&samples);
    println!();
    let [tutorial, through_kubectl, direct] = &samples;
    for (way, bar, words) in [
        (direct, BAR_DIRECT, "called directly"),
        (through_kubectl, BAR_KUBECTL, "through kubectl"),
    ] {
        print_bar(
            &format!("{bar} times faster by median, {words}"),
            tutorial.median() / way.median() >= bar,
        );
    }
    Ok(())
}
