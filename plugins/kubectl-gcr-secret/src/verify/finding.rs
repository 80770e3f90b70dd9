//! Formats the result of a check, as a line and as JSON.

use gcr_core::domain::contained_keys::key_file;
use gcr_core::engine::{Cell, ObjectId, Row, TargetName};
use gcr_core::report::API_VERSION;
use gcr_google::registry::{Finding, Login, Step, Verdict};
use kube_clientcmd::escape_control::escape_control;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The public facts about a credential.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// The email address of the service account, for keys.
    pub(crate) account: Option<String>,
    /// The ID of the key.
    pub(crate) key_id: Option<String>,
}

impl Facts {
    /// Returns the facts about a login; empty unless it is a service account key.
    pub(crate) fn of(login: &Login) -> Self {
        let Some(key) = key_file(&login.username, login.password.expose_secret()) else {
            return Self::default();
        };
        Self {
            account: Some(key.client_email().to_owned()),
            key_id: key.private_key_id().map(str::to_owned),
        }
    }
}

/// A check of a source, and its result.
pub(crate) struct Checked<'a> {
    pub(crate) target: &'a TargetName,
    pub(crate) object: &'a ObjectId,
    /// The content that was requested; `None` if the source has no credential for a request.
    pub(crate) label: Option<&'a str>,
    /// The entry of the Docker config, as written.
    pub(crate) entry: Option<&'a str>,
    /// The user of the credential.
    pub(crate) user: Option<&'a str>,
    pub(crate) facts: Facts,
    pub(crate) finding: &'a Finding,
    /// The meaning of the verdict, if the operator sees more than the registry says.
    pub(crate) meaning: Option<&'a str>,
    /// Whether a missing image is a problem.
    pub(crate) needs_image: bool,
}

/// Returns a finding about a source for which no request was sent: a verdict without steps.
pub(crate) fn without_steps(verdict: Verdict, reason: impl Into<String>) -> Finding {
    Finding {
        verdict,
        reason: reason.into(),
        steps: Vec::new(),
    }
}

/// Returns what a verdict means, with the reason: `the key 0123456… was deleted, … (invalid_grant: Invalid JWT Signature.)`.
pub(crate) fn message(finding: &Finding, facts: &Facts) -> String {
    let meaning = match (finding.verdict, &facts.key_id, &facts.account) {
        (Verdict::KeyRevoked, Some(key), _) => {
            format!(
                "the key {} was deleted, disabled or has expired",
                short(key)
            )
        }
        (Verdict::AccountDeleted, _, Some(account)) => {
            format!(
                "the service account {} does not exist",
                escape_control(account)
            )
        }
        (Verdict::AccountDisabled, _, Some(account)) => {
            format!(
                "the service account {} is disabled",
                escape_control(account)
            )
        }
        (verdict, _, _) => verdict.meaning().to_owned(),
    };
    if finding.reason.is_empty() {
        return meaning;
    }
    // The reason alone is clearer where the verdict only repeats it.
    if finding.steps.is_empty() {
        return finding.reason.clone();
    }
    with_reason(&meaning, finding)
}

fn with_reason(meaning: &str, finding: &Finding) -> String {
    format!("{meaning} ({})", finding.reason.trim_end_matches('.'))
}

fn short(key_id: &str) -> String {
    let start: String = key_id.chars().take(7).collect();
    format!("{}…", escape_control(&start))
}

impl Checked<'_> {
    /// Returns the row of the finding. `-o wide` adds a line per step.
    pub(crate) fn row(&self) -> Row {
        let verdict = self.finding.verdict;
        let is_ok = verdict == Verdict::Ok;
        let message = match self.meaning {
            Some(meaning) => with_reason(meaning, self.finding),
            None => message(self.finding, &self.facts),
        };
        let mut line = format!("{} {verdict}", self.object);
        if let Some(label) = self.label {
            line = format!("{line}: {}", escape_control(label));
        }
        if !is_ok {
            line = format!("{line}: {message}");
        }
        let mut cells = vec![Cell::from(line)];
        cells.extend(self.finding.steps.iter().map(|step| step_line(step).into()));
        Row {
            target: self.target.clone(),
            object: self.object.clone(),
            cells,
            value: self.value(if is_ok { "" } else { &message }),
            is_problem: !is_ok && (verdict != Verdict::ImageNotFound || self.needs_image),
        }
    }

    fn value(&self, message: &str) -> Value {
        let escaped = |text: &String| escape_control(text).into_owned();
        json!({
            "apiVersion": API_VERSION,
            "kind": "CredentialCheck",
            "context": self.target.context.as_deref(),
            "namespace": self.target.namespace().map(|it| it.as_str()),
            "source": self.object.to_string(),
            "registry": self.label,
            "entry": self.entry,
            "user": self.user,
            "account": self.facts.account.as_ref().map(escaped),
            "keyId": self.facts.key_id.as_ref().map(escaped),
            "verdict": self.finding.verdict.as_str(),
            "message": message,
            "steps": steps(self.finding),
        })
    }
}

/// Returns the steps of a finding as JSON.
pub(crate) fn steps(finding: &Finding) -> Value {
    let steps = finding.steps.iter().map(|step| {
        json!({
            "name": step.name.as_str(),
            "status": step.status,
            "text": step.text,
            "seconds": (step.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        })
    });
    steps.collect()
}

fn step_line(step: &Step) -> String {
    let status = step.status.map_or("-".to_owned(), |it| it.to_string());
    let line = format!(
        "  {:<9}  {status:>3}  {:>6.3}s  {}",
        step.name.as_str(),
        step.elapsed.as_secs_f64(),
        step.text
    );
    line.trim_end().to_owned()
}
