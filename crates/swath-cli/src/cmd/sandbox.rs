//! `swath sandbox`: NASA's services over a folder of granules, in the foreground.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use swath_sandbox::{LogEntry, Sandbox, SandboxOptions};

use crate::args::SandboxArgs;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(args: &SandboxArgs, output: Output) -> Result<(), Failure> {
    let lifetime = Duration::from_secs(args.lifetime);
    let options = SandboxOptions::new(&args.data)
        .with_signed_url_lifetime(lifetime)
        .with_credentials_lifetime(lifetime);
    let options = match args.port {
        Some(port) => options.with_port(port),
        None => options,
    };
    let log = args.log.as_deref().map(create).transpose()?;
    let sandbox = Running { sandbox: Sandbox::start(options).await?, log };
    remove_left_behind(&std::env::temp_dir());
    let authority = Authority(std::env::temp_dir().join(file_of(std::process::id())));
    sandbox.sandbox.write_ca(&authority.0)?;
    args.misbehave.iter().cloned().for_each(|order| sandbox.sandbox.misbehave(order));
    let environment = sandbox.sandbox.environment();
    if output.json {
        let map: Map<String, Value> =
            environment.into_iter().map(|(name, value)| (name, value.into())).collect();
        output.line(&Value::Object(map))?;
    } else {
        let lines: Vec<String> =
            environment.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
        output.data(&lines.join("\n"))?;
    }
    output.note("the sandbox is running; end it with Ctrl-C");
    std::future::pending().await
}

/// The file of the log, made before anything is served, so that a wrong name is told at once.
fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| {
        let what = format!("could not write the log {}: {error}", path.display());
        Failure::new(swath::ErrorKind::Local, what)
    })
}

/// The sandbox, and the file that its log goes into when it ends.
struct Running {
    sandbox: Sandbox,
    log: Option<File>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The verb is dropped by an interrupt, which is how a sandbox ends; nobody is left to hear of a full disk.
        if let Some(file) = self.log.take() {
            let _ = write(&self.sandbox.log(), file);
        }
    }
}

fn write(entries: &[LogEntry], file: File) -> std::io::Result<()> {
    let mut lines = BufWriter::new(file);
    for entry in entries {
        writeln!(lines, "{}", record(entry))?;
    }
    lines.flush()
}

fn record(entry: &LogEntry) -> Value {
    json!({
        "service": entry.service.word(),
        "method": entry.method,
        "path": entry.path,
        "range": entry.range,
        "status": entry.status,
        "bytes_sent": entry.bytes_sent,
        "had_authorization": entry.had_authorization,
    })
}

/// How the file of the sandbox in a process is called.
fn file_of(process: u32) -> String {
    format!("swath-sandbox-{process}.pem")
}

/// Removes the files of sandboxes that were killed.
fn remove_left_behind(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix("swath-sandbox-").and_then(|rest| rest.strip_suffix(".pem"));
        if let Some(process) = number.and_then(|number| number.parse().ok())
            && process != std::process::id()
            && !is_alive(process)
        {
            // Another user's stays; that is theirs to tidy up.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether there is such a process. Where that cannot be known, it is taken for one that lives.
fn is_alive(process: u32) -> bool {
    let all = Path::new("/proc");
    if all.join("self").exists() {
        return all.join(process.to_string()).exists();
    }
    let asked = std::process::Command::new("ps").args(["-p", &process.to_string()]).output();
    !asked.is_ok_and(|answer| answer.status.code() == Some(1))
}

/// The file of the sandbox's certificate authority; it goes when the sandbox does.
struct Authority(PathBuf);

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
