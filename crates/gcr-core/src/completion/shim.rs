//! The file by which kubectl asks a plugin for completion, where only the plugin itself is linked (krew links one file
//! a plugin).

/// The first word by which the plugin itself is asked to complete; cobra's own.
pub(super) const WORD: &str = "__complete";

/// A script to save on PATH as `kubectl_complete-…`. `plugin` is the name typed after `kubectl`.
pub fn shim(plugin: &str) -> String {
    let file = plugin.replace('-', "_");
    format!(
        "#!/usr/bin/env sh\n\
         # Completion of kubectl {plugin}. Save on PATH as kubectl_complete-{file}, and make it executable.\n\
         exec kubectl-{file} {WORD} \"$@\""
    )
}
