#!/usr/bin/env sh
# Completion of kubectl PLUGIN. Save on PATH as kubectl_complete-FILE, and make it executable.
exec kubectl-FILE __complete "$@"
