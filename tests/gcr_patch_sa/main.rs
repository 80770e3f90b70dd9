//! Black-box tests of `kubectl gcr-patch-sa`, on a real control plane.
