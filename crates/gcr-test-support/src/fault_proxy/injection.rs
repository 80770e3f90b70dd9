//! Injects the common kinds of faults in one call each.

use std::time::Duration;

use serde_json::Value;

use super::{CannedResponse, Fault, FaultProxy, JsonEdit, Rule, RuleId};

impl FaultProxy {
    /// Injects a fault into the requests that a rule selects. If several rules select a request, the first one
    /// installed applies; the others still count the request.
    pub fn inject(&self, rule: Rule, fault: Fault) -> RuleId {
        self.state.rules.add(rule, fault)
    }

    /// Responds to the selected requests; the server never receives them.
    pub fn answer(&self, rule: Rule, response: CannedResponse) -> RuleId {
        self.inject(rule, Fault::Replace(response))
    }

    /// Changes the JSON bodies of the selected requests, as a mutating webhook changes objects.
    pub fn change_request(
        &self,
        rule: Rule,
        edit: impl Fn(&mut Value) + Send + Sync + 'static,
    ) -> RuleId {
        self.inject(rule, Fault::ChangeRequest(JsonEdit::new(edit)))
    }

    /// Changes the JSON bodies of the responses to the selected requests; the status stays.
    pub fn change_response(
        &self,
        rule: Rule,
        edit: impl Fn(&mut Value) + Send + Sync + 'static,
    ) -> RuleId {
        self.inject(rule, Fault::ChangeResponse(JsonEdit::new(edit)))
    }

    /// Drops the items of lists for which `keep` returns false, as a proxy does that filters lists by the user's role.
    pub fn filter_items(
        &self,
        rule: Rule,
        keep: impl Fn(&Value) -> bool + Send + Sync + 'static,
    ) -> RuleId {
        self.inject(rule, Fault::ChangeResponse(JsonEdit::filter_items(keep)))
    }

    /// Replaces a header of the selected requests: with `accept`, the server sends another representation.
    pub fn set_request_header(&self, rule: Rule, name: &'static str, value: &str) -> RuleId {
        self.inject(rule, Fault::SetRequestHeader(name, value.to_owned()))
    }

    /// Forwards the selected requests after a delay.
    pub fn delay(&self, rule: Rule, delay: Duration) -> RuleId {
        self.inject(rule, Fault::Delay(delay))
    }
}
