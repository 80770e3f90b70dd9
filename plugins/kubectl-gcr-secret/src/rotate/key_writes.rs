//! Writes the new key to all Secrets, in passes.

use std::collections::BTreeSet;

use gcr_core::domain::service_account_key::ServiceAccountKey;
use gcr_core::engine::Outcome;

use super::account_rotation::{AccountRotation, Written};
use super::carrier::Carrier;
use super::commands::{Commands, key_file};
use super::plan::age_order;
use super::prepared::Prepared;
use super::secret_search::SearchResult;
use super::writes::{Ends, write};

/// How often Secrets that appear during the run are written too.
const MAX_PASSES: usize = 3;

impl AccountRotation<'_> {
    /// Writes the key to all selected Secrets, also to those that appear meanwhile, and reads them again.
    pub(super) async fn write_all(
        &self,
        (mut prepared, mut ends): (Vec<Prepared>, Ends),
        id: &str,
        file: Option<&ServiceAccountKey>,
        old: &BTreeSet<String>,
        kept: &BTreeSet<String>,
    ) -> Written {
        if file.is_none() && !self.is_dry_run() {
            let search = self.leave_all(&prepared, &mut ends).await;
            return Written { search, ends };
        }
        let mut replaced = old.clone();
        for pass in 1.. {
            let mut commands = Commands::default();
            if id.is_empty() {
                commands.add_secrets(&prepared, self.scopes, &key_file(&self.stage.account));
            }
            let run = commands.of_run(&self.run);
            let (request, scopes) = (self.request, self.scopes);
            ends.extend(write(request, scopes, &run, prepared, file, &replaced).await);
            let search = self.scopes.search().await;
            if pass == MAX_PASSES || self.is_dry_run() || self.run.stop.is_stopped() {
                return Written { search, ends };
            }
            self.add_older_keys(&search, id, kept, &mut replaced).await;
            let is_open = |carrier: &&Carrier| {
                let end = ends.get(&carrier.place);
                carrier.in_scope
                    && carrier.account == self.email()
                    && carrier.keys.iter().any(|key| replaced.contains(key))
                    && end.is_none_or(|end| end.is_success())
            };
            let open: Vec<Carrier> = search.carriers.iter().filter(is_open).cloned().collect();
            if open.is_empty() {
                return Written { search, ends };
            }
            let (next, failed) = self.prepare_owned(open).await;
            prepared = next;
            ends.extend(failed);
        }
        unreachable!("the last pass returns")
    }

    /// Leaves the Secrets as they are: all carry the key, which cannot be read. One that gets an old key meanwhile is a straggler.
    async fn leave_all(&self, prepared: &[Prepared], ends: &mut Ends) -> SearchResult {
        for Prepared { carrier, .. } in prepared {
            ends.insert(carrier.place.clone(), Outcome::Unchanged);
            self.report(carrier, Outcome::Unchanged, None).await;
        }
        self.scopes.search().await
    }

    /// Adds keys that another run has written meanwhile, if they are older than ours. The newest key wins in every run, so
    /// that concurrent runs agree.
    async fn add_older_keys(
        &self,
        search: &SearchResult,
        id: &str,
        kept: &BTreeSet<String>,
        replaced: &mut BTreeSet<String>,
    ) {
        let carriers = search.carriers.iter();
        let unknown: BTreeSet<&str> = carriers
            .filter(|it| it.in_scope && it.account == self.email())
            .flat_map(|it| it.keys.iter().map(String::as_str))
            .filter(|key| *key != id && !replaced.contains(*key) && !kept.contains(*key))
            .collect();
        if unknown.is_empty() {
            return;
        }
        let Some(keys) = self.keys_again().await else {
            return;
        };
        let of_id = |id: &str| keys.iter().find(|key| key.id() == id);
        let ours = age_order(of_id(id), id);
        let older = unknown
            .into_iter()
            .filter(|key| of_id(key).is_some() && age_order(of_id(key), key) < ours);
        replaced.extend(older.map(str::to_owned));
    }
}
