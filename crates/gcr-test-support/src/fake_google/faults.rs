//! Faults that a test injects into the fake's responses, and the selection of the requests that get them.

use std::ops::Range;
use std::time::Duration;

use super::call::Call;
use super::canned_error::CannedError;

/// What happens to a request instead of a regular response.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The fake sends this response and does not handle the request.
    Respond(CannedError),
    /// The fake handles the request, then sends this response.
    RespondAfterCommit(CannedError),
    /// The fake handles the request and closes the connection without a response.
    ReplyLost,
    /// The fake closes the connection without handling the request.
    Reset,
    /// The fake handles the request after this time.
    Delay(Duration),
    /// The fake never responds.
    Hang,
    /// The fake handles the request and closes the connection after half of the response.
    Truncated,
    /// A 400 whose body quotes the request: its path, headers and body.
    Echo,
    /// A 200 with a JSON object of this size in bytes.
    Huge(u64),
    /// Another client adds a binding to the policy before the fake handles the request.
    PolicyChanged,
}

/// A selection of requests: by default all of one method.
#[derive(Clone, Debug)]
pub struct Rule {
    method: String,
    path: Option<String>,
    selected: Range<usize>,
}

/// Identifies an installed rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleId(usize);

impl Rule {
    /// Selects requests by the method's id in Google's discovery documents, or the end of that id: `keys.create` selects
    /// `iam.projects.serviceAccounts.keys.create`. `*` selects all requests.
    pub fn on(method: &str) -> Self {
        Self {
            method: method.into(),
            path: None,
            selected: 0..usize::MAX,
        }
    }

    /// Restricts the rule to paths that contain this text.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.into());
        self
    }

    /// Selects only the nth matching request, counted from 1.
    pub fn nth(mut self, nth: usize) -> Self {
        self.selected = nth - 1..nth;
        self
    }

    /// Selects only the first `count` matching requests, after those skipped by [`Rule::skip`].
    pub fn first(mut self, count: usize) -> Self {
        self.selected.end = self.selected.start.saturating_add(count);
        self
    }

    /// Skips the first `count` matching requests and selects all later ones.
    pub fn skip(mut self, count: usize) -> Self {
        self.selected = count..usize::MAX;
        self
    }

    fn matches(&self, call: &Call) -> bool {
        let id = call.method.id;
        let end = id.strip_suffix(self.method.as_str());
        let method = self.method == "*" || end.is_some_and(|it| it.is_empty() || it.ends_with('.'));
        method
            && self
                .path
                .as_ref()
                .is_none_or(|part| call.path.contains(part.as_str()))
    }
}

/// Installed rules, in order.
#[derive(Default)]
pub(super) struct Rules {
    active: Vec<ActiveRule>,
    hits: Vec<usize>,
}

struct ActiveRule {
    id: usize,
    rule: Rule,
    fault: Fault,
    matched: usize,
}

impl Rules {
    pub(super) fn add(&mut self, rule: Rule, fault: Fault) -> RuleId {
        let id = self.hits.len();
        self.hits.push(0);
        self.active.push(ActiveRule {
            id,
            rule,
            fault,
            matched: 0,
        });
        RuleId(id)
    }

    pub(super) fn hits(&self, RuleId(id): RuleId) -> usize {
        self.hits[id]
    }

    pub(super) fn clear(&mut self) {
        self.active.clear();
    }

    /// Counts a request and returns its fault: that of the first rule that selects it.
    pub(super) fn fault_for(&mut self, call: &Call) -> Option<Fault> {
        let mut found = None;
        for one in self.active.iter_mut().filter(|one| one.rule.matches(call)) {
            one.matched += 1;
            if found.is_none() && one.rule.selected.contains(&(one.matched - 1)) {
                found = Some((one.id, one.fault.clone()));
            }
        }
        let (id, fault) = found?;
        self.hits[id] += 1;
        Some(fault)
    }
}
