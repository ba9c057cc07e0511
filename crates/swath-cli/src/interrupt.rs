//! The verb runs; a signal ends it at once, whatever it waits for.
//!
//! The verb has a thread of its own, so that a signal is heard while that thread waits for a terminal, a pipe or a disk. Ending it
//! drops what it was doing: its requests end, temporary files go, and only what is whole has a name.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::args::Cli;
use crate::failure::Failure;
use crate::output::Output;
use crate::{cmd, exit};

/// What was begun has this long to tidy up. Whoever presses Ctrl-C waits for no longer.
const GRACE: Duration = Duration::from_millis(500);

/// What the verb's thread may put on its stack: as much as a main thread has.
const STACK: usize = 8 << 20;

/// A signal has come.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether what is going on is to end: for work that does not wait, and so is not dropped.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::Relaxed)
}

/// Runs what was asked, and returns the exit code.
pub(crate) fn run(cli: Cli, output: Output) -> u8 {
    let ended = Builder::new_multi_thread().enable_all().build().map_err(Failure::from).and_then(|runtime| {
        let ended = verb(&runtime, cli, output);
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.code
    })
}

fn verb(runtime: &Runtime, cli: Cli, output: Output) -> Result<u8, Failure> {
    // Listened for before the verb begins, so that no signal comes too early.
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (done, mut result) = oneshot::channel();
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("verb".to_owned()).stack_size(STACK);
    thread.spawn(move || {
        let ended = handle.block_on(async {
            tokio::select! {
                biased;
                Ok(()) = stopped => Ok(()),
                ended = Box::pin(cmd::run(&cli, output)) => ended,
            }
        });
        // Nobody listens any more after a signal.
        let _ = done.send(ended);
    })?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            code = signals.next() => {
                ENDING.store(true, Ordering::Relaxed);
                let _ = stop.send(());
                let _ = tokio::time::timeout(GRACE, &mut result).await;
                cmd::restore_terminal();
                Ok(code)
            }
            ended = &mut result => match ended {
                Ok(ended) => ended.map(|()| exit::DONE),
                Err(_) => Err(Failure::new(swath::ErrorKind::Internal, "the verb ended without a result")),
            },
        }
    })
}

/// The signals that end a command.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one; the exit code that it stands for.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => exit::INTERRUPTED,
            _ = self.terminate.recv() => exit::TERMINATED,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => exit::INTERRUPTED,
            Err(_) => std::future::pending().await,
        }
    }
}
