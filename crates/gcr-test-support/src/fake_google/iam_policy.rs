//! IAM policies: read-modify-write with etags, versions and conditions. A policy is kept as the client wrote it, so that
//! tests can compare foreign parts byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value, json};

use super::call::Call;
use super::propagation::Delay;
use super::reply::{Answer, Reply, api_error, invalid_argument};

/// A policy with its version of the stored object.
pub(super) struct PolicyStore {
    policy: Value,
    etag: u64,
    /// Pairs of role and member that permission checks do not see yet.
    delayed: Vec<(String, String, Delay)>,
}

impl Default for PolicyStore {
    fn default() -> Self {
        Self {
            policy: json!({}),
            etag: 0,
            delayed: Vec::new(),
        }
    }
}

impl PolicyStore {
    /// Answers a read. A client that does not request version 3 gets conditional bindings with a role name that grants
    /// nothing and without their conditions (IAM, "Policy versions").
    pub(super) fn read(&self, requested_version: i64) -> Value {
        let mut policy = self.policy.clone();
        if policy["bindings"].as_array().is_none_or(Vec::is_empty) {
            if let Some(object) = policy.as_object_mut() {
                object.remove("bindings");
                object.remove("version");
            }
        } else if self.has_conditions() && requested_version < 3 {
            policy["version"] = json!(1);
            for binding in policy["bindings"].as_array_mut().into_iter().flatten() {
                if !binding["condition"].is_null() {
                    let role = format!("{}_withcond_0123456789abcdef0123", text(&binding["role"]));
                    binding["role"] = role.into();
                    binding
                        .as_object_mut()
                        .map(|object| object.remove("condition"));
                }
            }
        }
        if !self.has_conditions() && !policy["version"].is_null() {
            // Google uses version 1 for them, whatever the client has written (IAM, "Policy versions").
            policy["version"] = json!(1);
        }
        policy["etag"] = self.encoded_etag().into();
        policy
    }

    fn encoded_etag(&self) -> String {
        // Google shows "ACAB" for a policy that was never set.
        if self.etag == 0 {
            return "ACAB".into();
        }
        let mut bytes = vec![0x07, 0x05, 0x96];
        bytes.extend(&self.etag.to_be_bytes()[3..]);
        STANDARD.encode(bytes)
    }

    fn has_conditions(&self) -> bool {
        bindings(&self.policy).any(|binding| !binding["condition"].is_null())
    }

    /// Returns the policy without its etag, and without a version that conditions do not require.
    pub(super) fn without_etag(&self) -> Value {
        let mut policy = self.read(3);
        if let Some(object) = policy.as_object_mut() {
            object.remove("etag");
            if !self.has_conditions() {
                object.remove("version");
            }
        }
        policy
    }

    /// Replaces the policy.
    ///
    /// # Errors
    /// 409 `ABORTED` for another etag; 400 for a request that would lose conditions.
    fn write(&mut self, mut policy: Value, propagation: u32) -> Result<(), Reply> {
        if let Some(etag) = policy["etag"].as_str()
            && decode(etag) != decode(&self.encoded_etag())
        {
            return Err(api_error(
                409,
                "ABORTED",
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
                &[],
            ));
        }
        let version = policy["version"].as_i64().unwrap_or_default();
        let conditional = bindings(&policy).any(|binding| !binding["condition"].is_null());
        let loses_conditions = self.has_conditions() && version < 3 && !policy["etag"].is_null();
        if (conditional || loses_conditions) && version < 3 {
            return Err(invalid_argument(
                "Policy with conditional bindings must have version 3 or higher.",
            ));
        }
        if !matches!(version, 0 | 1 | 3) {
            return Err(invalid_argument("Invalid policy version."));
        }
        policy.as_object_mut().map(|object| object.remove("etag"));
        let added: Vec<_> = pairs(&policy)
            .filter(|pair| !pairs(&self.policy).any(|old| old == *pair))
            .map(|(role, member)| (role.to_owned(), member.to_owned(), Delay::new(propagation)))
            .collect();
        self.delayed.extend(added);
        self.policy = policy;
        self.etag += 1;
        Ok(())
    }

