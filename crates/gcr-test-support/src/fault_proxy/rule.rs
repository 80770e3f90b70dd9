//! Selects requests for a fault by verb, resource, namespace, name, query and headers, and by their order.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use super::request_info::RequestInfo;

/// A selection of requests: by default all that match.
#[derive(Clone, Debug)]
pub struct Rule {
    verb: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    missing_headers: Vec<(&'static str, String)>,
    selected: Range<usize>,
}

/// Identifies a rule installed in a proxy.
#[derive(Clone, Copy, Debug)]
pub struct RuleId(usize);

impl Rule {
    /// Selects requests with this API verb and resource: `Rule::on("patch", "secrets")`. `*` selects all verbs or
    /// all resources.
    pub fn on(verb: &str, resource: &str) -> Self {
        Self {
            verb: verb.into(),
            resource: resource.into(),
            namespace: None,
            name: None,
            query: Vec::new(),
            headers: Vec::new(),
            missing_headers: Vec::new(),
            selected: 0..usize::MAX,
        }
    }

    /// Restricts the rule to a namespace. The empty name selects cluster-scoped requests and lists over all namespaces.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Restricts the rule to objects with this name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Restricts the rule to requests with this parameter in the query: `.query("dryRun", "All")`.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Restricts the rule to requests with a header whose value contains this text.
    pub fn header(mut self, name: &'static str, part: &str) -> Self {
        self.headers.push((name, part.into()));
        self
    }

    /// Restricts the rule to requests without a header whose value contains this text.
    pub fn without_header(mut self, name: &'static str, part: &str) -> Self {
        self.missing_headers.push((name, part.into()));
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

    fn matches(&self, request_info: &RequestInfo) -> bool {
        let is = |expected: &Option<String>, active: &String| {
            expected.as_ref().is_none_or(|expected| expected == active)
        };
        let matches = |pattern: &str, active: &str| pattern == "*" || pattern == active;
        let has_header = |(name, part): &(&'static str, String)| {
            let values = request_info.headers.get_all(*name);
            values
                .iter()
                .any(|value| value.to_str().is_ok_and(|value| value.contains(part)))
        };
        matches(&self.verb, &request_info.verb)
            && matches(&self.resource, &request_info.resource)
            && is(&self.namespace, &request_info.namespace)
            && is(&self.name, &request_info.name)
            && self.query.iter().all(|it| request_info.query.contains(it))
            && self.headers.iter().all(has_header)
            && !self.missing_headers.iter().any(has_header)
    }
}

struct ActiveRule {
    id: usize,
    rule: Rule,
    fault: Fault,
    matched: usize,
}

/// Rules of a proxy, in the order of installation.
#[derive(Default)]
pub(super) struct Rules(Mutex<RuleTable>);

#[derive(Default)]
struct RuleTable {
    active: Vec<ActiveRule>,
    /// Number of injected faults, indexed by [`RuleId`]. Kept when rules are removed.
    hits: Vec<usize>,
}

impl Rules {
    pub(super) fn add(&self, rule: Rule, fault: Fault) -> RuleId {
        let mut table = self.table();
        let id = table.hits.len();
        table.hits.push(0);
        table.active.push(ActiveRule {
            id,
            rule,
            fault,
            matched: 0,
        });
        RuleId(id)
    }

    pub(super) fn hits(&self, RuleId(id): RuleId) -> usize {
        self.table().hits[id]
    }

    pub(super) fn clear(&self) {
        self.table().active.clear();
    }

    /// Counts the request and returns the fault to inject.
    pub(super) fn fault_for(&self, request_info: &RequestInfo) -> Option<Fault> {
        let RuleTable { active, hits } = &mut *self.table();
        let mut found: Option<&ActiveRule> = None;
        for one in active
            .iter_mut()
            .filter(|one| one.rule.matches(request_info))
        {
            one.matched += 1;
            if found.is_none() && one.rule.selected.contains(&(one.matched - 1)) {
                found = Some(one);
            }
        }
        let found = found?;
        hits[found.id] += 1;
        Some(found.fault.clone())
    }

    fn table(&self) -> MutexGuard<'_, RuleTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_for_with_several_rules_returns_first_selecting_rule() {
        let request_info = |namespace: &str| RequestInfo {
            verb: "patch".into(),
            resource: "secrets".into(),
            namespace: namespace.into(),
            name: "gcr-io".into(),
            ..RequestInfo::default()
        };
        let rules = Rules::default();
        let second = rules.add(
            Rule::on("patch", "secrets").namespace("x").nth(2),
            Fault::Hang,
        );
        let others = Rule::on("patch", "secrets").skip(3);
        let others = rules.add(others.first(2), Fault::ResponseLost);
        rules.add(Rule::on("get", "secrets"), Fault::ResetBeforeCommit);
        let hits = ["x", "y", "x", "x", "y", "y"]
            .map(|namespace| rules.fault_for(&request_info(namespace)));
        assert!(matches!(
            hits,
            [
                None,
                None,
                Some(Fault::Hang),
                Some(Fault::ResponseLost),
                Some(Fault::ResponseLost),
                None
            ]
        ));
        assert_eq!((rules.hits(second), rules.hits(others)), (1, 2));
    }
}
