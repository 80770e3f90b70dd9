//! Which requests meet a fault: by verb, resource, namespace and name, and which of them in their order.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use super::request_info::RequestInfo;

/// The requests that meet a fault: all that fit, unless told which.
#[derive(Clone, Debug)]
pub struct Rule {
    verb: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
    which: Range<usize>,
}

/// A rule that was given to a proxy.
#[derive(Clone, Copy, Debug)]
pub struct RuleId(usize);

impl Rule {
    /// Requests of this verb of the API about this resource: `Rule::on("patch", "secrets")`.
    pub fn on(verb: &str, resource: &str) -> Self {
        Self {
            verb: verb.into(),
            resource: resource.into(),
            namespace: None,
            name: None,
            which: 0..usize::MAX,
        }
    }

    /// Only in this namespace.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Only about the object of this name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only the nth that fits, counted from 1.
    pub fn nth(mut self, nth: usize) -> Self {
        self.which = nth - 1..nth;
        self
    }

    /// Only the first `count` that fit; behind [`Rule::skip`], of those.
    pub fn first(mut self, count: usize) -> Self {
        self.which.end = self.which.start.saturating_add(count);
        self
    }

    /// All that fit but the first `count`.
    pub fn skip(mut self, count: usize) -> Self {
        self.which = count..usize::MAX;
        self
    }

    fn matches(&self, request_info: &RequestInfo) -> bool {
        let is = |wanted: &Option<String>, given: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == given)
        };
        self.verb == request_info.verb
            && self.resource == request_info.resource
            && is(&self.namespace, &request_info.namespace)
            && is(&self.name, &request_info.name)
    }
}

struct ActiveRule {
    id: usize,
    rule: Rule,
    fault: Fault,
    matched: usize,
}

/// The rules of a proxy, in the order they were given.
#[derive(Default)]
pub(super) struct Rules(Mutex<RuleTable>);

#[derive(Default)]
struct RuleTable {
    given: Vec<ActiveRule>,
    /// By [`RuleId`]; kept when the rules are gone.
    hits: Vec<usize>,
}

impl Rules {
    pub(super) fn add(&self, rule: Rule, fault: Fault) -> RuleId {
        let mut table = self.table();
        let id = table.hits.len();
        table.hits.push(0);
        table.given.push(ActiveRule {
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
        self.table().given.clear();
    }

    /// What the request is to meet. Counts it.
    pub(super) fn fault_for(&self, request_info: &RequestInfo) -> Option<Fault> {
        let RuleTable { given, hits } = &mut *self.table();
        let mut found: Option<&ActiveRule> = None;
        for one in given
            .iter_mut()
            .filter(|one| one.rule.matches(request_info))
        {
            one.matched += 1;
            if found.is_none() && one.rule.which.contains(&(one.matched - 1)) {
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
    fn the_nth_that_fits_meets_the_first_rule_that_acts() {
        let request_info = |namespace: &str| RequestInfo {
            verb: "patch".into(),
            resource: "secrets".into(),
            namespace: namespace.into(),
            name: "gcr-io".into(),
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
