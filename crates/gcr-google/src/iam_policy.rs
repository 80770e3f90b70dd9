//! Edits IAM policies without changing what other clients wrote.
//!
//! A policy is read as raw JSON per field, and only the members of one binding are changed. Other bindings, conditions, audit
//! configs and fields that this version does not know are written back as they were read. The etag is required: a policy
//! written without one replaces whatever other clients have written meanwhile.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The version in which a policy may have conditions. Older versions lose them.
const VERSION: u8 = 3;

type Object = BTreeMap<String, Box<RawValue>>;

/// A policy as the server has sent it.
#[derive(Debug)]
pub struct Policy {
    fields: Object,
    bindings: Vec<Box<RawValue>>,
}

/// The result of granting a role.
#[derive(Debug)]
pub enum Grant {
    /// The member has this role, or a broader one, already.
    Unchanged {
        /// The role that the member has.
        role: String,
    },
    /// The policy to write.
    Changed(String),
}

/// A policy that cannot be edited.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The text is not a policy.
    #[error("the policy is not valid")]
    Invalid,
    /// The policy has no etag, so that a concurrent change would go unnoticed.
    #[error("the policy has no etag")]
    NoEtag,
}

#[derive(serde::Deserialize)]
struct Binding {
    #[serde(default)]
    role: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    condition: Option<serde::de::IgnoredAny>,
}

impl Policy {
    /// Parses a policy.
    ///
    /// # Errors
    /// Fails if the text is not an object, or its bindings are not a list of objects with roles and members.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyError> {
        let mut fields: Object = serde_json::from_slice(text).map_err(|_| PolicyError::Invalid)?;
        let bindings = match fields.remove("bindings") {
            Some(bindings) => {
                serde_json::from_str(bindings.get()).map_err(|_| PolicyError::Invalid)?
            }
            None => Vec::new(),
        };
        let policy = Self { fields, bindings };
        let is_valid = policy.bindings.iter().all(|raw| binding(raw).is_some());
        is_valid.then_some(policy).ok_or(PolicyError::Invalid)
    }

    /// Returns the role without a condition that gives the member everything that `role` gives: `role`, or one of `broader`.
    #[must_use]
    pub fn granted(&self, role: &str, broader: &[&str], member: &str) -> Option<String> {
        let roles = self.bindings.iter().filter_map(|raw| {
            let binding = binding(raw)?;
            let has_member = binding.members.iter().any(|it| is_same_member(it, member));
            (binding.condition.is_none() && has_member).then_some(binding.role)
        });
        let roles: Vec<String> = roles.collect();
        let is_enough = |found: &&String| *found == role || broader.contains(&found.as_str());
        // The role itself is named first.
        let exact = roles.iter().find(|found| *found == role);
        exact.or_else(|| roles.iter().find(is_enough)).cloned()
    }

    /// Grants a role to a member: adds it to the binding of the role that has no condition, or adds such a binding.
    ///
    /// # Errors
    /// Fails if the policy has no etag.
    pub fn grant(
        mut self,
        role: &str,
        broader: &[&str],
        member: &str,
    ) -> Result<Grant, PolicyError> {
        if let Some(role) = self.granted(role, broader, member) {
            return Ok(Grant::Unchanged { role });
        }
        let etag = self.fields.get("etag").map(|etag| etag.get());
        if matches!(etag, None | Some("null" | "\"\"")) {
            return Err(PolicyError::NoEtag);
        }
        let target = self.bindings.iter_mut().find(|raw| {
            binding(raw).is_some_and(|binding| binding.condition.is_none() && binding.role == role)
        });
        match target {
            Some(raw) => {
                let mut members = binding(raw).map(|it| it.members).unwrap_or_default();
                members.push(member.to_owned());
                let mut object: Object =
                    serde_json::from_str(raw.get()).map_err(|_| PolicyError::Invalid)?;
                object.insert("members".to_owned(), raw_json(&members)?);
                *raw = raw_json(&object)?;
            }
            None => {
                let binding = serde_json::json!({"role": role, "members": [member]});
                self.bindings.push(raw_json(&binding)?);
            }
        }
        self.fields
            .insert("version".to_owned(), raw_json(&VERSION)?);
        self.fields
            .insert("bindings".to_owned(), raw_json(&self.bindings)?);
        serde_json::to_string(&self.fields)
            .map(Grant::Changed)
            .map_err(|_| PolicyError::Invalid)
    }
}

fn binding(raw: &RawValue) -> Option<Binding> {
    serde_json::from_str(raw.get()).ok()
}

fn raw_json(value: &impl serde::Serialize) -> Result<Box<RawValue>, PolicyError> {
    serde_json::value::to_raw_value(value).map_err(|_| PolicyError::Invalid)
}

/// Compares members as Google does: the type by case, the address without.
fn is_same_member(left: &str, right: &str) -> bool {
    match (left.split_once(':'), right.split_once(':')) {
        (Some((left_type, left)), Some((right_type, right))) => {
            left_type == right_type && left.eq_ignore_ascii_case(right)
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests;
