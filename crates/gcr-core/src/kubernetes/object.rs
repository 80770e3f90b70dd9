//! Decodes what objects of every kind have in common.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::api_request::ApiResponse;
use super::pager::Item;
use super::request_error::RequestError;

#[derive(Deserialize)]
struct MetadataOnly {
    metadata: ObjectMeta,
}

/// A `Table`, which some gateways send in place of an object.
#[derive(Deserialize)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    object: MetadataOnly,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// Decodes the metadata of the object in a response.
///
/// # Errors
/// As [`ApiResponse::json`].
pub fn metadata(response: &ApiResponse) -> Result<ObjectMeta, RequestError> {
    if response.json::<Kind>()?.kind == "Table" {
        let mut rows = response.json::<Table>()?.rows;
        if rows.len() == 1 {
            return Ok(rows.swap_remove(0).object.metadata);
        }
    }
    response
        .json::<MetadataOnly>()
        .map(|object| object.metadata)
}

/// Decodes the metadata of an item of a list.
///
/// # Errors
/// The item has no valid metadata.
pub fn metadata_of(item: &Item) -> Result<ObjectMeta, RequestError> {
    serde_json::from_str::<MetadataOnly>(item.json.get())
        .map(|object| object.metadata)
        .map_err(|error| RequestError::not_json(&error))
}

/// Maps a 404 with a `Status` to `None`. A 404 of a proxy stays an error.
pub(super) fn optional(
    response: Result<ApiResponse, RequestError>,
) -> Result<Option<ApiResponse>, RequestError> {
    match response {
        Ok(response) => Ok(Some(response)),
        Err(error)
            if error
                .api_error()
                .is_some_and(|api_error| api_error.is_not_found() && api_error.has_status_body) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
