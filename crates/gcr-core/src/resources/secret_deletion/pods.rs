//! Counts the pods that reference the Secret, for a warning.

use crate::domain::names::SecretName;
use crate::kubernetes::RequestError;
use crate::kubernetes::pager::Pager;
use crate::kubernetes::pods::{self, PodReferences};
use crate::resources::namespace_target::NamespaceTarget;

/// Returns the warning about the pods that still reference the Secret, if there are any or if they cannot be counted.
pub(super) async fn warning(target: &NamespaceTarget, name: &SecretName) -> Option<String> {
    match count(target, name).await {
        Ok(0) => None,
        Ok(1) => Some(format!(
            "1 pod still references secret {:?} and can no longer pull images with it",
            name.as_str()
        )),
        Ok(pods) => Some(format!(
            "{pods} pods still reference secret {:?} and can no longer pull images with it",
            name.as_str()
        )),
        Err(error) if error.is_not_started() => None,
        Err(error) => Some(format!(
            "the pods that reference secret {:?} cannot be counted: {}",
            name.as_str(),
            error.error_text()
        )),
    }
}

async fn count(target: &NamespaceTarget, name: &SecretName) -> Result<usize, RequestError> {
    let mut pages = Pager::new(&target.cluster, pods::list(Some(&target.namespace)));
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        for item in &page {
            let pod = PodReferences::read(item)?;
            count += usize::from(!pod.has_ended && pod.references(name.as_str()));
        }
    }
    Ok(count)
}
