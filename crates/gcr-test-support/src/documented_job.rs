//! Creates the CronJobs of a page of the documents, as they are written there, and prepares their command line.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::checkout;
use crate::fake_google::FakeGoogle;
use crate::invocation::Invocation;
use crate::session::Session;
use crate::test_cluster::TestCluster;

/// The pool of the documents.
const PLACEHOLDER: &str =
    "projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";

/// A documented CronJob whose objects exist in a cluster.
pub struct DocumentedJob {
    /// The arguments of its container.
    pub args: Vec<String>,
    /// The principal as which it calls Google.
    pub member: String,
    /// A session of its ServiceAccount.
    session: Session,
    /// The variable with the path of the credential, and the file.
    credential: (String, PathBuf),
    environment: Vec<(&'static str, String)>,
}

/// Returns the blocks of a language in a page of the documents.
#[track_caller]
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(checkout::root().join(page))
        .unwrap_or_else(|error| panic!("{page}: {error}"));
    let start = format!("```{language}\n");
    let parts = text.split(&start).skip(1);
    let blocks = parts.map(|part| part.split("```").next().unwrap_or_default());
    blocks.map(str::to_owned).collect()
}

impl DocumentedJob {
    /// Creates all objects of the page with the pool of the fake, and prepares the CronJob `name` of the namespace `gcr-secret`:
    /// its ServiceAccount gets a token of the cluster and one that the fake accepts.
    ///
    /// # Panics
    /// The page has another form, or the cluster refuses an object.
    #[track_caller]
    pub fn create(cluster: &TestCluster, google: &FakeGoogle, page: &str, name: &str) -> Self {
        let yaml = blocks(page, "yaml").join("---\n");
        assert!(yaml.contains(PLACEHOLDER), "{page} names no pool");
        let audience = google.workload_identity_audience();
        let pool = audience.trim_start_matches("//iam.googleapis.com/");
        let apply = cluster.kubectl(["apply", "-f", "-"]);
        apply.stdin(yaml.replace(PLACEHOLDER, pool)).run().success();

        let job = cluster.get(&format!("cronjob/{name}"), "gcr-secret");
        let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(container["command"][0], "kubectl-gcr_secret");
        let args = container["args"].as_array().into_iter().flatten();
        let account = text(&pod["serviceAccountName"]);
        let token = |extra: &[&str]| {
            let words = ["create", "token", account, "-n", "gcr-secret"];
            let output = cluster.kubectl(words).args(extra).run().success();
            output.stdout.trim().to_owned()
        };

        // The token of the volume, which the pool of the fake accepts, and the file of the ConfigMap.
        let source = &pod["volumes"][1]["projected"]["sources"][0]["serviceAccountToken"];
        let subject_token = token(&["--audience", text(&source["audience"])]);
        let subject = format!("system:serviceaccount:gcr-secret:{account}");
        let member = google.accept_subject_token(&subject_token, &subject);
        let map = cluster.get("configmap/google-credentials", "gcr-secret");
        let credentials = text(&map["data"]["credentials.json"]);
        let session = cluster.session();
        let token_file = session.file("token", subject_token, 0o600);
        let mount = text(&container["volumeMounts"][1]["mountPath"]);
        let mounted = format!("{mount}/{}", text(&source["path"]));
        assert!(credentials.contains(&mounted), "{credentials}");
        let credentials = credentials.replace(&mounted, &token_file.display().to_string());
        let credentials = session.file("credentials.json", credentials, 0o600);

        let config = |args: &[&str]| session.kubectl(["config"]).args(args).run().success();
        config(&["set-credentials", "job", "--token", &token(&[])]);
        config(&["set-context", "--current", "--user=job"]);
        Self {
            args: args.map(|it| text(it).to_owned()).collect(),
            member,
            session,
            credential: (text(&container["env"][0]["name"]).to_owned(), credentials),
            environment: google.environment(),
        }
    }

    /// Prepares the plugin with these arguments as the job would run it.
    pub fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        let (variable, file) = &self.credential;
        self.session
            .gcr_secret(args)
            .envs(self.environment.clone())
            .env(variable, file)
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is not a text"))
}
