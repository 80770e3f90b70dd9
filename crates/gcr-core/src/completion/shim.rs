//! The file by which kubectl asks a plugin for completion, where only the plugin itself is linked (krew links one file
//! a plugin). Its text is `shim.sh`: release archives carry it too.

/// The first word by which the plugin itself is asked to complete; cobra's own. `shim.sh` says it.
pub(super) const WORD: &str = "__complete";

/// A script to save on PATH as `kubectl_complete-…`. `plugin` is the name typed after `kubectl`.
pub fn shim(plugin: &str) -> String {
    include_str!("shim.sh")
        .trim_end()
        .replace("PLUGIN", plugin)
        .replace("FILE", &plugin.replace('-', "_"))
}
