//! Service Usage API: which APIs are enabled in a project.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::api_client::{ApiCall, ApiClient};
use crate::api_error::Reason;
use crate::endpoints::Api;
use crate::error::GoogleError;
use crate::names::{ProjectId, segment};
use crate::operation::Operation;
use crate::retry::{Safety, backoff};

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    state: Option<String>,
}

impl ApiClient {
    /// Returns whether an API, such as `iam.googleapis.com`, is enabled.
    ///
    /// # Errors
    /// Fails without `serviceusage.services.get`.
    pub async fn is_enabled(
        &self,
        project: &ProjectId,
        service: &str,
    ) -> Result<bool, GoogleError> {
        let action = format!("get service {service}");
        let call = ApiCall::get(&action, Api::ServiceUsage, service_path(project, service));
        let service: Service = self.call(call).await?;
        Ok(service.state.as_deref() == Some("ENABLED"))
    }

    /// Enables an API and waits for the operation. Enabling an enabled API changes nothing.
    ///
    /// The API may refuse requests for some minutes more; see [`Reason::ServiceDisabled`].
    ///
    /// # Errors
    /// Fails without `serviceusage.services.enable`, without a billing account, and after `timeout`.
    pub async fn enable(
        &self,
        project: &ProjectId,
        service: &str,
        timeout: Duration,
    ) -> Result<(), GoogleError> {
        let action = format!("enable service {service}");
        let started = Instant::now();
        for number in 0.. {
            let path = format!("{}:enable", service_path(project, service));
            let call = ApiCall::post(
                &action,
                Api::ServiceUsage,
                path,
                Safety::Idempotent,
                &json!({}),
            );
            let result = self.call::<Operation>(call).await;
            let ended = match result {
                Ok(operation) => {
                    self.wait(Api::ServiceUsage, &action, operation, started, timeout)
                        .await
                }
                Err(error) => Err(error),
            };
            match ended {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let pause = backoff(number);
                    // Another client enables an API of the same project. Google carries out one at a time.
                    if error.reason() != Some(&Reason::ActivationInProgress)
                        || started.elapsed() + pause > timeout
                    {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Ok(())
    }
}

fn service_path(project: &ProjectId, service: &str) -> String {
    let project = segment(project.as_str());
    format!("v1/projects/{project}/services/{}", segment(service))
}
