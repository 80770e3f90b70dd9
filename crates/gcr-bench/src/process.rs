//! Measures a command from start to exit: wall time, CPU time and peak memory.

use std::fs;
use std::io::{self, BufRead, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use gcr_test_support::{Error, Result};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// Interval between two reads of the memory size. Long enough not to slow down the measured command.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Length of a clock tick of proc(5), in milliseconds. `USER_HZ` is 100 on all architectures that Rust supports.
const TICK: f64 = 10.0;

/// Measurements and output of a command. CPU and memory are zero outside Linux, which alone has `/proc`.
pub(crate) struct Measured {
    /// Wall time from start to exit, in milliseconds.
    pub(crate) wall: f64,
    /// User plus system time, in milliseconds, a multiple of ten.
    pub(crate) cpu: f64,
    /// `VmHWM` in MiB, last read at most 20 ms before the exit. Not `ru_maxrss`, which starts at the memory size of the
    /// parent process.
    pub(crate) peak: f64,
    /// Complete standard error.
    pub(crate) stderr: String,
    /// Whether the exit code was 0.
    pub(crate) succeeded: bool,
}

/// Runs a command and measures it. Discards its standard output.
///
/// # Errors
/// The command cannot be started or observed. A failure of the command is not an error.
pub(crate) fn measure(mut command: Command) -> Result<Measured> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let started = Instant::now();
    let child = command.spawn();
    child
        .and_then(|child| observe(child, started))
        .map_err(|error| Error::during(format!("{command:?}"), error))
}

/// Does the same as [`measure`], and also returns the time until the first row of a table, in milliseconds: the second line of
/// standard output. NaN if there is none.
///
/// # Errors
/// As for [`measure`].
pub(crate) fn measure_rows(mut command: Command) -> Result<(Measured, f64)> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let started = Instant::now();
    let measured = command.spawn().and_then(|mut child| {
        let stdout = child.stdout.take();
        let rows = thread::spawn(move || {
            let mut lines = stdout
                .map(BufReader::new)
                .into_iter()
                .flat_map(BufRead::lines);
            let second = lines
                .nth(1)
                .map(|_| started.elapsed().as_secs_f64() * 1000.0);
            // The command must not wait for a full pipe.
            lines.for_each(drop);
            second.unwrap_or(f64::NAN)
        });
        let measured = observe(child, started)?;
        Ok((measured, rows.join().unwrap_or(f64::NAN)))
    });
    measured.map_err(|error| Error::during(format!("{command:?}"), error))
}

fn observe(mut child: Child, started: Instant) -> io::Result<Measured> {
    let mut pipe = child.stderr.take();
    let reader = thread::spawn(move || {
        let mut stderr = String::new();
        let _ = pipe.as_mut().map(|pipe| pipe.read_to_string(&mut stderr));
        stderr
    });
    let proc = format!("/proc/{}", child.id());
    let status = format!("{proc}/status");
    let (exited, exit) = mpsc::channel::<()>();
    let watcher = thread::spawn(move || {
        let mut peak = 0.0;
        loop {
            let status = fs::read_to_string(&status).unwrap_or_default();
            peak = peak_mebibytes(&status).unwrap_or(peak);
            if exit.recv_timeout(POLL_INTERVAL) != Err(RecvTimeoutError::Timeout) {
                return peak;
            }
        }
    });
    // NOWAIT keeps the process as a zombie, whose CPU times can still be read.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(&child)), options)?;
    let wall = started.elapsed().as_secs_f64() * 1000.0;
    drop(exited);
    let stat = fs::read_to_string(format!("{proc}/stat")).unwrap_or_default();
    let succeeded = child.wait()?.success();
    Ok(Measured {
        wall,
        cpu: cpu_ticks(&stat).unwrap_or_default() * TICK,
        peak: watcher.join().unwrap_or_default(),
        stderr: reader.join().unwrap_or_default(),
        succeeded,
    })
}

/// Returns `VmHWM` of `/proc/PID/status` in MiB; `None` after the process has exited.
fn peak_mebibytes(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// Returns the sum of `utime` and `stime` of `/proc/PID/stat`, fields 14 and 15. Field 2 is the name in parentheses,
/// which can contain spaces and parentheses itself.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measure_of_failing_command_returns_its_times_and_stderr() {
        let mut command = Command::new("/bin/sh");
        command.args([
            "-c",
            "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done >&2; exit 3",
        ]);
        let measured = measure(command).unwrap();
        assert_eq!(
            (measured.stderr.as_str(), measured.succeeded),
            ("done\n", false)
        );
        assert!(measured.wall > 0.0);
        if cfg!(target_os = "linux") {
            assert!(measured.cpu > 0.0 && measured.peak > 0.1);
        }
    }

    #[test]
    fn proc_fields_are_parsed() {
        let stat = "4242 (a ) b) S 1 4242 4242 0 -1 4194560 900 0 0 0 17 5 0 0 20 0 1 0 100 1 1";
        assert_eq!(cpu_ticks(stat), Some(22.0));
        assert_eq!(peak_mebibytes("Name:\ta\nVmHWM:\t    5120 kB\n"), Some(5.0));
    }
}