    /// Adds a member to a role, as another client would.
    pub(super) fn add(&mut self, role: &str, member: &str) {
        let mut policy = self.read(3);
        let list = policy["bindings"].as_array().cloned().unwrap_or_default();
        let mut list: Vec<Value> = list;
        let free = list
            .iter_mut()
            .find(|binding| binding["role"] == role && binding["condition"].is_null());
        match free.and_then(|binding| binding["members"].as_array_mut()) {
            Some(members) => members.push(member.into()),
            None => list.push(json!({"role": role, "members": [member]})),
        }
        policy["bindings"] = list.into();
        self.replace(policy);
    }

    /// Replaces the policy without checks.
    pub(super) fn replace(&mut self, mut policy: Value) {
        policy.as_object_mut().map(|object| object.remove("etag"));
        self.policy = policy;
        self.etag += 1;
    }

    /// Renames a member in all bindings, as Google does for a deleted account.
    pub(super) fn rename_member(&mut self, from: &str, to: &str) {
        for binding in self.policy["bindings"].as_array_mut().into_iter().flatten() {
            for member in binding["members"].as_array_mut().into_iter().flatten() {
                if member == from {
                    *member = to.into();
                }
            }
        }
    }

    /// Returns the roles that a member has here. Bindings with a condition grant nothing in the fake, which evaluates
    /// none.
    pub(super) fn roles_of(&mut self, member: &str) -> Vec<String> {
        let applies = |other: &str| {
            other.eq_ignore_ascii_case(member)
                || other == "allUsers"
                || other == "allAuthenticatedUsers"
        };
        let unconditional = bindings(&self.policy).filter(|binding| binding["condition"].is_null());
        let granted: Vec<(String, String)> = unconditional
            .flat_map(binding_pairs)
            .filter(|(_, other)| applies(other))
            .map(|(role, other)| (role.to_owned(), other.to_owned()))
            .collect();
        let mut roles = Vec::new();
        for (role, member) in granted {
            let mut delays = self.delayed.iter_mut();
            let delay = delays.find(|(a, b, _)| (a, b) == (&role, &member));
            if delay.is_none_or(|(_, _, delay)| delay.is_over()) {
                roles.push(role);
            }
        }
        roles
    }

    /// Returns the members of the policy that name a service account.
    fn account_members(policy: &Value) -> impl Iterator<Item = &str> {
        pairs(policy).filter_map(|(_, member)| member.strip_prefix("serviceAccount:"))
    }
}

/// Answers `setIamPolicy` with the new policy. `is_known` tells whether a service account exists.
pub(super) fn set(
    store: &mut PolicyStore,
    call: &Call,
    propagation: u32,
    mut is_known: impl FnMut(&str) -> bool,
) -> Answer {
    let body = call.json()?;
    let policy = body["policy"].clone();
    if !policy.is_object() {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    if let Some(email) = PolicyStore::account_members(&policy).find(|email| !is_known(email)) {
        let message = format!("Service account {email} does not exist.");
        return Err(invalid_argument(&message));
    }
    for (role, member) in pairs(&policy) {
        if !member.contains(':') && !member.starts_with("all") {
            let message = format!("Invalid member format: {member}");
            return Err(invalid_argument(&message));
        }
        if !role.starts_with("roles/") && !role.contains("/roles/") {
            let message = format!("Role {role} is not supported for this resource.");
            return Err(invalid_argument(&message));
        }
    }
    store.write(policy, propagation)?;
    Ok(Reply::json(&store.read(3)))
}

/// Returns the policy version that a read requests, from the query or the body.
pub(super) fn requested_version(call: &Call) -> i64 {
    let query = call.query("options.requestedPolicyVersion");
    let from_query = query.and_then(|text| text.parse().ok());
    let from_body = || call.json().ok()?["options"]["requestedPolicyVersion"].as_i64();
    from_query.or_else(from_body).unwrap_or_default()
}

fn bindings(policy: &Value) -> impl Iterator<Item = &Value> {
    policy["bindings"].as_array().into_iter().flatten()
}

fn binding_pairs(binding: &Value) -> impl Iterator<Item = (&str, &str)> {
    let members = binding["members"].as_array().into_iter().flatten();
    members.map(|member| (text(&binding["role"]), text(member)))
}

fn pairs(policy: &Value) -> impl Iterator<Item = (&str, &str)> {
    bindings(policy).flat_map(binding_pairs)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Decodes an etag: gcloud sends it back in the other base64 alphabet.
fn decode(etag: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(etag)
        .or_else(|_| URL_SAFE.decode(etag))
        .ok()
}
