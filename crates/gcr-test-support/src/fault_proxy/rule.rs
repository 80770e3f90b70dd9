//! Which requests meet a fault: by verb, resource, namespace and name, and which of them in their order.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::asked::Asked;
use super::fault::Fault;

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

    /// Only the first `count` that fit; behind [`Rule::after`], of those.
    pub fn first(mut self, count: usize) -> Self {
        self.which.end = self.which.start.saturating_add(count);
        self
    }

    /// All that fit but the first `count`.
    pub fn after(mut self, count: usize) -> Self {
        self.which = count..usize::MAX;
        self
    }

    fn fits(&self, asked: &Asked) -> bool {
        let is = |wanted: &Option<String>, given: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == given)
        };
        self.verb == asked.verb
            && self.resource == asked.resource
            && is(&self.namespace, &asked.namespace)
            && is(&self.name, &asked.name)
    }
}

struct Given {
    id: usize,
    rule: Rule,
    fault: Fault,
    seen: usize,
}

/// The rules of a proxy, in the order they were given.
#[derive(Default)]
pub(super) struct Rules(Mutex<Book>);

#[derive(Default)]
struct Book {
    given: Vec<Given>,
    /// By [`RuleId`]; kept when the rules are gone.
    met: Vec<usize>,
}

impl Rules {
    pub(super) fn add(&self, rule: Rule, fault: Fault) -> RuleId {
        let mut book = self.book();
        let id = book.met.len();
        book.met.push(0);
        book.given.push(Given {
            id,
            rule,
            fault,
            seen: 0,
        });
        RuleId(id)
    }

    pub(super) fn met(&self, RuleId(id): RuleId) -> usize {
        self.book().met[id]
    }

    pub(super) fn clear(&self) {
        self.book().given.clear();
    }

    /// What the request is to meet. Counts it.
    pub(super) fn meet(&self, asked: &Asked) -> Option<Fault> {
        let Book { given, met } = &mut *self.book();
        let mut found: Option<&Given> = None;
        for one in given.iter_mut().filter(|one| one.rule.fits(asked)) {
            one.seen += 1;
            if found.is_none() && one.rule.which.contains(&(one.seen - 1)) {
                found = Some(one);
            }
        }
        let found = found?;
        met[found.id] += 1;
        Some(found.fault.clone())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_that_fits_meets_the_first_rule_that_acts() {
        let asked = |namespace: &str| Asked {
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
        let others = Rule::on("patch", "secrets").after(3);
        let others = rules.add(others.first(2), Fault::ReplyLost);
        rules.add(Rule::on("get", "secrets"), Fault::ResetBefore);
        let met = ["x", "y", "x", "x", "y", "y"].map(|namespace| rules.meet(&asked(namespace)));
        assert!(matches!(
            met,
            [
                None,
                None,
                Some(Fault::Hang),
                Some(Fault::ReplyLost),
                Some(Fault::ReplyLost),
                None
            ]
        ));
        assert_eq!((rules.met(second), rules.met(others)), (1, 2));
    }
}
