//! What is known of the Secret before it is written.
//!
//! Its metadata is enough for most runs; the whole is read only where `--merge` or `--recreate` need it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::secrets::{ApplyOptions, StoredSecret, metadata};
use crate::cluster::{Fault, Refusal};
use crate::domain::pull_secret::PullSecret;
use crate::request::{DryRun, Wanted, WantedSecret};
use crate::target::Target;

/// The Secret as it was seen.
#[derive(Debug)]
pub enum SecretSeen {
    /// Nobody was asked: a client dry run.
    NotAsked,
    /// It is not there.
    Absent,
    /// It is there.
    Metadata(Box<ObjectMeta>),
    /// It is there, and was read whole.
    Whole(Box<StoredSecret>),
    /// It may not be read. What a server dry run of the very same apply answered: the version that is stored, and the
    /// annotations as they would be afterwards.
    TriedOut(Box<ObjectMeta>),
}

pub(super) async fn observe(
    target: &Target,
    wanted: &Wanted,
    secret: &WantedSecret,
    listed: Option<Option<ObjectMeta>>,
) -> Result<SecretSeen, Fault> {
    if wanted.dry_run == DryRun::Client {
        return Ok(SecretSeen::NotAsked);
    }
    let (cluster, namespace) = (&target.cluster, &target.namespace);
    // What a list showed some time ago is enough for the word of an apply, and not for a deletion or an error.
    let listed = listed.filter(|_| !secret.recreate).filter(|seen| {
        let leaving = |metadata: &ObjectMeta| metadata.deletion_timestamp.is_some();
        !seen.as_ref().is_some_and(leaving)
    });
    if let Some(None) = listed {
        return Ok(SecretSeen::Absent);
    }
    if secret.merge || secret.recreate {
        let whole = cluster.read_secret(namespace, &secret.name).await?;
        return Ok(whole.map_or(SecretSeen::Absent, |whole| {
            SecretSeen::Whole(Box::new(whole))
        }));
    }
    if let Some(Some(metadata)) = listed {
        return Ok(SecretSeen::Metadata(Box::new(metadata)));
    }
    if cluster.may_look_at_secrets() {
        match cluster.read_secret_metadata(namespace, &secret.name).await {
            Ok(seen) => {
                return Ok(seen.map_or(SecretSeen::Absent, |seen| {
                    SecretSeen::Metadata(Box::new(seen))
                }));
            }
            Err(fault) if fault.refusal().is_some_and(Refusal::is_forbidden) => {}
            Err(fault) => return Err(fault),
        }
    }
    try_out(target, wanted, secret).await
}

/// Where nothing may be read, a server dry run of the very same apply says what is stored.
async fn try_out(
    target: &Target,
    wanted: &Wanted,
    secret: &WantedSecret,
) -> Result<SecretSeen, Fault> {
    let body = secret
        .body
        .get(|| PullSecret::new(&secret.name, &secret.credential, &secret.config).apply_body(None));
    let options = ApplyOptions {
        field_manager: &wanted.field_manager,
        force: secret.force_conflicts,
        dry_run: true,
        whole: false,
    };
    let reply = target
        .cluster
        .apply_secret(&target.namespace, &secret.name, body, &options, None)
        .await?;
    if reply.status == http::StatusCode::CREATED {
        return Ok(SecretSeen::Absent);
    }
    Ok(SecretSeen::TriedOut(Box::new(metadata(&reply)?)))
}
