//! Sends the requests for Events.

use serde::Deserialize;

use super::api_request::JSON;
use super::pager::{Item, List};
use super::request_error::RequestError;
use crate::domain::names::{Namespace, SecretName};

/// The facts that `describe` shows of an Event (core/v1 types.go, `Event`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EventSummary {
    /// `Normal` or `Warning`.
    pub r#type: String,
    /// The reason in one word.
    pub reason: String,
    /// The description.
    pub message: String,
    /// Number of occurrences; 0 for one.
    pub count: i64,
    /// When it occurred first and last, for events of the older API.
    first_timestamp: Option<String>,
    last_timestamp: Option<String>,
    /// When it occurred, for events of the newer API.
    event_time: Option<String>,
    source: Source,
    reporting_component: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Source {
    component: String,
}

/// Returns the list of the Events about a Secret.
pub fn about_secret(namespace: &Namespace, name: &SecretName) -> List {
    List {
        resource: "events",
        namespace: Some(namespace.clone()),
        fields: format!("involvedObject.kind=Secret,involvedObject.name={name}"),
        accept: JSON,
        ..List::default()
    }
}

impl EventSummary {
    /// Decodes an item of a list.
    ///
    /// # Errors
    /// The item is not an Event.
    pub fn read(item: &Item) -> Result<Self, RequestError> {
        serde_json::from_str(item.json.get()).map_err(|error| RequestError::not_json(&error))
    }

    /// Returns when it occurred first.
    pub fn first_seen(&self) -> Option<jiff::Timestamp> {
        let times = [&self.first_timestamp, &self.event_time];
        times
            .into_iter()
            .flatten()
            .find_map(|time| time.parse().ok())
    }

    /// Returns when it occurred last.
    pub fn last_seen(&self) -> Option<jiff::Timestamp> {
        let times = [&self.last_timestamp, &self.event_time];
        times
            .into_iter()
            .flatten()
            .find_map(|time| time.parse().ok())
    }

    /// Returns the component that reported it.
    pub fn component(&self) -> &str {
        if self.source.component.is_empty() {
            &self.reporting_component
        } else {
            &self.source.component
        }
    }
}
