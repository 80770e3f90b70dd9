//! Three writers on the same 200 accounts, adding and taking away at once: nobody's entry is lost or doubled, and all
//! keep their order.

use gcr_test_support::{ControlPlane, Output, Session, TestCluster};
use serde_json::{Value, json};

use crate::rounds::{print_figures, rounds};

const ACCOUNTS: usize = 200;
const LABEL: &str = "race=yes";

/// What stands in every list before, in this order.
fn theirs() -> Vec<Value> {
    vec![
        json!({"name": "b"}),
        json!({}),
        json!({"name": "a"}),
        json!({"name": "b"}),
    ]
}

struct Race {
    cluster: &'static TestCluster,
    session: Session,
    namespace: String,
    names: Vec<String>,
}

impl Race {
    fn new() -> Self {
        let cluster = ControlPlane::shared();
        let namespace = cluster.create_namespace("race");
        let names: Vec<_> = (0..ACCOUNTS).map(|at| format!("sa-{at:03}")).collect();
        let account = |name: &String| {
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": theirs(),
                "metadata": {"name": name, "namespace": namespace, "labels": {"race": "yes"}}})
        };
        let secret = |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}});
        let mut objects: Vec<_> = names.iter().map(account).collect();
        objects.extend(["one", "two"].map(secret));
        cluster.create(objects);
        Self {
            cluster,
            session: cluster.session(),
            namespace,
            names,
        }
    }

    /// One of ours.
    fn ours(&self, secret: &str, adds: bool) -> Output {
        let remove = (!adds).then_some("--remove");
        self.session
            .gcr_patch_sa(["-l", LABEL, "--secret", secret, "-n", &self.namespace])
            .args(remove)
            .run()
            .success()
    }

    fn accounts(&self) -> Vec<Value> {
        let args = [
            "get",
            "sa",
            "-l",
            LABEL,
            "-o",
            "json",
            "-n",
            &self.namespace,
        ];
        let output = self.cluster.kubectl(args).run().success();
        let mut list: Value = serde_json::from_str(&output.stdout).expect("a list");
        list["items"]
            .as_array_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Somebody else, who also writes only over what was read (`kubectl replace` with the version in it), and puts
    /// `third` in front. How often kubectl had to be asked.
    fn third(&self, adds: bool) -> usize {
        let is_third = |entry: &Value| entry["name"] == "third";
        for turn in 0.. {
            let mut accounts = self.accounts();
            accounts.retain_mut(|account| {
                let list = account["imagePullSecrets"].as_array_mut().expect("a list");
                let has = list.iter().any(is_third);
                match (adds, has) {
                    (true, false) => list.insert(0, json!({"name": "third"})),
                    (false, true) => list.retain(|entry| !is_third(entry)),
                    _ => return false,
                }
                true
            });
            if accounts.is_empty() {
                return turn;
            }
            assert!(turn < 60, "kubectl never came to its turn");
            let list = json!({"apiVersion": "v1", "kind": "List", "items": accounts});
            self.cluster
                .kubectl(["replace", "-f", "-"])
                .stdin(list.to_string())
                .run();
        }
        0
    }

    /// Every line of ours, once, with this word.
    #[track_caller]
    fn said(&self, output: &Output, word: &str) {
        let mut lines: Vec<_> = output.stdout.lines().collect();
        lines.sort_unstable();
        let wanted = self
            .names
            .iter()
            .map(|name| format!("serviceaccount/{name} {word}"));
        assert_eq!(lines, wanted.collect::<Vec<_>>(), "{output}");
    }

    /// Every list holds what was there, in its order, and of `present` each once.
    #[track_caller]
    fn holds(&self, present: &[&str]) {
        let accounts = self.accounts();
        assert_eq!(accounts.len(), ACCOUNTS);
        for account in accounts {
            let list = account["imagePullSecrets"].as_array().expect("a list");
            let writers = ["one", "two", "third"];
            let (mut added, kept): (Vec<_>, Vec<_>) = list.iter().cloned().partition(|it| {
                it["name"]
                    .as_str()
                    .is_some_and(|name| writers.contains(&name))
            });
            assert_eq!(kept, theirs(), "{account}");
            added.sort_by_key(|it| writers.iter().position(|name| it["name"] == **name));
            let wanted: Vec<_> = present.iter().map(|name| json!({"name": name})).collect();
            assert_eq!(added, wanted, "{account}");
        }
    }
}

#[test]
fn three_writers_lose_and_double_nothing() {
    let race = Race::new();
    race.ours("two", true);
    let rounds = rounds(2, 100);
    let mut asked = 0;
    for round in 1..=rounds {
        // While some add, others take away.
        for adds in [true, false] {
            let (one, two, third) = std::thread::scope(|scope| {
                let one = scope.spawn(|| race.ours("one", adds));
                let two = scope.spawn(|| race.ours("two", !adds));
                let third = scope.spawn(|| race.third(adds));
                (one.join(), two.join(), third.join())
            });
            race.said(&one.expect("one"), "patched");
            race.said(&two.expect("two"), "patched");
            asked += third.expect("third");
            race.holds(if adds { &["one", "third"] } else { &["two"] });
        }
        if round % 10 == 0 {
            print_figures(&format!("{round} rounds of three writers"));
        }
    }
    print_figures(&format!(
        "{rounds} rounds of three writers on {ACCOUNTS} accounts: no entry lost, none doubled, order kept; kubectl had to be asked \
         {asked} times for {} turns, ours once each",
        2 * rounds
    ));
}
