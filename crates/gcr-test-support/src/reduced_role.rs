//! Takes a role apart: copies of it that each lack one verb of one rule.

use serde_json::Value;

/// A role without one verb of one rule.
#[derive(Clone, Debug)]
pub struct ReducedRole {
    /// The Role or ClusterRole.
    pub role: Value,
    /// The resource of the rule.
    pub resource: String,
    /// The verb that is missing.
    pub verb: String,
    /// The whole rule in the form of the hint after a 403.
    pub rule: String,
}

impl ReducedRole {
    /// Returns a copy of a role for each verb of each rule. A rule without verbs is removed.
    ///
    /// # Panics
    /// The object is no role.
    #[track_caller]
    pub fn all(role: &Value) -> Vec<Self> {
        let rules = role["rules"].as_array().expect("a role has rules");
        let mut reduced = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let verbs = rule["verbs"].as_array().expect("a rule has verbs");
            for verb in verbs {
                let mut role = role.clone();
                let left = verbs.iter().filter(|it| *it != verb).cloned();
                let left: Vec<Value> = left.collect();
                let rules = role["rules"].as_array_mut().expect("a role has rules");
                if left.is_empty() {
                    rules.remove(index);
                } else {
                    rules[index]["verbs"] = left.into();
                }
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                reduced.push(Self {
                    role,
                    resource: text(&rule["resources"][0]),
                    verb: text(verb),
                    rule: compact(rule),
                });
            }
        }
        reduced
    }

    /// Returns whether this verb on this resource is missing.
    pub fn lacks(&self, verb: &str, resource: &str) -> bool {
        self.verb == verb && self.resource == resource
    }
}

/// Returns a rule as the plugins print it.
fn compact(rule: &Value) -> String {
    let names = match &rule["resourceNames"] {
        Value::Null => String::new(),
        names => format!(r#""resourceNames":{names},"#),
    };
    let (resources, verbs) = (&rule["resources"], &rule["verbs"]);
    format!(r#"{{"apiGroups":[""],"resources":{resources},{names}"verbs":{verbs}}}"#)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn role_lacks_each_verb_once() {
        let role = json!({"rules": [
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get", "patch"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        ]});
        let reduced = ReducedRole::all(&role);
        let verbs: Vec<_> = reduced.iter().map(|it| it.verb.as_str()).collect();
        assert_eq!(verbs, ["get", "patch", "list"]);
        assert_eq!(reduced[1].role["rules"][0]["verbs"], json!(["get"]));
        assert_eq!(reduced[2].role["rules"].as_array().map(Vec::len), Some(1));
        assert!(reduced[2].lacks("list", "pods"));
        let rule = r#"{"apiGroups":[""],"resources":["secrets"],"resourceNames":["a"],"verbs":["get","patch"]}"#;
        assert_eq!(reduced[0].rule, rule);
    }
}
